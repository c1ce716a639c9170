"""Verify a message of the portal with nothing but Python's own library."""

import base64
import hashlib
import hmac
import re
import sys
import time


def is_signed(secret: str, webhook_id: str, timestamp: str, signatures: str, body: bytes) -> bool:
    """Return whether BODY, the raw bytes, was signed with SECRET within the last five minutes."""
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode(errors="replace") + body
    wanted = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    parts = signatures.encode(errors="replace").split(b" ")
    return any(hmac.compare_digest(wanted, given) for given in parts)


if __name__ == "__main__":  # python verify.py SECRET ID TIMESTAMP SIGNATURES < body
    secret, webhook_id, timestamp, signatures = sys.argv[1:]
    fits = is_signed(secret, webhook_id, timestamp, signatures, sys.stdin.buffer.read())
    sys.exit(0 if fits else 1)
