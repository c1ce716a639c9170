"""Asking the client about a partner by name, and sharing as the client answers."""

from __future__ import annotations

from typing import Any

import pytest

from events.models import Delivery, Event
from events.payloads import build_mail
from leads import services
from leads.actors import ClientActor
from leads.errors import (
    AlreadyShared,
    ComplianceGate,
    ConsentWithheld,
    PartnerInactive,
    ProposalAnswered,
    ProposalOpen,
)
from leads.groups import Groups
from leads.models import ConsentDecision, Lead, Proposal, Share
from leads.services.consent import Wish, decide
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.tests.factories import PartnerFactory
from portal.lib.errors import NotAllowed, NotFound

pytestmark = pytest.mark.django_db
BUDGET_AND_WISHES = Groups(False, True, True)


@pytest.fixture(params=["attested", "explicit"])
def policy(request: pytest.FixtureRequest, settings: Any) -> str:
    """Both policies: asking works the same way under each."""
    settings.CONSENT_POLICY = {"uae": request.param, "india": request.param}
    return str(request.param)


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana)


@pytest.fixture
def client_of_lead(lead: Lead) -> ClientActor:
    return ClientActor(str(lead.pk))


@pytest.fixture
def proposal(dana: User, lead: Lead, bayview: Partner, policy: str) -> Proposal:
    return services.propose_partner(
        actor=dana, lead_id=lead.pk, partner_id=bayview.pk, choice=BUDGET_AND_WISHES
    )


def kinds() -> list[str]:
    return list(Event.objects.order_by("at", "pk").values_list("kind", flat=True))


def decided() -> list[tuple[str, str]]:
    rows = ConsentDecision.objects.order_by("decided_at", "pk")
    return list(rows.values_list("group", "state"))


class TestPropose:
    def test_puts_the_partner_before_the_client(
        self, proposal: Proposal, dana: User, bayview: Partner
    ) -> None:
        assert (proposal.status, proposal.groups) == ("open", ["budget", "requirements"])
        assert proposal.proposed_by == dana.actor_id
        assert kinds() == ["partner_proposed"]
        mail = Delivery.objects.get()
        assert (mail.type, mail.refs) == ("client_request", {"proposal": str(proposal.pk)})
        assert mail.partner_id is None
        assert not Share.objects.exists()

    def test_writes_to_nobody_without_an_address(
        self, dana: User, lead: Lead, bayview: Partner
    ) -> None:
        Lead.objects.filter(pk=lead.pk).update(email="")
        services.propose_partner(
            actor=dana, lead_id=lead.pk, partner_id=bayview.pk, choice=BUDGET_AND_WISHES
        )
        assert not Delivery.objects.exists()

    def test_asks_once_about_each_partner(
        self, proposal: Proposal, dana: User, lead: Lead, bayview: Partner, rival: Partner
    ) -> None:
        again = {"actor": dana, "lead_id": lead.pk, "choice": BUDGET_AND_WISHES}
        with pytest.raises(ProposalOpen):
            services.propose_partner(partner_id=bayview.pk, **again)
        services.propose_partner(partner_id=rival.pk, **again)
        assert Proposal.objects.count() == 2

    def test_refuses_what_sharing_would_refuse_anyway(
        self, dana: User, lead: Lead, acme: Partner, lendwell: Partner
    ) -> None:
        asked = {"actor": dana, "lead_id": lead.pk}
        idle = PartnerFactory.create(name="Idle", type="broker", status="inactive")
        with pytest.raises(PartnerInactive):
            services.propose_partner(partner_id=idle.pk, choice=BUDGET_AND_WISHES, **asked)
        with pytest.raises(ConsentWithheld):
            services.propose_partner(partner_id=lendwell.pk, choice=BUDGET_AND_WISHES, **asked)
        with pytest.raises(ConsentWithheld):
            services.propose_partner(partner_id=acme.pk, choice=Groups.none(), **asked)
        lendwell.services = ["legal"]
        lendwell.save()
        with pytest.raises(ComplianceGate):
            services.propose_partner(
                partner_id=lendwell.pk, choice=Groups(False, False, True), **asked
            )
        services.share_lead(partner_id=acme.pk, **asked)
        with pytest.raises(AlreadyShared):
            services.propose_partner(partner_id=acme.pk, choice=BUDGET_AND_WISHES, **asked)
        assert not Proposal.objects.exists()

    def test_refuses_a_restricted_lead(self, dana: User, lead: Lead, acme: Partner) -> None:
        services.restrict_lead(actor=dana, lead_id=lead.pk)
        with pytest.raises(ConsentWithheld):
            services.propose_partner(
                actor=dana, lead_id=lead.pk, partner_id=acme.pk, choice=BUDGET_AND_WISHES
            )

    def test_is_staffs_to_do(
        self, amira: User, finance_user: User, lead: Lead, acme: Partner
    ) -> None:
        for actor in (amira, finance_user, ClientActor(str(lead.pk))):
            with pytest.raises(NotAllowed):
                services.propose_partner(
                    actor=actor, lead_id=lead.pk, partner_id=acme.pk, choice=BUDGET_AND_WISHES
                )

    def test_takes_the_lead_off_the_agents_list(
        self, dana: User, amira: User, lead: Lead, acme: Partner, bayview: Partner
    ) -> None:
        share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        services.update_share(actor=amira, reference=share.pk, status="rejected", reason="Far")

        made = services.propose_partner(
            actor=dana,
            lead_id=lead.pk,
            partner_id=bayview.pk,
            choice=BUDGET_AND_WISHES,
            instead_of=share.pk,
        )

        lead.refresh_from_db()
        assert lead.needs_agent_since is None
        assert made.instead_of_id == share.pk

    def test_replaces_only_an_ended_share_of_the_lead(
        self, dana: User, lead: Lead, acme: Partner, bayview: Partner
    ) -> None:
        share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        for instead_of in (share.pk, "share_nonsense"):
            with pytest.raises(NotFound):
                services.propose_partner(
                    actor=dana,
                    lead_id=lead.pk,
                    partner_id=bayview.pk,
                    choice=BUDGET_AND_WISHES,
                    instead_of=instead_of,
                )


