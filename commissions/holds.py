"""Which leads the money still needs: no retention rule erases them before it is settled."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from commissions.models import Commission, Dispute, ReconciliationItem
from leads import retention


def register() -> None:
    """Tell `leads` (called once when the apps are loaded)."""
    retention.hold_while("commission not settled", unsettled)
    retention.hold_while("closing under review", under_review)
    retention.hold_while("commission disputed", disputed)


def unsettled() -> Exists:
    """Return whether a lead's commission is neither paid nor reversed."""
    settled = (Commission.Status.PAID, Commission.Status.REVERSED)
    return Exists(Commission.objects.filter(lead=OuterRef("pk")).exclude(status__in=settled))


def under_review() -> Exists:
    """Return whether somebody has yet to decide about a claim."""
    waiting = ReconciliationItem.objects.filter(status=ReconciliationItem.Status.OPEN)
    return Exists(waiting.filter(share__lead=OuterRef("pk")))


def disputed() -> Exists:
    """Return whether a dispute about a lead's commission is open, reversed or paid as it may be."""
    waiting = Dispute.objects.filter(status=Dispute.Status.OPEN)
    return Exists(waiting.filter(commission__lead=OuterRef("pk")))
