"""A partner asks for more: what agent and client make of it, and what reaches whom."""

from __future__ import annotations

from typing import Any

import pytest

from events.models import Delivery, Event
from events.payloads import build_mail
from events.services import create_endpoint
from leads import services
from leads.actors import ClientActor
from leads.consent import disclose
from leads.errors import AlreadyAsked, ConsentWithheld, ReasonRequired, RequestAnswered
from leads.groups import GROUPS, Groups
from leads.models import ConsentDecision, Lead, MoreRequest, Share
from leads.requests import requests_for_client, requests_of, requests_of_share
from leads.services.consent import Wish, decide
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib.errors import Conflict, IllegalTransition, Malformed, NotAllowed, NotFound

pytestmark = pytest.mark.django_db
REASON = "To agree on a time for the viewing"


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana)


@pytest.fixture
def share(dana: User, acme: Partner, lead: Lead) -> Share:
    """The lead at Acme, without contact."""
    return services.share_lead(actor=dana, partner_id=str(acme.pk), lead_id=str(lead.pk))


@pytest.fixture
def client_actor(lead: Lead) -> ClientActor:
    return ClientActor(str(lead.pk))


def ask(actor: Any, share: Share, group: str = "contact", reason: str = REASON) -> MoreRequest:
    return services.ask_for_more(actor=actor, reference=str(share.pk), group=group, reason=reason)


@pytest.fixture
def asked(amira: User, share: Share) -> MoreRequest:
    return ask(amira, share)


@pytest.fixture
def forwarded(dana: User, asked: MoreRequest) -> MoreRequest:
    return services.forward_request(actor=dana, request_id=str(asked.pk))


def mails(template: str) -> list[Delivery]:
    return list(Delivery.objects.filter(channel="email", type=template))


def kinds(*wanted: str) -> list[str]:
    found = Event.objects.filter(kind__in=wanted).order_by("at", "pk")
    return list(found.values_list("kind", flat=True))


class TestAsk:
    def test_puts_the_wish_before_the_agent(
        self, dana: User, amira: User, share: Share, asked: MoreRequest
    ) -> None:
        assert (asked.group, asked.status, asked.asked_by) == ("contact", "asked", str(amira.pk))
        event = Event.objects.get(kind="more_asked")
        assert REASON not in str(event.data)
        (delivery,) = mails("more_asked")
        mail = build_mail("more_asked", delivery.refs)
        assert mail is not None
        assert mail.to == dana.email
        assert "Acme" in mail.subject
        assert REASON not in mail.text
        assert [found.pk for found in requests_of(user=dana, lead=share.lead)] == [asked.pk]
        assert requests_for_client(share.lead) == []

    def test_puts_the_lead_on_the_agents_list_until_it_is_answered(
        self, dana: User, amira: User, share: Share
    ) -> None:
        record = share.lead
        Share.objects.filter(pk=share.pk).update(shares_budget=False)
        first, second = ask(amira, share), ask(amira, share, "budget")
        record.refresh_from_db()
        assert record.needs_agent_since == first.asked_at

        services.forward_request(actor=dana, request_id=str(first.pk))
        record.refresh_from_db()
        assert record.needs_agent_since == second.asked_at
        services.decline_request(actor=dana, request_id=str(second.pk))
        record.refresh_from_db()
        assert record.needs_agent_since is None

    def test_leaves_the_lead_on_the_list_for_what_came_before(
        self, dana: User, amira: User, rami: User, rival: Partner, lead: Lead, share: Share
    ) -> None:
        other = services.share_lead(actor=dana, partner_id=str(rival.pk), lead_id=str(lead.pk))
        services.update_share(
            actor=rami, reference=str(other.pk), status="rejected", reason="Too far"
        )
        lead.refresh_from_db()
        since = lead.needs_agent_since
        asked = ask(amira, share)
        services.decline_request(actor=dana, request_id=str(asked.pk))
        lead.refresh_from_db()
        assert lead.needs_agent_since == since is not None

    @pytest.mark.parametrize("reason", ["", "   ", "too short", " " * 20 + "x", "x" * 501])
    def test_needs_a_reason_of_some_length(self, amira: User, share: Share, reason: str) -> None:
        with pytest.raises(ReasonRequired):
            ask(amira, share, reason=reason)

    def test_is_refused_for_what_is_shared_and_for_what_is_no_group(
        self, amira: User, share: Share
    ) -> None:
        with pytest.raises(Conflict):
            ask(amira, share, "budget")
        with pytest.raises(Malformed):
            ask(amira, share, "score")
        assert kinds("more_asked") == []

    def test_is_refused_beyond_the_ceiling(
        self, dana: User, lena: User, lendwell: Partner, lead: Lead
    ) -> None:
        share = services.share_lead(actor=dana, partner_id=str(lendwell.pk), lead_id=str(lead.pk))
        with pytest.raises(ConsentWithheld):
            ask(lena, share, "budget")
        assert ask(lena, share, "contact").status == "asked"

    def test_is_refused_once_the_share_has_ended(
        self, dana: User, amira: User, share: Share
    ) -> None:
        services.withdraw_share(actor=dana, reference=str(share.pk))
        with pytest.raises(IllegalTransition):
            ask(amira, share)

    def test_is_refused_while_the_lead_is_restricted(
        self, amira: User, share: Share, client_actor: ClientActor
    ) -> None:
        services.restrict_lead(actor=client_actor, lead_id=client_actor.lead_id)
        with pytest.raises(ConsentWithheld):
            ask(amira, share)

    def test_waits_for_the_answer_before_it_is_asked_again(
        self, dana: User, amira: User, milo: User, share: Share, asked: MoreRequest
    ) -> None:
        with pytest.raises(AlreadyAsked):
            ask(milo, share)
        services.decline_request(actor=dana, request_id=str(asked.pk))
        again = ask(milo, share)
        assert requests_of_share(user=amira, share=share) == {"contact": again}

    def test_is_the_partners_own(
        self, dana: User, rami: User, client_actor: ClientActor, share: Share
    ) -> None:
        with pytest.raises(NotFound):
            ask(rami, share)
        for other in (dana, client_actor):
            with pytest.raises(NotAllowed):
                ask(other, share)
        assert not MoreRequest.objects.exists()


