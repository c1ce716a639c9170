"""Figures of the delivery for Prometheus: what stands in the tables now, and what was counted.

A worker counts in memory and adds its counts to one hash in Redis, so that several processes make
one figure; without Redis the counts wait in memory and messages go on. Nothing here names a
partner, an endpoint or a person.
"""

from __future__ import annotations

import logging
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

import prometheus_client
from django.conf import settings
from django.db import connection
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from events import queue
from events.models import Delivery
from events.queue import Result
from events.selectors import oldest_due_seconds

log = logging.getLogger(__name__)

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_PLAIN_0_0_4
KEY = "portal:metrics"
SENT_EVERY = 1.0  # seconds
PAUSE_AFTER_FAILURE = 10.0  # seconds without asking a Redis that did not answer
REDIS_SECONDS = 0.2
LOST = "worker_lost"
# Upper ends of the histograms' buckets in seconds; one more takes what is longer.
CLAIM = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
EXCHANGE = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
WAIT = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_HISTOGRAMS = {
    "claim": ("Time one claim of due messages took.", CLAIM),
    "exchange": ("Time one webhook took from dialling to the end of the answer.", EXCHANGE),
    "wait": ("Time from what happened to the first claim of its message.", WAIT),
}


class Counts:
    """What this process counted and Redis does not know yet. One thread counts and sends."""

    def __init__(self) -> None:
        self._added: Counter[str] = Counter()
        self._due_at = 0.0

    def results(self, results: Iterable[Result]) -> None:
        """Count what came of attempts, and what was settled without one."""
        for result in results:
            delivery = result.delivery
            if result.attempted:
                self._added[f"attempts:{delivery.channel}:{class_of(result)}"] += 1
                if result.milliseconds and delivery.channel == Delivery.Channel.WEBHOOK:
                    self._observe("exchange", EXCHANGE, result.milliseconds / 1000)
            if result.state != Delivery.State.PENDING:
                self._added[f"settled:{delivery.channel}:{result.state}"] += 1

    def claimed(self, deliveries: Sequence[Delivery], seconds: float) -> None:
        """Count a claim that took SECONDS, and how long what is new among DELIVERIES waited."""
        if deliveries:
            self._observe("claim", CLAIM, seconds)
        for delivery in deliveries:
            if delivery.attempts == 1 and delivery.claimed_at is not None:
                waited = (delivery.claimed_at - delivery.event_at).total_seconds()
                self._observe("wait", WAIT, max(0.0, waited))

    def lost(self, number: int) -> None:
        """Count what was taken from workers that did not come back."""
        if number:
            self._added[f"attempts:{Delivery.Channel.WEBHOOK}:{LOST}"] += number

    def send(self, *, at_once: bool = False) -> None:
        """Add what was counted to the common figures, at most every second. Never raises."""
        now = time.monotonic()
        if not self._added or (now < self._due_at and not at_once):
            return
        self._due_at = now + SENT_EVERY
        try:
            with _redis().pipeline(transaction=True) as pipeline:
                for name, number in self._added.items():
                    pipeline.hincrbyfloat(KEY, name, number)
                pipeline.execute()
        except RedisError as error:
            self._due_at = now + PAUSE_AFTER_FAILURE
            log.warning("figures wait for Redis: %s", type(error).__name__)
            return
        self._added.clear()

    def _observe(self, name: str, ends: tuple[float, ...], seconds: float) -> None:
        self._added[f"{name}:{bisect_left(ends, seconds)}"] += 1
        self._added[f"{name}:sum"] += seconds  # type: ignore[assignment]


def class_of(result: Result) -> str:
    """Return what came of an attempt: `success`, or the error, with one class for all of 4xx."""
    if result.error.startswith("http_"):
        return f"http_{result.error[5]}xx"
    return result.error or "success"


@lru_cache(maxsize=1)
def _redis() -> Redis:
    # Nothing is tried again: the next second brings another chance.
    return Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=REDIS_SECONDS,
        socket_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


