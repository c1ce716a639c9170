"""Deals closed under terms of any kind, for the tests of the money."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone

from commissions.ledger import Stage, standing_of
from commissions.models import Agreement, AgreementVersion, Commission, LedgerEntry
from commissions.services import report_status
from commissions.terms import Terms
from leads.models import Share
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User


def agreed(partner: Partner, terms: Terms, **scope: Any) -> AgreementVersion:
    """Put TERMS in force for PARTNER from long ago on."""
    agreement = Agreement.objects.create(
        partner=partner, title="Terms", created_by="user_x", **scope
    )
    version = AgreementVersion(
        agreement=agreement,
        partner=partner,
        number=1,
        valid_from=dt.date(2020, 1, 1),
        terms={},
        text="Terms",
        text_hash="x",
        entered_by="user_x",
        accepted_by="user_y",
        accepted_at=timezone.now(),
    )
    version.terms = terms.as_json() | {"agreement": str(agreement.pk), "version": 1}
    version.save()
    return version


def accepted(agent: User, owner: User, **lead: Any) -> Share:
    """Return a new lead that OWNER's company works on."""
    made = LeadFactory.create(**lead)
    share = share_lead(
        actor=agent, partner_id=str(owner.partner_id), lead_id=str(made.pk), method="call"
    )
    report_status(actor=owner, reference=str(share.pk), status="accepted")
    share.refresh_from_db()
    return share


def closed(agent: User, owner: User, value: object = 1_000_000, **claim: Any) -> Commission:
    """Return what a deal of VALUE earned that OWNER closed."""
    share = accepted(agent, owner)
    outcome = report_status(
        actor=owner,
        reference=str(share.pk),
        status="closed",
        agreement_value=Decimal(str(value)),
        **claim,
    )
    assert outcome.commission is not None
    outcome.commission.refresh_from_db()
    return outcome.commission


def stands(commission: Commission) -> dict[str, Decimal]:
    """Return where the money of COMMISSION lies, without what is empty."""
    standing = standing_of(commission)
    return {stage.value: standing[stage] for stage in Stage if standing[stage]}


def trial_balance() -> dict[str, Decimal]:
    """Return debits minus credits of all accounts, by currency."""
    sums: dict[str, Decimal] = {}
    for entry in LedgerEntry.objects.all():
        for _account, sign in ((entry.debit, 1), (entry.credit, -1)):
            sums[entry.currency] = sums.get(entry.currency, Decimal(0)) + sign * entry.amount
    return sums
