"""Write down who saw a client's contact data: the company's people, a partner's, its systems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from events.models import Event
from events.services import record_event
from leads.models import Share
from portal.lib import rows
from portal.lib.access import PARTNER_ROLES, Actor, Can, may

NOTED_EVERY = timedelta(hours=1)  # docs/audit.md: enough to say who looked on which day and when
AT_ONCE = 500  # leads whose streams one transaction holds: a file can name them all
PAGE, LIST, VIEWING, ADMIN = "page", "list", "viewing", "admin"
PARTNER, API = "partner", "api"
Told = Mapping[str, str]


def note_contact_seen(*, actor: Actor, lead_ids: Iterable[object], where: str) -> int:
    """Record that ACTOR saw who the clients of these leads are; return how many were recorded.

    At most once an hour for each person, lead and place. Stands outside the read, so that it is
    kept even where the read is undone.

    Whoever has no right to see contact data was shown none.

    :param where: `page`, `admin` or `viewing` (all contact data), or `list` (names only)
    """
    if not may(actor, Can.SEE_CONTACT):
        return 0
    leads: dict[str, Told] = {str(lead_id): {} for lead_id in lead_ids}
    return _note(actor, leads, where, since=timezone.now() - NOTED_EVERY)


def note_contact_told(*, actor: Actor, shares: Iterable[Share], where: str) -> int:
    """Record that a partner's person or system was shown the contact data of SHARES.

    At most once a day (UTC) for each person or key, lead and place; return how many were recorded.
    Stands outside the partner's scope, in which nothing can be written.

    :param where: `partner` (a page of the portal) or `api`
    """
    if actor.role not in PARTNER_ROLES:
        return 0
    leads: dict[str, Told] = {
        str(share.lead_id): {"partner_id": str(share.partner_id), "share_id": str(share.pk)}
        for share in shares
    }
    today = datetime.combine(timezone.now().astimezone(UTC).date(), time.min, tzinfo=UTC)
    return _note(actor, leads, where, since=today)


def _note(actor: Actor, leads: Mapping[str, Told], where: str, *, since: datetime) -> int:
    """Record a look at each of LEADS that none of the same kind SINCE tells of already."""
    if not leads:
        return 0
    seen = Event.objects.filter(
        lead_id__in=list(leads),
        at__gt=since,
        kind=Event.Kind.CONTACT_SEEN,
        actor=actor.actor_id,
        data__where=where,
    )
    known = {str(lead_id) for lead_id in seen.order_by().values_list("lead_id", flat=True)}
    fresh = sorted(set(leads) - known)
    for start in range(0, len(fresh), AT_ONCE):
        _write(
            actor, {lead_id: leads[lead_id] for lead_id in fresh[start : start + AT_ONCE]}, where
        )
    return len(fresh)


def _write(actor: Actor, leads: Mapping[str, Told], where: str) -> None:
    """Record a look at each of LEADS, which come in the order of their ids.

    Each event holds its lead's stream until the end.
    """
    with transaction.atomic(), rows.together():
        for lead_id, told in leads.items():
            record_event(
                Event.Kind.CONTACT_SEEN,
                actor=actor,
                partner_id=told.get("partner_id"),
                lead_id=lead_id,
                share_id=told.get("share_id"),
                where=where,
            )
