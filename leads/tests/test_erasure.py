"""Erasing a person: who may, what goes with it, what the law keeps, who is kept out afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from events import payloads
from events.chain import check_chain
from events.models import Delivery, Event
from leads import services, suppression
from leads.actors import ClientActor
from leads.errors import ConsentWithheld, Erased, Suppressed
from leads.groups import Groups
from leads.models import ClientLink, DeletionTask, Lead, Share, Suppression
from leads.services import LeadDraft
from leads.services.erasure import KEPT, KeptByLaw
from leads.services.restriction import RestrictionStands
from leads.tests.factories import LeadFactory
from leads.timeline import timeline_of
from partners.models import Partner, User
from portal.lib.access import THE_SYSTEM
from portal.lib.errors import Conflict, NotAllowed, NotFound

pytestmark = pytest.mark.django_db
EMAIL, PHONE = "zenobia@quist.example", "+971501239876"


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana, email=EMAIL, phone=PHONE)


@pytest.fixture
def client_of_lead(lead: Lead) -> ClientActor:
    return ClientActor(str(lead.pk))


@pytest.fixture
def indian(dana: User) -> Lead:
    return LeadFactory.create(
        agent=dana, market="india", region="IN-MH", currency="INR", email="ravi@quist.example"
    )


def shared(dana: User, partner: Partner, lead: Lead) -> Share:
    return services.share_lead(
        actor=dana, partner_id=partner.pk, lead_id=lead.pk, choice=Groups.everything()
    )


class TestAskErasure:
    def test_leaves_the_trail_as_it_was_written(self, dana, acme, lead, client_of_lead):
        shared(dana, acme, lead)
        before = list(Event.objects.order_by("sequence").values())

        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        after = list(Event.objects.filter(lead_id=lead.pk).order_by("sequence").values())
        assert after[: len(before)] == before
        assert len(after) > len(before)
        assert check_chain() == Event.objects.count()

    def test_empties_every_column_but_those_that_tell_nothing(self, lead, client_of_lead):
        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        lead.refresh_from_db()
        for field in Lead._meta.concrete_fields:
            if field.name not in KEPT:
                assert getattr(lead, field.attname) in ("", None, []), field.name
        assert lead.erased_at is not None
        assert (lead.market, lead.currency) == ("uae", "AED")

    def test_the_client_and_staff_may_and_nobody_else(self, lead, dana, amira, finance_user):
        for stranger in (amira, finance_user):
            with pytest.raises(NotAllowed):
                services.ask_erasure(actor=stranger, lead_id=lead.pk)
        other = ClientActor(str(LeadFactory.create().pk))
        with pytest.raises(NotFound):
            services.ask_erasure(actor=other, lead_id=lead.pk)
        with pytest.raises(NotFound):
            services.ask_erasure(actor=dana, lead_id="lead_nothing")

        assert services.ask_erasure(actor=dana, lead_id=lead.pk).erased_at is not None

    def test_the_clients_links_open_nothing_more(self, dana, lead, client_of_lead):
        services.issue_client_link(actor=dana, lead_id=lead.pk)

        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        assert not ClientLink.objects.exists()
        with pytest.raises(Erased):
            services.issue_client_link(actor=dana, lead_id=lead.pk)

    def test_nothing_can_be_done_with_it_any_more(self, dana, acme, lead, client_of_lead):
        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        with pytest.raises(ConsentWithheld):
            shared(dana, acme, lead)
        with pytest.raises(Erased):
            services.restrict_lead(actor=dana, lead_id=lead.pk)
        with pytest.raises(Erased):
            services.lift_restriction(actor=dana, lead_id=lead.pk)

    def test_not_even_what_a_closed_share_shows(self, dana, amira, acme, lead, client_of_lead):
        share = shared(dana, acme, lead)
        Share.objects.filter(pk=share.pk).update(status="closed")
        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        with pytest.raises(Erased):
            services.change_preferences(actor=dana, reference=share.pk, choice=Groups.everything())

    def test_an_event_names_nobody(self, lead, client_of_lead):
        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        erased = Event.objects.get(kind="lead_erased")
        assert (erased.actor, erased.data) == (lead.pk, {"because": "asked"})


class TestSamePerson:
    def test_other_leads_of_the_person_go_too(self, lead, client_of_lead):
        same = LeadFactory.create(email=EMAIL, phone=PHONE)
        without_phone = LeadFactory.create(email=EMAIL, phone="")
        without_email = LeadFactory.create(email="", phone=PHONE)

        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        erased = set(Lead.objects.filter(erased_at__isnull=False).values_list("pk", flat=True))
        assert erased == {lead.pk, same.pk, without_phone.pk, without_email.pk}

    def test_somebody_who_differs_in_the_other_detail_stays(self, lead, client_of_lead):
        LeadFactory.create(email=EMAIL, phone="+971501111111")
        LeadFactory.create(email="somebody@else.example", phone=PHONE)
        LeadFactory.create(email="", phone="")

        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        assert Lead.objects.filter(erased_at__isnull=True).count() == 3

    def test_a_lead_that_names_nobody_goes_alone(self, dana):
        lead = LeadFactory.create(email="", phone="")
        LeadFactory.create(email="", phone="")

        services.ask_erasure(actor=dana, lead_id=lead.pk)

        assert Lead.objects.filter(erased_at__isnull=True).count() == 1

    def test_each_goes_by_the_rule_of_its_market(self, lead, indian, client_of_lead):
        Lead.objects.filter(pk=indian.pk).update(email=EMAIL, phone="")

        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        indian.refresh_from_db()
        assert indian.erased_at is None
        assert indian.erase_after is not None
        assert indian.email == EMAIL


class TestWhatAClientHasNotProven:
    """A link opens one lead; nobody may have another person erased by typing that one's details."""

    @pytest.fixture
    def victim(self) -> Lead:
        return LeadFactory.create(email="", phone="+971507654321")

    def test_a_number_typed_into_the_form_takes_no_other_lead_along(self, dana, victim):
        draft = LeadDraft(name="Mallory", email="mallory@quist.example", phone="+971507654321")
        lead = services.capture_lead(actor=THE_SYSTEM, market="uae", draft=draft)
        own = LeadFactory.create(email="mallory@quist.example", phone="")

        services.ask_erasure(actor=ClientActor(lead.pk), lead_id=lead.pk)

        erased = set(Lead.objects.filter(erased_at__isnull=False).values_list("pk", flat=True))
        assert erased == {lead.pk, own.pk}
        victim.refresh_from_db()
        assert victim.needs_agent_since is not None
        told = timeline_of(user=dana, lead=victim)
        assert "without proof" in told[0].text

    @pytest.mark.parametrize("changes", [{"email": "v@quist.example", "phone": ""}, {"email": ""}])
    def test_nor_does_what_it_corrected_itself(self, dana, victim, changes):
        Lead.objects.filter(pk=victim.pk).update(email="v@quist.example")
        lead = LeadFactory.create(agent=dana, email="mallory@quist.example", phone="+971507654321")
        client = ClientActor(lead.pk)
        services.correct_lead(actor=client, lead_id=lead.pk, changes=changes)

        for _ in range(2):
            services.ask_erasure(actor=client, lead_id=lead.pk)

        assert list(Lead.objects.filter(erased_at__isnull=False)) == [lead]
        assert Event.objects.filter(lead_id=victim.pk, kind="erasure_asked").count() == 1

    def test_an_agent_knows_the_person(self, dana, victim):
        draft = LeadDraft(name="Vera", email="vera@quist.example", phone="+971507654321")
        lead = services.capture_lead(actor=THE_SYSTEM, market="uae", draft=draft)

        services.ask_erasure(actor=dana, lead_id=lead.pk)

        assert not Lead.objects.filter(erased_at__isnull=True).exists()


