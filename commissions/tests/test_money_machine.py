"""Whatever happens to commissions, in whatever order: the ledger balances and nothing is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commissions import services
from commissions.ledger import ACCOUNTS, Stage, Standing, debt_of, standing_of
from commissions.models import Commission, Dispute, LedgerEntry
from commissions.services.days import rebuild_partner_days
from commissions.terms import Milestone, Terms, Tier
from commissions.tests.money_world import accepted, agreed, closed, trial_balance
from leads.models import PartnerDay
from partners.models import User
from partners.types import Direction
from portal.lib.errors import Conflict, DomainError

PAYS, IS_PAID = Direction.PLATFORM_PAYS_PARTNER, Direction.PARTNER_PAYS_PLATFORM
TERMS = {
    PAYS: Terms(
        direction=PAYS,
        partner_share=Decimal(60),
        tiers=(Tier(Decimal(500_000), Decimal(5)), Tier(None, Decimal(4))),
        tier_mode="volume",
        tier_period="year",
        rerates=True,
        currency="AED",
        milestones=(Milestone("Signed", Decimal(30)), Milestone("Paid", Decimal(70))),
    ),
    IS_PAID: Terms(direction=IS_PAID, percent=Decimal("7.25"), currency="USD"),
}
VALUES = st.decimals("0.01", 900_000, places=2)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "close",
                "claim",
                "confirm",
                "approve",
                "correct",
                "meet",
                "pay",
                "claw_back",
                "dispute",
                "question",
                "decide",
                "withdraw",
            ]
        ),
        st.integers(0, 3),
        VALUES,
    ),
    min_size=1,
    max_size=14,
)


class World:
    """One partner's deals, and what may be done to each."""

    def __init__(self, agent: User, owner: User, finance: User, admin: User) -> None:
        self.agent, self.owner, self.finance, self.admin = agent, owner, finance, admin
        self.deals: list[Commission] = []
        self.number = 0

    def step(self, name: str, which: int, value: Decimal) -> None:
        if name in ("close", "claim"):
            claim = {"claimed_percent": Decimal(99)} if name == "claim" else {}
            self.deals.append(closed(self.agent, self.owner, value, **claim))
        elif self.deals:
            deal = self.deals[which % len(self.deals)]
            try:
                with transaction.atomic():
                    getattr(self, name)(deal, value)
            except DomainError:
                pass  # refused, and nothing half done: the checks below see it

    def confirm(self, deal: Commission, _value: Decimal) -> None:
        services.confirm_closing(actor=self.finance, reference=str(deal.share_id))

    def approve(self, deal: Commission, value: Decimal) -> None:
        actor = self.finance if value > 1000 else self.admin
        services.approve(actor=actor, commission_id=str(deal.pk))

    def correct(self, deal: Commission, value: Decimal) -> None:
        services.correct(
            actor=self.finance, commission_id=str(deal.pk), value=value, reason="Signed value"
        )

    def meet(self, deal: Commission, value: Decimal) -> None:
        services.meet_milestone(
            actor=self.finance,
            commission_id=str(deal.pk),
            number=1 + int(value) % 2,
            met_on=timezone.now().date(),
        )

    def pay(self, deal: Commission, value: Decimal) -> None:
        self.number += 1
        payable = standing_of(deal)[Stage.PAYABLE]
        services.record_payment(
            actor=self.finance,
            commission_id=str(deal.pk),
            amount=min(value, payable),
            paid_on=timezone.now().date(),
            reference=f"TT-{self.number}",
        )

    def claw_back(self, deal: Commission, _value: Decimal) -> None:
        services.claw_back(actor=self.finance, commission_id=str(deal.pk), reason="Cancelled")

    def dispute(self, deal: Commission, value: Decimal) -> None:
        self._dispute(self.owner, deal, deal.moved + value)

    def question(self, deal: Commission, value: Decimal) -> None:
        self._dispute(self.finance, deal, max(deal.moved - value, Decimal(0)))

    def _dispute(self, actor: User, deal: Commission, claim: Decimal) -> None:
        services.disputes.open_dispute(
            actor=actor, commission_id=str(deal.pk), claimed_amount=claim, reason="Signed"
        )

    def decide(self, deal: Commission, value: Decimal) -> None:
        one = self._open(deal)
        between = sum((one.claimed_amount, one.recorded_amount)) / 2
        services.disputes.decide(
            actor=self.admin if value > 1000 else self.finance,
            dispute_id=str(one.pk),
            decision=("upheld", "partly", "rejected")[int(value) % 3],
            amount=Decimal(between).quantize(Decimal("0.01")),
            reason="Signed",
        )

    def withdraw(self, deal: Commission, _value: Decimal) -> None:
        one = self._open(deal)
        actor = self.owner if one.by_partner else self.admin
        services.disputes.withdraw(actor=actor, dispute_id=str(one.pk))

    def _open(self, deal: Commission) -> Dispute:
        one = deal.disputes.filter(status="open").first()
        if one is None:
            raise Conflict("Nothing is disputed.")
        return one