class TestForwardAndDecline:
    def test_forwarding_asks_the_client_once(
        self, dana: User, lead: Lead, forwarded: MoreRequest
    ) -> None:
        services.forward_request(actor=dana, request_id=str(forwarded.pk))

        assert kinds("more_forwarded") == ["more_forwarded"]
        (delivery,) = mails("client_request")
        assert delivery.refs == {"more": str(forwarded.pk)}
        assert delivery.partner_id is None
        (waiting,) = requests_for_client(lead)
        assert (waiting.partner, waiting.group, waiting.reason) == (
            "Acme Channel Partners",
            "contact",
            REASON,
        )
        assert build_mail("more_asked", {"more": str(forwarded.pk)}) is None

    def test_declining_tells_the_partner(
        self, dana: User, acme: Partner, asked: MoreRequest
    ) -> None:
        Partner.objects.filter(pk=acme.pk).update(contact_email="office@acme.example")
        services.decline_request(actor=dana, request_id=str(asked.pk))
        services.decline_request(actor=dana, request_id=str(asked.pk))

        asked.refresh_from_db()
        assert asked.status == "declined"
        assert kinds("more_answered") == ["more_answered"]
        (delivery,) = mails("more_answered")
        mail = build_mail("more_answered", delivery.refs)
        assert mail is not None
        assert (mail.to, "not" in mail.subject) == ("office@acme.example", True)
        Partner.objects.filter(pk=acme.pk).update(status="suspended")
        assert build_mail("more_answered", delivery.refs) is None

    def test_one_answer_excludes_the_other(self, dana: User, forwarded: MoreRequest) -> None:
        with pytest.raises(RequestAnswered):
            services.decline_request(actor=dana, request_id=str(forwarded.pk))

    def test_is_the_agents(self, amira: User, finance_user: User, asked: MoreRequest) -> None:
        for other in (amira, finance_user, ClientActor(str(asked.share.lead_id))):
            for service in (services.forward_request, services.decline_request):
                with pytest.raises(NotAllowed):
                    service(actor=other, request_id=str(asked.pk))

    def test_an_id_of_nothing_is_not_found(self, dana: User, share: Share) -> None:
        for wrong in ("", str(share.pk), "more_00000000000000000000000000"):
            with pytest.raises(NotFound):
                services.forward_request(actor=dana, request_id=wrong)