class TestApprove:
    def test_shares_what_was_approved_in_the_agents_name(
        self,
        proposal: Proposal,
        client_of_lead: ClientActor,
        dana: User,
        lead: Lead,
        bayview: Partner,
    ) -> None:
        answered = services.answer_proposal(
            actor=client_of_lead, proposal_id=proposal.pk, groups=BUDGET_AND_WISHES
        )

        share = Share.objects.get()
        assert (share.partner, share.shared_by) == (bayview, dana.actor_id)
        assert share.effective == BUDGET_AND_WISHES
        assert (answered.status, answered.share, answered.refusal) == ("approved", share, "")
        assert decided() == [("budget", "given"), ("requirements", "given")]
        assert {d.source for d in ConsentDecision.objects.all()} == {"client"}
        assert {d.partner_id for d in ConsentDecision.objects.all()} == {bayview.pk}
        lead.refresh_from_db()
        assert lead.needs_agent_since is None
        answer = Event.objects.get(kind="proposal_answered")
        assert answer.actor == str(lead.pk)
        assert answer.data["groups"] == ["budget", "requirements"]

    def test_a_part_is_approved_and_the_rest_refused(
        self, proposal: Proposal, client_of_lead: ClientActor
    ) -> None:
        services.answer_proposal(
            actor=client_of_lead, proposal_id=proposal.pk, groups=Groups(True, False, True)
        )

        assert Share.objects.get().effective == Groups(False, False, True)
        assert sorted(decided()) == [("budget", "refused"), ("requirements", "given")]

    def test_notes_the_reassignment(
        self,
        dana: User,
        amira: User,
        lead: Lead,
        client_of_lead: ClientActor,
        acme: Partner,
        bayview: Partner,
    ) -> None:
        first = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        services.update_share(actor=amira, reference=first.pk, status="rejected", reason="Far")
        made = services.propose_partner(
            actor=dana,
            lead_id=lead.pk,
            partner_id=bayview.pk,
            choice=BUDGET_AND_WISHES,
            instead_of=first.pk,
        )
        services.answer_proposal(
            actor=client_of_lead, proposal_id=made.pk, groups=BUDGET_AND_WISHES
        )

        lead.refresh_from_db()
        (change,) = lead.reassignment_history
        assert (change["from"], change["to"]) == (acme.pk, bayview.pk)

    def test_keeps_the_refusal_and_puts_the_lead_before_the_agent(
        self, proposal: Proposal, client_of_lead: ClientActor, lead: Lead, bayview: Partner
    ) -> None:
        Partner.objects.filter(pk=bayview.pk).update(capacity_limit=0)

        answered = services.answer_proposal(
            actor=client_of_lead, proposal_id=proposal.pk, groups=BUDGET_AND_WISHES
        )

        assert (answered.status, answered.share) == ("approved", None)
        assert answered.refusal == "capacity_reached"
        assert decided() == [("budget", "given"), ("requirements", "given")]
        lead.refresh_from_db()
        assert lead.needs_agent_since is not None
        assert kinds()[-1] == "lead_share_failed"

    def test_falls_to_the_leads_agent_when_who_asked_has_left(
        self, proposal: Proposal, client_of_lead: ClientActor, dana: User, lead: Lead
    ) -> None:
        omar = User.objects.create_user("omar@portal.example", role="agent", name="Omar")
        Lead.objects.filter(pk=lead.pk).update(agent=omar)
        User.objects.filter(pk=dana.pk).update(is_active=False)

        services.answer_proposal(
            actor=client_of_lead, proposal_id=proposal.pk, groups=BUDGET_AND_WISHES
        )

        assert Share.objects.get().shared_by == omar.actor_id

    def test_is_refused_where_nobody_may_share_any_more(
        self, proposal: Proposal, client_of_lead: ClientActor, dana: User
    ) -> None:
        User.objects.filter(pk=dana.pk).update(is_active=False)

        answered = services.answer_proposal(
            actor=client_of_lead, proposal_id=proposal.pk, groups=BUDGET_AND_WISHES
        )

        assert answered.refusal == "not_allowed"
        assert not Share.objects.exists()

    def test_a_lead_shared_meanwhile_is_the_answers_share(
        self,
        dana: User,
        lead: Lead,
        client_of_lead: ClientActor,
        bayview: Partner,
    ) -> None:
        made = services.propose_partner(
            actor=dana, lead_id=lead.pk, partner_id=bayview.pk, choice=BUDGET_AND_WISHES
        )
        share = services.share_lead(actor=dana, partner_id=bayview.pk, lead_id=lead.pk)

        answered = services.answer_proposal(
            actor=client_of_lead, proposal_id=made.pk, groups=BUDGET_AND_WISHES
        )

        assert (answered.share, answered.refusal) == (share, "")


