"""Seconds to verify an audit trail of 1,000,000 events, beside a bare read of the same rows."""

from __future__ import annotations

import random
import time

from django.db import connection, transaction

from benchmarks import seed
from benchmarks.report import Result, median
from events.chain import BATCH, check_chain
from events.models import Event

ROUNDS = 3
GOAL, FLOOR_GOAL = 60.0, 1.5


def measure() -> list[Result]:
    """Measure both in interleaved rounds."""
    seed.events()
    number = Event.objects.count()
    seconds: dict[str, list[float]] = {"verified": [], "bare": []}
    for _ in range(ROUNDS):
        turns = ["verified", "bare"]
        random.shuffle(turns)
        for name in turns:
            began = time.perf_counter()
            read = check_chain() if name == "verified" else _bare()
            seconds[name].append(time.perf_counter() - began)
            assert read == number
    million = [taken * 1_000_000 / number for taken in seconds["verified"]]
    return [
        Result(
            name="seconds to verify 1,000,000 audited events",
            ratio=median(million),
            goal=GOAL,
            at_most=True,
        ),
        Result(
            name="verifying the audit trail ÷ reading its rows",
            ratio=median(seconds["verified"]) / median(seconds["bare"]),
            goal=FLOOR_GOAL,
            at_most=True,
            figures={f"{name} s": taken for name, taken in seconds.items()},
        ),
    ]


def _bare() -> int:
    """Read every column of every event, in the order in which the table has them."""
    read = 0
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute("SELECT * FROM events_event")
        while rows := cursor.fetchmany(BATCH):
            read += len(rows)
    return read
