"""Disputes: only what is in question is held, the rest goes on, and a decision moves the rest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from commissions import services
from commissions.models import Commission, Dispute, LedgerEntry
from commissions.services import FourEyes, disputes
from commissions.terms import Milestone, Terms
from commissions.tests.money_world import agreed, closed, stands, trial_balance
from events import payloads
from events.models import Delivery, Event
from partners.models import Partner, User
from partners.types import Direction
from portal.lib.access import Role
from portal.lib.errors import Conflict, DomainError, Malformed, NotAllowed, NotFound

pytestmark = pytest.mark.django_db
PAYS, IS_PAID = Direction.PLATFORM_PAYS_PARTNER, Direction.PARTNER_PAYS_PLATFORM
Status = Commission.Status


def disputed(actor: User, commission: Commission, claim: object, **given: Any) -> Dispute:
    return disputes.open_dispute(
        actor=actor,
        commission_id=str(commission.pk),
        claimed_amount=Decimal(str(claim)),
        reason="The signed value was another",
        **given,
    )


def decided(actor: User, dispute: Dispute, decision: str, amount: object = None) -> Dispute:
    return disputes.decide(
        actor=actor,
        dispute_id=str(dispute.pk),
        decision=decision,
        reason="The contract says so",
        amount=None if amount is None else Decimal(str(amount)),
    )


def approved(actor: User, commission: Commission) -> None:
    services.approve(actor=actor, commission_id=str(commission.pk))
    commission.refresh_from_db()


def paid(actor: User, commission: Commission, amount: object) -> None:
    services.record_payment(
        actor=actor,
        commission_id=str(commission.pk),
        amount=Decimal(str(amount)),
        paid_on=timezone.now().date(),
        reference=f"TT-{amount}",
    )
    commission.refresh_from_db()


def mail_of(event: Event) -> Delivery:
    """Return the one mail that goes out about EVENT."""
    return Delivery.objects.get(event_id=event.pk, channel="email")


@pytest.fixture
def deal(dana: User, amira: User) -> Commission:
    """Return a deal that earned 150,000."""
    return closed(dana, amira, 1_000_000)


class TestOpening:
    def test_a_lower_claim_holds_the_difference_and_the_rest_goes_on(
        self, deal: Commission, finance_user: User, admin_user: User
    ) -> None:
        disputed(finance_user, deal, 120_000)
        deal.refresh_from_db()
        assert stands(deal) == {"earned": -150_000, "accrued": 120_000, "held": 30_000}
        assert deal.status == Status.DISPUTED

        approved(admin_user, deal)
        assert stands(deal) == {"earned": -150_000, "payable": 120_000, "held": 30_000}
        paid(admin_user, deal, 120_000)
        assert stands(deal) == {"earned": -150_000, "paid": 120_000, "held": 30_000}
        assert deal.status == Status.DISPUTED

    def test_what_is_held_is_not_paid(
        self, deal: Commission, admin_user: User, amira: User
    ) -> None:
        approved(admin_user, deal)
        disputed(admin_user, deal, 1)
        with pytest.raises(Conflict, match="Not so much"):
            paid(admin_user, deal, 2)
        paid(admin_user, deal, 1)

    def test_a_higher_claim_holds_nothing(
        self, deal: Commission, amira: User, admin_user: User
    ) -> None:
        disputed(amira, deal, 200_000)
        approved(admin_user, deal)
        paid(admin_user, deal, 150_000)
        assert stands(deal) == {"earned": -150_000, "paid": 150_000}
        assert deal.status == Status.DISPUTED  # until somebody has decided

    def test_of_what_is_paid_already_nothing_can_be_held(
        self, deal: Commission, admin_user: User, finance_user: User
    ) -> None:
        approved(admin_user, deal)
        paid(admin_user, deal, 140_000)
        disputed(finance_user, deal, 100_000)
        assert stands(deal) == {"earned": -150_000, "paid": 140_000, "held": 10_000}

    def test_a_member_and_a_developer_who_owes(
        self, dana: User, devika: User, admin_user: User
    ) -> None:
        owed = closed(dana, devika, 1_000_000)
        whole = owed.moved
        dispute = disputed(devika, owed, whole - 1000)
        assert stands(owed)["held"] == 1000
        entry = owed.entries.get(kind="hold")
        assert (entry.debit, entry.credit) == ("disputed_receivable", "accrued_income")
        decided(admin_user, dispute, "upheld")
        assert stands(owed) == {"earned": -(whole - 1000), "accrued": whole - 1000}

    def test_a_partners_first_milestone_is_a_part_of_what_is_not_disputed(
        self, dana: User, amira: User, finance_user: User, admin_user: User
    ) -> None:
        assert amira.partner is not None
        steps = (Milestone("Signed", Decimal(30)), Milestone("Paid", Decimal(70)))
        agreed(amira.partner, Terms(direction=PAYS, percent=Decimal(10), milestones=steps))
        deal = closed(dana, amira, 1_000_000)
        dispute = disputed(finance_user, deal, 80_000)
        approved(admin_user, deal)
        today = timezone.now().date()
        services.meet_milestone(
            actor=admin_user, commission_id=str(deal.pk), number=1, met_on=today
        )
        assert stands(deal) == {
            "earned": -100_000, "payable": 24_000, "approved": 56_000, "held": 20_000,
        }  # fmt: skip
        decided(admin_user, dispute, "rejected")
        assert stands(deal)["accrued"] == 20_000
        approved(admin_user, deal)
        assert stands(deal) == {"earned": -100_000, "payable": 30_000, "approved": 70_000}

    @pytest.mark.parametrize(
        ("given", "refusal"),
        [
            ({"claimed_amount": Decimal(150_000)}, Malformed),
            ({"claimed_amount": Decimal(-1)}, Malformed),
            ({"claimed_amount": Decimal("1.005")}, Malformed),
            ({"reason": "  "}, Malformed),
            ({"reason": "x" * 1001}, Malformed),
            ({"due_on": dt.date(2020, 1, 1)}, Malformed),
            ({"due_on": dt.date(2120, 1, 1)}, Malformed),
            ({"commission_id": "rev_1"}, NotFound),
        ],
    )
    def test_what_cannot_be(
        self, deal: Commission, amira: User, given: dict[str, Any], refusal: type[DomainError]
    ) -> None:
        usual = {"commission_id": str(deal.pk), "claimed_amount": Decimal(1), "reason": "Why"}
        with pytest.raises(refusal):
            disputes.open_dispute(actor=amira, **(usual | given))
        assert not Dispute.objects.exists()
        assert stands(deal) == {"earned": -150_000, "accrued": 150_000}

    def test_by_whom_it_cannot_be(self, deal: Commission, rami: User, dana: User) -> None:
        with pytest.raises(NotFound):
            disputed(rami, deal, 1)
        with pytest.raises(NotAllowed):
            disputed(dana, deal, 1)

    def test_one_at_a_time_and_none_about_what_is_reversed(
        self, deal: Commission, amira: User, finance_user: User
    ) -> None:
        disputed(amira, deal, 200_000)
        with pytest.raises(Conflict, match="disputed already"):
            disputed(finance_user, deal, 1)
        services.claw_back(actor=finance_user, commission_id=str(deal.pk), reason="Cancelled")
        with pytest.raises(Conflict, match="reversed"):
            disputed(amira, deal, 1)

    def test_it_is_recorded_and_the_other_side_is_told(
        self, deal: Commission, amira: User, finance_user: User
    ) -> None:
        dispute = disputed(amira, deal, 200_000)
        event = Event.objects.get(kind="dispute_opened")
        assert (event.partner_id, event.share_id) == (str(deal.partner_id), str(deal.share_id))
        assert event.data == {"commission": str(deal.pk), "dispute": str(dispute.pk)}
        mail = mail_of(event)
        written = payloads.build_mail("dispute_moved", mail.refs)
        assert written is not None
        assert written.to == finance_user.email
        assert f"/disputes/{dispute.pk}/" in written.text
        assert "signed value" not in written.text


class TestDeciding:
    def test_as_claimed_more_is_added_for_somebody_else_to_approve(
        self, deal: Commission, amira: User, finance_user: User, admin_user: User
    ) -> None:
        approved(finance_user, deal)
        paid(finance_user, deal, 150_000)
        decided(finance_user, disputed(amira, deal, 200_000), "upheld")
        deal.refresh_from_db()
        assert stands(deal) == {"earned": -200_000, "paid": 150_000, "accrued": 50_000}
        assert (deal.status, deal.amount, deal.partner_part) == (Status.PENDING, 200_000, 200_000)
        assert deal.percent == 20
        with pytest.raises(FourEyes):
            approved(finance_user, deal)
        approved(admin_user, deal)
        assert stands(deal) == {"earned": -200_000, "paid": 150_000, "payable": 50_000}

    def test_as_claimed_less_takes_off_what_was_held(
        self, deal: Commission, finance_user: User, admin_user: User
    ) -> None:
        dispute = disputed(finance_user, deal, 120_000)
        approved(admin_user, deal)
        decided(admin_user, dispute, "upheld")
        deal.refresh_from_db()
        assert stands(deal) == {"earned": -120_000, "payable": 120_000}
        assert (deal.status, deal.settled_amount) == (Status.PAYABLE, 120_000)
        assert deal.approved_by == admin_user.actor_id

    def test_in_part(
        self, deal: Commission, amira: User, finance_user: User, admin_user: User
    ) -> None:
        approved(admin_user, deal)
        dispute = disputed(finance_user, deal, 100_000)
        decided(admin_user, dispute, "partly", "130000.50")
        assert stands(deal) == {
            "earned": Decimal("-130000.50"), "payable": Decimal("130000.50")
        }  # fmt: skip
        dispute.refresh_from_db()
        assert dispute.decided_amount == Decimal("130000.50")

    def test_as_recorded_puts_back_what_was_held(
        self, deal: Commission, finance_user: User, admin_user: User
    ) -> None:
        approved(admin_user, deal)
        paid(admin_user, deal, 20_000)
        decided(admin_user, disputed(finance_user, deal, 100_000), "rejected")
        deal.refresh_from_db()
        assert stands(deal) == {"earned": -150_000, "paid": 20_000, "payable": 130_000}
        assert (deal.status, deal.hands) == (Status.PAYABLE, [])

    def test_too_much_paid_is_owed_back(
        self, deal: Commission, finance_user: User, admin_user: User
    ) -> None:
        approved(admin_user, deal)
        paid(admin_user, deal, 150_000)
        decided(admin_user, disputed(finance_user, deal, 100_000), "upheld")
        assert stands(deal) == {"earned": -100_000, "paid": 150_000, "owed_back": -50_000}

    def test_what_was_not_approved_waits_for_it_again(
        self, deal: Commission, finance_user: User, admin_user: User
    ) -> None:
        dispute = disputed(finance_user, deal, 0)
        approved(admin_user, deal)
        assert stands(deal) == {"earned": -150_000, "held": 150_000}
        decided(admin_user, dispute, "rejected")
        deal.refresh_from_db()
        assert deal.status == Status.PENDING
        assert stands(deal)["accrued"] == 150_000
        approved(finance_user, deal)
        assert stands(deal)["payable"] == 150_000

    def test_what_has_fallen_due_meanwhile_is_payable_at_once(
        self, dana: User, amira: User, finance_user: User, admin_user: User
    ) -> None:
        assert amira.partner is not None
        agreed(amira.partner, Terms(direction=PAYS, percent=Decimal(10), holding_days=30))
        deal = closed(dana, amira, 1_000_000)
        approved(admin_user, deal)
        dispute = disputed(finance_user, deal, 90_000, due_on=None)
        with time_machine.travel(timezone.now() + dt.timedelta(days=31), tick=True):
            assert services.release_due() == 1
            assert stands(deal) == {"earned": -100_000, "payable": 90_000, "held": 10_000}
            decided(admin_user, dispute, "rejected")
            assert stands(deal) == {"earned": -100_000, "payable": 100_000}

    def test_the_rest_falls_due_while_what_was_added_waits(
        self, dana: User, amira: User, finance_user: User, admin_user: User
    ) -> None:
        assert amira.partner is not None
        agreed(amira.partner, Terms(direction=PAYS, percent=Decimal(10), holding_days=30))
        deal = closed(dana, amira, 1_000_000)
        approved(admin_user, deal)
        decided(finance_user, disputed(amira, deal, 110_000), "upheld")
        with time_machine.travel(timezone.now() + dt.timedelta(days=31), tick=True):
            assert services.release_due() == 1
            assert stands(deal) == {"earned": -110_000, "payable": 100_000, "accrued": 10_000}

    def test_it_keeps_the_rate_of_exchange(
        self, dana: User, amira: User, finance_user: User, admin_user: User
    ) -> None:
        assert amira.partner is not None
        agreed(amira.partner, Terms(direction=PAYS, percent=Decimal(10), currency="USD"))
        deal = closed(dana, amira, 1_000_000)
        rate = deal.exchange_rate
        assert rate is not None
        decided(admin_user, disputed(amira, deal, 30_000), "upheld")
        deal.refresh_from_db()
        assert (deal.exchange_rate, deal.settled_amount) == (rate, 30_000)
        assert deal.amount == (30_000 / rate).quantize(Decimal("0.01"))

    def test_the_opener_does_not_decide(self, deal: Commission, finance_user: User) -> None:
        dispute = disputed(finance_user, deal, 1)
        with pytest.raises(FourEyes):
            decided(finance_user, dispute, "upheld")

    @pytest.mark.parametrize(
        ("decision", "amount"),
        [("overtaken", None), ("", None), ("partly", None), ("partly", 150_000),
         ("partly", 200_000), ("partly", 160_000.001)],
    )  # fmt: skip
    def test_what_cannot_be(
        self, deal: Commission, amira: User, admin_user: User, decision: str, amount: object
    ) -> None:
        dispute = disputed(amira, deal, 200_000)
        with pytest.raises(Malformed):
            decided(admin_user, dispute, decision, amount)
        dispute.refresh_from_db()
        assert (dispute.status, dispute.decision_reason) == ("open", "")

    def test_neither_agents_nor_partners_decide(
        self, deal: Commission, amira: User, rami: User, dana: User
    ) -> None:
        dispute = disputed(amira, deal, 200_000)
        for actor in (amira, rami, dana):
            with pytest.raises(NotAllowed):
                decided(actor, dispute, "upheld")

    def test_it_is_recorded_and_told(
        self, deal: Commission, amira: User, admin_user: User, rami: User
    ) -> None:
        dispute = disputed(amira, deal, 200_000)
        decided(admin_user, dispute, "upheld")
        event = Event.objects.get(kind="dispute_decided")
        assert event.data == {
            "commission": str(deal.pk), "dispute": str(dispute.pk), "decision": "upheld",
            "changed": True,
        }  # fmt: skip
        refs = mail_of(event).refs
        told = payloads.build_mail("dispute_moved", refs)
        assert told is not None
        assert told.to == amira.email
        assert f"/portal/disputes/{dispute.pk}/" in told.text
        strange = {**refs, "user": str(rami.pk)}
        assert payloads.build_mail("dispute_moved", strange) is None
        Partner.objects.filter(pk=deal.partner_id).update(status="suspended")
        assert payloads.build_mail("dispute_moved", refs) is None

    def test_once(self, deal: Commission, amira: User, admin_user: User) -> None:
        dispute = disputed(amira, deal, 200_000)
        decided(admin_user, dispute, "rejected")
        for again in (
            lambda: decided(admin_user, dispute, "upheld"),
            lambda: disputes.withdraw(actor=amira, dispute_id=str(dispute.pk)),
            lambda: disputes.answer(actor=amira, dispute_id=str(dispute.pk), text="But"),
        ):
            with pytest.raises(Conflict, match="ended"):
                again()


class TestTalking:
    def test_a_message_reaches_the_other_side(
        self, deal: Commission, amira: User, finance_user: User, rami: User
    ) -> None:
        dispute = disputed(amira, deal, 200_000)
        message = disputes.answer(
            actor=finance_user, dispute_id=str(dispute.pk), text=" Which contract? "
        )
        assert (message.text, message.by_partner) == ("Which contract?", False)
        event = Event.objects.get(kind="dispute_answered")
        assert "contract" not in str(event.data)
        refs = mail_of(event).refs
        assert refs["user"] == str(amira.pk)
        with pytest.raises(NotFound):
            disputes.answer(actor=rami, dispute_id=str(dispute.pk), text="Mine")
        for text in ("", " ", "x" * 4001):
            with pytest.raises(Malformed):
                disputes.answer(actor=amira, dispute_id=str(dispute.pk), text=text)


class TestWithdrawing:
    def test_puts_back_what_was_held(
        self, deal: Commission, finance_user: User, admin_user: User
    ) -> None:
        approved(admin_user, deal)
        dispute = disputed(finance_user, deal, 1)
        disputes.withdraw(actor=admin_user, dispute_id=str(dispute.pk))
        deal.refresh_from_db()
        assert stands(deal) == {"earned": -150_000, "payable": 150_000}
        assert deal.status == Status.PAYABLE
        assert Event.objects.filter(kind="dispute_withdrawn").count() == 1
        disputed(finance_user, deal, 2)  # it may be disputed again

    def test_only_the_opening_side_does(
        self, deal: Commission, amira: User, rami: User, finance_user: User
    ) -> None:
        dispute = disputed(amira, deal, 1)
        with pytest.raises(Conflict, match="side that opened"):
            disputes.withdraw(actor=finance_user, dispute_id=str(dispute.pk))
        with pytest.raises(NotFound):
            disputes.withdraw(actor=rami, dispute_id=str(dispute.pk))


class TestWhatElseHappens:
    def test_a_correction_moves_what_is_in_question(
        self, deal: Commission, finance_user: User, admin_user: User
    ) -> None:
        dispute = disputed(finance_user, deal, 120_000)
        services.correct(
            actor=admin_user, commission_id=str(deal.pk), value=Decimal(900_000), reason="Signed"
        )
        dispute.refresh_from_db()
        assert (dispute.status, dispute.recorded_amount) == ("open", 135_000)
        assert stands(deal) == {"earned": -135_000, "accrued": 120_000, "held": 15_000}
        decided(admin_user, dispute, "rejected")
        assert stands(deal) == {"earned": -135_000, "accrued": 135_000}

    def test_a_correction_to_what_is_claimed_ends_it(
        self, deal: Commission, amira: User, finance_user: User
    ) -> None:
        dispute = disputed(amira, deal, 165_000)
        services.correct(
            actor=finance_user,
            commission_id=str(deal.pk),
            value=Decimal(1_100_000),
            reason="Signed",
        )
        dispute.refresh_from_db()
        deal.refresh_from_db()
        assert (dispute.status, dispute.decision) == ("decided", "overtaken")
        assert (dispute.decided_amount, dispute.decided_by) == (165_000, "")
        assert deal.status == Status.PENDING
        assert stands(deal)["accrued"] == 165_000
        event = Event.objects.get(kind="dispute_decided")
        assert mail_of(event).refs["user"] == str(amira.pk)

    def test_a_reversal_ends_it_and_leaves_nothing_held(
        self, deal: Commission, finance_user: User, admin_user: User
    ) -> None:
        approved(admin_user, deal)
        paid(admin_user, deal, 50_000)
        dispute = disputed(finance_user, deal, 100_000)
        services.claw_back(actor=finance_user, commission_id=str(deal.pk), reason="Cancelled")
        dispute.refresh_from_db()
        deal.refresh_from_db()
        assert (dispute.decision, deal.status) == ("overtaken", Status.REVERSED)
        assert stands(deal) == {"paid": 50_000, "owed_back": -50_000}

    def test_what_was_decided_can_be_corrected_and_reversed(
        self, deal: Commission, amira: User, finance_user: User, admin_user: User
    ) -> None:
        decided(finance_user, disputed(amira, deal, 200_000), "upheld")
        services.correct(
            actor=finance_user, commission_id=str(deal.pk), percent=Decimal(10), reason="Agreed"
        )
        assert stands(deal) == {"earned": -100_000, "accrued": 100_000}
        services.claw_back(actor=admin_user, commission_id=str(deal.pk), reason="Cancelled")
        assert stands(deal) == {}
        assert set(trial_balance().values()) == {0}

    def test_a_role_without_finance_writes_to_admins(
        self, deal: Commission, amira: User, admin_user: User
    ) -> None:
        User.objects.filter(role=Role.FINANCE).update(is_active=False)
        disputed(amira, deal, 1)
        assert {d.refs["user"] for d in Delivery.objects.filter(type="dispute_moved")} == {
            str(admin_user.pk)
        }


@pytest.mark.django_db(transaction=True)
def test_opened_and_decided_at_once_there_is_one_of_each(
    dana: User, amira: User, finance_user: User, admin_user: User
) -> None:
    deal = closed(dana, amira, 1_000_000)

    def at_once(act: Callable[[User], object], actors: list[User]) -> int:
        def one(actor: User) -> bool:
            try:
                act(actor)
            except DomainError:
                return False
            finally:
                connection.close()
            return True

        with ThreadPoolExecutor(len(actors)) as pool:
            return sum(pool.map(one, actors))

    assert at_once(lambda actor: disputed(actor, deal, 100_000), [amira, finance_user] * 3) == 1
    dispute = Dispute.objects.get()
    deciders = [admin_user] * 4 if not dispute.by_partner else [finance_user, admin_user] * 2
    assert at_once(lambda actor: decided(actor, dispute, "upheld"), deciders) == 1
    assert stands(deal) == {"earned": -100_000, "accrued": 100_000}
    assert LedgerEntry.objects.filter(kind="hold").count() == 1
