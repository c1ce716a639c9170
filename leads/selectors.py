"""What people read about leads and shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from leads.consent import RULES, Verdict, verdicts
from leads.gate import gate_codes
from leads.models import LIVE, Appointment, ClientLink, Lead, Share, ShareStatus
from partners import licensing
from partners.models import Partner
from portal.lib.access import Actor
from portal.lib.ids import is_id

NEEDS_AGENT, UNSHARED, SHARED = "needs_agent", "unshared", "shared"


def leads_for(
    *, user: Actor, market: str = "", state: str = "", mine: bool = False, search: str = ""
) -> QuerySet[Lead]:
    """Return the leads USER may see with their shares, unordered (the page orders by time)."""
    leads = Lead.objects.visible_to(user).select_related("agent").prefetch_related(
        Prefetch("shares", Share.objects.select_related("partner").order_by("-shared_at", "-pk"))
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
    return _searched(leads, search.strip())


def _searched(leads: QuerySet[Lead], search: str) -> QuerySet[Lead]:
    if not search:
        return leads
    if is_id("lead", search):
        return leads.filter(pk=search)
    return leads.filter(
        Q(name__icontains=search)
        | Q(email__icontains=search)
        | Q(phone__icontains=search)
        | Q(project__icontains=search)
        | Q(locations__icontains=search)
    )


def lead_for(*, user: Actor, lead_id: str) -> Lead | None:
    """Return the lead, or None where USER may see none of that id."""
    leads = Lead.objects.visible_to(user).select_related("agent")
    return leads.filter(pk=lead_id).first() if is_id("lead", lead_id) else None


def shares_for(*, user: Actor, status: str = "") -> QuerySet[Share]:
    """Return the shares USER may see with lead and partner, unordered (the page orders by time)."""
    shares = Share.objects.visible_to(user).select_related("lead", "partner")
    return shares.filter(status=status) if status else shares


def share_for(*, user: Actor, reference: str) -> Share | None:
    """Return the share, or None where USER may see none of that reference."""
    return shares_for(user=user).filter(pk=reference).first() if is_id("share", reference) else None


def shares_of(*, user: Actor, lead: Lead) -> QuerySet[Share]:
    """Return all shares of LEAD, newest first, for those who may see them all."""
    shares = Share.objects.visible_to(user).select_related("partner")
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
    links = ClientLink.objects.filter(pk=link_id, expires_at__gt=timezone.now())
    link = links.select_related("lead__agent").first() if is_id("link", link_id) else None
    return link.lead if link else None


def link_of_token(token: str) -> str | None:
    """Return the id of the link TOKEN opens, or None when it is unknown or too old."""
    link = ClientLink.objects.filter(
        token_hash=ClientLink.hash_of(token), expires_at__gt=timezone.now()
    ).first()
    return str(link.pk) if link else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A partner as the sharing form lists it: with its room, and the reason why not."""

    partner: Partner
    active: int
    default: object
    ceiling: object
    reasons: tuple[str, ...]
    given: dict[str, Verdict]

    @property
    def choosable(self) -> bool:
        return not self.reasons


def candidates_for(
    *, user: Actor, lead: Lead, type: str = "", limit: int = 200
) -> list[Candidate]:
    """Return the partners LEAD might be shared with, those who can take it first.

    Nobody is left out silently: who cannot be chosen is listed with every reason.
    """
    live = Count("shares", filter=Q(shares__status__in=LIVE))
    partners = Partner.objects.visible_to(user).filter(market=lead.market)
    if type:
        partners = partners.filter(type=type)
    partners = (
        partners.annotate(active=live, room=Coalesce("capacity_wanted", "capacity_limit"))
        .prefetch_related("licences")
        .order_by("name")[:limit]
    )
    taken = set(
        Share.objects.visible_to(user)
        .live()
        .filter(lead=lead)
        .values_list("partner_id", flat=True)
    )
    decisions = list(lead.decisions.all())
    now = timezone.now()
    found = [
        Candidate(
            partner=partner,
            active=partner.active,
            default=RULES[partner.type].default,
            ceiling=RULES[partner.type].ceiling,
            reasons=tuple(_reasons_against(partner, lead, taken, now)),
            given=verdicts(decisions, partner_id=str(partner.pk), market=lead.market),
        )
        for partner in partners
    ]
    return sorted(found, key=lambda candidate: bool(candidate.reasons))


def _reasons_against(partner: Partner, lead: Lead, taken: set[str], now: datetime) -> list[str]:
    reasons = []
    if partner.status != Partner.Status.ACTIVE:
        reasons.append(_("%(status)s: gets no new leads") % {"status": partner.get_status_display()})
    if partner.pk in taken:
        reasons.append(_("Already has this lead"))
    if partner.active >= partner.capacity:  # type: ignore[attr-defined]
        reasons.append(_("No capacity left"))
    codes, _licences = gate_codes(partner, lead, now)
    return reasons + licensing.describe(codes)


def latest_ended(*, user: Actor, lead: Lead) -> Share | None:
    """Return the newest share of LEAD that a partner did not take, for reassigning."""
    ended = (ShareStatus.REJECTED, ShareStatus.EXPIRED, ShareStatus.WITHDRAWN)
    return shares_of(user=user, lead=lead).filter(status__in=ended).first()