class TestDecline:
    def test_shares_nothing_and_refuses_the_partner_everything(
        self, proposal: Proposal, client_of_lead: ClientActor, lead: Lead
    ) -> None:
        decide(
            actor=client_of_lead,
            lead_id=lead.pk,
            wishes=[Wish("contact", True), Wish("budget", True), Wish("requirements", True)],
        )
        answered = services.answer_proposal(
            actor=client_of_lead, proposal_id=proposal.pk, groups=None
        )

        assert answered.status == "declined"
        assert not Share.objects.exists()
        said = ConsentDecision.objects.filter(partner=proposal.partner)
        assert sorted(said.values_list("group", "state")) == [
            ("budget", "withdrawn"),
            ("contact", "withdrawn"),
            ("requirements", "withdrawn"),
        ]
        lead.refresh_from_db()
        assert lead.needs_agent_since is not None

    def test_nothing_ticked_is_a_no(self, proposal: Proposal, client_of_lead: ClientActor) -> None:
        answered = services.answer_proposal(
            actor=client_of_lead, proposal_id=proposal.pk, groups=Groups.none()
        )
        assert answered.status == "declined"


class TestAnsweredBefore:
    def test_the_same_answer_changes_nothing(
        self, proposal: Proposal, client_of_lead: ClientActor
    ) -> None:
        for _time in range(2):
            answered = services.answer_proposal(
                actor=client_of_lead, proposal_id=proposal.pk, groups=BUDGET_AND_WISHES
            )
            assert answered.status == "approved"
        assert Share.objects.count() == 1
        assert kinds().count("proposal_answered") == 1

    def test_another_answer_is_refused(
        self, proposal: Proposal, client_of_lead: ClientActor
    ) -> None:
        answer = {"actor": client_of_lead, "proposal_id": proposal.pk}
        services.answer_proposal(groups=BUDGET_AND_WISHES, **answer)
        for other in (None, Groups(False, True, False)):
            with pytest.raises(ProposalAnswered):
                services.answer_proposal(groups=other, **answer)

    def test_a_question_taken_back_has_no_answer(
        self, proposal: Proposal, client_of_lead: ClientActor, dana: User
    ) -> None:
        for _time in range(2):
            assert (
                services.withdraw_proposal(actor=dana, proposal_id=proposal.pk).status
                == "cancelled"
            )
        for groups in (BUDGET_AND_WISHES, None):
            with pytest.raises(ProposalAnswered):
                services.answer_proposal(
                    actor=client_of_lead, proposal_id=proposal.pk, groups=groups
                )
        assert not ConsentDecision.objects.exists()

    def test_nobody_is_left_to_answer_for_an_erased_client(
        self, proposal: Proposal, dana: User, lead: Lead
    ) -> None:
        services.erase_lead(actor=dana, lead_id=lead.pk)
        proposal.refresh_from_db()
        assert proposal.status == "cancelled"

    def test_an_answer_cannot_be_taken_back(
        self, proposal: Proposal, client_of_lead: ClientActor, dana: User
    ) -> None:
        services.answer_proposal(actor=client_of_lead, proposal_id=proposal.pk, groups=None)
        with pytest.raises(ProposalAnswered):
            services.withdraw_proposal(actor=dana, proposal_id=proposal.pk)

    def test_a_stranger_finds_no_question(self, proposal: Proposal) -> None:
        stranger = ClientActor(str(LeadFactory.create().pk))
        for proposal_id in (proposal.pk, "proposal_nonsense"):
            with pytest.raises(NotFound):
                services.answer_proposal(
                    actor=stranger, proposal_id=proposal_id, groups=BUDGET_AND_WISHES
                )

    def test_only_the_client_answers(self, proposal: Proposal, dana: User) -> None:
        with pytest.raises(NotAllowed):
            services.answer_proposal(actor=dana, proposal_id=proposal.pk, groups=BUDGET_AND_WISHES)


@pytest.mark.parametrize(
    ("groups", "room", "said"),
    [
        (BUDGET_AND_WISHES, 5, "The lead was shared with it."),
        (BUDGET_AND_WISHES, 0, "Sharing was refused (no capacity left)."),
        (None, 5, "Nothing was shared."),
    ],
)
def test_the_agent_is_told(
    dana: User,
    lead: Lead,
    bayview: Partner,
    client_of_lead: ClientActor,
    groups: Groups | None,
    room: int,
    said: str,
) -> None:
    made = services.propose_partner(
        actor=dana, lead_id=lead.pk, partner_id=bayview.pk, choice=BUDGET_AND_WISHES
    )
    Partner.objects.filter(pk=bayview.pk).update(capacity_limit=room)
    services.answer_proposal(actor=client_of_lead, proposal_id=made.pk, groups=groups)

    (queued,) = Delivery.objects.filter(type="proposal_answered")
    mail = build_mail(queued.type, queued.refs)

    assert mail is not None
    assert mail.to == dana.email
    assert said in mail.text
    assert lead.name not in mail.subject + mail.text