def check(world: World, direction: str) -> None:
    assert all(balance == 0 for balance in trial_balance().values())
    replayed = replay(direction)
    for deal in world.deals:
        deal.refresh_from_db()
        standing = standing_of(deal)
        for stage in (Stage.ACCRUED, Stage.APPROVED, Stage.PAYABLE, Stage.HELD, Stage.PAID):
            assert standing[stage] >= 0, (stage, deal)
            assert standing[stage] == replayed.get((str(deal.pk), stage), 0)
        assert sum(standing.at.values()) == 0
        assert deal.settled_amount == deal.partner_part + deal.platform_part
        if deal.reversed_at is not None:
            assert deal.status == "reversed"
            assert [standing.recorded, standing.open] == [0, 0]
        assert deal.approved_by not in deal.hands or not deal.approved_by
        check_dispute(deal, standing)
    currency = world.deals[0].settlement_currency if world.deals else "AED"
    assert debt_of(str(world.owner.partner_id), direction, currency) >= 0
    standing_deals = [deal for deal in world.deals if deal.reversed_at is None]
    days = list(PartnerDay.objects.filter(partner=world.owner.partner_id))
    assert sum(day.closed for day in days) == len(standing_deals)
    assert sum(day.commission for day in days) == sum(deal.amount for deal in standing_deals)


def check_dispute(deal: Commission, standing: Standing) -> None:
    """Nothing but an open dispute holds anything, and it is about what is recorded."""
    one = deal.disputes.filter(status="open").first()
    if one is None:
        assert standing[Stage.HELD] == 0
        return
    assert deal.status == "disputed"
    assert one.recorded_amount == standing.recorded
    assert standing[Stage.HELD] <= max(one.recorded_amount - one.claimed_amount, 0)


def replay(direction: str) -> dict[tuple[str, Stage], Decimal]:
    """Add up the entries one by one, without what the portal adds them up with."""
    stage_of = {account: stage for stage, account in ACCOUNTS[direction].items()}
    sign = 1 if direction == PAYS else -1
    found: dict[tuple[str, Stage], Decimal] = {}
    for entry in LedgerEntry.objects.order_by("pk"):
        for account, change in ((entry.debit, -sign), (entry.credit, sign)):
            key = (str(entry.commission_id), stage_of[account])  # type: ignore[index]
            found[key] = found.get(key, Decimal(0)) + change * entry.amount
    return found


def run(world: World, direction: str, steps: list[tuple[str, int, Decimal]]) -> None:
    start = transaction.savepoint()
    world.deals.clear()
    try:
        for step in steps:
            world.step(*step)
            check(world, direction)
        assert rebuild_partner_days() == 0
    finally:
        transaction.savepoint_rollback(start)


Machine = Callable[[str, int], None]


@pytest.fixture
def machine(dana: User, amira: User, devika: User, finance_user: User, admin_user: User) -> Machine:
    def play(direction: str, examples: int) -> None:
        owner = amira if direction == PAYS else devika
        assert owner.partner is not None
        agreed(owner.partner, TERMS[Direction(direction)])
        world = World(dana, owner, finance_user, admin_user)

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(STEPS)
        def attempt(steps: list[tuple[str, int, Decimal]]) -> None:
            run(world, direction, steps)

        attempt()

    return play


@pytest.mark.django_db
@pytest.mark.parametrize("direction", [PAYS, IS_PAID])
def test_some_orders(machine: Machine, direction: str) -> None:
    machine(direction, 8)


@pytest.mark.proof
@pytest.mark.django_db
@pytest.mark.parametrize("direction", [PAYS, IS_PAID])
def test_many_orders(machine: Machine, direction: str) -> None:
    machine(direction, 120)


class Killed(Exception):
    """The process ended here."""


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["close", "correct", "approve", "claw_back", "question"])
def test_killed_at_any_statement_it_is_all_or_nothing(
    dana: User, amira: User, finance_user: User, admin_user: User, act: str
) -> None:
    world = World(dana, amira, finance_user, admin_user)
    deal = None if act == "close" else closed(dana, amira, 1_000)
    share = accepted(dana, amira)

    def do() -> None:
        if deal is None:
            services.report_status(
                actor=amira,
                reference=str(share.pk),
                status="closed",
                agreement_value=Decimal(1_000),
            )
        else:
            getattr(world, act)(deal, Decimal(2_000))

    def state() -> tuple[Any, ...]:
        return (
            list(Commission.objects.values_list("pk", "status", "amount", "hands")),
            LedgerEntry.objects.count(),
            list(PartnerDay.objects.values_list("closed", "revenue", "commission")),
            type(share).objects.get(pk=share.pk).status,
        )

    before, survived = state(), 0
    for statement in range(1, 200):
        executed = 0

        def kill(execute: Any, *args: Any, at: int = statement) -> Any:
            nonlocal executed
            executed += 1
            if executed == at:
                raise Killed
            return execute(*args)

        start = transaction.savepoint()
        try:
            with connection.execute_wrapper(kill):
                do()
        except Killed:
            transaction.savepoint_rollback(start)
            assert state() == before
            survived += 1
            continue
        break
    assert survived > 8
    assert state() != before


@pytest.mark.django_db
def test_times_of_the_ledger_are_days_of_the_deal(dana: User, amira: User) -> None:
    signed = timezone.now().date() - dt.timedelta(days=9)
    booked = closed(dana, amira, 1_000, closed_on=signed)
    assert (booked.closed_on, booked.entries.get().booked_on) == (signed, signed)
