"""What the lead's page says of duties, receipts, notices and questions, and its timeline."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from events.models import Delivery, Event
from events.services import record_event
from leads import receipts, services
from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import DeletionTask, Lead, Share
from leads.services.consent import Wish, decide
from leads.tests.factories import LeadFactory
from leads.timeline import _SAID, timeline_of
from partners.models import Partner, User
from partners.tests.factories import PartnerFactory
from portal.lib.access import THE_SYSTEM

pytestmark = pytest.mark.django_db
# What is about partners, users and endpoints and never about one lead.
NOT_ABOUT_A_LEAD = {
    "partner_created", "partner_changed", "partner_status_changed", "commission_proposed",
    "commission_proposal_decided", "capacity_changed", "licence_changed", "user_changed",
    "api_key_issued", "api_key_revoked", "endpoint_created", "endpoint_challenged",
    "endpoint_verified", "endpoint_disabled", "endpoint_removed", "webhook_exhausted",
    "invitation_sent", "invitation_accepted", "invitation_revoked", "signed_in", "sign_in_refused",
    "sessions_ended", "second_factor_changed", "password_changed", "partner_viewed",
    "api_key_rotated", "api_key_changed", "endpoint_changed", "endpoint_secret_rotated",
    "endpoint_enabled", "endpoint_failing", "endpoint_tested", "webhook_resent",
    "webhooks_recovered", "agreement_offered", "agreement_accepted", "agreement_withdrawn",
    "agreement_ended", "rates_imported", "statement_imported", "export_taken",
    "confirmation_limit_changed",
    "contact_seen",  # about one, and told by the page of who saw what
}  # fmt: skip


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana)


@pytest.fixture
def share(dana: User, acme: Partner, lead: Lead) -> Share:
    return services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)


@pytest.fixture
def browser(dana: User, client_for: Any) -> Client:
    """Dana's browser."""
    return client_for(dana)


