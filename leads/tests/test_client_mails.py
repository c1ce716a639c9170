"""What clients are written, and when nothing is written."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
import time_machine
from django.core.mail import EmailMessage

from events import mails, queue
from events.models import Delivery
from events.payloads import Mail, build_mail
from events.queue import Result
from leads import receipts, services
from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import ClientLink, Lead, MoreRequest, Proposal, Receipt, Share
from leads.services import Wish, decide
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib.secrets import sealed

pytestmark = pytest.mark.django_db
ADDRESS = "zenobia@canary.example"
OURS = {"platform": "Noor Homes LLC", "privacy": "privacy@noor.example"}


@pytest.fixture(autouse=True)
def named(settings: Any) -> None:
    settings.PLATFORM_LEGAL_NAME = OURS["platform"]
    settings.PRIVACY_EMAIL = OURS["privacy"]


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(
        agent=dana, name="Zenobia Canary", email=ADDRESS, phone="+971500099999"
    )


@pytest.fixture
def share(dana: User, acme: Partner, lead: Lead) -> Share:
    """Shared on an agent's word, contact withheld."""
    return services.share_lead(
        actor=dana,
        partner_id=acme.pk,
        lead_id=lead.pk,
        choice=Groups(False, True, True),
        method="call",
    )


def withdrawn(lead: Lead, group: str) -> Receipt:
    decide(actor=ClientActor(lead.pk), lead_id=lead.pk, wishes=[Wish(group, given=False)])
    receipt = lead.receipts.first()
    assert receipt is not None
    return receipt


def written(template: str, **refs: str) -> Mail:
    """Return the mail, having checked what holds of each."""
    mail = build_mail(template, refs)
    assert mail is not None
    assert mail.to == ADDRESS
    assert mail.subject.startswith(f"{OURS['platform']}: ")
    for private in ("Zenobia", "canary", "Acme", "99999"):
        assert private not in mail.subject
    assert "Zenobia" not in mail.text
    assert "99999" not in mail.text
    return mail


def opens(mail: Mail) -> ClientLink:
    """Return the link in MAIL, of which the database knows the hash only."""
    token = re.search(r"/c/([^/]{32})/\n", mail.text)
    assert token is not None
    return ClientLink.objects.get(token_hash=ClientLink.hash_of(token[1]))


