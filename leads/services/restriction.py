"""Keep a lead without using it: nothing of it is shared or shown to partners until it is lifted."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import record_event
from leads.actors import require_own
from leads.errors import Erased
from leads.models import Lead
from leads.services.following import apply
from leads.services.resolving import lock_lead
from portal.lib.access import CLIENT, Actor, Can, require
from portal.lib.errors import Conflict


class RestrictionStands(Conflict):
    """Somebody else's restriction, or one the law keeps up."""

    code = "restriction_stands"


def restrict_lead(*, actor: Actor, lead_id: str) -> Lead:
    """Stop every use of the lead; partners see nothing of it until it is lifted.

    It is no withdrawal: the client's decisions stand, and nobody has to delete anything. A lead
    that is restricted already stays as it is.

    :raises Erased: if there is nothing left to restrict
    """
    with transaction.atomic():
        lead = _locked(actor, lead_id)
        if lead.restricted_at is None:
            lead.restricted_at = timezone.now()
            lead.save(update_fields=["restricted_at"])
            event = record_event(Event.Kind.LEAD_RESTRICTED, actor=actor, lead_id=str(lead.pk))
            apply(actor, lead, event, cause="restricted")
    return lead


def lift_restriction(*, actor: Actor, lead_id: str) -> Lead:
    """Let the lead be used again as far as the client's decisions go.

    :raises RestrictionStands: if the client asked to be erased, or if staff would lift what the
        client restricted
    :raises Erased: if there is nothing left to use
    """
    with transaction.atomic():
        lead = _locked(actor, lead_id)
        if lead.erasure_asked_at is not None:
            raise RestrictionStands(_("The client asked to be erased; the lead stays restricted."))
        if lead.restricted_at is not None:
            if actor.role != CLIENT and restricted_by_client(lead):
                raise RestrictionStands(_("The client restricted the lead; only the client lifts."))
            lead.restricted_at = None
            lead.save(update_fields=["restricted_at"])
            kind = Event.Kind.LEAD_RESTRICTION_LIFTED
            event = record_event(kind, actor=actor, lead_id=str(lead.pk))
            apply(actor, lead, event, cause="lifted")
    return lead


def restricted_by_client(lead: Lead) -> bool:
    """Return whether the client's own act restricted the lead last."""
    acts = Event.objects.filter(lead_id=lead.pk, kind=Event.Kind.LEAD_RESTRICTED)
    newest = acts.order_by("-at", "-pk").first()
    return newest is not None and newest.actor == str(lead.pk)


def _locked(actor: Actor, lead_id: str) -> Lead:
    require(actor, Can.RESTRICT_LEAD)
    lead = lock_lead(lead_id)
    require_own(actor, lead)
    if lead.erased_at is not None:
        raise Erased(_("This client was erased."))
    return lead
