"""Closings per second through POST /api/partner-update, beside a bare view writing the same."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator

from benchmarks import load, seed_money, servers
from benchmarks.report import Result, median
from commissions.models import Commission, LedgerEntry

ROUNDS = 7
SECONDS = 3.0
GOAL = 0.4
DEALS = 16_000  # more than both close in all rounds


def measure() -> Result:
    """Measure both in interleaved rounds and return the ratio of the medians."""
    deals = seed_money.for_closing(DEALS)
    ways = {
        "product": _product_requests(deals[: DEALS // 2]),
        "floor": _floor_requests(deals[DEALS // 2 :]),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    last: dict[str, load.Measured] = {}
    with (
        servers.web("benchmarks.settings") as product_port,
        servers.web("benchmarks.floor_settings") as floor_port,
    ):
        ports = {"product": product_port, "floor": floor_port}
        for turn in range(ROUNDS + 1):
            for name in random.sample(list(ways), len(ways)):
                last[name] = load.run(ports[name], ways[name], seconds=SECONDS if turn else 2)
                if last[name].bad:
                    raise AssertionError(f"{name} answered {last[name].bad}")
                if turn:  # the first warms up
                    rates[name].append(last[name].per_second)
    if LedgerEntry.objects.count() != Commission.objects.count():
        raise AssertionError("a closing is not in the ledger")
    return Result(
        name="closing through POST /api/partner-update ÷ bare DRF view writing the same rows",
        ratio=median(rates["product"]) / median(rates["floor"]),
        goal=GOAL,
        figures={
            "closings per second": rates["product"],
            "floor per second": rates["floor"],
            "p99 ms": [last["product"].percentile(0.99)],
        },
    )


def _product_requests(deals: list[seed_money.Worked]) -> Iterator[bytes]:
    for deal, value in zip(deals, itertools.count(1_000_000, 1_000), strict=False):
        body = {"leadId": deal.share, "status": "closed", "agreementValue": value}
        sent = json.dumps(body).encode()
        yield load.post("/api/partner-update", sent, Authorization=f"Bearer {deal.secret}")


def _floor_requests(deals: list[seed_money.Worked]) -> Iterator[bytes]:
    for deal, value in zip(deals, itertools.count(1_000_000, 1_000), strict=False):
        body = {"share": deal.share, "value": value}
        yield load.post("/floor/close", json.dumps(body).encode())
