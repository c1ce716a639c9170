"""The sharing form says of every group who decided what, when and how, and what comes of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from events.models import Event
from leads import services
from leads.actors import ClientActor
from leads.consent_words import consent_story, names_in, source_of
from leads.groups import Groups
from leads.models import ConsentDecision, Lead, Proposal, Share
from leads.services.consent import Wish, decide
from leads.standing import standing_of
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db
HX = {"HX-Request": "true"}
TICKS = {"share_budget": "on", "share_requirements": "on"}


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana)


@pytest.fixture
def browser(dana: User, client_for: Any) -> Client:
    """Dana's browser."""
    return client_for(dana)


@pytest.fixture
def explicit(settings: Any) -> None:
    settings.CONSENT_POLICY = {"uae": "explicit", "india": "explicit"}


def decision_of(lead: Lead, **values: Any) -> ConsentDecision:
    return ConsentDecision(
        **{
            "lead": lead,
            "group": "contact",
            "state": "refused",
            "source": "client",
            "method": "page",
            "decided_by": str(lead.pk),
            "decided_at": dt.datetime(2026, 5, 3, 9, tzinfo=dt.UTC),
            **values,
        }
    )


def page_of(lead: Lead) -> str:
    return reverse("leads:lead_detail", args=[lead.pk])


def preview_it(browser: Client, lead: Lead, **typed: Any) -> str:
    answer = browser.post(reverse("leads:preview", args=[lead.pk]), typed, headers=HX)
    assert answer.status_code == 200
    return answer.content.decode()


class TestSources:
    def test_the_client_on_the_page(self, lead: Lead) -> None:
        made = decision_of(lead)
        assert source_of(made, names_in([made])) == (
            "The client refused this on 3 May 2026, on the consent page."
        )

    def test_for_one_partner(self, lead: Lead, acme: Partner) -> None:
        made = decision_of(lead, state="withdrawn", partner=acme)
        assert source_of(made, names_in([made])) == (
            "The client withdrew this for Acme Channel Partners on 3 May 2026, on the consent page."
        )

    def test_by_the_client_and_written_down_by_an_agent(self, lead: Lead, dana: User) -> None:
        made = decision_of(lead, state="given", method="call", decided_by=dana.actor_id)
        assert source_of(made, names_in([made])) == (
            "The client allowed this on 3 May 2026, on a call. Recorded by Dana."
        )

    def test_attested_with_a_note(self, lead: Lead, dana: User, acme: Partner) -> None:
        made = decision_of(
            lead,
            state="given",
            source="agent",
            partner=acme,
            method="call",
            decided_by=dana.actor_id,
            note="Said yes to everything",
        )
        assert source_of(made, names_in([made])) == (
            "Attested by Dana on 3 May 2026, on a call: “Said yes to everything”."
        )
        (line,) = consent_story([made], names_in([made]))
        assert line.text == "Contact: given for Acme Channel Partners: “Said yes to everything”"
        assert line.who == "attested by Dana, on a call"


class TestStanding:
    def of(self, group: str, kind: str, decisions: list[ConsentDecision], lead: Lead) -> Any:
        names = names_in(decisions)
        return standing_of(group, kind, decisions, lead=lead, partner_id="", names=names)

    def test_a_type_that_never_sees_it(self, lead: Lead) -> None:
        standing = self.of("budget", "service_provider", [], lead)
        assert standing.sources == ("Service providers never see the budget.",)

    def test_nobody_asked(self, lead: Lead) -> None:
        standing = self.of("contact", "channel", [], lead)
        assert standing.sources == (
            "Nobody has asked the client yet.",
            "Channel partners start without contact details.",
        )
        assert "you attest" in standing.effect
        assert not standing.undecided

    @pytest.mark.usefixtures("explicit")
    def test_nobody_asked_where_only_the_client_can_say_yes(self, lead: Lead) -> None:
        standing = self.of("contact", "developer", [], lead)
        assert standing.undecided
        assert standing.effect == "It stays out until the client allows it: ask the client."

    @pytest.mark.usefixtures("explicit")
    def test_an_attestation_that_does_not_count(self, lead: Lead, dana: User) -> None:
        made = decision_of(lead, source="agent", state="given", decided_by=dana.actor_id)
        standing = self.of("contact", "developer", [made], lead)
        assert standing.undecided
        assert standing.sources[0].startswith("Attested by Dana")
        assert "only the client's own word counts" in standing.effect

    def test_refused(self, lead: Lead) -> None:
        standing = self.of("contact", "developer", [decision_of(lead)], lead)
        assert standing.tone == "bad"
        assert "left out whatever you tick" in standing.effect

    def test_given(self, lead: Lead) -> None:
        standing = self.of("contact", "developer", [decision_of(lead, state="given")], lead)
        assert (standing.tone, standing.effect) == ("good", "")


