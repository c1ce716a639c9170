"""What leaves by itself, webhooks and mails, holds no value that is not its recipient's to see."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from email.message import Message
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import transaction

from events import letters, mails, payloads
from events.models import Delivery
from leads.models import Lead
from partners.models import Invitation, Partner, User
from portal.lib.access import STAFF_ROLES
from portal.tests import canary_rights as rights
from portal.tests import canary_world
from portal.tests.canary_rights import Sight
from portal.tests.canary_world import Swept, words_of

pytestmark = [pytest.mark.proof, pytest.mark.django_db]


@pytest.fixture(scope="module")
def swept(django_db_setup: None, django_db_blocker: Any) -> Iterator[Swept]:
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock(), transaction.atomic():
        yield canary_world.built()
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)


def leaks(swept: Swept, text: str, sight: Sight, what: str) -> set[str]:
    met = swept.aviary.in_text(text)
    return {f"{what}: {canary}" for canary in met if not sight.allows(canary)}


def test_a_webhook_tells_its_partner_its_own(swept: Swept) -> None:
    queued = Delivery.objects.filter(channel=Delivery.Channel.WEBHOOK)
    written, _settled = letters.write(list(queued))

    found: set[str] = set()
    for letter in written:
        partner_id = str(letter.delivery.partner_id)
        sight = rights.of_partner(partner_id, rights.KEY, rights.SENT)
        text = f"{letter.url} {letter.fields} {letter.body.decode()}"
        found |= leaks(swept, text, sight, letter.delivery.type)
    assert found == set()
    assert {letter.delivery.type for letter in written} >= {
        "lead.shared", "lead.updated", "lead.revoked", "appointment.shared", "commission.recorded",
    }  # fmt: skip
    assert {str(letter.delivery.partner_id) for letter in written} == _partners()


def _partners() -> set[str]:
    return {str(pk) for pk in Partner.objects.values_list("pk", flat=True)}


def test_a_mail_tells_its_recipient_what_is_its(swept: Swept) -> None:
    queued = Delivery.objects.filter(channel=Delivery.Channel.EMAIL)
    written, _settled = mails.write(list(queued))
    outbox.outbox.clear()
    for mail in written:
        mails.send(mail)

    found: set[str] = set()
    for mail, sent in zip(written, outbox.outbox, strict=True):
        assert (sent.cc, sent.bcc, sent.to) == ([], [], [mail.mail.to])
        found |= leaks(swept, _all_of(sent.message()), _sight_of(mail.mail.to), mail.delivery.type)
    assert found == set()
    types = {mail.delivery.type for mail in written}
    assert types >= {
        "lead_shared", "lead_revoked", "commission_recorded", "appointment_shared",
        "client_share_notice", "client_receipt", "client_request", "share_needs_agent",
        "invitation",
    }, types  # fmt: skip


def _all_of(message: Message) -> str:
    """Return headers, text and attachments of MESSAGE."""
    parts = [str(message.items())]
    for part in message.walk():
        content: Any = part.get_payload(decode=True) or b""
        parts.append(str(part.items()))
        is_pdf = content.startswith(b"%PDF")
        parts.append(words_of(content) if is_pdf else content.decode("utf-8", "replace"))
    return " ".join(parts)


def _sight_of(address: str) -> Sight:
    """Return what whoever reads the mail of ADDRESS may meet."""
    if partner := Partner.objects.filter(contact_email=address).first():
        return rights.of_partner(str(partner.pk), rights.SENT)
    if user := User.objects.filter(email=address).first():
        if user.role in STAFF_ROLES:
            return Sight(columns=rights.STAFF, never=rights.NOT_AGENT, self_id=str(user.pk))
        return rights.of_partner(str(user.partner_id), rights.SENT, rights.OWNER)
    if lead := Lead.objects.filter(email=address).first():
        told = rights.joined(rights.CLIENT, rights.RECEIPT, rights.SENT)
        return Sight(columns=told, leads=frozenset({str(lead.pk)}))
    invitation = Invitation.objects.get(email=address)
    return Sight(str(invitation.partner_id), rights.INVITED)


def test_a_leak_would_be_found(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that says who the client is to whom it may not is found."""
    delivery = Delivery.objects.filter(channel=Delivery.Channel.WEBHOOK, type="lead.shared").first()
    assert delivery is not None
    stranger = Lead.objects.exclude(shares__partner=delivery.partner_id).first()
    assert stranger is not None
    monkeypatch.setattr(
        payloads, "build", lambda _type, batch: {d.pk: {"name": stranger.name} for d in batch}
    )
    [letter], _settled = letters.write([delivery])
    sight = rights.of_partner(str(delivery.partner_id), rights.KEY, rights.SENT)
    assert leaks(swept, letter.body.decode(), sight, "") == {": leads.Lead.name"}
