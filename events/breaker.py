"""What the endpoints' answers mean for what they get next: pauses, lanes, and how long they fail.

Kept in the endpoint's row and judged by the database in its own time, in the transaction that
writes the results down, so that all workers agree. While an endpoint is paused nothing is claimed
for it (:mod:`events.queue`), and so no attempt is used up; then it gets one message at a time until
one arrives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from events import payloads
from events.models import Endpoint
from events.queue import Result
from portal.lib import ids

# Reference: circuit breakers of Convoy, and those of webhooks.md section 4.
WINDOW_SECONDS = 300
LEAST_TRIED = 10
FAILED_PERCENT = 70
SILENT_IN_ROW = 5
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 30, 900
LANE_MAX = 128
QUICK_MS = 1000
# An endpoint at which nothing arrived for so long is switched off; half of it, and it is told.
SWITCHED_OFF_AFTER = timedelta(days=5)
# Failures further apart are not of one streak. The longest delay of the schedule is a day and 20 %.
ONE_STREAK = timedelta(hours=36)
# Nobody there, or nobody answering.
SILENT = frozenset(
    {
        "timeout",
        "dns_error",
        "tls_error",
        "connection_refused",
        "connection_reset",
        "connection_failed",
        "network_unreachable",
        "egress_blocked",
    }
)

_NOTE = """
WITH news AS MATERIALIZED (
    SELECT n.*, clock_timestamp() AS at
    FROM unnest(
        %(id)s::uuid[], %(tried)s::int[], %(failed)s::int[], %(silent)s::int[], %(heard)s::bool[],
        %(arrived)s::bool[], %(tested)s::bool[], %(failing)s::bool[], %(hung)s::bool[],
        %(quick)s::bool[]
    ) AS n(id, tried, failed, silent, heard, arrived, tested, failing, hung, quick)
), held AS MATERIALIZED (
    SELECT n.*, e.openings, e.lane,
           e.open_until IS NULL AS closed, e.open_until <= n.at AS probed,
           coalesce(e.window_started_at > n.at - %(window)s * interval '1 second', false) AS same,
           e.window_started_at, e.window_tried, e.window_failed, e.silent_in_row,
           e.failing_since IS NULL OR n.arrived OR e.last_failed_at < n.at - %(streak)s AS fresh
    FROM events_endpoint e JOIN news n USING (id) ORDER BY e.id FOR NO KEY UPDATE OF e
), counted AS (
    SELECT *, tried + CASE WHEN same THEN window_tried ELSE 0 END AS all_tried,
           failed + CASE WHEN same THEN window_failed ELSE 0 END AS all_failed,
           silent + CASE WHEN heard THEN 0 ELSE silent_in_row END AS all_silent,
           NOT closed AND arrived AND (probed OR tested) AS closes
    FROM held
), judged AS (
    SELECT *, CASE
        WHEN closed THEN all_silent >= %(silent_in_row)s
            OR (all_tried >= %(least)s AND all_failed * 100 >= all_tried * %(percent)s)
        ELSE probed AND failed > 0 AND NOT closes
    END AS opens
    FROM counted
)
UPDATE events_endpoint e SET
    open_until = CASE
        WHEN opens THEN at + interval '1 second'
            * least(%(pause)s * 2 ^ least(j.openings, 10), %(longest_pause)s)
        WHEN closes THEN NULL ELSE e.open_until END,
    openings = CASE WHEN opens THEN least(j.openings + 1, 100) WHEN closes THEN 0
        ELSE e.openings END,
    window_started_at = CASE WHEN opens OR closes THEN NULL WHEN same THEN e.window_started_at
        ELSE at END,
    window_tried = CASE WHEN opens OR closes THEN 0 ELSE all_tried END,
    window_failed = CASE WHEN opens OR closes THEN 0 ELSE all_failed END,
    silent_in_row = CASE WHEN opens OR closes THEN 0 ELSE all_silent END,
    lane = CASE WHEN opens THEN 1 WHEN hung THEN greatest(e.lane / 4, 1)
        WHEN quick THEN least(e.lane * 2, %(lane_max)s) ELSE e.lane END,
    failing_since = CASE WHEN NOT failing THEN CASE WHEN arrived THEN NULL ELSE e.failing_since END
        WHEN fresh THEN at ELSE e.failing_since END,
    told_exhausted_at = CASE WHEN fresh OR arrived THEN NULL ELSE e.told_exhausted_at END,
    told_failing_at = CASE WHEN fresh OR arrived THEN NULL ELSE e.told_failing_at END,
    last_failed_at = CASE WHEN failed > 0 THEN at ELSE e.last_failed_at END,
    last_sent_at = CASE WHEN arrived THEN at ELSE e.last_sent_at END
