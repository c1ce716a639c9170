"""The account at the end of a fault run: our rows against what the partner wrote down."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events.dispatch import LONGEST_WAIT
from portal.lib import ids
from portal.tests.faults.journal import Entry, Journal
from portal.tests.faults.load import Load
from portal.tests.faults.settings import WEBHOOK_DEADLINE_SECONDS
from portal.tests.faults.world import World, until

SETTLES_WITHIN = 100.0  # seconds; a breaker may pause an endpoint for 30
# One machine wrote both times, but not in one step.
SLACK = 0.2  # seconds

_WAITING = """
SELECT count(*) FROM events_delivery
WHERE channel = 'webhook' AND state IN ('pending', 'sending')
"""
_DELIVERIES = """
SELECT d.webhook_id, d.state, d.type, d.refs ->> 'share', e.url, d.attempts, d.last_error,
       d.finished_at, (SELECT count(*) FROM events_attempt a WHERE a.delivery_id = d.id)
FROM events_delivery d JOIN events_endpoint e ON e.id = d.endpoint_id WHERE d.channel = 'webhook'
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What we hold of one message."""

    webhook_id: str
    state: str
    type: str
    share: str
    url: str
    attempts: int
    error: str
    finished_at: datetime
    tries: int


def settle(world: World) -> None:
    """Wait until nothing is to be sent any more."""
    until(
        lambda: world.rows(_WAITING) == [(0,)],
        seconds=SETTLES_WITHIN,
        what=lambda: f"{world.rows(_WAITING)}\n{world.said()}",
    )
    time.sleep(SLACK)  # what the receiver is just writing down


def faults(world: World, load: Load) -> list[str]:
    """Return what is wrong between our rows and the journal; nothing should be."""
    found = _rows(world)
    told = {row.webhook_id: world.journal.of(row.webhook_id) for row in found}
    return [
        *_lost(found, told),
        *_unqueued(found, load),
        *_after_the_end(found, told, load),
        *_doubled(found, told, world.journal),
        *(f"not believed: {e.error}" for e in world.journal.entries if e.error),
        *_shared_twice(world),
    ]


def _rows(world: World) -> list[Row]:
    return [Row(ids.encode("msg", row[0]), *row[1:]) for row in world.rows(_DELIVERIES)]


def _lost(rows: list[Row], told: dict[str, list[Entry]]) -> list[str]:
    """Every message was cancelled or taken; what we call sent was taken, and the other way."""
    wrong = []
    for row in rows:
        taken = any(entry.status == 200 for entry in told[row.webhook_id])
        if row.state not in ("sent", "cancelled") or (row.state == "sent" and not taken):
            wrong.append(f"lost: {row}")
    return wrong


def _unqueued(rows: list[Row], load: Load) -> list[str]:
    """Every call that was answered made its messages, one to each endpoint."""
    queued = Counter((row.type, row.share) for row in rows)
    wanted = [("lead.shared", share) for share in load.shares.values()]
    wanted += [("appointment.shared", share) for share in load.appointments]
    endpoints = len(Journal.PATHS)
    return [f"not queued: {one} {queued[one]}" for one in wanted if queued[one] != endpoints]


def _after_the_end(rows: list[Row], told: dict[str, list[Entry]], load: Load) -> list[str]:
    """Nothing came in after its message was cancelled, or long after its share was withdrawn."""
    wrong = []
    for row in rows:
        ends = []
        if row.state == "cancelled":
            ends.append(row.finished_at.timestamp() + SLACK)
        if row.type == "lead.shared" and row.share in load.withdrawn:
            # What was built just before may be under way for so long.
            under_way = LONGEST_WAIT + WEBHOOK_DEADLINE_SECONDS
            ends.append(load.withdrawn[row.share] + under_way + SLACK)
        late = [entry.at for entry in told[row.webhook_id] if entry.at > min(ends, default=9e9)]
        wrong += [f"sent after its end, {at}: {row}" for at in late]
    return wrong


def _doubled(rows: list[Row], told: dict[str, list[Entry]], journal: Journal) -> list[str]:
    """What came twice came under one id, and each time is one of our tries."""
    wrong = [f"unknown: {e}" for e in journal.entries if e.webhook_id not in told]
    wrong += [
        f"came {len(told[row.webhook_id])} times: {row}"
        for row in rows
        if len(told[row.webhook_id]) > row.tries or row.tries != row.attempts
    ]
    names: dict[Any, set[str]] = defaultdict(set)
    for entry in journal.entries:
        if entry.type == "lead.shared":
            names[entry.path, entry.data["leadId"]].add(entry.webhook_id)
    wrong += [f"two ids for one: {one} {found}" for one, found in names.items() if len(found) > 1]
    return wrong


def _shared_twice(world: World) -> list[str]:
    twice = "SELECT lead_id, count(*) FROM leads_share GROUP BY 1 HAVING count(*) > 1"
    return [f"shared twice: {row}" for row in world.rows(twice)]