# --- reading -----------------------------------------------------------------------------------
# By endpoint first, which the index of what is due answers alone.
_DELIVERIES = """
SELECT coalesce(sum(w.n) FILTER (WHERE w.endpoint_id IS NULL), 0),
       coalesce(sum(w.n) FILTER (WHERE f.id IS NOT NULL), 0),
       coalesce(sum(w.n) FILTER (WHERE w.endpoint_id IS NOT NULL AND f.id IS NULL), 0),
       (SELECT count(*) FROM events_delivery WHERE state = 'sending')
FROM (
    SELECT endpoint_id, count(*) AS n FROM events_delivery
    WHERE state = 'pending' AND next_attempt_at <= now() GROUP BY endpoint_id
) w
LEFT JOIN (
    SELECT e.id FROM events_endpoint e JOIN {partners} p ON p.id = e.partner_id
    WHERE e.enabled AND e.verified_at IS NOT NULL AND e.removed_at IS NULL
      AND p.status <> 'suspended' AND coalesce(e.open_until <= now(), true)
) f ON f.id = w.endpoint_id
"""
_ENDPOINTS = """
SELECT CASE WHEN disabled_reason <> '' AND NOT enabled THEN disabled_reason
            WHEN verified_at IS NULL OR NOT enabled THEN 'unverified'
            WHEN open_until > now() THEN 'open'
            WHEN open_until IS NOT NULL THEN 'half_open'
            ELSE 'closed' END AS state, count(*)
FROM events_endpoint WHERE removed_at IS NULL GROUP BY 1
"""
BREAKER = ("closed", "half_open", "open")
DISABLED = ("owner", "gone", "failing", "unverified")


class Figures:
    """Everything that is measured, read when Prometheus asks."""

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its values."""
        yield from _standing()
        counted = _counted()
        yield _gauge("portal_redis_up", "Whether Redis answered.", float(counted is not None))
        if counted is not None:
            yield from _sums(counted)
            yield from _histograms(counted)


def exposition() -> bytes:
    """Return every metric in the text format of Prometheus.

    :raises django.db.Error: if the database does not answer
    """
    return prometheus_client.generate_latest(Figures())


def _standing() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute(_DELIVERIES.format(partners=queue.partner_table()))
        mails, ready, held, in_flight = cursor.fetchone()
        cursor.execute(_ENDPOINTS)
        endpoints = dict(cursor.fetchall())
    due = GaugeMetricFamily(
        "portal_deliveries_due",
        "Webhooks that are due: ready, or held by a pause, a switch or a suspension.",
        labels=["state"],
    )
    due.add_metric(["ready"], float(ready))
    due.add_metric(["held"], float(held))
    yield due
    yield _gauge("portal_mails_due", "Mails that are due.", float(mails))
    yield _gauge(
        "portal_oldest_due_seconds",
        "For how long the oldest message that may be sent has been due.",
        oldest_due_seconds(),
    )
    yield _gauge("portal_deliveries_in_flight", "Messages a worker holds.", float(in_flight))
    for name, says, states in (
        ("portal_endpoints_breaker", "Endpoints that receive, by their breaker.", BREAKER),
        ("portal_endpoints_off", "Endpoints that get nothing, by reason.", DISABLED),
    ):
        family = GaugeMetricFamily(name, says, labels=["state"])
        for state in states:
            family.add_metric([state], float(endpoints.get(state, 0)))
        yield family


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, value=value)


def _counted() -> dict[str, float] | None:
    try:
        found = _redis().hgetall(KEY)
    except RedisError:
        return None
    return {str(name): float(number) for name, number in found.items()}  # type: ignore[union-attr]


def _sums(counted: dict[str, float]) -> Iterator[Metric]:
    for name, says, label in (
        ("attempts", "Tries of messages, by what came of them.", "class"),
        ("settled", "Messages that are done with, by how they ended.", "state"),
    ):
        family = CounterMetricFamily(f"portal_{name}", says, labels=["channel", label])
        for key in sorted(counted):
            if key.startswith(f"{name}:"):
                _name, channel, what = key.split(":", 2)
                family.add_metric([channel, what], counted[key])
        yield family


def _histograms(counted: dict[str, float]) -> Iterator[Metric]:
    for name, (says, ends) in _HISTOGRAMS.items():
        numbers = [counted.get(f"{name}:{bucket}", 0.0) for bucket in range(len(ends) + 1)]
        edges = [*map(str, ends), "+Inf"]
        yield HistogramMetricFamily(
            f"portal_{name}_seconds",
            says,
            buckets=list(zip(edges, accumulate(numbers), strict=True)),
            sum_value=counted.get(f"{name}:sum", 0.0),
        )
