"""What people read about leads and shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Endpoint
from leads import terms
from leads.gate import gate_codes
from leads.hiding import as_seen_by, sees_contact
from leads.models import (
    LIVE,
    Appointment,
    ClientLink,
    ConsentDecision,
    Lead,
    PartnerDay,
    Share,
)
from partners import licensing
from partners.models import Licence, Partner
from portal.lib.access import Actor
from portal.lib.ids import is_id

NEEDS_AGENT, UNSHARED, SHARED = "needs_agent", "unshared", "shared"
COUNTED_TO = 1000


def leads_for(
    *, user: Actor, market: str = "", state: str = "", mine: bool = False, search: str = ""
) -> QuerySet[Lead]:
    """Return the leads USER may see with their shares, unordered (the page orders by time).

    Erased clients are on no list.
    """
    leads = (
        Lead.objects.visible_to(user)
        .filter(erased_at__isnull=True)
        .select_related("agent")
        .prefetch_related(
            Prefetch(
                "shares", Share.objects.select_related("partner").order_by("-shared_at", "-pk")
            )
        )
    )
    if market:
        leads = leads.filter(market=market)
    if mine:
        leads = leads.filter(agent=user.actor_id)
    if state == NEEDS_AGENT:
        leads = leads.filter(needs_agent_since__isnull=False)
    elif state in (UNSHARED, SHARED):
        live = Exists(Share.objects.live().filter(lead=OuterRef("pk")))
        leads = leads.filter(live) if state == SHARED else leads.filter(~live)
    return _searched(leads, search.strip(), by_contact=sees_contact(user))


def counted(leads: QuerySet[Lead]) -> int | None:
    """Return how many LEADS there are, or None where counting them all would take long."""
    number = leads.order_by()[: COUNTED_TO + 1].count()
    return number if number <= COUNTED_TO else None


def _searched(leads: QuerySet[Lead], search: str, *, by_contact: bool) -> QuerySet[Lead]:
    if not search:
        return leads
    if is_id("lead", search):
        return leads.filter(pk=search)
    wanted = Q(project__icontains=search) | Q(locations__icontains=search)
    if by_contact:  # letter by letter a search would tell what the page does not show
        wanted |= Q(name__icontains=search) | Q(email__icontains=search)
        wanted |= Q(phone__icontains=search)
    return leads.filter(wanted)


def lead_for(*, user: Actor, lead_id: str) -> Lead | None:
    """Return the lead as USER may see it, or None where USER may see none of that id."""
    leads = Lead.objects.visible_to(user).select_related("agent")
    lead = leads.filter(pk=lead_id).first() if is_id("lead", lead_id) else None
    return as_seen_by(user, lead) if lead else None


def shares_for(*, user: Actor, status: str = "") -> QuerySet[Share]:
    """Return the shares USER may see with lead and partner, unordered (the page orders by time)."""
    shares = Share.objects.visible_to(user).select_related("lead", "partner")
    return shares.filter(status=status) if status else shares


def share_for(*, user: Actor, reference: str) -> Share | None:
    """Return the share, or None where USER may see none of that reference."""
    return shares_for(user=user).filter(pk=reference).first() if is_id("share", reference) else None


def shares_of(*, user: Actor, lead: Lead) -> QuerySet[Share]:
    """Return the shares of LEAD that USER may see with their appointments, newest first."""
    shares = Share.objects.visible_to(user).select_related("partner")
    shares = shares.prefetch_related("appointments")
    return shares.filter(lead=lead).order_by("-shared_at", "-pk")


def appointments_of(*, user: Actor, share: Share) -> QuerySet[Appointment]:
    """Return the share's appointments in order of time."""
    return Appointment.objects.visible_to(user).filter(share=share)


def status_counts(*, user: Actor) -> dict[str, int]:
    """Return how many of the live shares USER may see are in each live status."""
    live = Share.objects.visible_to(user).live().order_by()
    counted = dict(live.values_list("status").annotate(number=Count("pk")))
    return {status: counted.get(status, 0) for status in LIVE}


