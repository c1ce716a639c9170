"""The client's copy holds everything of the client and nothing of anybody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from events.models import Event
from leads import documents, export, notices, receipts, services
from leads.actors import ClientActor
from leads.export_document import export_document
from leads.groups import Groups
from leads.models import Lead, MoreRequest, Proposal, Share
from leads.services import Wish, decide
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib.errors import NotAllowed, NotFound

pytestmark = pytest.mark.django_db
DOCUMENTATION = Path(settings.BASE_DIR) / "docs" / "client-export.md"


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(
        agent=dana,
        name="Zenobia Canary",
        email="zenobia@canary.example",
        notes="calls late",
        source="campaign-7",
    )


@pytest.fixture
def me(lead: Lead) -> ClientActor:
    return ClientActor(lead.pk)


@pytest.fixture
def share(dana: User, acme: Partner, lead: Lead, me: ClientActor) -> Share:
    """Given on the page, shared, worked on, and narrowed again."""
    notice = notices.remember(notices.current("uae"))
    wishes = [Wish(group, given=True) for group in ("contact", "budget", "requirements")]
    decide(actor=me, lead_id=lead.pk, wishes=wishes, notice=notice)
    share = services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups.everything()
    )
    draft = services.AppointmentDraft(
        type="viewing", starts_at=lead.created_at, location="Marina gate"
    )
    services.share_appointment(actor=dana, partner_id=acme.pk, reference=share.pk, draft=draft)
    Share.objects.filter(pk=share.pk).update(notes="Wants a garden", reason="")
    decide(actor=me, lead_id=lead.pk, wishes=[Wish("contact", given=False)], notice=notice)
    return share


def copy_of(lead: Lead) -> dict[str, Any]:
    """Return the copy as the client gets it: through JSON."""
    copy = services.take_copy(actor=ClientActor(lead.pk), lead_id=lead.pk)
    told: dict[str, Any] = json.loads(json.dumps(copy))
    return told


def keys_of(value: Any) -> set[str]:
    """Return the keys of VALUE at every depth, but not those of records, which are a standard's."""
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    if not isinstance(value, dict):
        return set()
    inner = (keys_of(held) for key, held in value.items() if key not in ("record", "receipt"))
    return set(value).union(*inner)


class TestWhatItHolds:
    def test_no_column_of_a_lead_is_forgotten(self) -> None:
        told = [column for columns in export.DETAILS.values() for column in columns.values()]
        listed = {*told, *export.ELSEWHERE, *export.LEFT_OUT}

        assert {field.name for field in Lead._meta.concrete_fields} == listed
        assert all(export.LEFT_OUT.values())  # each with its reason

    def test_what_we_noted_for_ourselves_is_the_client_s_to_see(self, lead: Lead) -> None:
        copy = copy_of(lead)

        assert copy["contact"]["name"] == "Zenobia Canary"
        assert copy["internal"]["score"] == 87
        assert copy["internal"]["temperature"] == "hot"
        assert copy["internal"]["notes"] == "calls late"
        assert copy["agent"]["name"] == "Dana"

    def test_every_recipient_stands_there_by_name_with_what_and_when(self, share: Share) -> None:
        (recipient,) = copy_of(share.lead)["recipients"]

        assert recipient["name"] == "Acme Channel Partners"
        assert recipient["country"] == "AE"
        assert recipient["groupsSeenNow"] == ["budget", "requirements"]
        assert recipient["groupsEverSeen"] == ["contact", "budget", "requirements"]
        assert {got["group"] for got in recipient["received"]} == {
            "contact", "budget", "requirements",
        }  # fmt: skip
        assert all(got["firstAt"] for got in recipient["received"])
        assert recipient["stoppedAt"]
        assert recipient["notes"] == "Wants a garden"
        assert [one["location"] for one in recipient["appointments"]] == ["Marina gate"]
        assert recipient["deletions"][0]["groups"] == ["contact"]
        assert recipient["deletions"][0]["confirmedAt"] is None

    def test_decisions_stand_there_with_the_words_they_were_made_after(self, share: Share) -> None:
        copy = copy_of(share.lead)
        states = [consent["record"]["event"]["event_state"] for consent in copy["consents"]]

        assert states == ["given", "given", "given", "withdrawn"]
        assert [notice["text"] for notice in copy["notices"]] == [notices.current("uae").text]
        assert len(copy["receipts"]) == 2
        for receipt in copy["receipts"]:
            assert receipts.verify(receipt["jws"]) == receipt["receipt"]

    def test_questions_mails_links_and_history_stand_there(
        self, share: Share, rival: Partner
    ) -> None:
        MoreRequest.objects.create(share=share, group="contact", reason="To fix a viewing")
        Proposal.objects.create(lead=share.lead, partner=rival, groups=["budget"])
        services.issue_client_link(actor=share.lead.agent, lead_id=share.lead_id)
        copy = copy_of(share.lead)

        assert copy["requests"][0]["reason"] == "To fix a viewing"
        assert copy["proposals"][0]["partner"] == "Rival Realty"
        assert {mail["type"] for mail in copy["messagesToYou"]} >= {
            "client_share_notice", "client_receipt",
        }  # fmt: skip
        assert len(copy["linksToYou"]) == 1
        who = {happened["event"]: happened["by"] for happened in copy["history"]}
        assert who["lead_shared"] == "us"
        assert who["consent_withdrawn"] == "you"
        assert who["receipt_issued"] == "portal"

    def test_every_key_is_documented(self, share: Share) -> None:
        words = DOCUMENTATION.read_text()
        MoreRequest.objects.create(share=share, group="contact", reason="To fix a viewing")
        Proposal.objects.create(lead=share.lead, partner=share.partner, groups=["budget"])
        services.issue_client_link(actor=share.lead.agent, lead_id=share.lead_id)

        missing = {key for key in keys_of(copy_of(share.lead)) if f"`{key}`" not in words}
        assert missing == set()


