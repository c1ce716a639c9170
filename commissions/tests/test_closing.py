"""Close deals: what is booked, what is refused, what another closing of the lead means."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from commissions.models import Commission, ReconciliationItem
from commissions.payloads import mail_commission_recorded
from commissions.services import ClosingDiffers, Outcome, confirm_closing, report_status
from events.models import Delivery, Event
from events.versions import version_of
from leads.errors import PartnerMismatch
from leads.models import PartnerDay, Share
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib.access import THE_SYSTEM
from portal.lib.errors import Conflict, IllegalTransition, Malformed, NotAllowed, NotFound

pytestmark = pytest.mark.django_db


def accepted(dana: User, owner: User, lead_id: str = "") -> Share:
    """Return a lead that OWNER's company works on; its default rate is frozen on it."""
    share = share_lead(
        actor=dana,
        partner_id=str(owner.partner_id),
        lead_id=lead_id or str(LeadFactory.create().pk),
        method="call",
    )
    report_status(actor=owner, reference=str(share.pk), status="accepted")
    share.refresh_from_db()
    return share


def close(owner: User, share: Share, value: str = "5000000", **claim: object) -> Outcome:
    return report_status(
        actor=owner,
        reference=str(share.pk),
        status="closed",
        agreement_value=Decimal(value),
        **claim,  # type: ignore[arg-type]
    )


def version(share: Share) -> int:
    """Return what `data.version` of a message about SHARE says now."""
    found = Share.objects.filter(pk=share.pk).annotate(at=version_of("pk", "lead_id", "partner_id"))
    return int(found.values_list("at", flat=True)[0])


class TestClosing:
    def test_books_value_times_the_frozen_rate(
        self, dana: User, amira: User, acme: Partner
    ) -> None:
        share = accepted(dana, amira)
        acme.default_commission = Decimal(30)
        acme.save()

        outcome = close(amira, share, notes="Signed today")

        assert outcome.commission is not None
        assert outcome.commission.amount == Decimal("750000.00")
        assert outcome.commission.percent == 15
        assert outcome.commission.direction == "platform_pays_partner"
        assert outcome.commission.status == "pending"
        assert not outcome.claim_differs
        share.refresh_from_db()
        assert (share.status, share.notes) == ("closed", "Signed today")
        assert share.closed_at is not None
        assert share.confirmed_at is not None

    def test_records_it_and_tells_the_partner(self, dana: User, amira: User) -> None:
        share = accepted(dana, amira)
        before = Event.objects.count()

        close(amira, share)

        kinds = list(Event.objects.order_by("at", "pk").values_list("kind", flat=True))[before:]
        assert kinds == ["share_closed", "partner_commission_recorded", "closing_confirmed"]
        mail = Delivery.objects.get(type="commission_recorded")
        assert mail.channel == "email"

    @pytest.mark.parametrize(
        ("value", "percent", "amount"),
        [
            ("5000000", "15", "750000.00"),
            ("1234567.89", "2.5", "30864.20"),
            ("100.50", "5", "5.03"),
            ("45.30", "5", "2.27"),
            ("0.01", "15", "0.00"),
            ("999999999999.99", "100", "999999999999.99"),
        ],
    )
    def test_rounds_half_up_once(
        self, dana: User, amira: User, acme: Partner, value: str, percent: str, amount: str
    ) -> None:
        acme.default_commission = Decimal(percent)
        acme.save()

        outcome = close(amira, accepted(dana, amira), value)

        assert outcome.commission is not None
        outcome.commission.refresh_from_db()
        assert outcome.commission.amount == Decimal(amount)

    def test_a_developer_pays_the_platform(self, dana: User, devika: User) -> None:
        commission = close(devika, accepted(dana, devika), "1000000").commission

        assert commission is not None
        assert commission.direction == "partner_pays_platform"
        assert commission.amount == 100_000

    def test_counts_in_the_partners_day(self, dana: User, amira: User, acme: Partner) -> None:
        close(amira, accepted(dana, amira), "1000000")

        day = PartnerDay.objects.get(partner=acme)
        assert (day.received, day.accepted, day.closed) == (1, 1, 1)
        assert (day.revenue, day.commission) == (Decimal(1_000_000), Decimal(150_000))

    @pytest.mark.parametrize("value", ["0", "-1", "1.234", "1000000000000"])
    def test_refuses_what_is_no_amount_and_changes_no_table(
        self, dana: User, amira: User, value: str
    ) -> None:
        share = accepted(dana, amira)
        events = Event.objects.count()

        with pytest.raises(Malformed):
            close(amira, share, value)

        share.refresh_from_db()
        assert share.status == "accepted"
        assert not Commission.objects.exists()
        assert Event.objects.count() == events

    def test_refuses_a_closing_without_a_value(self, dana: User, amira: User) -> None:
        share = accepted(dana, amira)
        with pytest.raises(Malformed):
            report_status(actor=amira, reference=str(share.pk), status="closed")

    def test_refuses_a_lead_that_was_not_accepted(self, dana: User, amira: User) -> None:
        lead = LeadFactory.create()
        share = share_lead(
            actor=dana, partner_id=str(amira.partner_id), lead_id=str(lead.pk), method="call"
        )
        with pytest.raises(IllegalTransition):
            close(amira, share)
        failed = Event.objects.get(kind="partner_commission_failed")
        assert (failed.ok, failed.share_id) == (False, share.pk)
        assert failed.data["code"] == "illegal_transition"

    def test_a_refused_one_makes_no_later_version(self, dana: User, amira: User) -> None:
        lead = LeadFactory.create()
        share = share_lead(
            actor=dana, partner_id=str(amira.partner_id), lead_id=str(lead.pk), method="call"
        )
        before = version(share)
        with pytest.raises(IllegalTransition):
            close(amira, share)
        assert Event.objects.filter(share_id=share.pk, ok=False).exists()
        assert version(share) == before

        report_status(actor=amira, reference=str(share.pk), status="accepted")
        accepted_at = version(share)
        close(amira, share)
        assert before < accepted_at < version(share)

    def test_a_stranger_finds_nothing(self, dana: User, amira: User, rami: User) -> None:
        share = accepted(dana, amira)
        with pytest.raises(NotFound):
            close(rami, share)
        assert Event.objects.filter(kind="partner_commission_failed", ok=False).count() == 1

    def test_finance_closes_nothing(self, dana: User, amira: User, finance_user: User) -> None:
        with pytest.raises(NotAllowed):
            close(finance_user, accepted(dana, amira))


