"""Write down which of the company's people saw a client's contact data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from events.models import Event
from events.services import record_event
from portal.lib import rows
from portal.lib.access import Actor, Can, may

NOTED_EVERY = timedelta(hours=1)  # docs/audit.md: enough to say who looked on which day and when
PAGE, LIST, VIEWING, ADMIN = "page", "list", "viewing", "admin"


def note_contact_seen(*, actor: Actor, lead_ids: Iterable[object], where: str) -> int:
    """Record that ACTOR saw who the clients of these leads are; return how many were recorded.

    At most once an hour for each person, lead and place. Stands outside the read, so that it is
    kept even where the read is undone.

    Whoever has no right to see contact data was shown none.

    :param where: `page`, `admin` or `viewing` (all contact data), or `list` (names only)
    """
    leads = sorted({str(lead_id) for lead_id in lead_ids})
    if not leads or not may(actor, Can.SEE_CONTACT):
        return 0
    seen = Event.objects.filter(
        lead_id__in=leads,
        at__gt=timezone.now() - NOTED_EVERY,
        kind=Event.Kind.CONTACT_SEEN,
        actor=actor.actor_id,
        data__where=where,
    )
    known = {str(lead_id) for lead_id in seen.order_by().values_list("lead_id", flat=True)}
    fresh = [lead_id for lead_id in leads if lead_id not in known]
    if not fresh:
        return 0
    # In the order of their ids: each event holds its lead's stream until the end.
    with transaction.atomic(), rows.together():
        for lead_id in fresh:
            record_event(Event.Kind.CONTACT_SEEN, actor=actor, lead_id=lead_id, where=where)
    return len(fresh)
