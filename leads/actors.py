"""The client as an actor: nobody's account, and of one lead only."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from leads.models import Lead
from portal.lib.access import CLIENT, Actor
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
    """Refuse a client who acts on a lead that is not its own.

    :raises NotFound: as for a lead that does not exist
    """
    if actor.role == CLIENT and actor.actor_id != str(lead.pk):
        raise NotFound(_("There is no such lead."))