class TestAnswer:
    def test_a_yes_takes_effect_at_once_for_this_partner_only(
        self,
        dana: User,
        amira: User,
        rival: Partner,
        share: Share,
        forwarded: MoreRequest,
        client_actor: ClientActor,
    ) -> None:
        endpoint = create_endpoint(actor=amira, url="https://hooks.acme-partner.com/in")
        endpoint.verified_at = endpoint.created_at
        endpoint.save()
        lead_id = client_actor.lead_id
        elsewhere = services.share_lead(actor=dana, partner_id=str(rival.pk), lead_id=lead_id)

        services.answer_request(actor=client_actor, request_id=str(forwarded.pk), given=True)

        share, elsewhere = (
            Share.objects.select_related("lead", "partner").get(pk=pk)
            for pk in (share.pk, elsewhere.pk)
        )
        assert "customerInfo" in disclose(share)
        assert "customerInfo" not in disclose(elsewhere)
        assert MoreRequest.objects.get().status == "given"
        decision = ConsentDecision.objects.get(group="contact", source="client")
        assert (decision.state, decision.partner_id) == ("given", share.partner_id)
        assert decision.decided_by == lead_id
        told = Delivery.objects.filter(type="lead.consent_updated")
        assert [delivery.refs["share"] for delivery in told] == [str(share.pk)]
        assert mails("more_answered") == []  # one message about it is enough

    def test_a_yes_works_where_only_the_agents_choice_was_missing(
        self, dana: User, amira: User, acme: Partner, lead: Lead, client_actor: ClientActor
    ) -> None:
        everything = [Wish(group, True) for group in GROUPS]
        decide(actor=client_actor, lead_id=client_actor.lead_id, wishes=everything)
        share = services.share_lead(actor=dana, partner_id=str(acme.pk), lead_id=str(lead.pk))
        assert not share.effective.contact
        asked = ask(amira, share)
        services.forward_request(actor=dana, request_id=str(asked.pk))

        services.answer_request(actor=client_actor, request_id=str(asked.pk), given=True)

        share.refresh_from_db()
        assert share.effective.contact

    def test_a_no_is_a_decision_and_changes_nothing_else(
        self, share: Share, forwarded: MoreRequest, client_actor: ClientActor
    ) -> None:
        services.answer_request(actor=client_actor, request_id=str(forwarded.pk), given=False)
        services.answer_request(actor=client_actor, request_id=str(forwarded.pk), given=False)

        share.refresh_from_db()
        assert not share.effective.contact
        assert not share.chosen_contact
        decision = ConsentDecision.objects.get(group="contact", source="client")
        assert (decision.state, decision.partner_id) == ("refused", share.partner_id)
        assert kinds("more_answered") == ["more_answered"]
        assert len(mails("more_answered")) == 1
        with pytest.raises(RequestAnswered):
            services.answer_request(actor=client_actor, request_id=str(forwarded.pk), given=True)
        share.refresh_from_db()
        assert not share.effective.contact

    def test_only_what_was_forwarded_is_the_clients_to_answer(
        self, asked: MoreRequest, client_actor: ClientActor
    ) -> None:
        with pytest.raises(RequestAnswered):
            services.answer_request(actor=client_actor, request_id=str(asked.pk), given=True)

    def test_another_client_finds_nothing(
        self, dana: User, amira: User, forwarded: MoreRequest, share: Share
    ) -> None:
        stranger = ClientActor(str(LeadFactory.create(agent=dana).pk))
        with pytest.raises(NotFound):
            services.answer_request(actor=stranger, request_id=str(forwarded.pk), given=True)
        for other in (dana, amira):
            with pytest.raises(NotAllowed):
                services.answer_request(actor=other, request_id=str(forwarded.pk), given=True)
        share.refresh_from_db()
        assert not share.effective.contact


class TestSettling:
    @pytest.mark.parametrize("end", ["withdrawn", "rejected", "revoked"])
    def test_a_request_ends_with_its_share(
        self,
        dana: User,
        amira: User,
        share: Share,
        forwarded: MoreRequest,
        client_actor: ClientActor,
        end: str,
    ) -> None:
        reference = str(share.pk)
        if end == "withdrawn":
            services.withdraw_share(actor=dana, reference=reference)
        elif end == "rejected":
            services.update_share(
                actor=amira, reference=reference, status="rejected", reason="Too far"
            )
        else:
            wishes = [Wish(group, False) for group in GROUPS]
            decide(actor=client_actor, lead_id=client_actor.lead_id, wishes=wishes)

        forwarded.refresh_from_db()
        share.refresh_from_db()
        assert (share.status, forwarded.status) == (end, "cancelled")
        assert requests_for_client(share.lead) == []
        with pytest.raises(RequestAnswered):
            services.answer_request(actor=client_actor, request_id=str(forwarded.pk), given=True)

    def test_what_becomes_visible_another_way_is_no_open_question(
        self, dana: User, share: Share, asked: MoreRequest
    ) -> None:
        services.change_preferences(
            actor=dana, reference=str(share.pk), choice=Groups.everything(), method="call"
        )
        asked.refresh_from_db()
        assert asked.status == "given"
        with pytest.raises(RequestAnswered):
            services.forward_request(actor=dana, request_id=str(asked.pk))
