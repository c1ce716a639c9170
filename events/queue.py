"""The queue in PostgreSQL: who may be served now, who holds what, and what came of it.

All times are the database's, so that workers with wrong clocks agree. A claim is committed before
anything is sent; its lease token decides whose result counts.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.base import ModelState

from events.models import Delivery, Endpoint


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of one claimed delivery.

    :param delay: seconds until the next attempt, for a delivery that stays pending
    :param attempted: False if nothing was tried: the claim is given back without a trace
    """

    delivery: Delivery
    state: str
    delay: float = 0.0
    error: str = ""
    status: int | None = None
    started_at: float = 0.0
    milliseconds: int = 0
    fields: str = ""
    body_sha256: str | None = None
    head: bytes = b""
    attempted: bool = True
    echo: str = field(default="")


# What a builder, a letter and a judgement need; the rest is not loaded. The time is read here, once
# and for nothing, because what is read for the bodies is read after it; as text, which is made a
# time once for all rows.
_READ = (
    "id", "webhook_id", "channel", "endpoint_id", "type", "event_at", "refs", "attempts",
    "attempts_before", "trigger", "lease_id", "last_error",
)  # fmt: skip
_COLUMNS = ", ".join(f"d.{name}" for name in _READ) + ", (SELECT clock_timestamp())::text"
_moment = lru_cache(maxsize=8)(datetime.fromisoformat)

# Fair by construction: whoever waited longest is served first, nobody gets more than its lane and
# its share of the room. NO KEY UPDATE, so that writers of deliveries don't wait for the claim.
# To whom nothing flows, its challenge still goes, also to one that is off for no reason but to
# prove itself anew. A paused one can be tested; after the pause its lane is one, and the first
# message says whether more may follow.
_PROBES = """d.endpoint_id = {endpoint} AND d.state = 'pending' AND d.next_attempt_at <= now()
          AND d.type IN ('webhook.verify', 'webhook.test')
          AND (d.type = 'webhook.verify' OR {proven})"""
_CLAIM = """
WITH ready AS MATERIALIZED (
    SELECT e.id, it.proven, it.flowing, it.lane - busy.held AS room
    FROM events_endpoint e
    JOIN {partners} p ON p.id = e.partner_id
    CROSS JOIN LATERAL (
        SELECT e.enabled AND e.verified_at IS NOT NULL AS proven,
               e.enabled AND e.verified_at IS NOT NULL
                   AND coalesce(e.open_until <= now(), true) AS flowing,
               CASE WHEN e.open_until IS NULL THEN e.lane ELSE 1 END AS lane
    ) it
    CROSS JOIN LATERAL (
        SELECT count(*) AS held FROM events_delivery f
        WHERE f.endpoint_id = e.id AND f.state = 'sending' AND f.lease_until > now()
    ) busy
    WHERE (e.enabled OR e.disabled_reason = '') AND e.removed_at IS NULL
      AND p.status <> 'suspended' AND it.lane > busy.held
      AND (
        it.flowing AND EXISTS (
            SELECT 1 FROM events_delivery d
            WHERE d.endpoint_id = e.id AND d.state = 'pending' AND d.next_attempt_at <= now()
        ) OR EXISTS (SELECT 1 FROM events_delivery d WHERE {probes_of_e})
      )
    ORDER BY e.served_at LIMIT 64 FOR NO KEY UPDATE OF e SKIP LOCKED
), served AS (
    UPDATE events_endpoint SET served_at = clock_timestamp() FROM ready
    WHERE events_endpoint.id = ready.id
), pick AS MATERIALIZED (
    SELECT due.id FROM ready CROSS JOIN LATERAL (
        SELECT * FROM (
            SELECT d.id FROM events_delivery d WHERE {probes_of_ready}
            ORDER BY d.next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
        ) probe
        UNION ALL
        SELECT * FROM (
            SELECT d.id FROM events_delivery d
            WHERE ready.flowing AND d.endpoint_id = ready.id
              AND d.state = 'pending' AND d.next_attempt_at <= now()
            ORDER BY d.next_attempt_at
            LIMIT greatest(1, least(ready.room, %(room)s / (SELECT count(*) FROM ready)))
            FOR UPDATE SKIP LOCKED
        ) waiting
        LIMIT greatest(1, least(ready.room, %(room)s / (SELECT count(*) FROM ready)))
    ) due
    LIMIT %(room)s
)
UPDATE events_delivery d
SET state = 'sending', attempts = d.attempts + 1, lease_id = %(lease)s,
    lease_until = clock_timestamp() + %(seconds)s * interval '1 second'
FROM pick WHERE d.id = pick.id RETURNING {columns}
"""
_CLAIM_MAILS = """
UPDATE events_delivery d
SET state = 'sending', attempts = d.attempts + 1, lease_id = %(lease)s,
    lease_until = clock_timestamp() + %(seconds)s * interval '1 second'
FROM (
    SELECT id FROM events_delivery
    WHERE channel = 'email' AND state = 'pending' AND next_attempt_at <= now()
    ORDER BY next_attempt_at LIMIT %(room)s FOR UPDATE SKIP LOCKED
) pick
WHERE d.id = pick.id RETURNING {columns}
"""
_RECLAIM = """
WITH lost AS (
    UPDATE events_delivery
    SET state = 'pending', lease_id = NULL, lease_until = NULL, next_attempt_at = now(),
        last_error = 'worker_lost'
    WHERE state = 'sending' AND lease_until < now()
    RETURNING id, attempts, trigger
)
INSERT INTO events_attempt
    (delivery_id, number, trigger, started_at, duration_ms, error, fields, response_head)
SELECT id, attempts, trigger, now(), 0, 'worker_lost', '{}', '' FROM lost
"""
_RECORD = """
WITH result AS (
    SELECT * FROM json_to_recordset(%s) AS r(
        id uuid, lease uuid, state text, delay float8, error text, status int, built timestamptz,
        started float8, ms int, told int, sha text, head text, attempted bool
    )
), told AS MATERIALIZED (
    SELECT string_to_array(named, ',') AS fields, place
    FROM unnest(%s::text[]) WITH ORDINALITY AS t(named, place)
), recorded AS (
    UPDATE events_delivery d
    SET state = r.state, lease_id = NULL, lease_until = NULL, last_error = r.error,
        attempts = d.attempts - (NOT r.attempted)::int,
        next_attempt_at = CASE WHEN r.state = 'pending'
            THEN clock_timestamp() + r.delay * interval '1 second' ELSE d.next_attempt_at END,
        finished_at = CASE WHEN r.state = 'pending' THEN NULL ELSE clock_timestamp() END,
        refs = CASE WHEN r.state = 'pending' OR d.channel = 'webhook'
            THEN d.refs ELSE d.refs - 'to' END
    FROM result r WHERE d.id = r.id AND d.lease_id = r.lease
    RETURNING d.id, d.attempts, d.trigger
), tried AS (
    INSERT INTO events_attempt
        (delivery_id, number, trigger, built_at, started_at, duration_ms, status, error, fields,
         body_sha256, response_head)
    SELECT d.id, d.attempts, d.trigger, r.built,
           coalesce(to_timestamp(nullif(r.started, 0)), clock_timestamp()), r.ms, r.status,
           r.error, t.fields, decode(r.sha, 'hex'), r.head
    FROM recorded d JOIN result r USING (id) JOIN told t ON t.place = r.told WHERE r.attempted
)
SELECT id FROM recorded
"""