class TestWhereTheLawKeepsTheData:
    def test_every_use_stops_now_and_recipients_delete_now(self, dana, sahyadri, indian):
        share = shared(dana, sahyadri, indian)

        asked = services.ask_erasure(actor=ClientActor(indian.pk), lead_id=indian.pk)

        assert asked.erased_at is None
        assert asked.restricted_at is not None
        assert asked.erase_after is not None
        assert abs(asked.erase_after - timezone.now() - timedelta(days=365)) < timedelta(minutes=1)
        assert asked.name == "John Doe"
        share.refresh_from_db()
        assert share.status == "revoked"
        task = DeletionTask.objects.get()
        assert (task.cause, set(task.groups)) == ("erased", {"contact", "budget", "requirements"})

    def test_the_client_is_told_when(self, dana, sahyadri, indian):
        shared(dana, sahyadri, indian)

        services.ask_erasure(actor=ClientActor(indian.pk), lead_id=indian.pk)

        delivery = Delivery.objects.get(type="client_erasure_asked")
        mail = payloads.build_mail(delivery.type, delivery.refs)
        assert mail is not None
        assert mail.to == "ravi@quist.example"
        assert "Sahyadri RERA Agents" in mail.text
        assert "The law makes us keep them until" in mail.text
        assert "John Doe" not in mail.text

    def test_the_restriction_stays(self, indian):
        client = ClientActor(indian.pk)
        services.ask_erasure(actor=client, lead_id=indian.pk)

        with pytest.raises(RestrictionStands):
            services.lift_restriction(actor=client, lead_id=indian.pk)

    def test_nobody_erases_it_earlier(self, admin_user, indian):
        with pytest.raises(KeptByLaw):
            services.erase_lead(actor=admin_user, lead_id=indian.pk)
        services.ask_erasure(actor=ClientActor(indian.pk), lead_id=indian.pk)
        with pytest.raises(KeptByLaw):
            services.erase_lead(actor=ClientActor(indian.pk), lead_id=indian.pk)

        with time_machine.travel(timezone.now() + timedelta(days=366), tick=False):
            assert services.erase_lead(actor=admin_user, lead_id=indian.pk).erased_at is not None


