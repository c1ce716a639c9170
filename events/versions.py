"""How far the story of a share has come: what `data.version` says, so that late news is dropped.

Counted are the events that changed something of that share alone, and the news about its lead that
went to its partner. What was only asked, seen, said or refused changes nothing and counts nothing.
Both only ever grow, both are written with the change they tell of, and neither says anything of
other partners.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from events.models import Delivery, Event

Kind = Event.Kind
# A kind that is not named counts: a version that grows too often drops no message, one that stands
# still would.
ASIDE = (
    Kind.LEAD_SHARE_FAILED,
    Kind.PARTNER_COMMISSION_FAILED,
    Kind.APPOINTMENT_SHARE_FAILED,
    Kind.CONTACT_SEEN,
    Kind.RECEIPT_ISSUED,
    Kind.CLIENT_COPY_TAKEN,
    Kind.EXPORT_TAKEN,
    Kind.DELETION_REMINDED,
    Kind.MORE_ASKED,
    Kind.MORE_FORWARDED,
    Kind.MORE_ANSWERED,
    Kind.EVIDENCE_ADDED,
    Kind.DISPUTE_ANSWERED,
    Kind.RECONCILIATION_OPENED,
    Kind.RECONCILIATION_ASSIGNED,
)


def version_of(share: str, lead: str, partner: str) -> Combinable:
    """Return the version of a row's share, to be read in the statement that reads its state.

    :param share: the row's column with the share's id; LEAD and PARTNER likewise
    """
    told = Delivery.objects.filter(
        event_id=OuterRef("pk"),
        partner_id=OuterRef(OuterRef(partner)),
        channel=Delivery.Channel.WEBHOOK,
    )
    of_share = Event.objects.filter(share_id=OuterRef(share), ok=True).exclude(kind__in=ASIDE)
    of_lead = Event.objects.filter(lead_id=OuterRef(lead), share_id__isnull=True)
    return _number(of_share, "share_id") + _number(of_lead.filter(Exists(told)), "lead_id")


def _number(events: models.QuerySet[Event], of: str) -> Coalesce:
    counted = events.order_by().values(of).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
