"""Whose a lead is: the client as an actor, of one lead only, and staff with a market or team."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from leads.models import Lead
from portal.lib.access import CLIENT, Actor, scope_of
from portal.lib.errors import NotFound


@dataclass(frozen=True, slots=True)
class ClientActor:
    """The person LEAD_ID is about, let in by a link. The lead's id is its name on the record."""

    lead_id: str
    role: str = CLIENT
    partner_id: str | None = None
    is_active: bool = True

    @property
    def actor_id(self) -> str:
        return self.lead_id


def require_own(actor: Actor, lead: Lead) -> None:
    """Refuse a client whose own lead it is not, and staff in whose market or team it is not.

    :raises NotFound: as for a lead that does not exist
    """
    others = actor.role == CLIENT and actor.actor_id != str(lead.pk)
    if others or not is_in_scope(actor, lead):
        raise NotFound(_("There is no such lead."))


def is_in_scope(actor: Actor, lead: Lead) -> bool:
    """Return whether LEAD lies in ACTOR's market and team, as `visible_to` asks the database."""
    wanted = scope_of(actor)
    if wanted.get("market", lead.market) != lead.market:
        return False
    team = wanted.get("agent__team", "")
    return not team or (lead.agent is not None and lead.agent.team == team)