class TestSuppression:
    def test_holds_no_value_and_knows_other_spellings(self, lead, client_of_lead):
        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        for row in Suppression.objects.all():
            assert bytes(row.digest).hex() != ""
            assert len(bytes(row.digest)) == 32
        assert suppression.is_suppressed(" Zenobia@Quist.Example ")
        assert suppression.is_suppressed(phone="+971 50 123 9876")
        assert not suppression.is_suppressed("another@quist.example", "+971501239877")
        assert not suppression.is_suppressed("", "")

    def test_another_key_knows_nobody(self, lead, client_of_lead, settings):
        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        settings.SUPPRESSION_KEY = "another key"
        assert not suppression.is_suppressed(EMAIL, PHONE)

    def test_capture_is_refused_by_either(self, dana, lead, client_of_lead):
        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        for draft in (
            LeadDraft(name="Z", email=EMAIL.upper()),
            LeadDraft(name="Z", phone="0501239876"),
        ):
            with pytest.raises(Suppressed):
                services.capture_lead(actor=dana, market="uae", draft=draft)
        assert Lead.objects.count() == 1

    def test_twice_is_once(self, lead):
        assert suppression.add(lead) == 2
        assert suppression.add(lead) == 0

    def test_who_comes_back_is_let_in(self, dana, lead, client_of_lead):
        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)

        assert suppression.lift(EMAIL, PHONE) == 2

        services.capture_lead(actor=dana, market="uae", draft=LeadDraft(name="Z", email=EMAIL))
        assert Event.objects.get(kind="suppression_lifted").data == {"number": 2}
        assert suppression.lift(EMAIL, PHONE) == 0

    def test_who_owns_an_address_brings_back_no_stranger(self, lead, client_of_lead):
        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)
        with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
            suppression.add(LeadFactory.build(email="mallory@quist.example", phone=""))

        for email in ("somebody@new.example", "mallory@quist.example"):
            hashes = [d.hex() for d in suppression.digests_of(email, PHONE)]
            services.welcome_back(hashes=hashes)

        assert suppression.is_suppressed(phone=PHONE)
        assert suppression.is_suppressed(EMAIL)
        assert not suppression.is_suppressed("mallory@quist.example")

    def test_staff_give_no_lead_the_details_of_the_erased(self, dana, lead, client_of_lead):
        services.ask_erasure(actor=client_of_lead, lead_id=lead.pk)
        other = LeadFactory.create(agent=dana)

        for changes in ({"email": EMAIL}, {"phone": PHONE}):
            with pytest.raises(Suppressed):
                services.correct_lead(actor=dana, lead_id=other.pk, changes=changes)
        other.refresh_from_db()
        assert EMAIL not in other.email

    def test_it_is_a_conflict(self):
        assert issubclass(Suppressed, Conflict)
