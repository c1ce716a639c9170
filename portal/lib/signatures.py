"""Signatures that anybody can check: Ed25519 in a JWS (RFC 7515, RFC 8037), and the public keys.

A signature made today must be checked years later, so that keys are only ever added: the first
signs, all are published.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from jwt.api_jws import PyJWS
from jwt.exceptions import InvalidTokenError

from portal.lib.secrets import derived_key

ALGORITHM = "EdDSA"
# Stands among the seeds for the key that signed before any seed was set.
DERIVED = "derived"
_jws = PyJWS(algorithms=[ALGORITHM])


class BadSignature(ValueError):
    """What was given is not signed by one of our keys, or is signed as something else."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key and the name it goes by: its thumbprint (RFC 7638)."""

    private: Ed25519PrivateKey
    key_id: str
    jwk: dict[str, str]

    @property
    def public(self) -> Ed25519PublicKey:
        return self.private.public_key()


@dataclass(frozen=True, slots=True)
class Signed:
    """A compact JWS and the name of the key that made it."""

    jws: str
    key_id: str


def canonical(body: dict[str, Any]) -> bytes:
    """Return the one way to write BODY in bytes (RFC 8785), for bodies without fractions."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(payload: bytes, *, typ: str) -> Signed:
    """Sign PAYLOAD as being a TYP, so that it cannot be passed off as something else."""
    key = _keys()[0]
    headers = {"kid": key.key_id, "typ": typ}
    return Signed(_jws.encode(payload, key.private, ALGORITHM, headers=headers), key.key_id)


def verify(jws: str, *, typ: str) -> bytes:
    """Return the payload of JWS.

    :raises BadSignature: unless one of our keys signed it as a TYP
    """
    try:
        header = _jws.get_unverified_header(jws)
        key = {key.key_id: key for key in _keys()}[header.get("kid", "")]
        payload = _jws.decode(jws, key.public, algorithms=[ALGORITHM])
    except (InvalidTokenError, KeyError, TypeError) as error:
        raise BadSignature("not signed by us") from error
    if header.get("typ") != typ:
        raise BadSignature(f"not a {typ}")
    return bytes(payload)


def public_keys() -> dict[str, list[dict[str, str]]]:
    """Return the public halves of all keys as a JSON Web Key Set (RFC 7517)."""
    return {"keys": [key.jwk for key in _keys()]}


def _keys() -> tuple[SigningKey, ...]:
    return _keys_of(tuple(settings.RECEIPT_SIGNING_KEYS) or (DERIVED,))


@lru_cache(maxsize=8)
def _keys_of(seeds: tuple[str, ...]) -> tuple[SigningKey, ...]:
    return tuple(_key_of(seed) for seed in seeds)


def _key_of(seed: str) -> SigningKey:
    private = Ed25519PrivateKey.from_private_bytes(_seed(seed))
    public = _base64(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    thumbprint = canonical({"crv": "Ed25519", "kty": "OKP", "x": public})
    key_id = _base64(hashlib.sha256(thumbprint).digest())
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": public}
    jwk |= {"kid": key_id, "use": "sig", "alg": ALGORITHM}
    return SigningKey(private, key_id, jwk)


def _seed(text: str) -> bytes:
    if text == DERIVED:
        return derived_key("receipts")
    try:
        seed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        seed = b""
    if len(seed) != 32:
        raise ImproperlyConfigured("A seed in RECEIPT_SIGNING_KEY is 32 bytes in base64.")
    return seed


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
