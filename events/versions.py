"""How far the story of a share has come: what `data.version` says, so that late news is dropped.

Counted are the events of that share alone, and the news about its lead that went to its partner.
Both only ever grow, both are written with the change they tell of, and neither says anything of
other partners.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from events.models import Delivery, Event


def version_of(share: str, lead: str, partner: str) -> Combinable:
    """Return the version of a row's share, to be read in the statement that reads its state.

    :param share: the row's column with the share's id; LEAD and PARTNER likewise
    """
    told = Delivery.objects.filter(
        event_id=OuterRef("pk"),
        partner_id=OuterRef(OuterRef(partner)),
        channel=Delivery.Channel.WEBHOOK,
    )
    of_lead = Event.objects.filter(lead_id=OuterRef(lead), share_id__isnull=True)
    return _number(Event.objects.filter(share_id=OuterRef(share)), "share_id") + _number(
        of_lead.filter(Exists(told)), "lead_id"
    )


def _number(events: models.QuerySet[Event], of: str) -> Coalesce:
    counted = events.order_by().values(of).annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
