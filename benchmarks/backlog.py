"""A backlog of 100,000 after an outage: whether it drains as fast at its end, in flat memory."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks import receiver, seed, servers
from benchmarks.report import Result
from events import services
from events.models import Delivery

NUMBER = 100_000
RATE_GOAL, MEMORY_GOAL = 0.85, 1.15
SETTLED = 0.1  # of the backlog: by then connections, lanes and caches are what they will be


def measure() -> list[Result]:
    """Drain it with the real worker; compare the second half with the first."""
    seed.endpoints_at(0)
    with receiver.running() as port:
        seed.point_endpoints_at(port)
        seed.backlog(NUMBER)
        with servers.dispatcher() as process_id:
            samples = _watched(port, process_id)
    left = Delivery.objects.exclude(state=Delivery.State.SENT).count()
    if left:
        raise AssertionError(f"{left} deliveries are not recorded as sent")
    rates = [_rate(samples, SETTLED, 0.5), _rate(samples, 0.55, 0.99)]
    memory = [_at(samples, SETTLED)[2], max(sample[2] for sample in samples)]
    return [
        Result(
            name="draining a backlog of 100,000: rate of the second half ÷ of the first",
            ratio=rates[1] / rates[0],
            goal=RATE_GOAL,
            figures={"first half per second": rates[:1], "second half per second": rates[1:]},
        ),
        Result(
            name="memory of the worker at its most ÷ after a tenth of the backlog",
            ratio=memory[1] / memory[0],
            goal=MEMORY_GOAL,
            at_most=True,
            figures={"MB after a tenth": memory[:1], "MB at most": memory[1:]},
        ),
    ]


Sample = tuple[float, int, float]  # when, how many had come, MB


def _watched(port: int, process_id: int) -> list[Sample]:
    samples: list[Sample] = []
    deadline = time.monotonic() + 900
    services.nudge()
    while not samples or samples[-1][1] < NUMBER:
        if time.monotonic() > deadline:
            raise AssertionError(f"only {samples[-1][1]} of {NUMBER} came")
        time.sleep(0.25)
        samples.append((time.monotonic(), receiver.received(port), _megabytes(process_id)))
        if len(samples) % 40 == 0:
            sys.stdout.write(f"  {samples[-1][1]:,} came, {samples[-1][2]:.0f} MB\n")
    while Delivery.objects.filter(state=Delivery.State.SENDING).exists():
        time.sleep(0.1)
    return samples


def _at(samples: list[Sample], share: float) -> Sample:
    return next(sample for sample in samples if sample[1] >= NUMBER * share)


def _rate(samples: list[Sample], start: float, end: float) -> float:
    first, last = _at(samples, start), _at(samples, end)
    return (last[1] - first[1]) / (last[0] - first[0])


def _megabytes(process_id: int) -> float:
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