def page(browser: Client, lead: Lead) -> str:
    answer = browser.get(reverse("leads:lead_detail", args=[lead.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


class TestDuties:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({}, "Asked to delete"),
            ({"due_at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)}, "was due 2 Jan 2026"),
            ({"attested_at": timezone.now(), "outcome": "deleted"}, "confirmed"),
            (
                {"attested_at": timezone.now(), "outcome": "retained", "reason": "Tax law"},
                "Tax law",
            ),
        ],
    )
    def test_each_state_is_told(
        self, browser: Client, lead: Lead, share: Share, changes: dict[str, Any], said: str
    ) -> None:
        due = timezone.now() + dt.timedelta(days=7)
        DeletionTask.objects.create(
            **({"share": share, "groups": ["budget"], "due_at": due} | changes)
        )
        assert said in page(browser, lead)


class TestClientTold:
    @pytest.mark.parametrize(
        ("state", "said"),
        [
            ("sent", "Told by email"),
            ("pending", "An email is on its way"),
            ("failed", "The email could not be delivered"),
        ],
    )
    def test_says_what_became_of_the_notice(
        self, browser: Client, lead: Lead, share: Share, state: str, said: str
    ) -> None:
        notices = Delivery.objects.filter(type="client_share_notice")
        assert notices.update(state=state) == 1
        assert said in page(browser, lead)

    def test_without_an_address_the_agent_tells(
        self, browser: Client, dana: User, acme: Partner
    ) -> None:
        lead = LeadFactory.create(email="")
        services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        assert "No email address: tell the client yourself" in page(browser, lead)


class TestReceipts:
    def test_are_listed_and_given(self, browser: Client, lead: Lead, share: Share) -> None:
        receipt = receipts.issue(lead, mail=False)
        assert receipt is not None
        html = page(browser, lead)
        addresses = {
            kind: reverse(f"leads:receipt_{kind}", args=[lead.pk, receipt.pk])
            for kind in ("json", "pdf")
        }
        assert all(address in html for address in addresses.values())

        data = json.loads(browser.get(addresses["json"]).content)
        assert receipts.verify(data["jws"])["receipt_id"] == receipt.pk
        pdf = browser.get(addresses["pdf"])
        assert pdf.content.startswith(b"%PDF")
        assert pdf["Content-Disposition"] == f'attachment; filename="{receipt.pk}.pdf"'

    def test_of_another_lead_are_not_there(self, browser: Client, lead: Lead, share: Share) -> None:
        receipt = receipts.issue(lead, mail=False)
        assert receipt is not None
        other = LeadFactory.create()
        address = reverse("leads:receipt_json", args=[other.pk, receipt.pk])
        assert browser.get(address).status_code == 404


class TestLinks:
    def test_a_new_link_goes_to_the_leads_own_address(self, browser: Client, lead: Lead) -> None:
        answer = browser.post(reverse("leads:send_link", args=[lead.pk]), follow=True)

        assert "A new link is on its way to the client." in answer.content.decode()
        mail = Delivery.objects.get()
        assert (mail.type, mail.refs) == ("client_link", {"lead": str(lead.pk)})
        assert "sent to the client&#x27;s own address" in page(browser, lead)

    def test_without_an_address_none_is_sent(self, browser: Client) -> None:
        lead = LeadFactory.create(email="")
        assert "Send the client a new link" not in page(browser, lead)
        answer = browser.post(reverse("leads:send_link", args=[lead.pk]), follow=True)
        assert "The lead has no email address" in answer.content.decode()
        assert not Delivery.objects.exists()

    def test_an_erased_client_gets_none(self, browser: Client, lead: Lead) -> None:
        Lead.objects.filter(pk=lead.pk).update(erased_at=timezone.now())
        html = page(browser, lead)
        assert "The client was erased on" in html
        assert "Send the client a new link" not in html
        for name in ("send_link", "client_link"):
            answer = browser.post(reverse(f"leads:{name}", args=[lead.pk]), follow=True)
            assert "This client was erased." in answer.content.decode()


class TestStanding:
    def test_a_client_who_waits_to_be_erased(self, browser: Client, lead: Lead) -> None:
        until = dt.datetime(2027, 5, 3, tzinfo=dt.UTC)
        Lead.objects.filter(pk=lead.pk).update(
            erasure_asked_at=timezone.now(), restricted_at=timezone.now(), erase_after=until
        )
        assert "The law keeps the data until 3 May 2027" in page(browser, lead)

    def test_names_other_leads_of_the_same_person(self, browser: Client, lead: Lead) -> None:
        other = LeadFactory.create(phone=lead.phone, name="J. Doe")
        html = page(browser, lead)
        assert "Possibly the same person" in html
        assert reverse("leads:lead_detail", args=[other.pk]) in html

    def test_a_revoked_share_is_put_before_the_agent(
        self, browser: Client, lead: Lead, share: Share
    ) -> None:
        wishes = [Wish(group, False) for group in ("contact", "budget", "requirements")]
        decide(actor=ClientActor(str(lead.pk)), lead_id=lead.pk, wishes=wishes)

        html = page(browser, lead)
        assert "The client revoked sharing with <b>Acme Channel Partners</b>." in html


class TestTimeline:
    def test_every_kind_about_a_lead_has_a_sentence(self) -> None:
        assert set(Event.Kind.values) - NOT_ABOUT_A_LEAD == set(_SAID)

    @pytest.mark.parametrize("kind", sorted(set(Event.Kind.values) - NOT_ABOUT_A_LEAD))
    def test_every_sentence_is_whole(self, dana: User, lead: Lead, kind: str) -> None:
        record_event(kind, actor=dana, lead_id=lead.pk)
        (told,) = timeline_of(user=dana, lead=lead)
        assert told.text
        assert "%" not in told.text
        assert told.who == "Dana"

    def test_the_links_in_mails_are_no_news(self, dana: User, lead: Lead) -> None:
        services.issue_client_link(actor=THE_SYSTEM, lead_id=lead.pk)
        assert timeline_of(user=dana, lead=lead) == []
        services.issue_client_link(actor=dana, lead_id=lead.pk)
        assert len(timeline_of(user=dana, lead=lead)) == 1

    def test_the_client_is_called_the_client(self, dana: User, lead: Lead, acme: Partner) -> None:
        services.share_lead(
            actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups.everything()
        )
        decide(
            actor=ClientActor(str(lead.pk)),
            lead_id=lead.pk,
            wishes=[Wish("contact", False, acme.pk)],
        )

        told = {line.text: line.who for line in timeline_of(user=dana, lead=lead)}
        assert told["The client withdrew from Acme Channel Partners: contact."] == "the client"
        assert told["Acme Channel Partners was asked to delete: contact"] == "the client"

    def test_what_was_allowed_and_refused_stands_together(self, dana: User, lead: Lead) -> None:
        decide(
            actor=ClientActor(str(lead.pk)),
            lead_id=lead.pk,
            wishes=[Wish("contact", False), Wish("budget", True)],
        )
        texts = [line.text for line in timeline_of(user=dana, lead=lead)]
        assert "The client allowed: budget. The client refused: contact." in texts

    @pytest.mark.parametrize(
        ("groups", "said"),
        [
            (Groups(False, True, False), "The client approved Acme Channel Partners: budget"),
            (None, "The client does not want Acme Channel Partners"),
        ],
    )
    def test_questions_and_answers(
        self, dana: User, lead: Lead, acme: Partner, groups: Groups | None, said: str
    ) -> None:
        made = services.propose_partner(
            actor=dana, lead_id=lead.pk, partner_id=acme.pk, choice=Groups(False, True, True)
        )
        services.answer_proposal(
            actor=ClientActor(str(lead.pk)), proposal_id=made.pk, groups=groups
        )
        texts = [line.text for line in timeline_of(user=dana, lead=lead)]
        asked = "The client was asked about Acme Channel Partners: budget, requirements"
        assert {said, asked} <= set(texts)


def test_the_page_asks_no_more_for_a_longer_story(browser: Client, dana: User) -> None:
    """A lead with many shares, decisions, duties and questions costs what one with one does."""
    short, long = LeadFactory.create(agent=dana), LeadFactory.create(agent=dana)
    for lead, number in ((short, 1), (long, 6)):
        for partner in PartnerFactory.create_batch(number, type="channel"):
            lived_through(dana, lead, partner)
        receipts.issue(lead, mail=False)

    counts = []
    for lead in (short, long):
        page(browser, lead)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(browser, lead)
        counts.append(len(asked))

    assert counts[0] == counts[1]
    assert counts[1] <= 32


def lived_through(dana: User, lead: Lead, partner: Partner) -> None:
    """Let PARTNER get LEAD, lose a group, and the client be asked about another partner."""
    share = services.share_lead(actor=dana, partner_id=partner.pk, lead_id=lead.pk)
    decide(
        actor=ClientActor(str(lead.pk)),
        lead_id=lead.pk,
        wishes=[Wish("budget", False, partner.pk)],
    )
    services.ask_for_more(
        actor=User.objects.create_user(
            f"owner-{partner.pk}@example.com", role="owner", partner=partner
        ),
        reference=share.pk,
        group="contact",
        reason="To arrange a viewing",
    )
    services.propose_partner(
        actor=dana,
        lead_id=lead.pk,
        partner_id=PartnerFactory.create(type="broker").pk,
        choice=Groups(False, True, True),
    )
