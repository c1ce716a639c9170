"""The account of a fault run sees what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest

from portal.tests.faults import account
from portal.tests.faults.account import Row
from portal.tests.faults.journal import Entry, Journal
from portal.tests.faults.load import Load

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def row(**given: Any) -> Row:
    plain = {"webhook_id": "msg_1", "state": "sent", "type": "lead.shared", "share": "share_1"}
    counted = {"url": "/steady", "attempts": 1, "error": "", "finished_at": NOON, "tries": 1}
    return Row(**(plain | counted | given))


def came(*, webhook_id: str = "msg_1", after: float = -1.0, status: int = 200) -> Entry:
    at = NOON.timestamp() + after
    data = {"leadId": "share_1"}
    return Entry(webhook_id, "/steady", "lead.shared", data, at, status, "")


def wrong(found: Row, *entries: Entry, withdrawn: float | None = None) -> list[str]:
    """Return what the account says of a message that came in as ENTRIES."""
    journal = Journal(Mock(), entries=list(entries))
    load = Load(Mock(), Mock())
    if withdrawn is not None:
        load.withdrawn["share_1"] = NOON.timestamp() + withdrawn
    told = {found.webhook_id: journal.of(found.webhook_id)}
    return [
        *account._lost([found], told),
        *account._after_the_end([found], told, load),
        *account._doubled([found], told, journal),
    ]


@pytest.mark.parametrize(
    ("found", "entries"),
    [
        (row(), [came()]),
        (row(attempts=2, tries=2), [came(status=503), came()]),
        (row(attempts=2, tries=2), [came()]),  # one try never came in
        (row(state="cancelled", attempts=0, tries=0), []),
        (row(state="cancelled"), [came(status=503)]),
    ],
)
def test_it_takes_what_is_right(found: Row, entries: list[Entry]) -> None:
    assert wrong(found, *entries) == []


@pytest.mark.parametrize(
    ("found", "entries", "said"),
    [
        (row(), [], "lost"),
        (row(), [came(status=503)], "lost"),
        (row(state="failed"), [came(status=503)], "lost"),
        (row(state="pending"), [], "lost"),
        (row(state="cancelled"), [came(after=1)], "sent after its end"),
        (row(), [came(), came()], "came 2 times"),
        (row(attempts=3), [came()], "came 1 times"),
        (row(), [came(), came(webhook_id="msg_2")], "unknown"),
        (row(), [came(), came(webhook_id="msg_2")], "two ids for one"),
    ],
)
def test_it_sees_what_is_wrong(found: Row, entries: list[Entry], said: str) -> None:
    assert any(fault.startswith(said) for fault in wrong(found, *entries))


def test_what_comes_long_after_a_withdrawal_is_wrong() -> None:
    assert wrong(row(), came(after=4), withdrawn=0) == []
    assert wrong(row(), came(after=6), withdrawn=0)
