"""Receipts: what the client gets for every grant, change and withdrawal, signed.

A receipt holds the records of the decisions it is about, and nothing of the client but the lead's
id. It can be checked by anybody with the keys at `/.well-known/jwks.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from django.conf import settings
from django.utils import timezone

from events.models import Event
from events.services import queue_mail, record_event
from leads.consent import rfc3339
from leads.models import ConsentDecision, Lead, Notice, Receipt
from leads.records import consent_record
from partners.models import Partner
from portal.lib import rows, signatures
from portal.lib.access import THE_SYSTEM

SCHEMA = "consent-receipt/1"
TYP = "consent-receipt+jws"
MAIL = "client_receipt"


def issue(lead: Lead, *, mail: bool = True) -> Receipt | None:
    """Issue one receipt for all decisions about LEAD that are in none yet; None if there are none.

    Stands inside the caller's transaction with the lead locked. The client gets it by mail.

    :param mail: False where the caller hands the receipt over itself
    """
    decisions = _without_receipt(lead)
    if not decisions:
        return None
    receipt = _signed(lead, decisions)
    receipt.save(force_insert=True)
    _tell(receipt, mail=mail)
    return receipt


def issue_first(decided: Sequence[list[ConsentDecision]]) -> None:
    """Issue one receipt for each list of DECIDED, all that was ever decided about a new lead.

    As :func:`issue`, for many leads with a few statements.
    """
    hashes = {decision.notice_hash for decisions in decided for decision in decisions}
    kept = dict(Notice.objects.filter(sha256__in=hashes).values_list("sha256", "pk"))
    with rows.together():
        for decisions in decided:
            receipt = _signed(decisions[0].lead, decisions, kept)
            rows.insert([receipt])
            _tell(receipt, mail=True)


def _tell(receipt: Receipt, *, mail: bool) -> None:
    event = record_event(
        Event.Kind.RECEIPT_ISSUED,
        actor=THE_SYSTEM,
        lead_id=str(receipt.lead_id),
        receipt_id=str(receipt.pk),
        about=receipt.body["kind"],
        decisions=len(receipt.decisions),
    )
    if mail and receipt.lead.email and receipt.lead.erased_at is None:
        queue_mail(event, MAIL, refs={"receipt": str(receipt.pk)})


def verify(jws: str) -> dict[str, Any]:
    """Return the body of a receipt.

    :raises BadSignature: unless one of our keys signed it as a receipt
    """
    body: dict[str, Any] = json.loads(signatures.verify(jws, typ=TYP))
    return body


def newest_about(lead: Lead, partner: Partner) -> Receipt | None:
    """Return the newest receipt for what was decided about PARTNER by name, if there is one."""
    about = lead.receipts.filter(body__records__contains=[_about(partner)])
    return about.order_by("-issued_at", "-pk").first()


def as_file(receipt: Receipt) -> dict[str, Any]:
    """Return the receipt as the client keeps it: to read, and signed."""
    return {"receipt": receipt.body, "jws": receipt.jws}


def _about(partner: Partner) -> dict[str, Any]:
    return {"recipient_third_parties": [{"partner_id": str(partner.pk)}]}


def kind_of(decisions: list[ConsentDecision]) -> str:
    """Return what DECISIONS did together: `given`, `refused`, `withdrawn` or `changed`."""
    states = {decision.state for decision in decisions}
    return states.pop() if len(states) == 1 else "changed"


def _without_receipt(lead: Lead) -> list[ConsentDecision]:
    """Return the decisions about LEAD no receipt covers yet, in the order they were made."""
    covered = set(chain.from_iterable(lead.receipts.values_list("decisions", flat=True)))
    decisions = lead.decisions.select_related("partner").order_by("decided_at", "pk")
    found = [decision for decision in decisions if str(decision.pk) not in covered]
    for decision in found:
        decision.lead = lead
    return found


def _signed(
    lead: Lead, decisions: list[ConsentDecision], kept: Mapping[str, str] | None = None
) -> Receipt:
    receipt = Receipt(lead=lead, decisions=[str(decision.pk) for decision in decisions])
    receipt.issued_at = timezone.now()
    receipt.body = {
        "receipt_id": str(receipt.pk),
        "schema": SCHEMA,
        "issuer": {"name": settings.PLATFORM_LEGAL_NAME, "contact": settings.PRIVACY_EMAIL},
        "verify_with": f"{settings.PORTAL_ORIGIN}/.well-known/jwks.json",
        "pii_principal_id": str(lead.pk),
        "issued_at": rfc3339(receipt.issued_at),
        "kind": kind_of(decisions),
        "records": [consent_record(decision, kept) for decision in decisions],
    }
    signed = signatures.sign(signatures.canonical(receipt.body), typ=TYP)
    receipt.jws, receipt.key_id = signed.jws, signed.key_id
    return receipt
