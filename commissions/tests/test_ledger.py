"""The ledger: every step kept, nothing edited, and what the services make of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction
from django.utils import timezone

from commissions import services
from commissions.ledger import debt_of
from commissions.models import (
    Account,
    AgreementVersion,
    Commission,
    ConfirmationLimit,
    ExchangeRate,
    LedgerEntry,
    ReconciliationItem,
)
from commissions.services import FourEyes
from commissions.terms import Base, Milestone, Period, Terms, Tier
from commissions.tests.money_world import accepted, agreed, closed, stands
from events.models import Delivery, Event
from leads.models import PartnerDay
from partners.models import Partner, User
from partners.types import Direction
from portal.lib.errors import Conflict, Malformed, NotAllowed, NotFound

pytestmark = pytest.mark.django_db
PAYS, IS_PAID = Direction.PLATFORM_PAYS_PARTNER, Direction.PARTNER_PAYS_PLATFORM
TODAY = dt.date(2026, 11, 23)


def paid(finance: User, commission: Commission, amount: object = None) -> None:
    """Approve COMMISSION and pay it, or AMOUNT of it."""
    services.approve(actor=finance, commission_id=str(commission.pk))
    services.record_payment(
        actor=finance,
        commission_id=str(commission.pk),
        amount=Decimal(str(amount)) if amount else commission.moved,
        paid_on=timezone.now().date(),
        reference=f"TT-1-{commission.pk}",
    )
    commission.refresh_from_db()


class TestBooking:
    def test_a_closing_is_accrued(self, dana: User, amira: User) -> None:
        booked = closed(dana, amira, 5_000_000)
        assert stands(booked) == {"earned": -750_000, "accrued": 750_000}
        entry = booked.entries.get()
        assert (entry.debit, entry.credit) == (
            Account.COMMISSION_EXPENSE, Account.ACCRUED_COMMISSION,
        )  # fmt: skip
        assert (entry.kind, entry.currency, entry.amount) == ("accrual", "AED", 750_000)

    def test_who_is_paid_books_the_other_way_round(self, dana: User, devika: User) -> None:
        entry = closed(dana, devika).entries.get()
        assert (entry.debit, entry.credit) == (Account.ACCRUED_INCOME, Account.COMMISSION_INCOME)

    def test_of_a_split_only_the_partners_part_moves(self, dana: User, bilal: User) -> None:
        terms = Terms(direction=PAYS, percent=Decimal(20), partner_share=Decimal(60))
        agreed(bilal.partner, terms)
        booked = closed(dana, bilal, 100_000)
        assert (booked.amount, booked.partner_part, booked.platform_part) == (
            20_000, 12_000, 8_000,
        )  # fmt: skip
        assert stands(booked)["accrued"] == 12_000

    def test_terms_stay_as_they_were_at_sharing(
        self, dana: User, amira: User, acme: Partner
    ) -> None:
        agreed(acme, Terms(direction=PAYS, percent=Decimal(12)))
        share = accepted(dana, amira)
        agreed(acme, Terms(direction=PAYS, percent=Decimal(30)))
        outcome = services.report_status(
            actor=amira,
            reference=str(share.pk),
            status="closed",
            agreement_value=Decimal(100),
        )
        assert outcome.commission is not None
        assert outcome.commission.amount == 12

    @pytest.mark.parametrize(
        ("scope", "project", "percent"),
        [({"project": "Marina Heights"}, "marina heights", 11), ({"project": "Else"}, "", 15)],
    )
    def test_a_projects_terms_hold_for_its_leads(
        self, dana: User, amira: User, acme: Partner, scope: Any, project: str, percent: int
    ) -> None:
        agreed(acme, Terms(direction=PAYS, percent=Decimal(11)), **scope)
        assert accepted(dana, amira, project=project).commission_percent == percent

    def test_a_deals_terms_go_before_the_partners(
        self, dana: User, amira: User, acme: Partner
    ) -> None:
        share = accepted(dana, amira)
        agreed(acme, Terms(direction=PAYS, percent=Decimal(9)), lead=share.lead)
        agreed(acme, Terms(direction=PAYS, percent=Decimal(8)))
        services.report_status(
            actor=amira, reference=str(share.pk), status="rejected", reason="Later"
        )
        from leads.services import share_lead  # noqa: PLC0415

        again = share_lead(
            actor=dana, partner_id=str(acme.pk), lead_id=str(share.lead_id), method="call"
        )
        assert again.commission_percent == 9

    def test_tiers_go_on_over_the_year(self, dana: User, amira: User, acme: Partner) -> None:
        tiers = (Tier(Decimal(1_000_000), Decimal(5)), Tier(None, Decimal(10)))
        terms = Terms(direction=PAYS, tiers=tiers, tier_period=Period.YEAR, currency="AED")
        agreed(acme, terms)
        amounts = [closed(dana, amira, value).amount for value in (800_000, 400_000)]
        assert amounts == [40_000, 30_000]

    def test_above_the_limit_somebody_has_to_look(self, dana: User, amira: User) -> None:
        ConfirmationLimit.objects.create(market="uae", currency="AED", amount=Decimal(1_000_000))
        assert closed(dana, amira, 1_000_000).share.confirmed_at is not None
        assert closed(dana, amira, 1_000_001).share.confirmed_at is None


class TestOtherCurrency:
    def test_is_settled_at_the_rate_of_the_day(
        self, dana: User, amira: User, acme: Partner
    ) -> None:
        agreed(acme, Terms(direction=PAYS, percent=Decimal(10), currency="USD"))
        booked = closed(dana, amira, 367_250)
        assert (booked.amount, booked.currency) == (36_725, "AED")
        assert (booked.settled_amount, booked.settlement_currency) == (10_000, "USD")
        assert booked.exchange_source == "Central Bank of the UAE, dollar peg"
        entry = booked.entries.get()
        assert (entry.currency, entry.amount) == ("USD", 10_000)
        assert entry.exchange_rate == booked.exchange_rate

    def test_without_a_rate_it_is_booked_and_put_before_finance(
        self, dana: User, amira: User, acme: Partner
    ) -> None:
        agreed(acme, Terms(direction=PAYS, percent=Decimal(10), currency="INR"))
        booked = closed(dana, amira, 1_000)
        assert (booked.settlement_currency, booked.moved) == ("AED", Decimal(100))
        item = booked.share.reconciliation_items.get()
        assert item.kind == ReconciliationItem.Kind.NO_RATE
        assert booked.share.confirmed_at is None

    def test_crosses_through_the_euro(self, dana: User, amira: User, acme: Partner) -> None:
        day = timezone.now().date()
        for code, per_euro in (("USD", "1.10"), ("INR", "99")):
            ExchangeRate.objects.create(
                currency=code, day=day, per_euro=Decimal(per_euro), source="ECB"
            )
        agreed(acme, Terms(direction=PAYS, percent=Decimal(10), currency="INR"))
        booked = closed(dana, amira, Decimal("3672.5"))
        assert booked.settled_amount == Decimal("9000.00")  # 367.25 AED = 100 USD = 9000 INR
        assert booked.exchange_day == day


class TestApproval:
    def test_makes_it_payable(self, dana: User, amira: User, finance_user: User) -> None:
        booked = closed(dana, amira, 5_000_000)
        done = services.approve(actor=finance_user, commission_id=str(booked.pk))
        assert done.status == "payable"
        assert stands(booked) == {"earned": -750_000, "payable": 750_000}
        event = Event.objects.get(kind="commission_approved")
        assert event.data == {"commission": str(booked.pk)}

    def test_tells_the_partners_system(self, dana: User, amira: User, finance_user: User) -> None:
        from events.models import Endpoint  # noqa: PLC0415

        booked = closed(dana, amira)
        Endpoint.objects.create(
            partner=amira.partner,
            url="https://hooks.acme.example/x",
            secret="whsec_x",
            challenge="x",
            verified_at=timezone.now(),
        )
        services.approve(actor=finance_user, commission_id=str(booked.pk))
        assert Delivery.objects.filter(type="commission.updated").count() == 1

    def test_again_changes_nothing(self, dana: User, amira: User, finance_user: User) -> None:
        booked = closed(dana, amira)
        for _ in range(2):
            services.approve(actor=finance_user, commission_id=str(booked.pk))
        assert booked.entries.count() == 3

    def test_is_nothing_for_agents_and_partners(self, dana: User, amira: User) -> None:
        booked = closed(dana, amira)
        for actor in (dana, amira):
            with pytest.raises(NotAllowed):
                services.approve(actor=actor, commission_id=str(booked.pk))

    def test_is_refused_to_who_set_the_rate(
        self, dana: User, amira: User, acme: Partner, finance_user: User, admin_user: User
    ) -> None:
        acme.commission_set_by = admin_user.actor_id
        acme.save()
        booked = closed(dana, amira)
        with pytest.raises(FourEyes):
            services.approve(actor=admin_user, commission_id=str(booked.pk))
        services.approve(actor=finance_user, commission_id=str(booked.pk))

    def test_is_refused_to_who_corrected_it(
        self, dana: User, amira: User, finance_user: User, admin_user: User
    ) -> None:
        booked = closed(dana, amira)
        services.correct(
            actor=finance_user, commission_id=str(booked.pk), value=Decimal(900_000), reason="SPA"
        )
        with pytest.raises(FourEyes):
            services.approve(actor=finance_user, commission_id=str(booked.pk))
        assert services.approve(actor=admin_user, commission_id=str(booked.pk)).amount == 135_000

    def test_the_database_refuses_it_too(self, dana: User, amira: User) -> None:
        booked = closed(dana, amira)
        with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
            Commission.objects.filter(pk=booked.pk).update(hands=["user_1"], approved_by="user_1")

    def test_waits_for_what_is_in_question(
        self, dana: User, amira: User, finance_user: User
    ) -> None:
        booked = closed(dana, amira, claimed_percent=Decimal(20))
        with pytest.raises(Conflict, match="confirmed first"):
            services.approve(actor=finance_user, commission_id=str(booked.pk))

    def test_of_many_each_stands_by_itself(
        self, dana: User, amira: User, finance_user: User
    ) -> None:
        good, bad = closed(dana, amira), closed(dana, amira, claimed_percent=Decimal(20))
        refused = services.approve_many(
            actor=finance_user, commission_ids=[str(good.pk), str(bad.pk)]
        )
        assert [one.commission_id for one in refused] == [str(bad.pk)]
        good.refresh_from_db()
        assert good.status == "payable"

    def test_too_many_at_once(self, finance_user: User) -> None:
        with pytest.raises(Malformed):
            services.approve_many(
                actor=finance_user, commission_ids=[f"rev_{n}" for n in range(201)]
            )


class TestFallingDue:
    TERMS = Terms(
        direction=PAYS,
        percent=Decimal(10),
        milestones=(
            Milestone("25 % paid", Decimal(50)),
            Milestone("100 % paid", Decimal(50)),
        ),
        holding_days=30,
    )  # fmt: skip

    def test_by_milestones_and_after_the_holding_period(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        agreed(acme, self.TERMS)
        booked = closed(dana, amira, Decimal("1000.10"))
        pk = str(booked.pk)
        services.approve(actor=finance_user, commission_id=pk)
        assert stands(booked)["approved"] == Decimal("100.01")
        today = timezone.now().date()
        services.meet_milestone(actor=finance_user, commission_id=pk, number=1, met_on=today)
        assert "payable" not in stands(booked)
        with time_machine.travel(timezone.now() + dt.timedelta(days=30), tick=False):
            assert services.release_due() == 1
            assert services.release_due() == 0
        assert stands(booked)["payable"] == Decimal("50.01")  # the odd fils goes to the first
        assert stands(booked)["approved"] == Decimal("50.00")

    def test_a_milestone_is_met_once(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        agreed(acme, self.TERMS)
        pk = str(closed(dana, amira).pk)
        today = timezone.now().date()
        services.meet_milestone(actor=finance_user, commission_id=pk, number=2, met_on=today)
        for number, error in ((2, Conflict), (3, Malformed)):
            with pytest.raises(error):
                services.meet_milestone(
                    actor=finance_user, commission_id=pk, number=number, met_on=today
                )
        with pytest.raises(Malformed):
            services.meet_milestone(
                actor=finance_user,
                commission_id=pk,
                number=1,
                met_on=today + dt.timedelta(days=1),
            )


class TestPayment:
    def test_is_recorded_once_by_its_reference(
        self, dana: User, amira: User, finance_user: User
    ) -> None:
        booked = closed(dana, amira, 1_000)
        services.approve(actor=finance_user, commission_id=str(booked.pk))
        for _ in range(2):
            done = services.record_payment(
                actor=finance_user,
                commission_id=str(booked.pk),
                amount=Decimal(150),
                paid_on=timezone.now().date(),
                reference="TT-1",
            )
        assert done.status == "paid"
        assert stands(booked) == {"earned": -150, "paid": 150}

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"amount": Decimal(151)}, Conflict),
            ({"amount": Decimal(0)}, Malformed),
            ({"amount": Decimal("1.001")}, Malformed),
            ({"reference": " "}, Malformed),
            ({"reference": "paid to John Doe"}, Malformed),
            ({"reference": "=1+1"}, Malformed),
            ({"reference": "1" * 81}, Malformed),
            ({"paid_on": dt.date(2099, 1, 1)}, Malformed),
            ({"commission_id": "rev_0000000000000000000000000a"}, NotFound),
        ],
    )
    def test_what_cannot_be(
        self, dana: User, amira: User, finance_user: User, change: Any, error: Any
    ) -> None:
        booked = closed(dana, amira, 1_000)
        services.approve(actor=finance_user, commission_id=str(booked.pk))
        given = {
            "commission_id": str(booked.pk),
            "amount": Decimal(150),
            "paid_on": timezone.now().date(),
            "reference": "TT-1",
        }
        with pytest.raises(error):
            services.record_payment(actor=finance_user, **given | change)
        assert "paid" not in stands(booked)


class TestCorrection:
    def test_reverses_and_books_anew(self, dana: User, amira: User, finance_user: User) -> None:
        booked = closed(dana, amira, 1_000_000)
        services.correct(
            actor=finance_user, commission_id=str(booked.pk), value=Decimal(800_000), reason="SPA"
        )
        kinds = list(booked.entries.order_by("recorded_at").values_list("kind", "amount"))
        assert dict(enumerate(kinds)) == {
            0: ("accrual", Decimal(150_000)),
            1: ("reversal", Decimal(150_000)),
            2: ("accrual", Decimal(120_000)),
        }
        reversal = booked.entries.get(kind="reversal")
        assert (
            reversal.reverses
            == booked.entries.filter(kind="accrual").order_by("recorded_at").first()
        )
        day = PartnerDay.objects.get(closed=1)
        assert [day.revenue, day.commission] == [800_000, 120_000]

    def test_what_was_paid_too_much_is_set_off(
        self, dana: User, amira: User, finance_user: User, admin_user: User
    ) -> None:
        first = closed(dana, amira, 1_000)
        paid(finance_user, first)
        services.correct(
            actor=finance_user, commission_id=str(first.pk), value=Decimal(600), reason="SPA"
        )
        services.approve(actor=admin_user, commission_id=str(first.pk))
        # 150 were paid for 90: the 90 pay back a part, 60 are still owed.
        assert debt_of(str(amira.partner_id), PAYS, "AED") == 60
        second = closed(dana, amira, 1_000)
        services.approve(actor=finance_user, commission_id=str(second.pk))
        assert stands(second)["payable"] == 90
        assert debt_of(str(amira.partner_id), PAYS, "AED") == 0
        assert first.entries.get(kind="payment").amount == 150

    @pytest.mark.parametrize(
        "change",
        [
            {"value": Decimal(0)},
            {"value": Decimal("1.001")},
            {"percent": Decimal(101)},
            {"reason": " "},
            {"closed_on": dt.date(2099, 1, 1)},
        ],
    )
    def test_what_cannot_be(
        self, dana: User, amira: User, finance_user: User, change: dict[str, Any]
    ) -> None:
        booked = closed(dana, amira)
        given = {"value": Decimal(5), "reason": "SPA"} | change
        with pytest.raises(Malformed):
            services.correct(actor=finance_user, commission_id=str(booked.pk), **given)
        assert booked.entries.count() == 1


class TestClawback:
    def test_after_payment_leaves_a_debt_and_the_payment(
        self, dana: User, amira: User, finance_user: User
    ) -> None:
        booked = closed(dana, amira, 1_000)
        paid(finance_user, booked)
        done = services.claw_back(
            actor=finance_user, commission_id=str(booked.pk), reason="Sale cancelled"
        )
        assert done.status == "reversed"
        assert stands(booked) == {"owed_back": -150, "paid": 150}
        back = booked.entries.get(kind="clawback")
        assert (back.debit, back.credit) == (
            Account.CLAWBACK_RECEIVABLE, Account.COMMISSION_EXPENSE,
        )  # fmt: skip
        assert debt_of(str(amira.partner_id), PAYS, "AED") == 150
        day = PartnerDay.objects.get(received=1)
        assert [day.closed, day.revenue, day.commission] == [0, 0, 0]

    def test_of_a_developer_it_is_we_who_owe(
        self, dana: User, devika: User, finance_user: User
    ) -> None:
        booked = closed(dana, devika, 1_000)
        paid(finance_user, booked)
        services.claw_back(actor=finance_user, commission_id=str(booked.pk), reason="Cancelled")
        assert debt_of(str(devika.partner_id), IS_PAID, "AED") == 100

    def test_happens_once(self, dana: User, amira: User, finance_user: User) -> None:
        booked = closed(dana, amira)
        services.claw_back(actor=finance_user, commission_id=str(booked.pk), reason="Cancelled")
        with pytest.raises(Conflict):
            services.claw_back(actor=finance_user, commission_id=str(booked.pk), reason="Again")
        with pytest.raises(Conflict):
            services.correct(
                actor=finance_user, commission_id=str(booked.pk), value=Decimal(1), reason="Again"
            )

    def test_the_rate_is_that_of_the_first_entry(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        agreed(acme, Terms(direction=PAYS, percent=Decimal(10), currency="USD"))
        booked = closed(dana, amira, 367_250)
        services.claw_back(actor=finance_user, commission_id=str(booked.pk), reason="Cancelled")
        assert len(set(booked.entries.values_list("exchange_rate", flat=True))) == 1

    def test_takes_the_deal_out_of_the_volume(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        tiers = (Tier(Decimal(1_000), Decimal(5)), Tier(None, Decimal(10)))
        agreed(acme, Terms(direction=PAYS, tiers=tiers, tier_period="year", currency="AED"))
        first = closed(dana, amira, 1_000)
        services.claw_back(actor=finance_user, commission_id=str(first.pk), reason="Cancelled")
        assert closed(dana, amira, 1_000).amount == 50

    def test_of_a_split_commission_nothing_is_left_to_rate_anew(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        tiers = (Tier(Decimal(1_000), Decimal(5)), Tier(None, Decimal(10)))
        split = Terms(
            direction=PAYS,
            partner_share=Decimal(60),
            tiers=tiers,
            tier_mode="volume",
            tier_period="year",
            rerates=True,
            currency="AED",
        )
        agreed(acme, split)
        first = closed(dana, amira, 1_000)
        services.claw_back(actor=finance_user, commission_id=str(first.pk), reason="Cancelled")
        assert stands(closed(dana, amira, 1_000)) == {"earned": -30, "accrued": 30}
        # The one before is rated anew: 6 % of it instead of 3 %, and 6 % of this one.
        assert stands(closed(dana, amira, 1_000)) == {"earned": -90, "accrued": 90}


class TestDifferences:
    def differing(self, dana: User, amira: User) -> tuple[Commission, ReconciliationItem]:
        booked = closed(dana, amira, 1_000, claimed_percent=Decimal(20))
        return booked, booked.share.reconciliation_items.get()

    def test_as_recorded(self, dana: User, amira: User, finance_user: User) -> None:
        booked, item = self.differing(dana, amira)
        services.settle_item(actor=finance_user, item_id=str(item.pk), resolution="record")
        booked.share.refresh_from_db()
        assert booked.share.confirmed_at is not None
        assert booked.entries.count() == 1
        services.approve(actor=finance_user, commission_id=str(booked.pk))

    def test_as_claimed_needs_another_pair_of_eyes(
        self, dana: User, amira: User, finance_user: User, admin_user: User
    ) -> None:
        booked, item = self.differing(dana, amira)
        settled = services.settle_item(
            actor=finance_user, item_id=str(item.pk), resolution="claim", reason="Promised"
        )
        assert (settled.status, settled.resolution) == ("settled", "claim")
        booked.refresh_from_db()
        assert [booked.percent, booked.amount] == [20, 200]
        with pytest.raises(FourEyes):
            services.approve(actor=finance_user, commission_id=str(booked.pk))
        services.approve(actor=admin_user, commission_id=str(booked.pk))

    def test_with_other_figures(self, dana: User, amira: User, finance_user: User) -> None:
        booked, item = self.differing(dana, amira)
        services.settle_item(
            actor=finance_user,
            item_id=str(item.pk),
            resolution="other",
            percent=Decimal("17.5"),
            reason="Met halfway",
        )
        booked.refresh_from_db()
        assert booked.amount == 175

    def test_is_settled_once(self, dana: User, amira: User, finance_user: User) -> None:
        _booked, item = self.differing(dana, amira)
        services.settle_item(actor=finance_user, item_id=str(item.pk), resolution="record")
        with pytest.raises(Conflict):
            services.settle_item(actor=finance_user, item_id=str(item.pk), resolution="claim")

    def test_is_not_the_partners_to_settle(self, dana: User, amira: User) -> None:
        _booked, item = self.differing(dana, amira)
        for actor in (amira, dana):
            with pytest.raises(NotAllowed):
                services.settle_item(actor=actor, item_id=str(item.pk), resolution="claim")


class TestSecondClosing:
    def two(self, dana: User, amira: User, rami: User) -> tuple[Commission, ReconciliationItem]:
        from leads.services import share_lead  # noqa: PLC0415

        one = accepted(dana, amira)
        other = share_lead(
            actor=dana, partner_id=str(rami.partner_id), lead_id=str(one.lead_id), method="call"
        )
        services.report_status(actor=rami, reference=str(other.pk), status="accepted")
        given = {"status": "closed", "agreement_value": Decimal(1_000)}
        first = services.report_status(
            actor=amira, reference=str(one.pk), claimed_percent=Decimal(20), **given
        )
        services.report_status(actor=rami, reference=str(other.pk), **given)
        assert first.commission is not None
        return first.commission, ReconciliationItem.objects.get(kind="duplicate")

    def test_may_take_over(self, dana: User, amira: User, rami: User, finance_user: User) -> None:
        first, item = self.two(dana, amira, rami)
        services.decide_duplicate(
            actor=finance_user, item_id=str(item.pk), take_over=True, reason="Signed with them"
        )
        first.refresh_from_db()
        assert first.status == "reversed"
        second = Commission.objects.get(partner=rami.partner)
        assert (second.status, second.amount) == ("pending", 150)
        assert not ReconciliationItem.objects.filter(status="open").exists()

    def test_may_be_turned_down(
        self, dana: User, amira: User, rami: User, finance_user: User
    ) -> None:
        first, item = self.two(dana, amira, rami)
        services.decide_duplicate(
            actor=finance_user, item_id=str(item.pk), take_over=False, reason="Not their client"
        )
        assert Commission.objects.get() == first
        with pytest.raises(Conflict):
            services.decide_duplicate(
                actor=finance_user, item_id=str(item.pk), take_over=True, reason="Changed"
            )


class TestTheDatabase:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE commissions_ledgerentry SET amount = 1",
            "DELETE FROM commissions_ledgerentry",
        ],
    )
    def test_no_entry_is_changed(self, dana: User, amira: User, statement: str) -> None:
        closed(dana, amira)
        with (
            pytest.raises((InternalError, ProgrammingError), match="only added to"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def test_no_amount_moves_within_one_account(self, dana: User, amira: User) -> None:
        booked = closed(dana, amira)
        entry = booked.entries.get()
        entry.pk, entry._state.adding = None, True
        entry.pk = LedgerEntry._meta.pk.get_default()
        entry.credit = entry.debit
        with pytest.raises(IntegrityError, match="two_accounts"), transaction.atomic():
            entry.save(force_insert=True)

    def test_accepted_terms_stay(self, acme: Partner) -> None:
        version = agreed(acme, Terms(direction=PAYS, percent=Decimal(9)))
        with (
            pytest.raises((InternalError, ProgrammingError), match="not changed"),
            transaction.atomic(),
        ):
            AgreementVersion.objects.filter(pk=version.pk).update(terms={})

    def test_one_commission_per_lead_that_stands(self, dana: User, amira: User) -> None:
        booked = closed(dana, amira)
        booked.pk = Commission._meta.pk.get_default()
        booked._state.adding = True
        with pytest.raises(IntegrityError, match="one_per_lead"), transaction.atomic():
            booked.save(force_insert=True)


def test_flat_fees_of_services(dana: User, lena: User, lendwell: Partner) -> None:
    terms = Terms(direction=PAYS, base=Base.FLAT, flat=Decimal(500), currency="AED")
    agreed(lendwell, terms)
    booked = closed(dana, lena, 300)
    assert [booked.amount, booked.moved] == [500, 500]