class TestForm:
    def test_tells_the_source_of_each_decision(
        self, browser: Client, dana: User, lead: Lead, acme: Partner
    ) -> None:
        decide(actor=ClientActor(str(lead.pk)), lead_id=lead.pk, wishes=[Wish("contact", False)])
        html = preview_it(browser, lead, partner=acme.pk, **TICKS)

        assert "The client refused this on" in html
        assert "on the consent page." in html
        assert "It is left out whatever you tick." in html
        assert "Nobody has asked the client yet." in html

    def test_says_of_several_partners_whom_a_reason_is_about(
        self, browser: Client, lead: Lead, acme: Partner, lendwell: Partner
    ) -> None:
        html = preview_it(browser, lead, also=[acme.pk, lendwell.pk], **TICKS)
        assert "Lendwell Loans: Service providers never see the budget." in html
        assert "Acme Channel Partners: Nobody has asked the client yet." in html

    def test_says_that_the_client_was_asked_about_this_partner(
        self, browser: Client, dana: User, lead: Lead, acme: Partner
    ) -> None:
        services.propose_partner(
            actor=dana, lead_id=lead.pk, partner_id=acme.pk, choice=Groups(False, True, False)
        )
        html = preview_it(browser, lead, partner=acme.pk, **TICKS)
        assert html.count("and has not answered yet.") == 1
        assert html.count("Nobody has asked the client yet.") == 2

    def test_keeps_the_note_with_the_attestation(
        self, browser: Client, lead: Lead, acme: Partner
    ) -> None:
        typed = {"partner": acme.pk, "consent_note": "Yes to both, on the phone", **TICKS}
        browser.post(reverse("leads:share", args=[lead.pk]), typed)

        notes = ConsentDecision.objects.values_list("note", flat=True)
        assert set(notes) == {"Yes to both, on the phone"}
        assert "“Yes to both, on the phone”" in browser.get(page_of(lead)).content.decode()

    def test_a_note_has_an_end(self, browser: Client, lead: Lead, acme: Partner) -> None:
        typed = {"partner": acme.pk, "consent_note": "x" * 501, **TICKS}
        answer = browser.post(reverse("leads:share", args=[lead.pk]), typed)
        assert answer.status_code == 422
        assert not Share.objects.exists()

    def test_the_note_outlives_a_change_of_the_partner(
        self, browser: Client, lead: Lead, acme: Partner
    ) -> None:
        html = preview_it(browser, lead, partner=acme.pk, consent_note="On the phone", **TICKS)
        assert "On the phone</textarea>" in html

    def test_a_restricted_lead_has_none(self, browser: Client, dana: User, lead: Lead) -> None:
        services.restrict_lead(actor=dana, lead_id=lead.pk)
        html = browser.get(page_of(lead)).content.decode()
        assert "This lead is restricted since" in html
        assert 'name="share_budget"' not in html


class TestExplicit:
    pytestmark = pytest.mark.usefixtures("explicit")

    def test_says_that_ticking_is_a_choice_only(self, browser: Client, lead: Lead) -> None:
        html = browser.get(page_of(lead)).content.decode()
        assert "ticking a group is your choice only" in html
        assert "you attest" not in html
        assert 'name="consent_note"' not in html

    def test_offers_to_ask_instead_of_sharing(
        self, browser: Client, lead: Lead, acme: Partner
    ) -> None:
        html = preview_it(browser, lead, partner=acme.pk, **TICKS)
        assert "Ask the client about Acme Channel Partners" in html
        assert "Share with Acme Channel Partners" not in html
        assert "Nothing before the client has been asked." in html

    def test_sharing_without_an_answer_leads_to_asking(
        self, browser: Client, lead: Lead, acme: Partner
    ) -> None:
        typed = {"partner": acme.pk, **TICKS}
        answer = browser.post(reverse("leads:share", args=[lead.pk]), typed)

        assert answer.status_code == 422
        assert "Ask the client first." in answer.content.decode()
        assert not Share.objects.exists()
        assert not Event.objects.exclude(kind=Event.Kind.CONTACT_SEEN).exists()

    def test_shares_what_the_client_allowed_and_leaves_the_rest_out(
        self, browser: Client, lead: Lead, acme: Partner
    ) -> None:
        decide(actor=ClientActor(str(lead.pk)), lead_id=lead.pk, wishes=[Wish("budget", True)])
        typed = {"partner": acme.pk, **TICKS}
        browser.post(reverse("leads:share", args=[lead.pk]), typed)
        assert Share.objects.get().effective == Groups(False, True, False)

    def test_the_choice_of_a_share_attests_nothing(
        self, browser: Client, dana: User, lead: Lead, acme: Partner
    ) -> None:
        decide(actor=ClientActor(str(lead.pk)), lead_id=lead.pk, wishes=[Wish("budget", True)])
        share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        typed = {"contact": "on", "budget": "on"}
        browser.post(reverse("leads:share_preferences", args=[share.pk]), typed)

        share.refresh_from_db()
        assert share.effective == Groups(False, True, False)
        assert not ConsentDecision.objects.filter(source="agent").exists()


