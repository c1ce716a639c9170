"""What our own papers say beside the claim: put in question where it differs, settled by people."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from commissions import services
from commissions.models import Commission, ConfirmationLimit, ReconciliationItem
from commissions.services import FourEyes
from commissions.tests.money_world import closed, stands
from events.models import Event
from partners.models import User
from portal.lib.errors import Conflict, Malformed, NotAllowed, NotFound

pytestmark = pytest.mark.django_db


def today() -> dt.date:
    return timezone.now().date()


@pytest.fixture
def deal(dana: User, amira: User) -> Commission:
    """A closing that waits to be confirmed."""
    ConfirmationLimit.objects.create(market="uae", currency="AED", amount=Decimal(1))
    return closed(dana, amira, 1_000, closed_on=today() - dt.timedelta(days=20))


def record(actor: User, deal: Commission, **given: Any) -> Commission:
    said = {"value": Decimal(1_000), "closed_on": deal.claimed_on}
    return services.record_deal(actor=actor, commission_id=str(deal.pk), **said | given)


def items() -> list[tuple[str, str]]:
    found = ReconciliationItem.objects.order_by("created_at", "pk")
    return [(item.kind, item.status) for item in found]


class TestRecording:
    def test_papers_that_agree_confirm_nothing(self, dana: User, deal: Commission) -> None:
        record(dana, deal, closed_on=deal.claimed_on + dt.timedelta(days=3))
        deal.refresh_from_db()
        assert items() == []
        assert (deal.papers_value, deal.papers_by) == (1_000, dana.actor_id)
        assert deal.share.confirmed_at is None
        assert Event.objects.get(kind="deal_recorded").data == {
            "commission": str(deal.pk), "differs": False,
        }  # fmt: skip

    def test_another_value_and_day_are_put_in_question(self, dana: User, deal: Commission) -> None:
        day = deal.claimed_on + dt.timedelta(days=4)
        record(dana, deal, value=Decimal("1000.01"), closed_on=day)
        assert items() == [("value_diff", "open"), ("date_diff", "open")]
        item = ReconciliationItem.objects.get(kind="value_diff")
        assert (item.claimed_value, item.recorded_value) == (1_000, Decimal("1000.01"))
        assert item.due_on == today() + dt.timedelta(days=14)
        assert Event.objects.filter(kind="reconciliation_opened").count() == 2
        assert stands(deal)["accrued"] == 150  # booked as before until it is settled
        with pytest.raises(Conflict, match="settle that first"):
            services.confirm_closing(actor=dana, reference=str(deal.share_id))

    def test_values_of_two_currencies_are_not_compared(self, dana: User, deal: Commission) -> None:
        record(dana, deal, value=Decimal(272), currency="USD")
        assert items() == [("currency_diff", "open")]

    def test_recorded_anew_it_asks_what_still_differs(self, dana: User, deal: Commission) -> None:
        record(dana, deal, value=Decimal(2_000), closed_on=today())
        record(dana, deal, value=Decimal(3_000))
        assert items() == [("value_diff", "open"), ("date_diff", "settled")]
        item = ReconciliationItem.objects.get(kind="value_diff")
        assert item.recorded_value == 3_000

    @pytest.mark.parametrize(
        "given",
        [
            {"value": Decimal(0)},
            {"value": Decimal("1.001")},
            {"currency": "XXX"},
            {"closed_on": dt.date(2999, 1, 1)},
        ],
    )
    def test_what_cannot_be(self, dana: User, deal: Commission, given: Any) -> None:
        with pytest.raises(Malformed):
            record(dana, deal, **given)

    def test_is_nothing_for_partners(self, amira: User, rami: User, deal: Commission) -> None:
        for actor in (amira, rami):
            with pytest.raises(NotAllowed):
                record(actor, deal)

    def test_of_a_lead_out_of_scope(self, dana: User, deal: Commission) -> None:
        dana.market = "india"
        with pytest.raises(NotFound):
            record(dana, deal)

    def test_once_paid_or_reversed_it_is_too_late(
        self, dana: User, deal: Commission, finance_user: User
    ) -> None:
        services.confirm_closing(actor=dana, reference=str(deal.share_id))
        services.approve(actor=finance_user, commission_id=str(deal.pk))
        services.record_payment(
            actor=finance_user,
            commission_id=str(deal.pk),
            amount=Decimal(1),
            paid_on=today(),
            reference="TT-1",
        )
        with pytest.raises(Conflict, match="paid already"):
            record(dana, deal)
        services.claw_back(actor=finance_user, commission_id=str(deal.pk), reason="Cancelled")
        with pytest.raises(Conflict, match="reversed"):
            record(dana, deal)


class TestSettling:
    def settle(self, actor: User, kind: str, resolution: str, **given: Any) -> None:
        item = ReconciliationItem.objects.get(kind=kind)
        services.settle_item(actor=actor, item_id=str(item.pk), resolution=resolution, **given)

    def test_as_recorded_books_our_papers_and_the_last_one_confirms(
        self, dana: User, deal: Commission, finance_user: User
    ) -> None:
        day = today() - dt.timedelta(days=2)
        record(dana, deal, value=Decimal(2_000), closed_on=day)
        self.settle(finance_user, "value_diff", "record")
        deal.refresh_from_db()
        assert (deal.agreement_value, deal.amount, deal.closed_on) == (2_000, 300, deal.claimed_on)
        assert deal.share.confirmed_at is None
        self.settle(finance_user, "date_diff", "record")
        deal = Commission.objects.select_related("share").get(pk=deal.pk)
        assert (deal.agreement_value, deal.closed_on) == (2_000, day)
        assert (deal.claimed_value, deal.claimed_amount) == (1_000, 150)  # a claim stays a claim
        assert deal.share.confirmed_at is not None
        assert stands(deal)["accrued"] == 300

    def test_whoever_entered_the_papers_approves_nothing_booked_from_them(
        self, deal: Commission, finance_user: User, admin_user: User
    ) -> None:
        record(admin_user, deal, value=Decimal(2_000))
        self.settle(finance_user, "value_diff", "record")
        for actor in (admin_user, finance_user):
            with pytest.raises(FourEyes):
                services.approve(actor=actor, commission_id=str(deal.pk))

    def test_as_claimed_leaves_the_booking_and_may_be_approved(
        self, deal: Commission, finance_user: User, admin_user: User
    ) -> None:
        record(admin_user, deal, value=Decimal(2_000))
        self.settle(finance_user, "value_diff", "claim")
        assert services.approve(actor=finance_user, commission_id=str(deal.pk)).amount == 150

    def test_with_another_day(self, dana: User, deal: Commission, finance_user: User) -> None:
        record(dana, deal, closed_on=today())
        with pytest.raises(Malformed):
            self.settle(finance_user, "date_diff", "other")
        day = today() - dt.timedelta(days=5)
        self.settle(finance_user, "date_diff", "other", closed_on=day)
        deal.refresh_from_db()
        assert (deal.closed_on, deal.agreement_value) == (day, 1_000)


class TestOwner:
    def question(self, dana: User, deal: Commission) -> ReconciliationItem:
        record(dana, deal, value=Decimal(2_000))
        return ReconciliationItem.objects.get()

    def test_is_given_and_taken_back(
        self, dana: User, deal: Commission, finance_user: User
    ) -> None:
        item = self.question(dana, deal)
        for owner in (dana, dana, None):
            services.assign_item(
                actor=finance_user, item_id=str(item.pk), owner_id=owner.actor_id if owner else ""
            )
            item.refresh_from_db()
            assert item.owner == owner
        events = Event.objects.filter(kind="reconciliation_assigned").order_by("at", "pk")
        assert [event.data["owner"] for event in events] == [dana.actor_id, ""]

    def test_is_one_of_us_who_sees_it(
        self, dana: User, amira: User, deal: Commission, finance_user: User, admin_user: User
    ) -> None:
        item = self.question(dana, deal)
        User.objects.filter(pk=admin_user.pk).update(market="india")
        for owner_id in (amira.actor_id, admin_user.actor_id, "user_" + "0" * 26, "x"):
            with pytest.raises(Malformed):
                services.assign_item(actor=finance_user, item_id=str(item.pk), owner_id=owner_id)
        for actor in (dana, amira):
            with pytest.raises(NotAllowed):
                services.assign_item(actor=actor, item_id=str(item.pk), owner_id="")

    def test_of_what_is_settled_it_is_nobodys_any_more(
        self, dana: User, deal: Commission, finance_user: User
    ) -> None:
        item = self.question(dana, deal)
        services.settle_item(actor=finance_user, item_id=str(item.pk), resolution="claim")
        with pytest.raises(Conflict):
            services.assign_item(actor=finance_user, item_id=str(item.pk), owner_id=dana.actor_id)
