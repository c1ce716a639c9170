"""The figures of the reconciliation page are the entries of the ledger, added up one by one."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from commissions.ledger import ACCOUNTS, Stage
from commissions.models import Commission, LedgerEntry
from commissions.periods import EVER, Period, choices, period_of
from commissions.services import report_status
from commissions.standings import Figures, figures_for, totals
from commissions.terms import Terms
from commissions.tests.money_world import accepted, agreed, closed
from commissions.tests.test_money_machine import World
from partners.models import Partner, User
from partners.types import Direction

pytestmark = pytest.mark.django_db
PAYS, IS_PAID = Direction.PLATFORM_PAYS_PARTNER, Direction.PARTNER_PAYS_PLATFORM
Key = tuple[str, str, str]
NAMES = {
    Stage.EARNED: "recorded",
    Stage.ACCRUED: "accrued",
    Stage.APPROVED: "approved",
    Stage.PAYABLE: "payable",
    Stage.HELD: "held",
    Stage.PAID: "paid",
    Stage.OWED_BACK: "owed_back",
}


def replayed(period: Period = EVER) -> dict[Key, dict[str, Decimal]]:
    """Add up every entry and every claim by itself, without the portal's own sums."""
    found: dict[Key, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for deal in period.within(Commission.objects.all(), "closed_on"):
        if deal.status != "reversed":
            key = (str(deal.partner_id), deal.claim_currency, deal.direction)
            found[key]["claimed"] += deal.claimed_amount
            found[key]["deals"] += 1
        for entry in LedgerEntry.objects.filter(commission=deal):
            key = (str(entry.partner_id), entry.currency, deal.direction)
            stage_of = {account: stage for stage, account in ACCOUNTS[deal.direction].items()}
            way = 1 if deal.direction == PAYS else -1
            for account, change in ((entry.debit, -way), (entry.credit, way)):
                stage = stage_of[account]  # type: ignore[index]
                sign = -1 if stage in (Stage.EARNED, Stage.OWED_BACK) else 1
                found[key][NAMES[stage]] += sign * change * entry.amount
    return found


def shown(user: User, period: Period = EVER) -> dict[Key, Figures]:
    return {
        (one.partner_id, one.currency, one.direction): one
        for one in figures_for(user=user, period=period)
    }


def assert_replayed(user: User, period: Period = EVER) -> None:
    wanted, found = replayed(period), shown(user, period)
    assert set(found) == set(wanted)
    for key, sums in wanted.items():
        for name in ("claimed", "deals", *NAMES.values()):
            assert getattr(found[key], name) == sums[name], (key, name)
        one = found[key]
        stages = one.accrued + one.approved + one.payable + one.held + one.paid - one.owed_back
        assert stages == one.recorded


@pytest.mark.parametrize("seed", range(4))
def test_after_any_sequence(
    dana: User, amira: User, devika: User, finance_user: User, admin_user: User, seed: int
) -> None:
    chance = random.Random(seed)
    agreed(devika.partner, Terms(direction=IS_PAID, percent=Decimal("7.25"), currency="USD"))
    split = Terms(direction=PAYS, percent=Decimal(20), partner_share=Decimal(60))
    agreed(amira.partner, split)
    worlds = [World(dana, owner, finance_user, admin_user) for owner in (amira, devika)]
    acts = ["close", "claim", "confirm", "approve", "approve", "correct", "pay", "pay", "claw_back"]
    acts += ["dispute", "question", "question", "decide", "withdraw"]
    for _ in range(40):
        value = Decimal(chance.randrange(1, 90_000_000)) / 100
        chance.choice(worlds).step(chance.choice(acts), chance.randrange(9), value)
    assert LedgerEntry.objects.count() > 10
    assert_replayed(finance_user)


def closed_in_india(agent: User, owner: User) -> None:
    share = accepted(agent, owner, market="india", currency="INR", region="IN-MH")
    report_status(
        actor=owner, reference=str(share.pk), status="closed", agreement_value=Decimal(1_000)
    )


class TestFigures:
    @time_machine.travel(dt.datetime(2026, 11, 28, 9, tzinfo=dt.UTC))
    def test_a_period_holds_the_deals_closed_in_it(
        self, dana: User, amira: User, finance_user: User
    ) -> None:
        closed(dana, amira, 1_000)
        closed(dana, amira, 5_000, closed_on=dt.date(2025, 12, 31))
        closed(dana, amira, 7_000, closed_on=dt.date(2026, 7, 1))
        for key, recorded in (("2025-12", 750), ("2026-Q3", 1050), ("", 1950)):
            period = period_of(key)
            assert period is not None
            assert_replayed(finance_user, period)
            assert [one.recorded for one in shown(finance_user, period).values()] == [recorded]

    def test_a_claim_in_another_currency_stands_by_itself(
        self, dana: User, amira: User, finance_user: User
    ) -> None:
        closed(dana, amira, 1_000, claimed_currency="USD", claimed_percent=Decimal(20))
        found = {one.currency: one for one in shown(finance_user).values()}
        assert [found["USD"].claimed, found["USD"].recorded] == [200, 0]
        assert [found["AED"].claimed, found["AED"].recorded] == [0, 150]
        assert [one.questions for one in found.values()] == [2, 2]
        assert_replayed(finance_user)

    def test_claims_are_what_would_move(self, dana: User, bilal: User, finance_user: User) -> None:
        agreed(bilal.partner, Terms(direction=PAYS, percent=Decimal(20), partner_share=Decimal(60)))
        closed(dana, bilal, 1_000)
        closed(dana, bilal, 1_000, claimed_percent=Decimal(30))
        (one,) = shown(finance_user).values()
        assert [one.claimed, one.recorded, one.difference] == [300, 240, 60]

    def test_staff_see_the_deals_of_their_market_and_partners_their_own(
        self, dana: User, amira: User, rohan: User, finance_user: User
    ) -> None:
        closed(dana, amira, 1_000)
        closed_in_india(dana, rohan)
        finance_user.market = "india"
        assert [one.currency for one in shown(finance_user).values()] == ["INR"]
        assert [one.partner_id for one in shown(amira).values()] == [str(amira.partner_id)]

    def test_partners_with_open_differences_come_first(
        self, dana: User, amira: User, rami: User, finance_user: User, rival: Partner
    ) -> None:
        closed(dana, amira, 1_000)
        closed(dana, rami, 1_000, claimed_percent=Decimal(30))
        assert figures_for(user=finance_user, period=EVER)[0].partner == rival.name

    def test_totals_never_mix_currencies_or_directions(
        self, dana: User, amira: User, rohan: User, devika: User, finance_user: User
    ) -> None:
        for owner in (amira, amira, devika):
            closed(dana, owner, 1_000)
        closed_in_india(dana, rohan)
        sums = totals(figures_for(user=finance_user, period=EVER))
        found = {(one.direction, one.currency): [one.deals, one.recorded] for one in sums}
        assert found == {
            (IS_PAID, "AED"): [1, 100], (PAYS, "AED"): [2, 300], (PAYS, "INR"): [1, 150],
        }  # fmt: skip

    def test_one_query(
        self, dana: User, amira: User, finance_user: User, django_assert_num_queries: Any
    ) -> None:
        closed(dana, amira, 1_000)
        with django_assert_num_queries(1):
            figures_for(user=finance_user, period=EVER, search="acme")


class TestPeriods:
    @pytest.mark.parametrize(
        ("key", "first", "last", "said"),
        [
            ("2024-02", dt.date(2024, 2, 1), dt.date(2024, 2, 29), "February 2024"),
            ("2026-Q4", dt.date(2026, 10, 1), dt.date(2026, 12, 31), "Quarter 4 of 2026"),
            ("2026", dt.date(2026, 1, 1), dt.date(2026, 12, 31), "2026"),
            ("", None, None, "All time"),
        ],
    )
    def test_names(self, key: str, first: Any, last: Any, said: str) -> None:
        period = period_of(key)
        assert period is not None
        assert (period.first, period.last, str(period)) == (first, last, said)

    @pytest.mark.parametrize("key", ["2026-13", "2026-Q5", "26", "1999", "2026-1", "x", "２０２６"])
    def test_what_is_none(self, key: str) -> None:
        assert period_of(key) is None

    def test_choices_are_periods_newest_first(self) -> None:
        _ever, *groups = choices(dt.date(2026, 1, 15))
        keys = [[key for key, _said in named] for _label, named in groups]
        assert [named[:2] for named in keys] == [
            ["2026-01", "2025-12"], ["2026-Q1", "2025-Q4"], ["2026", "2025"],
        ]  # fmt: skip
        assert all(period_of(key) for named in keys for key in named)
