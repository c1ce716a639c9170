"""Correction and restriction: what changes, who is told, who may."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from events import payloads
from events.models import Delivery, Endpoint, Event
from leads import services
from leads.actors import ClientActor
from leads.consent import disclose
from leads.errors import ConsentWithheld, Erased
from leads.groups import Groups
from leads.models import DeletionTask, Lead, Share
from leads.services.restriction import RestrictionStands
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib.errors import Malformed, NotAllowed, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana, email="zenobia@canary.example", phone="+971501234567")


@pytest.fixture
def client_of_lead(lead: Lead) -> ClientActor:
    return ClientActor(str(lead.pk))


@pytest.fixture
def share(dana: User, acme: Partner, lead: Lead) -> Share:
    """Acme sees budget and requirements, no contact."""
    Endpoint.objects.create(
        partner=acme, url="http://127.0.0.1:1/hook", secret="whsec_x", verified_at=lead.created_at
    )
    Partner.objects.filter(pk=acme.pk).update(contact_email="desk@acme.example")
    return services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups(False, True, True)
    )


def told(event_kind: str) -> dict[str, Any]:
    """Return what the newest event of this kind says to each recipient now, by channel."""
    event = Event.objects.filter(kind=event_kind).latest("at", "id")
    said: dict[str, Any] = {}
    for delivery in Delivery.objects.filter(event_id=event.pk):
        if delivery.channel == Delivery.Channel.WEBHOOK:
            said[delivery.type] = payloads.build(delivery.type, [delivery])[delivery.pk]
        else:
            said[delivery.type] = payloads.build_mail(delivery.type, delivery.refs)
    return said


class TestCorrectLead:
    def test_the_client_corrects_the_own_details(self, lead, client_of_lead):
        services.correct_lead(
            actor=client_of_lead,
            lead_id=lead.pk,
            changes={"name": " Jane Roe ", "phone": "050 765 4321", "budget_max": "2500000"},
        )

        lead.refresh_from_db()
        assert (lead.name, lead.phone) == ("Jane Roe", "+971507654321")
        assert lead.budget_max == Decimal(2_500_000)
        event = Event.objects.get(kind="lead_corrected")
        assert event.data == {"columns": ["budget_max", "name", "phone"]}
        assert event.actor == lead.pk

    def test_a_partner_is_told_the_names_of_what_it_sees(self, lead, share, client_of_lead):
        services.correct_lead(
            actor=client_of_lead,
            lead_id=lead.pk,
            changes={"phone": "+971507654321", "budget_max": 2_500_000, "views": ["sea"]},
        )

        said = told("lead_corrected")
        assert said["lead.updated"].pop("version") > 1
        assert said["lead.updated"] == {
            "leadId": share.pk,
            "status": "sent",
            "reason": "corrected: budget, views",
            "consent": {"shareContact": False, "shareBudget": True, "shareRequirements": True},
        }
        assert said["lead_corrected"].to == "desk@acme.example"
        assert share.pk in said["lead_corrected"].text
        assert "2500000" not in said["lead_corrected"].text

    def test_who_sees_nothing_of_it_is_not_told(self, lead, share, client_of_lead):
        services.correct_lead(
            actor=client_of_lead, lead_id=lead.pk, changes={"phone": "+971507654321"}
        )

        assert told("lead_corrected") == {}

    def test_what_is_withheld_since_is_not_named(self, dana, lead, share, client_of_lead):
        services.correct_lead(
            actor=client_of_lead, lead_id=lead.pk, changes={"budget_max": 2_500_000}
        )
        services.change_preferences(
            actor=dana, reference=share.pk, choice=Groups(False, False, True)
        )

        assert told("lead_corrected") == {"lead.updated": None, "lead_corrected": None}

    def test_a_service_provider_is_not_told_what_its_type_never_sees(self, dana, lead, lendwell):
        services.share_lead(actor=dana, partner_id=lendwell.pk, lead_id=lead.pk)
        Partner.objects.filter(pk=lendwell.pk).update(contact_email="desk@lendwell.example")

        services.correct_lead(actor=dana, lead_id=lead.pk, changes={"project": "Sea View"})
        assert told("lead_corrected") == {}

        services.correct_lead(actor=dana, lead_id=lead.pk, changes={"services": ["legal"]})
        assert list(told("lead_corrected")) == ["lead_corrected"]

    def test_nothing_changed_is_nothing_recorded(self, lead, share, client_of_lead):
        before = Lead.objects.get(pk=lead.pk).updated_at

        services.correct_lead(
            actor=client_of_lead,
            lead_id=lead.pk,
            changes={"name": "John Doe", "phone": "050 123 4567", "locations": lead.locations},
        )

        assert Lead.objects.get(pk=lead.pk).updated_at == before
        assert not Event.objects.filter(kind="lead_corrected").exists()

    def test_the_old_address_learns_of_a_new_one(self, lead, client_of_lead):
        services.correct_lead(
            actor=client_of_lead, lead_id=lead.pk, changes={"email": "New@Canary.Example"}
        )

        delivery = Delivery.objects.get(type="client_correction_notice")
        assert "zenobia" not in str(delivery.refs)
        assert delivery.partner_id is None
        mail = payloads.build_mail(delivery.type, delivery.refs)
        assert mail is not None
        assert mail.to == "zenobia@canary.example"
        assert "new@canary.example" not in mail.text
        lead.refresh_from_db()
        assert lead.email == "new@canary.example"

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"email": "no address"}, "#/email"),
            ({"budget_min": 3_000_000}, "#/budget_max"),
            ({"budget_max": "a lot"}, "#/budget_max"),
            ({"name": "x" * 201}, "#/name"),
            ({"financing": "gold"}, "#/financing"),
            ({"notes": "I am nice"}, "#/notes"),
            ({"agent": None}, "#/agent"),
            ({"restricted_at": None}, "#/restricted_at"),
            ({"market": "india"}, "#/market"),
            ({"currency": "USD"}, "#/currency"),
        ],
    )
    def test_what_cannot_be_right_is_refused_by_its_name(
        self, lead, client_of_lead, changes, pointer
    ):
        with pytest.raises(Malformed) as refusal:
            services.correct_lead(actor=client_of_lead, lead_id=lead.pk, changes=changes)

        assert [error["pointer"] for error in refusal.value.details["errors"]] == [pointer]
        assert not Event.objects.filter(kind="lead_corrected").exists()

    def test_staff_correct_what_only_staff_know(self, dana, lead):
        services.correct_lead(
            actor=dana,
            lead_id=lead.pk,
            changes={"notes": "Calls at noon", "score": 12, "temperature": "", "phone": ""},
        )

        lead.refresh_from_db()
        assert (lead.notes, lead.score, lead.temperature, lead.phone) == (
            "Calls at noon",
            12,
            "",
            "",
        )

    def test_a_new_place_is_a_new_region(self, dana, lead):
        services.correct_lead(actor=dana, lead_id=lead.pk, changes={"locations": ["Yas Island"]})

        lead.refresh_from_db()
        assert lead.region == "AE-AZ"
        event = Event.objects.get(kind="lead_corrected")
        assert event.data["columns"] == ["locations", "region"]

    def test_a_value_is_emptied(self, dana, lead):
        services.correct_lead(
            actor=dana, lead_id=lead.pk, changes={"budget_min": "", "views": [], "score": None}
        )

        lead.refresh_from_db()
        assert (lead.budget_min, lead.views, lead.score) == (None, [], None)

    def test_nobody_else_may(self, lead, amira, finance_user):
        for actor in (amira, finance_user):
            with pytest.raises(NotAllowed):
                services.correct_lead(actor=actor, lead_id=lead.pk, changes={"name": "X"})
        other = ClientActor(str(LeadFactory.create().pk))
        with pytest.raises(NotFound):
            services.correct_lead(actor=other, lead_id=lead.pk, changes={"name": "X"})

    def test_there_is_nothing_to_correct_of_an_erased_client(self, dana, lead):
        services.ask_erasure(actor=dana, lead_id=lead.pk)

        with pytest.raises(Erased):
            services.correct_lead(actor=dana, lead_id=lead.pk, changes={"name": "X"})


class TestRestriction:
    def test_partners_see_nothing_until_it_is_lifted(self, lead, share, client_of_lead):
        services.restrict_lead(actor=client_of_lead, lead_id=lead.pk)

        share.refresh_from_db()
        assert not share.effective
        assert share.status == "sent"
        assert set(disclose(share)) == {"leadId", "market", "currency", "sharedAt"}

        services.lift_restriction(actor=client_of_lead, lead_id=lead.pk)

        share.refresh_from_db()
        assert share.effective == Groups(False, True, True)
        kinds = Event.objects.filter(lead_id=lead.pk).values_list("kind", flat=True)
        assert {"lead_restricted", "lead_restriction_lifted"} <= set(kinds)

    def test_the_partner_is_told_and_has_nothing_to_delete(self, lead, share, client_of_lead):
        services.restrict_lead(actor=client_of_lead, lead_id=lead.pk)

        delivery = Delivery.objects.get(type="lead.consent_updated")
        body = payloads.build(delivery.type, [delivery])[delivery.pk]
        assert body is not None
        assert set(body["consent"].values()) == {False}
        assert not DeletionTask.objects.exists()
        assert not Delivery.objects.filter(type="lead.revoked").exists()

    def test_it_is_not_shared_meanwhile(self, dana, rival, lead, client_of_lead):
        services.restrict_lead(actor=client_of_lead, lead_id=lead.pk)

        with pytest.raises(ConsentWithheld):
            services.share_lead(actor=dana, partner_id=rival.pk, lead_id=lead.pk)

    def test_again_changes_nothing(self, lead, client_of_lead):
        first = services.restrict_lead(actor=client_of_lead, lead_id=lead.pk).restricted_at
        assert services.restrict_lead(actor=client_of_lead, lead_id=lead.pk).restricted_at == first
        services.lift_restriction(actor=client_of_lead, lead_id=lead.pk)
        services.lift_restriction(actor=client_of_lead, lead_id=lead.pk)
        assert Event.objects.filter(kind="lead_restricted").count() == 1
        assert Event.objects.filter(kind="lead_restriction_lifted").count() == 1

    def test_staff_lift_their_own_but_not_the_clients(self, dana, lead, client_of_lead):
        services.restrict_lead(actor=dana, lead_id=lead.pk)
        services.lift_restriction(actor=dana, lead_id=lead.pk)
        services.restrict_lead(actor=client_of_lead, lead_id=lead.pk)

        with pytest.raises(RestrictionStands):
            services.lift_restriction(actor=dana, lead_id=lead.pk)

    def test_the_client_lifts_what_staff_restricted(self, dana, lead, client_of_lead):
        services.restrict_lead(actor=dana, lead_id=lead.pk)

        assert (
            services.lift_restriction(actor=client_of_lead, lead_id=lead.pk).restricted_at is None
        )

    def test_nobody_else_may(self, lead, amira):
        with pytest.raises(NotAllowed):
            services.restrict_lead(actor=amira, lead_id=lead.pk)
        other = ClientActor(str(LeadFactory.create().pk))
        with pytest.raises(NotFound):
            services.restrict_lead(actor=other, lead_id=lead.pk)
