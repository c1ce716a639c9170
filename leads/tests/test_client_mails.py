"""What clients are written, and when nothing is written."""

from __future__ import annotations

import json
import re

import pytest

from events.payloads import build_mail
from leads import receipts, services
from leads.groups import Groups
from leads.models import ClientLink, Lead, Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana, name="Zenobia Canary", email="zenobia@canary.example")


@pytest.fixture
def share(dana: User, acme: Partner, lead: Lead) -> Share:
    """Shared on an agent's word, contact withheld."""
    return services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups(False, True, True)
    )


def test_a_share_is_told_with_recipient_groups_reason_link_and_receipt(share: Share) -> None:
    mail = build_mail("client_share_notice", {"share": share.pk})

    assert mail is not None
    assert mail.to == "zenobia@canary.example"
    assert "Acme" not in mail.subject
    assert "Acme Channel Partners (Channel Partner, UAE)" in mail.text
    assert "Your budget: budget from, budget to" in mail.text
    assert "What you are looking for" in mail.text
    assert "Your contact details" not in mail.text
    assert "Our agent noted on" in mail.text
    token = re.search(r"/c/([^/]+)/", mail.text)
    assert token is not None
    assert ClientLink.objects.filter(token_hash=ClientLink.hash_of(token[1])).exists()
    data, pdf = mail.attachments
    kept = json.loads(data.content)
    assert receipts.verify(kept["jws"]) == kept["receipt"]
    assert pdf.content.startswith(b"%PDF")
