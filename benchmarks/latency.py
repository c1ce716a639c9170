"""From commit to receipt, with the real worker process and its bell.

On an idle system, and under load with and without one endpoint of twenty that hangs.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Mapping

from django.db import connection, transaction

from benchmarks import receiver, seed, servers
from benchmarks.report import Result, median
from events import breaker, services
from events.models import Delivery, Endpoint, Event
from leads.models import Share
from portal.lib.access import THE_SYSTEM

IDLE_GOAL_MS = 150.0
IDLE_MESSAGES = 150
IDLE_PAUSES = (0.1, 0.3)  # seconds between two, so that none finds the dispatcher awake
HANGING_GOAL = 1.5
ROUNDS = 3
RATE, SECONDS = 60, 20.0  # longer than the deadline of 15 s


def measure() -> list[Result]:
    """Measure both with one worker."""
    seed.endpoints_at(0)
    with receiver.running() as port, servers.dispatcher():
        seed.point_endpoints_at(port)
        shares = list(Share.objects.values_list("pk", "partner_id"))
        list(_p95(port, _sent(shares[:1], 20, 0.05)))  # warms up
        idle = list(_p95(port, _sent(shares, IDLE_MESSAGES, IDLE_PAUSES)))
        without, with_one = _hanging(port, shares)
    return [
        Result(
            name="commit to receipt on an idle system, p95 in ms",
            ratio=idle[0],
            goal=IDLE_GOAL_MS,
            at_most=True,
            figures={"p50 ms": [idle[1]]},
        ),
        Result(
            name="commit to receipt, p95 of 19 endpoints while one hangs ÷ while none does",
            ratio=median(with_one) / median(without),
            goal=HANGING_GOAL,
            at_most=True,
            figures={"p95 ms with": with_one, "p95 ms without": without},
        ),
    ]


def _hanging(port: int, shares: list[tuple[str, str]]) -> tuple[list[float], list[float]]:
    found: dict[bool, list[float]] = {False: [], True: []}
    sick = Endpoint.objects.filter(url__startswith="http:").order_by("pk").first()
    assert sick is not None
    healthy = [share for share in shares if share[1] != sick.partner_id]
    for _ in range(ROUNDS):
        for hangs in random.sample((False, True), 2):
            # Each round finds it as one that has answered so far, with a wide lane.
            breaker.forget(sick.pk)
            path = f"/hang/{sick.pk}" if hangs else f"/{sick.pk}"
            Endpoint.objects.filter(pk=sick.pk).update(
                url=f"http://127.0.0.1:{port}{path}", lane=breaker.LANE_MAX
            )
            sent = _sent(shares, int(RATE * SECONDS), 1 / RATE, only=healthy)
            p95, p50 = _p95(port, sent)
            sys.stdout.write(f"  one hangs: {hangs}, p95 {p95:.1f} ms, p50 {p50:.1f} ms\n")
            found[hangs].append(p95)
            _clear()
    return found[False], found[True]


def _sent(
    shares: list[tuple[str, str]],
    number: int,
    pause: float | tuple[float, float],
    only: list[tuple[str, str]] | None = None,
) -> dict[str, float]:
    """Commit NUMBER messages, PAUSE seconds apart; return when each was, of the shares in ONLY.

    The beat does not wait for what is slow: whatever falls behind is sent at once.
    """
    wanted = {share for share, _partner in only or shares}
    committed: dict[str, float] = {}
    at = time.monotonic()
    for _ in range(number):
        at += random.uniform(*pause) if isinstance(pause, tuple) else pause
        time.sleep(max(0.0, at - time.monotonic()))
        share, partner = random.choice(shares)
        with transaction.atomic():
            event = services.record_event(
                Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, partner_id=partner
            )
            services.queue_webhooks(event, "lead.shared", partner_id=partner, refs={"share": share})
        if share in wanted:
            committed[event.pk] = time.monotonic()
    return committed


def _p95(port: int, committed: Mapping[str, float]) -> Iterator[float]:
    """Wait until all COMMITTED messages came; yield the 95 % and the median of the times, in ms."""
    ids = {
        webhook_id: committed[event]
        for webhook_id, event in Delivery.objects.filter(event_id__in=list(committed)).values_list(
            "webhook_id", "event_id"
        )
    }
    came: dict[str, float] = {}
    deadline = time.monotonic() + 60
    while not came.keys() >= ids.keys():
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(ids.keys() - came.keys())} messages did not come")
        time.sleep(0.2)
        came |= receiver.times(port)
    waited = sorted(1000 * (came[webhook_id] - at) for webhook_id, at in ids.items())
    yield waited[int(len(waited) * 0.95)]
    yield waited[len(waited) // 2]


def _clear() -> None:
    """Empty the queue, once what is under way has ended."""
    deadline = time.monotonic() + 60
    Delivery.objects.filter(state=Delivery.State.PENDING).delete()
    while Delivery.objects.filter(state=Delivery.State.SENDING).exists():
        if time.monotonic() > deadline:
            raise AssertionError("what hung did not end")
        time.sleep(0.2)
        Delivery.objects.filter(state=Delivery.State.PENDING).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_attempt")
        cursor.execute("DELETE FROM events_delivery")
