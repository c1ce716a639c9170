"""A call with an Idempotency-Key happens once: its answer is kept and given again.

One transaction holds the kept row, the work (a savepoint: the service's own), the event of a
refusal and the answer. So a crash before the end leaves nothing, and a kept answer is true.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from rest_framework.response import Response

from events.models import StoredAnswer
from portal.lib.api import WITHOUT_TRACE, Call
from portal.lib.errors import Conflict, Unprocessable
from portal.lib.problems import MEDIA_TYPE

REPLAYED = {"Idempotency-Replayed": "true"}


class StillRunning(Conflict):
    """The first call with this key has not ended."""

    code = "idempotency_key_in_use"


class KeyReused(Unprocessable):
    """The key was used with another body."""

    code = "idempotency_key_reused"


def answer_once(call: Call, run: Callable[[], Response]) -> Response:
    """Return what RUN answers, or what it answered when CALL was made before.

    :raises StillRunning: if that call has not ended
    :raises KeyReused: if that call had another body
    """
    with transaction.atomic():
        _take(call)
        kept, created = _kept_row(call)
        if not created:
            return _again(kept, call)
        response = run()
        if response.status_code in WITHOUT_TRACE or response.status_code >= 500:
            transaction.set_rollback(True)
            return response
        kept.status = response.status_code
        kept.body = _without(response.data, call.secret_members)
        kept.save(update_fields=["status", "body"])
        return response


def _take(call: Call) -> None:
    # A lock that is not waited for tells "still running" without a row that a crash would leave.
    name = "\0".join((call.caller, call.method, call.path, call.key)).encode()
    number = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise StillRunning(_("The first call with this Idempotency-Key is still running."))


def _kept_row(call: Call) -> tuple[StoredAnswer, bool]:
    scope = {"caller": call.caller, "method": call.method, "path": call.path, "key": call.key}
    row = StoredAnswer(**scope, body_sha256=call.body_sha256)
    if kept := StoredAnswer.objects.filter(**scope).first():
        return kept, False
    row.save(force_insert=True)
    return row, True


def _again(kept: StoredAnswer, call: Call) -> Response:
    if bytes(kept.body_sha256) != call.body_sha256:
        raise KeyReused(_("This Idempotency-Key was used with another body."))
    refused = kept.status is not None and kept.status >= 400
    media_type = MEDIA_TYPE if refused else None
    body = json.loads(kept.body or "null")
    return Response(body, status=kept.status, headers=REPLAYED, content_type=media_type)


def _without(body: Any, members: tuple[str, ...]) -> str:
    """Return BODY as JSON with its keys in their order, its secrets left out."""
    data = body.get("data") if members and isinstance(body, dict) else None
    if isinstance(data, dict):
        body = {**body, "data": {k: v for k, v in data.items() if k not in members}}
    return json.dumps(body)
