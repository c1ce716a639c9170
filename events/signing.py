"""Standard Webhooks 1.0.0 signatures: `v1,` and the HMAC-SHA256 of `id.timestamp.body`."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"


def new_secret() -> str:
    """Return a fresh endpoint secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """Return the HMAC key of SECRET, with or without its prefix."""
    return base64.b64decode(secret.removeprefix(PREFIX))


def sign(keys: Sequence[bytes], webhook_id: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` of BODY for each of KEYS, the newest first.

    :param timestamp: of this attempt, in seconds since 1970
    """
    signed = b"%s.%d.%s" % (webhook_id.encode(), timestamp, body)
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys
    )
