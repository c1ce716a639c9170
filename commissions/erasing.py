"""What the money keeps in people's own words about a client: emptied when the client is erased."""

from __future__ import annotations

from commissions.models import (
    Correction,
    Dispute,
    DisputeMessage,
    Evidence,
    ReconciliationItem,
    StatementLine,
)
from leads.models import Lead
from leads.services import erasure


def register() -> None:
    """Tell `leads` (called once when the apps are loaded)."""
    erasure.empty_with(empty)


def empty(lead: Lead) -> None:
    """Empty every free text and every paper about LEAD; figures, days and decisions stay."""
    disputes = Dispute.objects.filter(commission__lead=lead)
    disputes.update(reason="", decision_reason="")
    DisputeMessage.objects.filter(dispute__in=disputes).update(text="")
    ReconciliationItem.objects.filter(share__lead=lead).update(reason="", reference="")
    StatementLine.objects.filter(share__lead=lead).update(reference="")
    Correction.objects.filter(commission__lead=lead).update(reason="")
    papers = Evidence.objects.filter(share__lead=lead)
    papers.update(file_name="", sha256="", size=0, content=b"")
