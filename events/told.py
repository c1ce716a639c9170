"""What left the house about shares, by webhook: read from deliveries and their tries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from portal.lib import ids

# Failures before a byte of the body was sent. After any other one the body may have arrived,
# whatever the recipient answered or failed to answer.
NEVER_LEFT = (
    "dns_error",
    "tls_error",
    "connection_refused",
    "connection_failed",
    "network_unreachable",
    "egress_blocked",
    "not_sent",
)
# An event's time is taken shortly before its transaction ends; what was read in between may still
# hold what the event took away.
COMMITS_WITHIN = dt.timedelta(seconds=5)

# A try that is no longer kept (`ATTEMPTS_KEPT_DAYS`) is known by its delivery, which is: that was
# sent, and the event it told of says about which groups.
_TOLD = """
WITH message AS (
    SELECT e.share_id, e.data, d.id, d.state, d.finished_at
    FROM events_event e JOIN events_delivery d ON d.event_id = e.id
    WHERE e.share_id = ANY(%(shares)s) AND d.channel = 'webhook'
), named AS (
    SELECT m.share_id, g.name, t.started_at AS at
    FROM message m
    JOIN events_attempt t ON t.delivery_id = m.id
    JOIN unnest(%(names)s::text[], %(patterns)s::text[]) AS g(name, pattern)
      ON EXISTS (SELECT FROM unnest(t.fields) AS field WHERE field LIKE g.pattern)
    WHERE t.body_sha256 IS NOT NULL AND t.error <> ALL(%(never_left)s)
    UNION ALL
    SELECT m.share_id, g.name, m.finished_at
    FROM message m
    JOIN unnest(%(names)s::text[]) AS g(name) ON m.data -> 'groups' ? g.name
    WHERE m.state = 'sent'
      AND NOT EXISTS (SELECT FROM events_attempt t WHERE t.delivery_id = m.id)
)
SELECT share_id, name, min(at), max(at) FROM named GROUP BY share_id, name
"""

# When a message was claimed follows from its lease; its body was read right after.
_STOPPING = """
WITH message AS (
    SELECT e.share_id, d.id, d.state, d.lease_until, stop.built_before
    FROM unnest(%(shares)s::uuid[], %(built_before)s::timestamptz[]) AS stop(share_id, built_before)
    JOIN events_event e ON e.share_id = stop.share_id
    JOIN events_delivery d ON d.event_id = e.id
    WHERE d.channel = 'webhook' AND d.type = ANY(%(types)s)
)
SELECT m.share_id,
       count(DISTINCT m.id) FILTER (
           WHERE m.state = 'sending'
             AND m.lease_until - %(lease)s * interval '1 second' <= m.built_before
       ),
       max(t.started_at + t.duration_ms * interval '1 millisecond')
FROM message m
LEFT JOIN events_attempt t
  ON t.delivery_id = m.id AND coalesce(t.built_at, t.started_at) <= m.built_before
GROUP BY m.share_id
"""


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last time something was told."""

    first_at: dt.datetime
    last_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Stopping:
    """How far messages have come that were built before something was taken away."""

    under_way: int
    last_ended_at: dt.datetime | None


def told_by_webhook(
    share_ids: Collection[str], patterns: Mapping[str, str]
) -> dict[str, dict[str, Span]]:
    """Return when each share's partner was sent what, by share and by the names of PATTERNS.

    :param patterns: name → SQL LIKE pattern of the names of fields that count for it
    """
    params: dict[str, Any] = {
        "shares": [ids.decode("share", share) for share in share_ids],
        "names": list(patterns),
        "patterns": list(patterns.values()),
        "never_left": list(NEVER_LEFT),
    }
    found: dict[str, dict[str, Span]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, params)
        for share, name, first, last in cursor.fetchall():
            found.setdefault(ids.encode("share", share), {})[name] = Span(first, last)
    return found


def stopping(narrowed_at: Mapping[str, dt.datetime], types: Collection[str]) -> dict[str, Stopping]:
    """Return how many messages of TYPES built before a share was narrowed are still under way.

    :param narrowed_at: share → when it was last narrowed
    """
    params: dict[str, Any] = {
        "shares": [ids.decode("share", share) for share in narrowed_at],
        "built_before": [at + COMMITS_WITHIN for at in narrowed_at.values()],
        "types": list(types),
        "lease": settings.WEBHOOK_LEASE_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STOPPING, params)
        return {
            ids.encode("share", share): Stopping(under_way, ended)
            for share, under_way, ended in cursor.fetchall()
        }