class TestClaims:
    def test_a_rate_that_agrees_confirms_at_once(self, dana: User, amira: User) -> None:
        outcome = close(amira, accepted(dana, amira), claimed_percent=Decimal("15.00"))

        assert not outcome.claim_differs
        assert not ReconciliationItem.objects.exists()

    def test_a_higher_rate_opens_an_item_and_books_as_agreed(self, dana: User, amira: User) -> None:
        share = accepted(dana, amira)

        outcome = close(amira, share, "1000000", claimed_percent=Decimal(20))

        assert outcome.claim_differs
        assert outcome.commission is not None
        assert outcome.commission.amount == 150_000
        item = ReconciliationItem.objects.get()
        assert (item.kind, item.status) == ("rate_diff", "open")
        assert (item.claimed_percent, item.recorded_percent) == (Decimal(20), Decimal(15))
        share.refresh_from_db()
        assert share.confirmed_at is None

    def test_another_currency_opens_one_too(self, dana: User, amira: User) -> None:
        outcome = close(amira, accepted(dana, amira), claimed_currency="USD")

        assert outcome.claim_differs
        assert outcome.commission is not None
        assert outcome.commission.currency == "AED"
        assert ReconciliationItem.objects.get().kind == "currency_diff"

    @pytest.mark.parametrize(
        "claim",
        [
            {"claimed_percent": Decimal(101)},
            {"claimed_percent": Decimal("-1")},
            {"claimed_percent": Decimal("1.00001")},
            {"claimed_currency": "XYZ"},
        ],
    )
    def test_a_claim_that_cannot_be_one_is_refused(
        self, dana: User, amira: User, claim: dict[str, object]
    ) -> None:
        share = accepted(dana, amira)
        with pytest.raises(Malformed):
            close(amira, share, **claim)
        assert not Commission.objects.exists()


class TestDays:
    def test_the_day_signed_is_the_day_booked(self, dana: User, amira: User) -> None:
        signed = timezone.now().date() - dt.timedelta(days=3)
        outcome = close(amira, accepted(dana, amira), closed_on=signed)
        assert outcome.commission is not None
        assert outcome.commission.closed_on == signed

    @time_machine.travel(dt.datetime(2026, 11, 22, 21, 30, tzinfo=dt.UTC))
    def test_days_are_those_of_the_market(self, dana: User, amira: User) -> None:
        """In Dubai the next day has begun."""
        outcome = close(amira, accepted(dana, amira), closed_on=dt.date(2026, 11, 23))
        assert outcome.commission is not None
        with pytest.raises(Malformed, match="a day to come"):
            close(amira, accepted(dana, amira), closed_on=dt.date(2026, 11, 24))

    def test_a_mistyped_year_is_refused(self, dana: User, amira: User) -> None:
        share = accepted(dana, amira)
        signed = timezone.now().date() - dt.timedelta(days=400)
        with pytest.raises(Malformed, match="Look at the year") as refused:
            close(amira, share, closed_on=signed)
        assert "#/closingDate" in str(refused.value.details["errors"])
        share.refresh_from_db()
        assert share.status == "accepted"


