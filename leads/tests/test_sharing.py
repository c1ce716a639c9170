"""Share a lead: success, every refusal, and the event each records."""

from __future__ import annotations

import pytest

from events.models import Delivery, Event
from leads import errors, services
from leads.consent import disclose
from leads.groups import Groups
from leads.models import ConsentDecision, Lead, PartnerDay, Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib.errors import Malformed, NotAllowed, NotFound

pytestmark = pytest.mark.django_db
ALL = Groups.everything()


@pytest.fixture
def lead() -> Lead:
    return LeadFactory.create()


def kinds() -> list[tuple[str, bool]]:
    return list(Event.objects.order_by("at", "pk").values_list("kind", "ok"))


class TestShareLead:
    def test_offers_the_lead_with_the_defaults_of_the_type(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)

        assert share.status == "sent"
        assert share.effective == Groups(False, True, True)
        assert "customerInfo" not in disclose(share)
        assert kinds() == [("lead_shared", True)]
        assert PartnerDay.objects.get(partner=acme).received == 1

    def test_freezes_the_rate_and_the_direction(
        self, dana: User, skyline: Partner, lead: Lead
    ) -> None:
        share = services.share_lead(actor=dana, partner_id=skyline.pk, lead_id=lead.pk)
        skyline.default_commission = 12
        skyline.save()

        share.refresh_from_db()
        assert share.commission_percent == 10
        assert share.direction == "partner_pays_platform"

    def test_records_the_agents_attestation_for_this_partner_only(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        services.share_lead(
            actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=ALL, method="call"
        )

        rows = ConsentDecision.objects.values_list("group", "partner", "source", "method")
        assert sorted(rows) == [
            (group, acme.pk, "agent", "call") for group in ("budget", "contact", "requirements")
        ]

    def test_the_client_wins_over_the_agent(self, dana: User, acme: Partner) -> None:
        lead = services.capture_lead(
            actor=dana,
            market="uae",
            draft=services.LeadDraft(name="Kabir", phone="+971500000013"),
            client_consent=Groups(False, True, True),
        )

        share = services.share_lead(
            actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=ALL, method="call"
        )

        assert share.effective == Groups(False, True, True)
        assert share.withheld == {"contact": "refused by the client"}
        assert not ConsentDecision.objects.filter(source="agent").exists()

    def test_under_the_explicit_policy_an_attestation_counts_for_nothing(
        self, dana: User, acme: Partner, lead: Lead, settings: object
    ) -> None:
        settings.CONSENT_POLICY = {"uae": "explicit", "india": "attested"}  # type: ignore[attr-defined]

        with pytest.raises(errors.ConsentWithheld):
            services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=ALL)

    def test_under_the_explicit_policy_a_choice_attests_nothing(
        self, dana: User, acme: Partner, lead: Lead, settings: object
    ) -> None:
        settings.CONSENT_POLICY = {"uae": "explicit", "india": "attested"}  # type: ignore[attr-defined]
        ConsentDecision.objects.create(
            lead=lead, group="budget", state="given", source="client", decided_by="client"
        )

        share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=ALL)

        assert share.effective == Groups(False, True, False)
        assert not ConsentDecision.objects.filter(source="agent").exists()

    def test_records_a_new_lead_of_the_partners_market(self, dana: User, sahyadri: Partner) -> None:
        draft = services.LeadDraft(name="Arjun", locations=["Andheri W"], budget_max=21_000_000)

        share = services.share_lead(actor=dana, partner_id=sahyadri.pk, draft=draft)

        assert (share.lead.market, share.lead.region, share.currency) == ("india", "IN-MH", "INR")
        assert share.gate["result"] == "passed"

    def test_tells_the_partner_by_mail_without_saying_who(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        acme.contact_email = "desk@acme.example"
        acme.save()

        share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)

        mail = Delivery.objects.get(type="lead_shared")
        assert mail.refs == {"share": share.pk}


