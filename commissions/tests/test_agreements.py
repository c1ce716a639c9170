"""Agreements: offered, accepted, declined, ended; and which terms a share is made under."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from commissions.agreement_mails import agreement_offered
from commissions.agreements import terms_of
from commissions.models import AgreementVersion
from commissions.services import agreements
from commissions.services.agreements import Draft, TermsRefused
from commissions.terms import Base, Terms
from commissions.tests.test_closing import accepted, close
from events.models import Delivery, Event
from leads.models import Lead
from leads.services import share_lead
from leads.terms import in_force
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.types import Direction
from portal.lib.errors import Conflict, NotAllowed, NotFound

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 1, 1)  # long enough ago to be in force on the day of the test


def draft(percent: object = 12, **given: Any) -> Draft:
    days = {name: given.pop(name) for name in ("valid_from", "valid_to") if name in given}
    terms = Terms(
        **{"direction": Direction.PLATFORM_PAYS_PARTNER, "percent": Decimal(str(percent)), **given}
    )
    return Draft(terms=terms, **{"valid_from": TODAY, **days})


def offered(finance: User, partner: Partner, **given: Any) -> AgreementVersion:
    about = {name: given.pop(name) for name in ("project", "lead_id") if name in given}
    return agreements.offer(
        actor=finance, partner_id=str(partner.pk), title="Sales", draft=draft(**given), **about
    )


def agree(owner: User, version: AgreementVersion) -> AgreementVersion:
    return agreements.accept(actor=owner, version_id=str(version.pk), text_hash=version.text_hash)


def percent_for(dana: User, partner: Partner, **lead: Any) -> Decimal:
    """Return the rate frozen on a lead that is shared now."""
    made: Lead = LeadFactory.create(**lead)
    share = share_lead(actor=dana, partner_id=str(partner.pk), lead_id=str(made.pk), method="call")
    assert terms_of(share).percent == share.commission_percent
    return share.commission_percent


class TestOffering:
    def test_waits_for_the_owner_and_tells_it(
        self, finance_user: User, acme: Partner, amira: User, milo: User
    ) -> None:
        version = offered(finance_user, acme)

        assert (version.number, version.accepted_at) == (1, None)
        terms = version.read_terms()
        assert (terms.agreement, terms.version) == (str(version.agreement_id), 1)
        assert terms.entered_by == (finance_user.actor_id,)
        mail = Delivery.objects.get(type="agreement_offered")
        assert mail.refs == {"version": version.pk, "user": amira.pk}
        written = agreement_offered(mail.refs)
        assert written is not None
        assert written.to == amira.email
        assert f"/portal/agreements/{version.pk}/" in written.text

    def test_says_nothing_of_an_offer_that_is_over(
        self, finance_user: User, acme: Partner, amira: User
    ) -> None:
        version = offered(finance_user, acme)
        agreements.withdraw(actor=finance_user, version_id=str(version.pk))
        assert agreement_offered({"version": version.pk, "user": amira.pk}) is None

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({"percent": 101}, "percent"),
            ({"percent": 0, "base": Base.FLAT}, "flat"),
            ({"base": Base.SERVICE_VALUE}, "base"),
            ({"cap": Decimal(5)}, "currency"),
            ({"valid_to": TODAY - dt.timedelta(1)}, "valid_to"),
            ({"valid_to": TODAY}, "valid_to"),
        ],
    )
    def test_refuses_terms_that_cannot_stand(
        self, finance_user: User, acme: Partner, given: dict[str, Any], named: str
    ) -> None:
        with pytest.raises(TermsRefused) as refused:
            offered(finance_user, acme, **given)
        assert named in refused.value.details["fields"]  # type: ignore[operator]
        assert not AgreementVersion.objects.exists()

    def test_is_finance_s_alone(self, dana: User, amira: User, acme: Partner) -> None:
        for actor in (dana, amira):
            with pytest.raises(NotAllowed):
                offered(actor, acme)

    def test_a_new_version_takes_the_open_one_back(
        self, finance_user: User, acme: Partner, amira: User
    ) -> None:
        first = offered(finance_user, acme)
        second = agreements.offer_version(
            actor=finance_user, agreement_id=str(first.agreement_id), draft=draft(13)
        )
        assert second.number == 2
        with pytest.raises(Conflict):
            agree(amira, first)
        assert agree(amira, second).accepted_at is not None


class TestAccepting:
    def test_keeps_who_when_and_which_text(
        self, finance_user: User, acme: Partner, amira: User
    ) -> None:
        version = agree(amira, offered(finance_user, acme))

        version.refresh_from_db()
        assert (version.accepted_by, version.accepted_name) == (amira.actor_id, "Amira")
        event = Event.objects.get(kind="agreement_accepted")
        assert event.data["text_hash"] == version.text_hash
        assert (event.actor, event.partner_id) == (amira.actor_id, acme.pk)
        again = agree(amira, version)
        assert again.accepted_at == version.accepted_at
        assert Event.objects.filter(kind="agreement_accepted").count() == 1

    def test_is_the_own_owner_s_alone(
        self,
        finance_user: User,
        admin_user: User,
        acme: Partner,
        milo: User,
        rami: User,
    ) -> None:
        version = offered(finance_user, acme)
        for actor in (milo, admin_user, finance_user):
            with pytest.raises(NotAllowed):
                agree(actor, version)
        with pytest.raises(NotFound):
            agree(rami, version)

    def test_needs_the_text_that_was_read(
        self, finance_user: User, acme: Partner, amira: User
    ) -> None:
        version = offered(finance_user, acme)
        with pytest.raises(Conflict):
            agreements.accept(actor=amira, version_id=str(version.pk), text_hash="0" * 64)

    def test_declining_leaves_what_was_agreed(
        self, finance_user: User, dana: User, acme: Partner, amira: User
    ) -> None:
        first = agree(amira, offered(finance_user, acme))
        second = agreements.offer_version(
            actor=finance_user, agreement_id=str(first.agreement_id), draft=draft(10)
        )
        agreements.decline(actor=amira, version_id=str(second.pk))

        assert Event.objects.get(kind="agreement_withdrawn").data["declined"] is True
        assert percent_for(dana, acme) == 12
        with pytest.raises(Conflict):
            agree(amira, second)

    def test_the_database_keeps_what_was_accepted(
        self, finance_user: User, acme: Partner, amira: User
    ) -> None:
        version = agree(amira, offered(finance_user, acme))
        rows = AgreementVersion.objects.filter(pk=version.pk)
        for change in ({"text": "other"}, {"accepted_at": None}, {"terms": {}}):
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.update(**change)


class TestInForce:
    def test_freezes_what_is_agreed_and_never_changes_it(
        self, finance_user: User, dana: User, acme: Partner, amira: User
    ) -> None:
        before = accepted(dana, amira)
        agree(amira, offered(finance_user, acme))

        after = accepted(dana, amira)

        assert [before.commission_percent, after.commission_percent] == [15, 12]
        outcome = close(amira, before, "1000000")
        assert outcome.commission is not None
        assert outcome.commission.amount == 150_000

    def test_the_closest_wins(
        self, finance_user: User, dana: User, acme: Partner, amira: User
    ) -> None:
        one: Lead = LeadFactory.create(project="Marina Heights")
        agree(amira, offered(finance_user, acme, lead_id=str(one.pk), percent=20))
        agree(amira, offered(finance_user, acme, project="marina heights", percent=18))
        agree(amira, offered(finance_user, acme, percent=12))

        share = share_lead(actor=dana, partner_id=str(acme.pk), lead_id=str(one.pk), method="call")
        assert share.commission_percent == 20
        assert percent_for(dana, acme, project="Marina Heights") == 18
        assert percent_for(dana, acme, project="Elsewhere") == 12

    def test_counts_from_its_first_to_its_last_day(
        self, finance_user: User, dana: User, acme: Partner, amira: User
    ) -> None:
        today = timezone.now().date()
        first = agree(amira, offered(finance_user, acme, valid_to=today))
        assert percent_for(dana, acme) == 12
        later = draft(10, valid_from=today + dt.timedelta(1))
        second = agreements.offer_version(
            actor=finance_user, agreement_id=str(first.agreement_id), draft=later
        )
        agree(amira, second)
        assert percent_for(dana, acme) == 12

    def test_a_version_does_not_come_back_when_its_follower_ran_out(
        self, finance_user: User, dana: User, acme: Partner, amira: User
    ) -> None:
        today = timezone.now().date()
        first = agree(amira, offered(finance_user, acme))
        second = agreements.offer_version(
            actor=finance_user,
            agreement_id=str(first.agreement_id),
            draft=draft(10, valid_to=today),
        )
        agree(amira, second)
        assert percent_for(dana, acme) == 10
        tomorrow = timezone.now() + dt.timedelta(1)
        assert in_force([acme], LeadFactory.create(), tomorrow)[str(acme.pk)].percent == 15

    def test_ends_for_new_leads_only(
        self, finance_user: User, dana: User, acme: Partner, amira: User
    ) -> None:
        version = agree(amira, offered(finance_user, acme))
        share = accepted(dana, amira)
        agreements.end(actor=finance_user, agreement_id=str(version.agreement_id))
        agreements.end(actor=finance_user, agreement_id=str(version.agreement_id))

        assert percent_for(dana, acme) == 15
        assert terms_of(share).percent == 12
        assert Event.objects.filter(kind="agreement_ended").count() == 1
        with pytest.raises(Conflict):
            agreements.offer_version(
                actor=finance_user, agreement_id=str(version.agreement_id), draft=draft()
            )


class TestText:
    def test_holds_the_terms_and_the_rules_of_the_type(
        self, finance_user: User, acme: Partner, sahyadri: Partner, lendwell: Partner
    ) -> None:
        channel = offered(finance_user, acme, percent="12.5").text
        assert "The platform pays the partner 12.5% of the agreement value." in channel
        assert "shares no lead" in channel
        assert "section 10(a)" not in channel
        assert "section 10(a)" in offered(finance_user, sahyadri).text
        provider = offered(finance_user, lendwell, base=Base.SERVICE_VALUE).text
        assert "sells and brokers no property" in provider

    def test_never_names_the_client(self, finance_user: User, acme: Partner) -> None:
        lead: Lead = LeadFactory.create(name="Zenobia Canary")
        version = offered(finance_user, acme, lead_id=str(lead.pk))
        assert "Zenobia" not in version.text
        assert str(lead.pk)[-6:] not in version.text