class TestRepeating:
    def test_the_same_report_answers_the_same_and_records_nothing(
        self, dana: User, amira: User
    ) -> None:
        share = accepted(dana, amira)
        first = close(amira, share)
        events = Event.objects.count()

        again = close(amira, share, claimed_percent=Decimal(15), claimed_currency="AED")

        assert again.commission == first.commission
        assert Commission.objects.count() == 1
        assert Event.objects.count() == events

    @pytest.mark.parametrize(
        "other", [{"value": "4999999"}, {"value": "5000000", "claimed_percent": Decimal(20)}]
    )
    def test_another_report_is_refused(
        self, dana: User, amira: User, other: dict[str, object]
    ) -> None:
        share = accepted(dana, amira)
        close(amira, share)

        with pytest.raises(ClosingDiffers):
            close(amira, share, **other)  # type: ignore[arg-type]

        assert Commission.objects.get().agreement_value == 5_000_000

    def test_a_refusal_is_told_of_the_caller_and_not_of_whom_it_names(
        self, dana: User, amira: User, rival: Partner
    ) -> None:
        share = accepted(dana, amira)
        with pytest.raises(PartnerMismatch):
            report_status(
                actor=amira,
                reference=str(share.pk),
                partner_id=str(rival.pk),
                status="closed",
                agreement_value=Decimal(1),
            )

        refused = Event.objects.get(kind="partner_commission_failed")
        assert refused.partner_id == amira.partner_id

    def test_an_empty_partner_is_not_the_callers_own(self, dana: User, amira: User) -> None:
        share = accepted(dana, amira)
        with pytest.raises(PartnerMismatch):
            report_status(actor=amira, reference=str(share.pk), partner_id="", status="in_progress")

    def test_a_suspended_partner_gets_no_mail(self, dana: User, amira: User, acme: Partner) -> None:
        acme.contact_email = "desk@acme.example"
        acme.save()
        booked = close(amira, accepted(dana, amira)).commission
        assert booked is not None
        refs = {"commission": booked.pk}
        assert mail_commission_recorded(refs) is not None

        acme.status = Partner.Status.SUSPENDED
        acme.save()

        assert mail_commission_recorded(refs) is None


class TestSeveralPartners:
    def test_a_confirmed_closing_ends_the_others_without_naming_the_winner(
        self, dana: User, amira: User, rami: User
    ) -> None:
        lead_id = str(LeadFactory.create().pk)
        lost = accepted(dana, rami, lead_id)
        close(amira, accepted(dana, amira, lead_id))

        lost.refresh_from_db()
        assert (lost.status, lost.reason) == ("withdrawn", "lead closed")
        assert Event.objects.get(kind="share_withdrawn").actor == "system"
        assert not Commission.objects.filter(share=lost).exists()

    def test_a_second_closing_before_that_is_under_review(
        self, dana: User, amira: User, rami: User
    ) -> None:
        lead_id = str(LeadFactory.create().pk)
        first, second = accepted(dana, rami, lead_id), accepted(dana, amira, lead_id)
        close(rami, first, "3000000", claimed_percent=Decimal(18))

        outcome = close(amira, second, "3100000")
        again = close(amira, second, "3100000")

        assert outcome.under_review
        assert again.under_review
        assert not outcome.claim_differs
        assert not again.claim_differs
        assert outcome.commission is None
        assert Commission.objects.get().share_id == first.pk
        assert ReconciliationItem.objects.filter(kind="duplicate", share=second).count() == 1
        with pytest.raises(ClosingDiffers):
            close(amira, second, "3200000")

    def test_a_differing_claim_is_named_under_review_as_well(
        self, dana: User, amira: User, rami: User
    ) -> None:
        lead_id = str(LeadFactory.create().pk)
        first, second = accepted(dana, rami, lead_id), accepted(dana, amira, lead_id)
        close(rami, first, claimed_percent=Decimal(18))

        for _ in range(2):
            outcome = close(amira, second, claimed_percent=Decimal(20))
            assert outcome.under_review
            assert outcome.claim_differs


class TestConfirming:
    def test_settles_the_question_and_ends_the_others(
        self, dana: User, amira: User, rami: User, finance_user: User
    ) -> None:
        lead_id = str(LeadFactory.create().pk)
        share, other = accepted(dana, amira, lead_id), accepted(dana, rami, lead_id)
        close(amira, share, claimed_percent=Decimal(20))

        confirm_closing(actor=finance_user, reference=str(share.pk))

        item = ReconciliationItem.objects.get()
        assert (item.status, item.settled_by) == ("settled", str(finance_user.pk))
        other.refresh_from_db()
        assert other.status == "withdrawn"
        confirm_closing(actor=finance_user, reference=str(share.pk))
        assert Event.objects.filter(kind="closing_confirmed").count() == 1

    def test_needs_something_to_confirm(self, dana: User, amira: User, finance_user: User) -> None:
        with pytest.raises(Conflict):
            confirm_closing(actor=finance_user, reference=str(accepted(dana, amira).pk))

    def test_is_not_the_partners_to_do(self, dana: User, amira: User) -> None:
        share = accepted(dana, amira)
        close(amira, share, claimed_percent=Decimal(20))
        with pytest.raises(NotAllowed):
            confirm_closing(actor=amira, reference=str(share.pk))


def test_the_system_may_look_but_a_commission_is_one_per_lead(dana: User, amira: User) -> None:
    close(amira, accepted(dana, amira))
    assert Commission.objects.visible_to(THE_SYSTEM).count() == 1
    assert Commission.objects.visible_to(dana).count() == 1
