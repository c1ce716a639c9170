"""Shares per second through POST /api/share-lead, beside a bare DRF view."""

from __future__ import annotations

import itertools
import json
import random
import uuid
from collections.abc import Iterator

from benchmarks import load, seed, servers
from benchmarks.report import Result, median

ROUNDS = 7
SECONDS = 3.0
GOAL = 0.5


def measure() -> Result:
    """Measure both in interleaved rounds and return the ratio of the medians."""
    key, partners, leads = seed.for_sharing()
    ours = _product_requests(key, partners, leads)
    floor = _floor_requests(seed.floor_partners())
    rates: dict[str, list[float]] = {"product": [], "floor": []}
    last: dict[str, load.Measured] = {}
    with (
        servers.web("benchmarks.settings") as product_port,
        servers.web("benchmarks.floor_settings") as floor_port,
    ):
        load.run(product_port, ours, seconds=2)
        load.run(floor_port, floor, seconds=2)
        for _ in range(ROUNDS):
            turns = [("product", product_port, ours), ("floor", floor_port, floor)]
            random.shuffle(turns)
            for name, port, requests in turns:
                last[name] = load.run(port, requests, seconds=SECONDS)
                if last[name].bad:
                    raise AssertionError(f"{name} answered {last[name].bad}")
                rates[name].append(last[name].per_second)
    return Result(
        name="POST /api/share-lead ÷ bare DRF view with the seven statements",
        ratio=median(rates["product"]) / median(rates["floor"]),
        goal=GOAL,
        figures={
            "shares per second": rates["product"],
            "floor per second": rates["floor"],
            "p99 ms": [last["product"].percentile(0.99)],
        },
    )


def _product_requests(key: str, partners: list[str], leads: list[str]) -> Iterator[bytes]:
    """Yield a share of each lead with each partner; neighbours have neither in common."""
    pairs = (
        (leads[place % len(leads)], partners[(place + place // len(leads)) % len(partners)])
        for place in range(len(leads) * len(partners))
    )
    for lead, partner in pairs:
        body = {
            "leadId": lead,
            "partnerId": partner,
            "consent": {"shareContact": False, "shareBudget": True, "shareRequirements": True},
            "consentMethod": "call",
        }
        yield load.post("/api/share-lead", json.dumps(body).encode(), Authorization=f"Bearer {key}")


def _floor_requests(partners: list[int]) -> Iterator[bytes]:
    for partner in itertools.cycle(partners):
        body = {"partner": partner, "lead": str(uuid.uuid4())}
        yield load.post("/floor/share", json.dumps(body).encode())
