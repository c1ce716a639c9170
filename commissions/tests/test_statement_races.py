"""One statement handed in by two people at once is one statement."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from commissions.models import ReconciliationItem, Statement
from commissions.services import Imported, import_statement
from partners.models import Partner, User

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.date(2026, 11, 2)
HANDS = 6


def test_taken_in_at_once_it_asks_once(finance_user: User, acme: Partner) -> None:
    start = Barrier(HANDS)
    content = b"reference,value,date\nAB-1,5,2026-11-02\nAB-2,6,2026-11-02\n"

    def take_in(_hand: int) -> Imported:
        try:
            start.wait()
            given: dict[str, Any] = {"first": DAY, "last": DAY, "file_name": "a.csv"}
            return import_statement(
                actor=finance_user, partner_id=str(acme.pk), content=content, **given
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(HANDS) as hands:
        done = list(hands.map(take_in, range(HANDS)))

    assert sum(one.is_new for one in done) == 1
    assert {str(one.statement.pk) for one in done} == {str(Statement.objects.get().pk)}
    assert ReconciliationItem.objects.count() == 2