def client_lead(*, link_id: str) -> Lead | None:
    """Return the lead a client's link opens, or None when it is unknown or too old."""
    if not is_id("link", link_id):
        return None
    links = ClientLink.objects.filter(pk=link_id, expires_at__gt=timezone.now())
    link = links.select_related("lead__agent").first()
    return link.lead if link else None


def link_of_token(token: str) -> str | None:
    """Return the id of the link TOKEN opens, or None when it is unknown or too old."""
    link = ClientLink.objects.filter(
        token_hash=ClientLink.hash_of(token), expires_at__gt=timezone.now()
    ).first()
    return str(link.pk) if link else None


def decisions_of(*, user: Actor, lead: Lead) -> list[ConsentDecision]:
    """Return every decision about LEAD with its partner, newest first."""
    decisions = ConsentDecision.objects.visible_to(user).filter(lead=lead)
    return list(decisions.select_related("partner").order_by("-decided_at", "-pk"))


def receiving_addresses(*, user: Actor, partner_ids: Iterable[str]) -> list[str]:
    """Return the verified addresses to which webhooks of these partners may go."""
    endpoints = Endpoint.objects.visible_to(user).receiving()
    found = endpoints.filter(partner_id__in=list(partner_ids)).order_by("created_at", "pk")
    return list(found.values_list("url", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A partner as the sharing form lists it: with its room, and the reason why not."""

    partner: Partner
    active: int
    licence: Licence | None
    # On average, from shared to accepted; None where it has accepted nothing yet.
    response_seconds: int | None
    reasons: tuple[str, ...]
    # Those a share made now would keep, in sentences.
    terms: Sequence[str]

    @property
    def choosable(self) -> bool:
        return not self.reasons


def candidates_for(*, user: Actor, lead: Lead, limit: int = 1000) -> list[Candidate]:
    """Return the partners LEAD might be shared with, those who can take it first.

    Nobody is left out silently: who cannot be chosen is listed with every reason.
    """
    of_partner = Share.objects.live().filter(partner=OuterRef("pk")).order_by()
    live = of_partner.values("partner").annotate(number=Count("pk")).values("number")
    found = Partner.objects.visible_to(user).filter(market=lead.market)
    partners: list[Any] = list(
        found.annotate(active=Coalesce(Subquery(live), 0))
        .prefetch_related("licences")
        .order_by("name")[:limit]
    )
    taken = set(
        Share.objects.visible_to(user).live().filter(lead=lead).values_list("partner_id", flat=True)
    )
    responses = _response_seconds(user, partners)
    now = timezone.now()
    agreed = terms.in_force(partners, lead, now)
    candidates = [
        Candidate(
            partner=partner,
            active=partner.active,
            licence=_licence_shown(partner, lead),
            response_seconds=responses.get(str(partner.pk)),
            reasons=tuple(_reasons_against(partner, partner.active, lead, taken, now)),
            terms=terms.in_words(agreed[str(partner.pk)].terms, lead.currency),
        )
        for partner in partners
    ]
    return sorted(candidates, key=lambda candidate: bool(candidate.reasons))


def _response_seconds(user: Actor, partners: Iterable[Partner]) -> dict[str, int]:
    days = PartnerDay.objects.visible_to(user).filter(partner__in=partners).order_by()
    sums = days.values_list("partner").annotate(Sum("response_seconds"), Sum("accepted"))
    return {str(pk): seconds // accepted for pk, seconds, accepted in sums if accepted}


def _licence_shown(partner: Partner, lead: Lead) -> Licence | None:
    """Return the licence for the place of the property, else the one valid longest."""
    licences = sorted(partner.licences.all(), key=lambda licence: licence.valid_to, reverse=True)
    here = [licence for licence in licences if licence.region == lead.region]
    return next(iter(here or licences), None)


def _reasons_against(
    partner: Partner, active: int, lead: Lead, taken: set[str], now: datetime
) -> list[str]:
    reasons = []
    if partner.status != Partner.Status.ACTIVE:
        status = partner.get_status_display()
        reasons.append(_("%(status)s: gets no new leads") % {"status": status})
    if partner.pk in taken:
        reasons.append(_("Already has this lead"))
    if active >= partner.capacity:
        reasons.append(_("No capacity left"))
    codes, _licences = gate_codes(partner, lead, now)
    return reasons + licensing.describe(codes)
