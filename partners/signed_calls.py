"""Calls that must be signed: Standard Webhooks 1.0.0 in reverse (docs/api.md).

Signed is what a library of theirs signs, `id.timestamp.payload`, where the payload is the call:
its method, a space, its address from the first slash with the query, a line feed and the body. So a
GET is covered too, and a signature fits one call only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.exceptions import AuthenticationFailed

from events import signing
from partners.models import ApiKey

TOLERANCE = 300  # seconds either way, as the libraries of Standard Webhooks
REMEMBERED = 2 * TOLERANCE + 60  # seconds an id is kept: longer than its timestamp can be good
_ID = re.compile(r"^[\x21-\x2d\x2f-\x7e]{1,255}\Z")  # visible ASCII without a full stop
_SECONDS = re.compile(r"^[0-9]{1,12}\Z")
_SIGNATURES = 10  # more than one only while a secret is rotated


class SignatureMissing(AuthenticationFailed):
    default_detail = _(
        "Calls with this key are signed: webhook-id, webhook-timestamp and webhook-signature."
    )
    default_code = "signature_missing"


class SignatureInvalid(AuthenticationFailed):
    default_detail = _("The signature does not fit this call.")
    default_code = "signature_invalid"


class SignatureTooOld(AuthenticationFailed):
    default_detail = _("webhook-timestamp is more than five minutes from our clock.")
    default_code = "signature_too_old"


class SignatureReplayed(AuthenticationFailed):
    default_detail = _("This webhook-id was used before. Sign each try with an id of its own.")
    default_code = "signature_replayed"


def payload_of(method: str, target: str, body: bytes) -> bytes:
    """Return what is signed of a call beside its id and time.

    :param target: path and query as in the request line, such as `/api/leads?limit=5`
    """
    return f"{method} {target}\n".encode() + body


def check(key: ApiKey, request: HttpRequest, body: bytes) -> None:
    """Let REQUEST pass if it is signed with the signing secret of KEY, now and for the first time.

    :raises AuthenticationFailed: if not
    :raises redis.RedisError: if Redis cannot say whether it is the first time
    """
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    call_id, seconds, signatures = (request.headers.get(name, "") for name in names)
    if not (call_id and seconds and signatures):
        raise SignatureMissing
    if not (_ID.match(call_id) and _SECONDS.match(seconds)):
        raise SignatureInvalid
    if abs(time.time() - int(seconds)) > TOLERANCE:
        raise SignatureTooOld
    payload = payload_of(str(request.method), request.get_full_path(), body)
    signed = signing.sign([signing.key_of(key.signing_secret)], call_id, int(seconds), payload)
    if not _one_is(signed, signatures):
        raise SignatureInvalid
    if not _is_first(str(key.pk), call_id):
        raise SignatureReplayed


def _one_is(signed: str, signatures: str) -> bool:
    """Return whether SIGNED is one of SIGNATURES; how long each takes tells nothing of it."""
    given = signatures.encode("utf-8", "replace").split()[:_SIGNATURES]
    return any(hmac.compare_digest(signed.encode(), one) for one in given)


def _is_first(key_id: str, call_id: str) -> bool:
    """Return whether this id comes for the first time, of many at once for one of them only."""
    name = hashlib.sha256(call_id.encode()).hexdigest()[:32]
    return bool(_redis().set(f"portal:signed:{key_id}:{name}", 1, nx=True, ex=REMEMBERED))


@lru_cache(maxsize=1)
def _redis() -> Any:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=0.2,
        socket_timeout=0.5,
        retry=Retry(NoBackoff(), 0),
    )
