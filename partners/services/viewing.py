"""The company's people look at the portal as a partner sees it. It changes nothing."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from events.models import Event
from events.services import record_event
from partners.models import Partner
from portal.lib.access import Actor, Can, require
from portal.lib.errors import NotAllowed, NotFound
from portal.lib.ids import is_id


@transaction.atomic
def start_viewing(*, actor: Actor, partner_id: str) -> Partner:
    """Record that ACTOR begins to see the portal as the partner does, and return the partner.

    A partner's pages show leads of every team, so whoever is limited to a team sees none; whoever
    is limited to a market sees the partners of that market.

    :raises NotFound: if ACTOR may see no such partner
    """
    require(actor, Can.VIEW_AS_PARTNER)
    if getattr(actor, "team", ""):
        raise NotAllowed(_("A partner's pages show other teams' leads too."), right="team")
    found = Partner.objects.visible_to(actor).filter(pk=partner_id)
    if market := getattr(actor, "market", ""):
        found = found.filter(market=market)
    partner = found.first() if is_id("partner", partner_id) else None
    if partner is None:
        raise NotFound(_("There is no such partner."))
    record_event(
        Event.Kind.PARTNER_VIEWED, actor=actor, partner_id=str(partner.pk), state="started"
    )
    return partner


@transaction.atomic
def stop_viewing(*, actor: Actor, partner_id: str) -> None:
    """Record that ACTOR stopped seeing the portal as the partner does."""
    record_event(Event.Kind.PARTNER_VIEWED, actor=actor, partner_id=partner_id, state="stopped")