class TestWhatItLeavesOut:
    def test_nobody_else_is_in_it(self, dana: User, acme: Partner, share: Share) -> None:
        other = LeadFactory.create(
            agent=dana, name="Octavia Stranger", email="octavia@stranger.example", notes="shy"
        )
        services.share_lead(actor=dana, partner_id=acme.pk, lead_id=other.pk)
        Lead.objects.filter(pk=share.lead_id).update(duplicate_of=other.pk)
        text = json.dumps(copy_of(share.lead))

        for foreign in ("Octavia", "stranger.example", str(other.pk), "shy"):
            assert foreign not in text

    def test_another_s_copy_is_not_there(self, lead: Lead, amira: User) -> None:
        other = LeadFactory.create()
        with pytest.raises(NotFound):
            services.take_copy(actor=ClientActor(other.pk), lead_id=lead.pk)
        with pytest.raises(NotAllowed):
            services.take_copy(actor=amira, lead_id=lead.pk)

    def test_that_it_was_taken_is_recorded_without_what_it_said(
        self, lead: Lead, me: ClientActor
    ) -> None:
        services.take_copy(actor=me, lead_id=lead.pk, form="pdf")
        event = Event.objects.get(kind=Event.Kind.CLIENT_COPY_TAKEN)

        assert event.actor == lead.pk
        assert event.data == {"form": "pdf"}

    def test_of_an_erased_client_only_what_happened_is_left(
        self, share: Share, me: ClientActor
    ) -> None:
        services.ask_erasure(actor=me, lead_id=share.lead_id)
        text = json.dumps(export.client_export(Lead.objects.get(pk=share.lead_id)))

        for gone in ("Zenobia", "canary.example", "calls late", "garden", "Marina gate"):
            assert gone not in text


class TestPaper:
    def test_the_copy_is_printed_whole(self, share: Share) -> None:
        copy = copy_of(share.lead)
        paper = export_document(copy)
        text = json.dumps([section.as_data() for section in paper.sections], ensure_ascii=False)

        for said in (
            "Zenobia Canary", "1,800,000", "calls late", "Acme Channel Partners",
            "Wants a garden", "Marina gate", "Withdrawn", "uae-page-2026-11",
            "What you decided", "UAE Data Office", "not confirmed yet",
        ):  # fmt: skip
            assert said in text, said
        assert documents.export_pdf(copy).startswith(b"%PDF")

    def test_a_copy_with_nothing_in_it_is_printed_too(self, dana: User) -> None:
        lead = Lead.objects.create(market="india", currency="INR")
        copy = copy_of(lead)

        assert documents.export_pdf(copy).startswith(b"%PDF")
        assert "Nobody: nothing was passed on." in json.dumps(
            [section.as_data() for section in export_document(copy).sections]
        )
