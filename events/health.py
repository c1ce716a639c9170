"""How delivering to an endpoint goes: what arrived, how quickly, and what waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from events.models import Endpoint

HOURS = 24
# Of each endpoint only the latest messages are read, so that a page costs the same for everybody.
LATEST = 500
COUNTED = 1_000


class State:
    """What to say of an endpoint, the most pressing first."""

    DISABLED = "disabled"
    UNVERIFIED = "unverified"
    PAUSED = "paused"
    FAILING = "failing"
    WORKING = "working"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """An endpoint's last 24 hours.

    :param rate: percent of the attempts that succeeded; None without any
    :param p95_ms: milliseconds within which 95 % of the successful attempts were answered
    :param waiting: messages not yet sent, at most 1,000 counted
    :param due_seconds: for how long the oldest that may be sent has been due
    """

    state: str
    tried: int
    arrived: int
    rate: Decimal | None
    p95_ms: int | None
    waiting: int
    due_seconds: float

    @property
    def failed(self) -> int:
        return self.tried - self.arrived

    @property
    def waiting_capped(self) -> bool:
        return self.waiting >= COUNTED


_MEASURED = """
SELECT e.id, tries.tried, tries.arrived, tries.p95, waiting.number, waiting.due
FROM unnest(%(ids)s::uuid[]) AS e(id)
CROSS JOIN LATERAL (
    SELECT count(*) AS tried,
           count(*) FILTER (WHERE a.error = '') AS arrived,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY a.duration_ms)
               FILTER (WHERE a.error = '') AS p95
    FROM (
        SELECT id FROM events_delivery
        WHERE endpoint_id = e.id ORDER BY created_at DESC, id DESC LIMIT %(latest)s
    ) d
    JOIN events_attempt a ON a.delivery_id = d.id
    WHERE a.started_at > now() - %(hours)s * interval '1 hour'
) tries
CROSS JOIN LATERAL (
    SELECT count(*) AS number, extract(epoch FROM now() - min(p.next_attempt_at)) AS due
    FROM (
        SELECT next_attempt_at FROM events_delivery
        WHERE endpoint_id = e.id AND state = 'pending' ORDER BY next_attempt_at LIMIT %(counted)s
    ) p
) waiting
"""


def health_of(endpoints: Sequence[Endpoint]) -> dict[str, Health]:
    """Return the health of each of ENDPOINTS by its id, in one query."""
    pk = Endpoint._meta.pk
    by_key = {pk.get_prep_value(endpoint.pk): endpoint for endpoint in endpoints}
    with connection.cursor() as cursor:
        cursor.execute(
            _MEASURED,
            {"ids": list(by_key), "latest": LATEST, "counted": COUNTED, "hours": HOURS},
        )
        rows = cursor.fetchall()
    found = {}
    for key, tried, arrived, p95, waiting, due in rows:
        endpoint = by_key[key]
        found[endpoint.pk] = Health(
            state=state_of(endpoint),
            tried=tried,
            arrived=arrived,
            rate=(Decimal(100 * arrived) / tried).quantize(Decimal("0.1")) if tried else None,
            p95_ms=p95,
            waiting=waiting,
            due_seconds=max(0.0, float(due or 0)),
        )
    return found


def state_of(endpoint: Endpoint) -> str:
    """Return what to say of ENDPOINT first."""
    if not endpoint.enabled:
        return State.DISABLED
    if not endpoint.verified:
        return State.UNVERIFIED
    if endpoint.open_until is not None and endpoint.open_until > timezone.now():
        return State.PAUSED
    return State.FAILING if endpoint.failing_since else State.WORKING


def endpoints_by_state(endpoints: QuerySet[Endpoint], state: str) -> QuerySet[Endpoint]:
    """Return those of ENDPOINTS of which :func:`state_of` says STATE."""
    on, proven = Q(enabled=True), Q(verified_at__isnull=False)
    paused, failing = Q(open_until__gt=timezone.now()), Q(failing_since__isnull=False)
    rules = {
        State.DISABLED: ~on,
        State.UNVERIFIED: on & ~proven,
        State.PAUSED: on & proven & paused,
        State.FAILING: on & proven & ~paused & failing,
        State.WORKING: on & proven & ~paused & ~failing,
    }
    return endpoints.filter(rules[state])