FROM judged j WHERE e.id = j.id
RETURNING e.id, e.partner_id, at - e.failing_since, e.told_failing_at IS NOT NULL, e.enabled
"""
_FORGET = """
UPDATE events_endpoint SET
    open_until = NULL, openings = 0, window_started_at = NULL, window_tried = 0, window_failed = 0,
    silent_in_row = 0, failing_since = NULL, told_exhausted_at = NULL, told_failing_at = NULL
WHERE id = %s
"""


@dataclass(slots=True)
class _News:
    """What one batch of results says of one endpoint.

    :param silent: how many of the last ones in a row nobody answered
    :param heard: whether anybody answered before those
    :param failing: whether the last one failed
    """

    id: Any
    tried: int = 0
    failed: int = 0
    silent: int = 0
    heard: bool = False
    arrived: bool = False
    tested: bool = False
    failing: bool = False
    hung: bool = False
    quick: bool = False

    def add(self, result: Result) -> None:
        self.tried += 1
        self.failing = bool(result.error)
        if self.failing:
            self.failed += 1
        else:
            self.arrived = True
            self.tested |= result.delivery.type == payloads.TEST
        if result.error in SILENT:
            self.silent += 1
            self.hung = True
        else:
            self.silent, self.heard = 0, True
            self.quick |= result.milliseconds < QUICK_MS


@dataclass(slots=True, frozen=True)
class Streak:
    """An endpoint at which nothing arrives, and for how long."""

    endpoint_id: str
    partner_id: str
    lasts: timedelta
    told: bool

    @property
    def is_half(self) -> bool:
        return self.lasts >= SWITCHED_OFF_AFTER / 2

    @property
    def is_over(self) -> bool:
        return self.lasts >= SWITCHED_OFF_AFTER


def says_how_it_does(result: Result) -> bool:
    """Return whether RESULT tells of the endpoint: a challenge may go to its next address."""
    return bool(
        result.attempted
        and result.started_at
        and result.delivery.endpoint_id
        and result.delivery.type != payloads.VERIFY
        and result.error != "not_sent"
    )


def is_silent(result: Result) -> bool:
    """Return whether nobody answered at the endpoint."""
    return result.error in SILENT and result.delivery.type != payloads.VERIFY


def note(results: Sequence[Result]) -> list[Streak]:
    """Write down what RESULTS say of their endpoints; return those that go on failing."""
    pk = Endpoint._meta.pk
    news: dict[str, _News] = {}
    for result in filter(says_how_it_does, results):
        endpoint = str(result.delivery.endpoint_id)
        news.setdefault(endpoint, _News(pk.get_prep_value(endpoint))).add(result)
    if not news:
        return []
    columns = {name: [getattr(one, name) for one in news.values()] for name in _News.__slots__}
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, columns | _LIMITS)
        rows = cursor.fetchall()
    return [
        Streak(ids.encode("endpoint", key), ids.encode("partner", partner), lasts, told)
        for key, partner, lasts, told, enabled in rows
        if enabled and lasts is not None
    ]


def forget(endpoint_id: str) -> None:
    """Let the endpoint begin anew, as if it had never failed."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [Endpoint._meta.pk.get_prep_value(endpoint_id)])


_LIMITS: dict[str, Any] = {
    "window": WINDOW_SECONDS,
    "streak": ONE_STREAK,
    "silent_in_row": SILENT_IN_ROW,
    "least": LEAST_TRIED,
    "percent": FAILED_PERCENT,
    "pause": PAUSE_SECONDS,
    "longest_pause": LONGEST_PAUSE_SECONDS,
    "lane_max": LANE_MAX,
}
