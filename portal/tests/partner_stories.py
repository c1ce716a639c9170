"""What the tests of the partner's pages share: leads at a stage, and a page as it reads."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from commissions.services import report_status
from leads.groups import Groups
from leads.models import Share
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

# What the factory's lead holds of its client and of our own, to be looked for in the bytes.
PRIVATE = ("John Doe", "john.doe", "+97150", "Sharjah", "prefers calls", "campaign-7")


def words(response: Any) -> str:
    """Return what a page says, without its tags."""
    body = response.content.decode()
    text = re.sub(r"<(script|style|svg|title)\b.*?</\1>", " ", body, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text)).replace("\xa0", " ")


def shared(dana: User, partner: Partner, choice: Groups | None = None, **lead: Any) -> Share:
    return share_lead(
        actor=dana,
        partner_id=str(partner.pk),
        lead_id=str(LeadFactory.create(**lead).pk),
        choice=choice,
        method="call",
    )


def closed(dana: User, owner: User, value: int, **claim: Any) -> Share:
    assert owner.partner is not None
    share = shared(dana, owner.partner)
    report_status(actor=owner, reference=str(share.pk), status="accepted")
    report_status(
        actor=owner,
        reference=str(share.pk),
        status="closed",
        agreement_value=Decimal(value),
        **claim,
    )
    share.refresh_from_db()
    return share


def page_of(share: Share, action: str = "") -> str:
    return f"/portal/leads/{share.pk}/" + (f"{action}/" if action else "")
