"""Standard Webhooks 1.0.0 signatures: `v1,` and the HMAC-SHA256 of `id.timestamp.body`."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from functools import lru_cache

PREFIX = "whsec_"
BLOCK = 64  # bytes, of SHA-256
PIECE = 2047


def new_secret() -> str:
    """Return a fresh endpoint secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


class Key:
    """A secret ready to sign with: both halves of HMAC begun, to be copied for each message."""

    __slots__ = ("inner", "outer")

    def __init__(self, secret: str) -> None:
        key = base64.b64decode(secret.removeprefix(PREFIX))
        key = hashlib.sha256(key).digest() if len(key) > BLOCK else key
        padded = key.ljust(BLOCK, b"\0")
        self.inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self.outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def hmac(self, head: bytes, body: bytes) -> bytes:
        """Return the HMAC-SHA256 of HEAD and BODY."""
        inner, outer = self.inner.copy(), self.outer.copy()
        inner.update(head)
        _feed(inner, body)
        outer.update(inner.digest())
        return outer.digest()


@lru_cache(maxsize=4096)
def key_of(secret: str) -> Key:
    """Return the key of SECRET, with or without its prefix."""
    return Key(secret)


def sign(keys: Sequence[Key], webhook_id: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` of BODY for each of KEYS, the newest first.

    :param timestamp: of this attempt, in seconds since 1970
    """
    head = f"{webhook_id}.{timestamp}.".encode()
    return " ".join("v1," + base64.b64encode(key.hmac(head, body)).decode() for key in keys)


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
