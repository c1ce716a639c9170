"""Erase a client: on the client's wish, or when nothing justifies keeping the details any longer.

What stays is what happened without who it was: ids, times, money, events, decisions and receipts.
"""

from __future__ import annotations

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import queue_mail, record_event
from leads import retention, suppression
from leads.actors import require_own
from leads.models import Appointment, ClientLink, ConsentDecision, DeletionTask, Lead, MoreRequest
from leads.services.resolving import lock_lead
from leads.services.restriction import apply
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Conflict

# What of a lead tells nothing of the person. Every other column is emptied, a new one as well.
KEPT = frozenset(
    {
        "id",
        "market",
        "currency",
        "agent",
        "reassignment_history",
        "collaboration_outcomes",
        "restricted_at",
        "erasure_asked_at",
        "erase_after",
        "erased_at",
        "created_at",
        "updated_at",
    }
)


class KeptByLaw(Conflict):
    """The law makes us keep the data for some time yet."""

    code = "kept_by_law"


def ask_erasure(*, actor: Actor, lead_id: str) -> Lead:
    """Erase the client, or where the law keeps the data: stop every use now and erase when due.

    Whoever received anything is told at once to delete it. Asking again changes nothing.

    :returns: the lead, erased (`erased_at`) or waiting for it (`erase_after`)
    """
    with transaction.atomic():
        require(actor, Can.ERASE_LEAD)
        lead = lock_lead(lead_id)
        require_own(actor, lead)
        if lead.erased_at is not None or lead.erasure_asked_at is not None:
            return lead
        now = timezone.now()
        lead.erasure_asked_at = now
        event = record_event(Event.Kind.ERASURE_ASKED, actor=actor, lead_id=str(lead.pk))
        kept = retention.minimum_kept(lead.market, now)
        if kept:
            lead.restricted_at, lead.erase_after = lead.restricted_at or now, now + kept
            lead.save(update_fields=["erasure_asked_at", "restricted_at", "erase_after"])
            apply(actor, lead, event, cause="erased")
        else:
            _erase(actor, lead)
    return lead


def erase_lead(*, actor: Actor, lead_id: str) -> Lead:
    """Erase the client now.

    :raises KeptByLaw: if the market's minimum since the client asked has not passed
    """
    with transaction.atomic():
        require(actor, Can.ERASE_LEAD)
        lead = lock_lead(lead_id)
        require_own(actor, lead)
        if lead.erased_at is None:
            if lead.erase_after is not None and lead.erase_after > timezone.now():
                raise KeptByLaw(_("The law makes us keep these details for some time yet."))
            _erase(actor, lead)
    return lead


def _erase(actor: Actor, lead: Lead) -> None:
    """Clear everything personal of a locked lead, tell the recipients and the client."""
    now = timezone.now()
    lead.erased_at = now
    lead.restricted_at = lead.restricted_at or now
    event = record_event(Event.Kind.LEAD_ERASED, actor=actor, lead_id=str(lead.pk))
    apply(actor, lead, event, cause="erased")
    suppression.add(lead)
    _clear(lead)
    _clear_beside(lead)
    queue_mail(event, "client_erased", refs={"lead": str(lead.pk)})


def _clear(lead: Lead) -> None:
    for field in lead._meta.concrete_fields:
        if field.name not in KEPT:
            setattr(lead, field.attname, _empty(field))
    lead.collaboration_outcomes = [
        {**outcome, "reason": ""} for outcome in lead.collaboration_outcomes
    ]
    lead.updated_at = timezone.now()
    lead.save()


def _empty(field: models.Field[object, object]) -> object:
    return None if field.null else field.get_default()


def _clear_beside(lead: Lead) -> None:
    """Empty every free text that may name the client, in the rows around the lead."""
    lead.shares.exclude(reason="", notes="").update(reason="", notes="")
    ConsentDecision.objects.filter(lead=lead).exclude(note="").update(note="")
    Appointment.objects.filter(share__lead=lead).update(location="", external_id="")
    MoreRequest.objects.filter(share__lead=lead).update(reason="")
    DeletionTask.objects.filter(share__lead=lead).update(reason="")
    ClientLink.objects.filter(lead=lead).delete()