class TestShareNotice:
    def test_it_names_recipient_groups_and_reason_with_link_and_receipt(self, share: Share) -> None:
        mail = written("client_share_notice", share=share.pk)

        assert "Partner: Acme Channel Partners (Channel Partner, UAE)" in mail.text
        assert "- Your budget: budget from, budget to, currency" in mail.text
        assert "- What you are looking for: property type" in mail.text
        assert "Your contact details" not in mail.text
        assert re.search(r"Our agent noted on \d+ \w+ \d{4} that you agreed, on a call", mail.text)
        assert OURS["privacy"] in mail.text
        assert opens(mail).lead_id == share.lead_id

        data, pdf = mail.attachments
        kept = json.loads(data.content)
        assert receipts.verify(kept["jws"]) == kept["receipt"]
        assert kept["receipt"]["records"][0]["recipient_third_parties"][0]["legal_name"] == (
            "Acme Channel Partners"
        )
        assert pdf.content.startswith(b"%PDF")

    def test_a_second_try_carries_the_same_receipt(self, share: Share) -> None:
        first, second = (written("client_share_notice", share=share.pk) for _ in range(2))

        assert first.attachments[0] == second.attachments[0]
        assert Receipt.objects.count() == 1

    def test_a_licence_is_named_with_the_partner(self, dana: User, sahyadri: Partner) -> None:
        lead = LeadFactory.create(
            agent=dana, market="india", region="IN-MH", currency="INR", email=ADDRESS, name="Ravi"
        )
        share = services.share_lead(actor=dana, partner_id=sahyadri.pk, lead_id=lead.pk)
        licence = sahyadri.licences.first()
        assert licence is not None

        text = written("client_share_notice", share=share.pk).text
        assert f"RERA agent registration: {licence.number}" in text
        assert "India" in text

    def test_a_service_provider_is_said_to_get_what_it_gets(
        self, dana: User, lendwell: Partner, lead: Lead
    ) -> None:
        share = services.share_lead(
            actor=dana, partner_id=lendwell.pk, lead_id=lead.pk, choice=Groups(True, False, True)
        )
        text = written("client_share_notice", share=share.pk).text

        assert "- Your contact details: name, email, phone." in text
        assert "- What you are looking for: move-in timeline, services." in text

    def test_what_the_client_allowed_itself_needs_no_receipt_here(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        decide(actor=ClientActor(lead.pk), lead_id=lead.pk, wishes=[Wish("budget", given=True)])
        share = services.share_lead(
            actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups(False, True, False)
        )
        mail = written("client_share_notice", share=share.pk)

        assert "You allowed this on" in mail.text
        assert mail.attachments == ()


class TestReceiptMail:
    def test_after_a_withdrawal_it_says_who_must_delete(self, share: Share) -> None:
        receipt = withdrawn(share.lead, "budget")
        mail = written("client_receipt", receipt=receipt.pk)

        assert "- Budget, every partner: withdrawn" in mail.text
        assert re.search(r"- Acme Channel Partners, by \d+ \w+ \d{4}", mail.text)
        assert [one.name for one in mail.attachments] == ["receipt.json", "receipt.pdf"]
        assert json.loads(mail.attachments[0].content)["jws"] == receipt.jws

    def test_it_leaves_with_its_attachments(
        self, share: Share, mailoutbox: list[EmailMessage]
    ) -> None:
        withdrawn(share.lead, "budget")
        delivery = Delivery.objects.get(type="client_receipt")
        (mail,), settled = mails.write([delivery])
        assert settled == []

        assert mails.send(mail).state == Delivery.State.SENT
        names = [attached[0] for attached in mailoutbox[0].attachments]
        assert names == ["receipt.json", "receipt.pdf"]


class TestQuestions:
    def test_a_partner_that_wants_more_is_named_with_its_reason(self, share: Share) -> None:
        more = MoreRequest.objects.create(
            share=share, group="contact", reason="To fix a viewing", status="forwarded"
        )
        text = written("client_request", more=more.pk).text

        assert "Acme Channel Partners" in text
        assert "your contact details" in text
        assert "To fix a viewing" in text

    def test_a_proposed_partner_is_named(self, lead: Lead, acme: Partner) -> None:
        asked = Proposal.objects.create(lead=lead, partner=acme, groups=["budget", "contact"])
        text = written("client_request", proposal=asked.pk).text

        assert "Acme Channel Partners" in text
        assert "your budget, your contact details" in text

    @pytest.mark.parametrize("status", ["asked", "given", "cancelled"])
    def test_what_is_not_open_any_more_is_not_asked(self, share: Share, status: str) -> None:
        more = MoreRequest.objects.create(share=share, group="contact", reason="x", status=status)

        assert build_mail("client_request", {"more": more.pk}) is None

    def test_a_link_is_sent_to_the_lead_s_own_address(self, lead: Lead) -> None:
        assert opens(written("client_link", lead=lead.pk)).lead_id == lead.pk


class TestNothingIsWritten:
    @pytest.mark.parametrize("gone", [{"email": ""}, {"erased_at": dt.datetime.now(dt.UTC)}])
    def test_to_nobody(self, share: Share, gone: dict[str, Any]) -> None:
        lead = share.lead
        more = MoreRequest.objects.create(
            share=share, group="contact", reason="x", status="forwarded"
        )
        asked = Proposal.objects.create(lead=lead, partner=share.partner, groups=["contact"])
        receipt = withdrawn(lead, "budget")
        Lead.objects.filter(pk=lead.pk).update(**gone)

        for template, refs in (
            ("client_share_notice", {"share": share.pk}),
            ("client_receipt", {"receipt": receipt.pk}),
            ("client_link", {"lead": lead.pk}),
            ("client_request", {"more": more.pk}),
            ("client_request", {"proposal": asked.pk}),
        ):
            assert build_mail(template, refs) is None, template
        assert not ClientLink.objects.exists()

    def test_no_delivery_to_a_client_holds_an_address_or_is_a_partner_s(
        self, share: Share, amira: User
    ) -> None:
        withdrawn(share.lead, "budget")
        services.send_client_link(actor=share.lead.agent, lead_id=share.lead_id)
        to_client = Delivery.objects.filter(type__startswith="client_")

        assert set(to_client.values_list("type", flat=True)) == {
            "client_share_notice", "client_receipt", "client_link",
        }  # fmt: skip
        assert not [one for one in to_client if "canary" in json.dumps(one.refs)]
        assert not to_client.visible_to(amira).exists()


class TestToAnAddressThatIsGone:
    def test_erasure_is_confirmed_to_the_address_that_was(self, share: Share) -> None:
        services.ask_erasure(actor=ClientActor(share.lead_id), lead_id=share.lead_id)
        delivery = Delivery.objects.get(type="client_erased")
        assert "canary" not in json.dumps(delivery.refs)
        mail = written("client_erased", **delivery.refs)

        assert re.search(r"- Acme Channel Partners, by \d+ \w+ \d{4}", mail.text)
        assert OURS["privacy"] in mail.text
        assert "/c/" not in mail.text

    def test_a_changed_address_is_told_to_the_old_one(self, lead: Lead) -> None:
        services.correct_lead(
            actor=ClientActor(lead.pk), lead_id=lead.pk, changes={"email": "new@canary.example"}
        )
        delivery = Delivery.objects.get(type="client_correction_notice")
        mail = written("client_correction_notice", **delivery.refs)

        assert "new@canary.example" not in mail.text
        assert "/c/" not in mail.text

    def test_a_sealed_address_cannot_be_read_for_long(self, lead: Lead) -> None:
        refs = {"lead": lead.pk, "to": sealed(ADDRESS)}

        with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=8)):
            assert build_mail("client_erased", refs) is None

    @pytest.mark.parametrize(
        ("state", "kept"), [("pending", True), ("sent", False), ("failed", False)]
    )
    def test_it_is_gone_once_the_mail_is_settled(self, lead: Lead, state: str, kept: bool) -> None:
        services.ask_erasure(actor=ClientActor(lead.pk), lead_id=lead.pk)
        Delivery.objects.update(next_attempt_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        claimed = {delivery.type: delivery for delivery in queue.claim_mails(10)}
        queue.record([Result(delivery=claimed["client_erased"], state=state, delay=60)])

        refs = Delivery.objects.get(type="client_erased").refs
        assert ("to" in refs) is kept
        assert refs["lead"] == lead.pk
