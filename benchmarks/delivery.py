"""Webhooks per second: the dispatcher, a bare aiohttp loop, and a Celery task per delivery."""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp

from benchmarks import load, seed
from benchmarks.report import Result, median
from events import dispatch, letters, signing
from events.models import Delivery
from leads.payloads import build_shared

ROUNDS = 4
NUMBER = 6_000
BY_TASK = 300
FLOOR_GOAL, TASK_GOAL = 0.6, 10.0
AT_ONCE, BATCH = 64, 200


def measure() -> list[Result]:
    """Measure all three in interleaved rounds against one receiver."""
    rates: dict[str, list[float]] = {"dispatcher": [], "bare": [], "task": []}
    with _receiver() as port, _worker():
        seed.endpoints_at(port)
        for turn in range(ROUNDS + 1):
            order = ["dispatcher", "bare", "task"]
            random.shuffle(order)
            for name in order:
                measured = {"dispatcher": _dispatched, "bare": _bare, "task": _tasks}[name](port)
                sys.stdout.write(f"  {name}: {measured:,.0f} a second\n")
                if turn:  # the first warms up
                    rates[name].append(measured)
    dispatch.close()
    figures = {f"{name} per second": values for name, values in rates.items()}
    return [
        Result(
            name="webhooks through the dispatcher ÷ bare aiohttp loop",
            ratio=median(rates["dispatcher"]) / median(rates["bare"]),
            goal=FLOOR_GOAL,
            figures=figures,
        ),
        Result(
            name="webhooks through the dispatcher ÷ a Celery task per delivery with requests",
            ratio=median(rates["dispatcher"]) / median(rates["task"]),
            goal=TASK_GOAL,
            figures={},
        ),
    ]


def _dispatched(port: int) -> float:
    seed.deliveries(NUMBER)
    before = _received(port)
    began = time.perf_counter()
    if not dispatch.drain(patience=120):
        raise AssertionError("the dispatcher did not finish")
    seconds = time.perf_counter() - began
    _check(port, before, NUMBER)
    left = Delivery.objects.exclude(state=Delivery.State.SENT).count()
    if left:
        raise AssertionError(f"{left} deliveries are not recorded as sent")
    return NUMBER / seconds


def _bare(port: int) -> float:
    seed.deliveries(NUMBER)
    # The rows of the queue are given to the floor for nothing; it reads the leads only.
    queued = list(Delivery.objects.order_by("pk"))
    addresses = letters._addresses({str(delivery.endpoint_id) for delivery in queued})
    before = _received(port)
    began = time.perf_counter()
    asyncio.run(_bare_loop(queued, addresses))
    seconds = time.perf_counter() - began
    _check(port, before, NUMBER)
    return NUMBER / seconds


async def _bare_loop(queued: list[Delivery], addresses: dict[str, letters.Address]) -> None:
    """Read 200 leads with one statement, build, sign and send; write nothing down.

    The next batch is read while this one is sent, as the dispatcher does.
    """
    gate = asyncio.Semaphore(AT_ONCE)
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
    async with gate, session.post(address.url, data=body, headers=headers) as response:
        await response.read()
        if response.status != 200:
            raise AssertionError(f"the receiver answered {response.status}")


def _tasks(port: int) -> float:
    from benchmarks.per_task import deliver  # noqa: PLC0415 - another Celery app

    made = seed.deliveries(BY_TASK)
    before = _received(port)
    began = time.perf_counter()
    for pk in made:
        deliver.apply_async([pk], queue="per_task")
    while _received(port) < before + BY_TASK:
        time.sleep(0.02)
        if time.perf_counter() - began > 60:
            raise AssertionError("the tasks did not finish")
    while Delivery.objects.filter(state=Delivery.State.PENDING).exists():
        if time.perf_counter() - began > 60:
            raise AssertionError("the tasks wrote nothing down")
        time.sleep(0.02)
    return BY_TASK / (time.perf_counter() - began)


def _check(port: int, before: int, number: int) -> None:
    if _received(port) - before != number:
        raise AssertionError(f"the receiver got {_received(port) - before} of {number}")


def _received(port: int) -> int:
    with socket.create_connection(("127.0.0.1", port)) as probe:
        probe.sendall(load.get("/"))
        return int(probe.recv(4096).split(b"\r\n\r\n")[1])


@contextmanager
def _receiver() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.receiver"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)


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
