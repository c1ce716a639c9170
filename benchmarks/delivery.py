"""Webhooks per second: the dispatcher, a bare aiohttp loop, and a Celery task per delivery.

To a receiver that answers at once and to one that takes 50 ms, with bodies of 2 kB.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp

from benchmarks import receiver, seed
from benchmarks.report import Result, median
from events import dispatch, letters, signing
from events.models import Delivery, Endpoint
from leads.payloads import build_shared

ROUNDS = 5
NUMBER = 6_000
BY_TASK = 300
FAST_GOAL, SLOW_GOAL, TASK_GOAL = 0.75, 0.8, 12.0
SLOW_SECONDS = 0.05
BATCH = 200
# As many as helps the bare loop: more than 64 to a quick receiver only costs it, and a whole batch
# is under way to a slow one.
AT_ONCE = {0.0: 64, SLOW_SECONDS: BATCH}


def measure() -> list[Result]:
    """Measure in interleaved rounds, first to the quick receiver and then to the slow one."""
    seed.endpoints_at(0)
    with receiver.running() as port, _worker():
        seed.point_endpoints_at(port)
        fast = _rounds(port, 0.0, {"dispatcher": _dispatched, "bare": _bare, "task": _tasks})
    with receiver.running(SLOW_SECONDS) as port:
        seed.point_endpoints_at(port)
        slow = _rounds(port, SLOW_SECONDS, {"dispatcher": _dispatched, "bare": _bare})
    return [
        Result(
            name="webhooks through the dispatcher ÷ bare aiohttp loop",
            ratio=median(fast["dispatcher"]) / median(fast["bare"]),
            goal=FAST_GOAL,
            figures={f"{name} per second": values for name, values in fast.items()},
        ),
        Result(
            name="the same to a receiver that takes 50 ms",
            ratio=median(slow["dispatcher"]) / median(slow["bare"]),
            goal=SLOW_GOAL,
            figures={f"{name} per second": values for name, values in slow.items()},
        ),
        Result(
            name="webhooks through the dispatcher ÷ a Celery task per delivery with requests",
            ratio=median(fast["dispatcher"]) / median(fast["task"]),
            goal=TASK_GOAL,
            figures={},
        ),
    ]


Way = Callable[[int, float], float]


def _rounds(port: int, takes: float, ways: dict[str, Way]) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name in random.sample(list(ways), len(ways)):
            measured = ways[name](port, takes)
            sys.stdout.write(f"  {name}: {measured:,.0f} a second\n")
            if turn:  # the first warms up
                rates[name].append(measured)
    dispatch.close()
    return rates


def _dispatched(port: int, _takes: float) -> float:
    seed.deliveries(NUMBER)
    before = receiver.received(port)
    began = time.perf_counter()
    if not dispatch.drain(patience=120):
        raise AssertionError("the dispatcher did not finish")
    seconds = time.perf_counter() - began
    _check(port, before, NUMBER)
    left = Delivery.objects.exclude(state=Delivery.State.SENT).count()
    if left:
        raise AssertionError(f"{left} deliveries are not recorded as sent")
    return NUMBER / seconds


def _bare(port: int, takes: float) -> float:
    seed.deliveries(NUMBER)
    # The rows of the queue are given to the floor for nothing; it reads the leads only.
    queued = list(Delivery.objects.order_by("pk"))
    addresses = letters._addresses(
        {str(pk) for pk in Endpoint.objects.values_list("pk", flat=True)}
    )
    before = receiver.received(port)
    began = time.perf_counter()
    asyncio.run(_bare_loop(queued, addresses, AT_ONCE[takes]))
    seconds = time.perf_counter() - began
    _check(port, before, NUMBER)
    return NUMBER / seconds


async def _bare_loop(
    queued: list[Delivery], addresses: dict[str, letters.Address], at_once: int
) -> None:
    """Read 200 leads with one statement, build, sign and send; write nothing down.

    The next batch is read while this one is sent, as the dispatcher does.
    """
    gate = asyncio.Semaphore(at_once)
    batches = [queued[place : place + BATCH] for place in range(0, len(queued), BATCH)]
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        headers={"Content-Type": "application/json"},
    ) as session:
        reading = asyncio.ensure_future(asyncio.to_thread(build_shared, batches[0]))
        for place, batch in enumerate(batches):
            bodies = await reading
            if place + 1 < len(batches):
                reading = asyncio.ensure_future(asyncio.to_thread(build_shared, batches[place + 1]))
            await asyncio.gather(
                *(
                    _post(session, gate, addresses[str(d.endpoint_id)], d, bodies[d.pk])
                    for d in batch
                )
            )


async def _post(
    session: aiohttp.ClientSession,
    gate: asyncio.Semaphore,
    address: letters.Address,
    delivery: Delivery,
    data: dict[str, Any] | None,
) -> None:
    body = letters._ENCODER.encode(
        {"type": delivery.type, "timestamp": letters._time(delivery.event_at), "data": data}
    ).encode()
    now = int(time.time())
    headers = {
        "webhook-id": delivery.webhook_id,
        "webhook-timestamp": str(now),
        "webhook-signature": signing.sign(address.keys, delivery.webhook_id, now, body),
    }
    assert address.url is not None
    async with gate, session.post(address.url, data=body, headers=headers) as response:
        await response.read()
        if response.status != 200:
            raise AssertionError(f"the receiver answered {response.status}")


def _tasks(port: int, _takes: float) -> float:
    from benchmarks.per_task import deliver  # noqa: PLC0415 - another Celery app

    made = seed.deliveries(BY_TASK)
    before = receiver.received(port)
    began = time.perf_counter()
    for pk in made:
        deliver.apply_async([pk], queue="per_task")
    while receiver.received(port) < before + BY_TASK:
        time.sleep(0.02)
        if time.perf_counter() - began > 120:
            raise AssertionError("the tasks did not finish")
    while Delivery.objects.filter(state=Delivery.State.PENDING).exists():
        if time.perf_counter() - began > 120:
            raise AssertionError("the tasks wrote nothing down")
        time.sleep(0.02)
    return BY_TASK / (time.perf_counter() - began)


def _check(port: int, before: int, number: int) -> None:
    came = receiver.received(port) - before
    if came != number:
        raise AssertionError(f"the receiver got {came} of {number}")


@contextmanager
def _worker() -> Iterator[None]:
    """Run the peer's worker: eight threads, which the reference found its best."""
    command = [
        sys.executable, "-m", "celery", "-A", "benchmarks.per_task", "worker", "-Q", "per_task",
        "-P", "threads", "-c", "8", "--without-heartbeat", "--without-gossip", "--without-mingle",
        "-l", "error",
    ]  # fmt: skip
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