class TestAsk:
    def ask(self, browser: Client, lead: Lead, *partners: Partner, **headers: Any) -> Any:
        typed = {"also": [partner.pk for partner in partners], **TICKS}
        return browser.post(reverse("leads:propose", args=[lead.pk]), typed, **headers)

    def test_asks_about_each_partner_chosen(
        self, browser: Client, lead: Lead, acme: Partner, lendwell: Partner
    ) -> None:
        answer = self.ask(browser, lead, acme, lendwell)

        assert answer.status_code == 302
        asked = {p.partner.name: p.groups for p in Proposal.objects.select_related("partner")}
        assert asked == {
            "Acme Channel Partners": ["budget", "requirements"],
            "Lendwell Loans": ["requirements"],
        }

    def test_shows_the_question_and_takes_it_back(
        self, browser: Client, lead: Lead, acme: Partner
    ) -> None:
        self.ask(browser, lead, acme)
        html = browser.get(page_of(lead)).content.decode()
        assert "Asked of the client" in html
        assert "Waiting for the client" in html
        assert "The client is asked about this partner and has not answered" in html

        proposal = Proposal.objects.get()
        for text in ("is taken back.", "is taken back."):
            answer = browser.post(
                reverse("leads:take_back", args=[proposal.pk]), headers=HX, follow=True
            )
            assert text in answer.content.decode()
        proposal.refresh_from_db()
        assert proposal.status == "cancelled"

    def test_an_answered_question_cannot_be_taken_back(
        self, browser: Client, lead: Lead, acme: Partner
    ) -> None:
        self.ask(browser, lead, acme)
        proposal = Proposal.objects.get()
        services.answer_proposal(
            actor=ClientActor(str(lead.pk)), proposal_id=proposal.pk, groups=None
        )
        answer = browser.post(reverse("leads:take_back", args=[proposal.pk]), follow=True)
        html = answer.content.decode()
        assert "The client has answered already." in html
        assert "The client does not want <b>Acme Channel Partners</b>." in html

    def test_keeps_who_was_refused_with_the_reason(
        self, browser: Client, lead: Lead, acme: Partner, rival: Partner
    ) -> None:
        self.ask(browser, lead, acme)
        answer = self.ask(browser, lead, acme, rival, headers=HX)

        html = answer.content.decode()
        assert answer.status_code == 422
        assert "<html" not in html
        assert "The client has been asked about this partner and has not answered." in html
        assert Proposal.objects.count() == 2

    def test_asks_for_a_partner(self, browser: Client, lead: Lead) -> None:
        answer = self.ask(browser, lead)
        assert answer.status_code == 422
        assert b"Select a partner." in answer.content

    def test_gives_the_agent_a_link_where_there_is_no_address(
        self, browser: Client, lead: Lead, acme: Partner
    ) -> None:
        Lead.objects.filter(pk=lead.pk).update(email="")
        html = self.ask(browser, lead, acme).content.decode()
        assert "With these links the client gets in" in html
        assert Proposal.objects.exists()

    def test_tells_why_an_approval_was_not_shared(
        self, browser: Client, lead: Lead, acme: Partner
    ) -> None:
        self.ask(browser, lead, acme)
        Partner.objects.filter(pk=acme.pk).update(capacity_limit=0)
        services.answer_proposal(
            actor=ClientActor(str(lead.pk)),
            proposal_id=Proposal.objects.get().pk,
            groups=Groups(False, True, False),
        )
        html = browser.get(page_of(lead)).content.decode()
        assert "Sharing was refused: no capacity left." in html
        assert "The client approved <b>Acme Channel Partners</b>, but sharing was refused" in html

    def test_finance_may_not(
        self, client_for: Any, finance_user: User, lead: Lead, acme: Partner
    ) -> None:
        assert self.ask(client_for(finance_user), lead, acme).status_code == 403
