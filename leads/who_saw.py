"""Who saw or got what, when: of one lead, and of everything that was recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import Attempt, Delivery, Event
from leads.models import Lead, Share
from leads.timeline import actor_names, groups_in_words
from partners.models import Partner
from portal.lib.access import Actor, Can, require
from portal.lib.ids import is_id

Kind = Event.Kind
SHOWN = 200
SHOWN_DAYS = 50
LOOKS_SINCE = timedelta(days=31)  # how far back looks are summed up where no day is given
_WHERE: dict[str, str | Promise] = {
    "page": gettext_lazy("Opened the contact data"),
    "list": gettext_lazy("Saw the name in a list"),
    "admin": gettext_lazy("Opened the contact data in the administration"),
    "viewing": gettext_lazy("Opened the contact data while viewing as the partner"),
    "partner": gettext_lazy("Opened the contact data in the portal"),
    "api": gettext_lazy("Read the contact data by API"),
}
# What a partner could see from then on, or what somebody took with them.
_LOOKS = (
    Kind.CONTACT_SEEN,
    Kind.CLIENT_COPY_TAKEN,
    Kind.LEAD_SHARED,
    Kind.SHARE_PREFS_UPDATED,
    Kind.APPOINTMENT_SHARED_WITH_PARTNER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody saw or got something of a lead."""

    at: datetime
    who: str
    what: str
    how: str
    tone: str = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A partner that has or had the lead: what it sees now, and what it ever could."""

    partner: str
    sees: str
    received: str
    since: datetime
    status: str


def holders_of(*, user: Actor, lead: Lead) -> list[Holder]:
    """Return the partners LEAD was shared with, newest first.

    :raises NotAllowed: if USER may not see the audit trail
    """
    require(user, Can.SEE_AUDIT)
    shares = Share.objects.visible_to(user).filter(lead=lead).select_related("partner")
    return [
        Holder(
            partner=share.partner.name,
            sees=groups_in_words(share.disclosed),
            received=groups_in_words(share.received),
            since=share.shared_at,
            status=share.status,
        )
        for share in shares.order_by("-shared_at", "-pk")
    ]


def looks_at(*, user: Actor, lead: Lead) -> list[Look]:
    """Return who saw or got what of LEAD, newest first, the newest 200.

    :raises NotAllowed: if USER may not see the audit trail
    """
    require(user, Can.SEE_AUDIT)
    of_lead = Event.objects.visible_to(user).filter(lead_id=lead.pk)
    events = list(of_lead.filter(kind__in=_LOOKS, ok=True).order_by("-at", "-pk")[:SHOWN])
    sent = list(_sent(user, of_lead)[:SHOWN])
    partners = _names(user, [*events, *sent])
    actors = actor_names(event.actor for event in events)
    found = [_of_event(event, partners, actors) for event in events]
    for delivery in sent:
        found += [_of_attempt(delivery, tried, partners) for tried in delivery.tries.all()]
    return sorted(found, key=lambda look: look.at, reverse=True)[:SHOWN]


def _sent(user: Actor, events: QuerySet[Event]) -> QuerySet[Delivery]:
    """Return what was sent because of EVENTS, with the tries that carried something."""
    carrying = Attempt.objects.exclude(fields=[]).order_by("number")
    about = Delivery.objects.visible_to(user).filter(event_id__in=events.order_by().values("pk"))
    return about.prefetch_related(Prefetch("tries", carrying)).order_by("-pk")


def _names(user: Actor, rows: Iterable[Any]) -> dict[str, str]:
    wanted = {row.partner_id for row in rows if row.partner_id}
    known = Partner.objects.visible_to(user).in_bulk(wanted)
    return {str(pk): partner.name for pk, partner in known.items()}


def _of_event(event: Event, partners: dict[str, str], actors: dict[str, str]) -> Look:
    actor = actors.get(event.actor, event.actor)
    if event.kind == Kind.CONTACT_SEEN:
        where = str(event.data.get("where"))
        how = _WHERE.get(where, event.get_kind_display())
        what = _("Name") if where == "list" else _("Contact")
        partner = partners.get(str(event.partner_id))
        if partner and event.actor.startswith("user_"):
            actor = _("%(person)s, %(partner)s") % {"person": actor, "partner": partner}
        tone = "info" if partner else "neutral"
        return Look(at=event.at, who=actor, what=what, how=str(how), tone=tone)
    if event.kind == Kind.CLIENT_COPY_TAKEN:
        how = _("Took a copy for the client")
        return Look(at=event.at, who=actor, what=_("Everything"), how=how, tone="warn")
    groups = groups_in_words(event.data.get("groups", []))
    if event.kind == Kind.APPOINTMENT_SHARED_WITH_PARTNER:
        groups = _("An appointment")
    return Look(
        at=event.at,
        who=partners.get(str(event.partner_id), _("a partner")),
        what=groups,
        how=_("May see it in the portal, by %(who)s") % {"who": actor},
        tone="info",
    )


def _of_attempt(delivery: Delivery, tried: Attempt, partners: dict[str, str]) -> Look:
    arrived = tried.error == "" and (tried.status is None or 200 <= tried.status < 300)
    by_mail = delivery.channel == Delivery.Channel.EMAIL
    nobody = _("the client") if by_mail else _("a partner")
    sent = _("By email") if by_mail else _("By webhook")
    how = sent if arrived else _("%(channel)s, no proof that it arrived") % {"channel": sent}
    return Look(
        at=tried.started_at,
        who=partners.get(str(delivery.partner_id), nobody),
        what=", ".join(tried.fields),
        how=f"{how} ({delivery.type})",
        tone="info" if arrived else "warn",
    )


def trail_for(
    *,
    user: Actor,
    kind: str = "",
    who: str = "",
    lead: str = "",
    partner: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    looks: bool = False,
) -> QuerySet[Event]:
    """Return the recorded events USER may see, unordered (the page orders by time).

    Looks at contact data are many, one for each line of a list: they are left out unless asked for.

    :param who: a person's, key's or lead's id, as events name who acted
    :param looks: with looks at contact data; asking for their kind says so too
    :param lead: a lead's id; what is no id finds nothing
    :raises NotAllowed: if USER may not see the audit trail
    """
    require(user, Can.SEE_AUDIT)
    wanted = Q()
    for name, prefix, given in (("lead_id", "lead", lead), ("partner_id", "partner", partner)):
        if given:
            wanted &= Q(**{name: given}) if is_id(prefix, given) else Q(pk__in=[])
    exact: dict[str, object] = {"kind": kind, "actor": who, "at__gte": since, "at__lt": until}
    given_ones = {name: value for name, value in exact.items() if value}
    found = Event.objects.visible_to(user).filter(wanted, **given_ones)
    return found if looks or kind else found.exclude(kind=Kind.CONTACT_SEEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookDay:
    """At how many clients somebody looked on one day (UTC), and how often that was recorded."""

    day: date
    actor: str
    who: str
    clients: int
    looks: int


def looks_by_day(*, user: Actor, since: datetime | None = None, **chosen: Any) -> list[LookDay]:
    """Return looks at contact data by day and person, newest first, the newest 50 lines.

    Nothing unless CHOSEN, the filter of :func:`trail_for`, asks for that kind of event.
    """
    if chosen.get("kind") != Kind.CONTACT_SEEN:
        return []
    since = since or timezone.now() - LOOKS_SINCE
    days: Any = (
        trail_for(user=user, since=since, **chosen)
        .order_by()
        .annotate(day=TruncDate("at", tzinfo=UTC))
        .values("day", "actor")
        .annotate(clients=Count("lead_id", distinct=True), looks=Count("pk"))
        .order_by("-day", "-clients", "actor")[:SHOWN_DAYS]
    )
    found = list(days)
    names = actor_names(row["actor"] for row in found)
    return [LookDay(who=names.get(row["actor"], row["actor"]), **row) for row in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event as a line of the trail."""

    at: datetime
    kind: str
    ok: bool
    who: str
    partner: str
    lead_id: str | None
    told: str


def lines_of(*, user: Actor, events: list[Event]) -> list[Line]:
    """Return EVENTS in words, with the names of who acted and of the partners."""
    partners = _names(user, events)
    actors = actor_names(event.actor for event in events)
    return [
        Line(
            at=event.at,
            kind=event.get_kind_display(),
            ok=event.ok,
            who=actors.get(event.actor, event.actor),
            partner=partners.get(str(event.partner_id), ""),
            lead_id=event.lead_id,
            told=_told(event),
        )
        for event in events
    ]


def _told(event: Event) -> str:
    if event.kind == Kind.CONTACT_SEEN and (how := _WHERE.get(str(event.data.get("where")))):
        return str(how)
    return ", ".join(f"{key}: {_plain(value)}" for key, value in event.data.items())


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