def claim(room: int) -> list[Delivery]:
    """Claim up to ROOM due webhooks for this worker, several endpoints side by side."""
    sql = _CLAIM.format(
        partners=partner_table(),
        columns=_COLUMNS,
        probes_of_e=_PROBES.format(endpoint="e.id", proven="it.proven"),
        probes_of_ready=_PROBES.format(endpoint="ready.id", proven="ready.proven"),
    )
    return _claimed(sql, room=room)


def partner_table() -> str:
    """Return the table whose status says whether a partner gets anything."""
    partner = Endpoint._meta.get_field("partner").related_model
    assert isinstance(partner, type)  # noqa: S101 - resolved once the apps are loaded
    return connection.ops.quote_name(partner._meta.db_table)


def claim_mails(room: int) -> list[Delivery]:
    """Claim up to ROOM due mails for this worker."""
    return _claimed(_CLAIM_MAILS.format(columns=_COLUMNS), room=room)


def _claimed(sql: str, **params: Any) -> list[Delivery]:
    params |= {"lease": uuid.uuid4(), "seconds": settings.WEBHOOK_LEASE_SECONDS}
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [_made(row) for row in cursor.fetchall()]


def _made(row: Sequence[Any]) -> Delivery:
    *values, claimed_at = row
    for place, column, converters in _converted():
        for convert in converters:
            values[place] = convert(values[place], column, connection)
    # As `from_db` makes it, but for what that asks every field and every listener.
    delivery = Delivery.__new__(Delivery)
    delivery._state = ModelState()
    delivery._state.adding, delivery._state.db = False, connection.alias
    delivery.__dict__.update(zip(_READ, values, strict=True))
    delivery.claimed_at = _moment(claimed_at)
    return delivery


@lru_cache(maxsize=1)
def _converted() -> list[tuple[int, Any, list[Any]]]:
    """Return the place of each column that needs it, with what makes a value of what is stored."""
    made = []
    for place, name in enumerate(_READ):
        column: Any = Delivery._meta.get_field(name)
        column = column.get_col(Delivery._meta.db_table)
        if converters := column.get_db_converters(connection):
            made.append((place, column, converters))
    return made


def reclaim() -> int:
    """Put back what workers held that did not come back in time; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_RECLAIM)
        return int(cursor.rowcount)


def record(results: Sequence[Result]) -> list[Result]:
    """Write RESULTS with their attempts; return those that counted.

    A result does not count when its lease has gone to somebody else meanwhile.
    """
    pk = Delivery._meta.pk
    keys = [pk.get_prep_value(result.delivery.pk) for result in results]
    # Most messages of a batch disclose the same fields: their long lists travel once.
    told: dict[str, int] = {}
    rows = [
        {
            "id": key,
            "lease": result.delivery.lease_id,
            "state": result.state,
            "delay": result.delay,
            "error": result.error,
            "status": result.status,
            # Where nothing was sent nothing was built either.
            "built": result.delivery.claimed_at if result.started_at else None,
            "started": result.started_at,
            "ms": result.milliseconds,
            "told": told.setdefault(result.fields, len(told) + 1),
            "sha": result.body_sha256,
            "head": _text(result.head),
            "attempted": result.attempted,
        }
        for key, result in zip(keys, results, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [json.dumps(rows, default=str), list(told)])
        counted = {row[0] for row in cursor.fetchall()}
    return [result for key, result in zip(keys, results, strict=True) if key in counted]


def _text(head: bytes) -> str:
    """Return the answer as the plain text that is kept: short, and nothing PostgreSQL refuses."""
    return head[:1000].decode("utf-8", "replace").replace("\x00", "")