class TestRefusals:
    @pytest.fixture(autouse=True)
    def refused_leaves_only_the_event(self, lead: Lead) -> object:
        yield
        assert kinds()[-1] == ("lead_share_failed", False)
        assert not Share.objects.filter(status="sent", lead=lead).exclude(shared_by="x").exists()

    def refuse(self, refusal: type[Exception], **call: object) -> None:
        with pytest.raises(refusal):
            services.share_lead(**call)  # type: ignore[arg-type]

    def test_who_has_no_right(self, amira: User, acme: Partner, lead: Lead) -> None:
        self.refuse(NotAllowed, actor=amira, partner_id=acme.pk, lead_id=lead.pk)

    def test_an_unknown_partner(self, dana: User, lead: Lead) -> None:
        self.refuse(NotFound, actor=dana, partner_id="partner_no", lead_id=lead.pk)

    def test_an_unknown_lead(self, dana: User, acme: Partner) -> None:
        self.refuse(NotFound, actor=dana, partner_id=acme.pk, lead_id="lead_none")

    def test_another_name(self, dana: User, acme: Partner, lead: Lead) -> None:
        self.refuse(
            errors.PartnerNameMismatch,
            actor=dana,
            partner_id=acme.pk,
            lead_id=lead.pk,
            partner_name="Rival Realty",
        )

    @pytest.mark.parametrize("status", ["inactive", "suspended"])
    def test_a_partner_that_gets_no_new_leads(
        self, dana: User, acme: Partner, lead: Lead, status: str
    ) -> None:
        Partner.objects.filter(pk=acme.pk).update(status=status)
        self.refuse(errors.PartnerInactive, actor=dana, partner_id=acme.pk, lead_id=lead.pk)

    def test_an_address_the_partner_has_not_proved(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        self.refuse(
            errors.CallbackNotVerified,
            actor=dana,
            partner_id=acme.pk,
            lead_id=lead.pk,
            callback_url="https://evil.example/hook",
        )

    def test_a_service_the_provider_does_not_offer(
        self, dana: User, lendwell: Partner, lead: Lead
    ) -> None:
        Lead.objects.filter(pk=lead.pk).update(services=["moving"])
        self.refuse(errors.ComplianceGate, actor=dana, partner_id=lendwell.pk, lead_id=lead.pk)

    def test_a_lead_of_another_market(self, dana: User, sahyadri: Partner, lead: Lead) -> None:
        with pytest.raises(errors.ComplianceGate) as refusal:
            services.share_lead(actor=dana, partner_id=sahyadri.pk, lead_id=lead.pk)
        assert refusal.value.details == {"codes": ["MARKET_MISMATCH"]}

    def test_more_than_the_type_may_see(self, dana: User, lendwell: Partner, lead: Lead) -> None:
        self.refuse(
            errors.ConsentWithheld,
            actor=dana,
            partner_id=lendwell.pk,
            lead_id=lead.pk,
            choice=ALL,
        )

    def test_nothing_at_all(self, dana: User, acme: Partner, lead: Lead) -> None:
        self.refuse(
            errors.ConsentWithheld,
            actor=dana,
            partner_id=acme.pk,
            lead_id=lead.pk,
            choice=Groups.none(),
        )

    def test_a_partner_without_room(self, dana: User, acme: Partner, lead: Lead) -> None:
        Partner.objects.filter(pk=acme.pk).update(capacity_limit=0)
        self.refuse(errors.CapacityReached, actor=dana, partner_id=acme.pk, lead_id=lead.pk)


def test_a_call_that_names_no_lead_leaves_no_trace(dana: User, acme: Partner) -> None:
    with pytest.raises(Malformed):
        services.share_lead(actor=dana, partner_id=acme.pk)

    assert not Event.objects.exists()


def test_a_lead_is_live_with_a_partner_once(dana: User, acme: Partner, lead: Lead) -> None:
    services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)

    with pytest.raises(errors.AlreadyShared):
        services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)

    assert Share.objects.count() == 1
    assert kinds()[-1] == ("lead_share_failed", False)


def test_an_ended_share_makes_room_for_a_new_one(
    dana: User, amira: User, acme: Partner, lead: Lead
) -> None:
    first = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
    services.update_share(actor=amira, reference=first.pk, status="rejected", reason="Too far")

    second = services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, instead_of=first.pk
    )

    assert second.pk != first.pk
    lead.refresh_from_db()
    assert lead.reassignment_history[0]["after"] == "rejected"
    assert lead.needs_agent_since is None
