"""Standard Webhooks 1.0.0 signatures of `id.timestamp.body`.

`v1` is an HMAC-SHA256 with a secret both sides know; `v1a` is Ed25519, which the receiver checks
with a public key and could not have made itself.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX = "whsec_"
PRIVATE, PUBLIC = "whsk_", "whpk_"
HALF = 32  # bytes of an Ed25519 key; `whsk_` holds the private one and then the public one
BLOCK = 64  # bytes, of SHA-256
PIECE = 2047


def new_secret() -> str:
    """Return a fresh endpoint secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def new_signing_key() -> str:
    """Return a fresh Ed25519 key: `whsk_` and both halves in base64."""
    private = Ed25519PrivateKey.generate()
    both = private.private_bytes_raw() + private.public_key().public_bytes_raw()
    return PRIVATE + base64.b64encode(both).decode()


def public_key_of(signing_key: str) -> str:
    """Return what receivers check with, `whpk_` and the public half of SIGNING_KEY."""
    both = base64.b64decode(signing_key.removeprefix(PRIVATE))
    return PUBLIC + base64.b64encode(both[HALF:]).decode()


class Signer(Protocol):
    """Whatever makes one signature of a message."""

    def signature(self, head: bytes, body: bytes) -> str:
        """Return the signature of HEAD and BODY with its version, as it stands in the header."""


class Key:
    """A secret ready to sign with: both halves of HMAC begun, to be copied for each message."""

    __slots__ = ("inner", "outer")

    def __init__(self, secret: str) -> None:
        key = base64.b64decode(secret.removeprefix(PREFIX))
        key = hashlib.sha256(key).digest() if len(key) > BLOCK else key
        padded = key.ljust(BLOCK, b"\0")
        self.inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self.outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def signature(self, head: bytes, body: bytes) -> str:
        return "v1," + base64.b64encode(self.hmac(head, body)).decode()

    def hmac(self, head: bytes, body: bytes) -> bytes:
        """Return the HMAC-SHA256 of HEAD and BODY."""
        inner, outer = self.inner.copy(), self.outer.copy()
        inner.update(head)
        _feed(inner, body)
        outer.update(inner.digest())
        return outer.digest()


class SigningKey:
    """An Ed25519 key ready to sign with."""

    __slots__ = ("private",)

    def __init__(self, signing_key: str) -> None:
        both = base64.b64decode(signing_key.removeprefix(PRIVATE))
        self.private = Ed25519PrivateKey.from_private_bytes(both[:HALF])

    def signature(self, head: bytes, body: bytes) -> str:
        return "v1a," + base64.b64encode(self.private.sign(head + body)).decode()


@lru_cache(maxsize=4096)
def key_of(secret: str) -> Key:
    """Return the key of SECRET, with or without its prefix."""
    return Key(secret)


@lru_cache(maxsize=4096)
def signing_key_of(signing_key: str) -> SigningKey:
    """Return the key of SIGNING_KEY, with or without its prefix."""
    return SigningKey(signing_key)


def sign(keys: Sequence[Signer], webhook_id: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` of BODY for each of KEYS, the newest first.

    :param timestamp: of this attempt, in seconds since 1970
    """
    head = f"{webhook_id}.{timestamp}.".encode()
    return " ".join([key.signature(head, body) for key in keys])


def sha256(body: bytes) -> hashlib._Hash:
    """Return the hash of BODY."""
    made = hashlib.sha256()
    _feed(made, body)
    return made


def _feed(hash_: hashlib._Hash, body: bytes) -> None:
    # In pieces for which hashlib keeps the interpreter's lock: giving it up for some microseconds
    # costs milliseconds while the database's thread is busy.
    for place in range(0, len(body), PIECE):
        hash_.update(body[place : place + PIECE])
