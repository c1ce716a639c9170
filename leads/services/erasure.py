"""Erase a client: on the client's wish, or when nothing justifies keeping the details any longer.

What stays is what happened without who it was: ids, times, money, events, decisions and receipts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from events import forgetting
from events.models import Event
from events.payloads import SEALED_TO
from events.services import queue_mail, record_event
from leads import duplicates, retention, suppression
from leads.actors import is_in_scope, require_own
from leads.models import (
    Appointment,
    ClientLink,
    ConsentDecision,
    DeletionTask,
    Lead,
    MoreRequest,
    ShareStatus,
)
from leads.services.following import apply
from leads.services.proposals import cancel_proposals
from leads.services.resolving import lock_lead
from portal.lib.access import CLIENT, THE_SYSTEM, Actor, Can, require
from portal.lib.errors import Conflict, NotFound
from portal.lib.ids import is_id
from portal.lib.secrets import sealed

log = logging.getLogger(__name__)

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

# What the apps above keep about a lead; they say themselves how it is emptied.
_emptied_with: list[Callable[[Lead], None]] = []


def empty_with(empty: Callable[[Lead], None]) -> None:
    """Let EMPTY clear what else is kept about a lead that is erased (register in `ready()`)."""
    _emptied_with.append(empty)


class KeptByLaw(Conflict):
    """The law makes us keep the data for some time yet."""

    code = "kept_by_law"


def ask_erasure(*, actor: Actor, lead_id: str) -> Lead:
    """Erase the person a lead is about, or where the law keeps the data stop every use of it now.

    Other leads of the same person go with it, each by the rule of its market; those a client has
    not proven to be its own are put before an agent instead. Whoever received anything is told at
    once to delete it, and the client who was told. Asking again changes nothing.

    :returns: the lead, erased (`erased_at`) or waiting for it (`erase_after`)
    """
    with transaction.atomic():
        require(actor, Can.ERASE_LEAD)
        leads = _locked_person(actor, lead_id)
        named = leads[lead_id]
        first = named.erasure_asked_at is None and named.erased_at is None
        details = _proven(actor, named)
        own = [
            lead
            for lead in leads.values()
            if _is_own(lead, named, details) and is_in_scope(actor, lead)
        ]
        waiting = [lead for lead in leads.values() if lead not in own] if first else []
        for lead in own:
            if lead.erased_at is None and lead.erasure_asked_at is None:
                _ask(actor, lead)
        for lead in waiting:
            _put_before_agent(lead)
    return named


def erase_lead(*, actor: Actor, lead_id: str) -> Lead:
    """Erase one lead now.

    :raises KeptByLaw: if the market's minimum has not passed since the client asked or, where
        nobody asked, since the last activity
    """
    with transaction.atomic():
        require(actor, Can.ERASE_LEAD)
        lead = lock_lead(lead_id)
        require_own(actor, lead)
        if lead.erased_at is None:
            if _earliest(lead) > timezone.now():
                raise KeptByLaw(_("The law makes us keep these details for some time yet."))
            _erase(actor, lead, "asked" if lead.erasure_asked_at else "decided")
    return lead


def apply_retention(*, actor: Actor = THE_SYSTEM, limit: int = 5_000) -> list[retention.Due]:
    """Erase what is due, each lead in its own transaction; return what was erased.

    :param limit: at most so many; the rest is the next night's
    """
    require(actor, Can.ERASE_LEAD)
    erased: list[retention.Due] = []
    for due in retention.due(timezone.now()):
        try:
            if _erased_if_due(actor, due.lead_id):
                erased.append(due)
        except Exception as error:  # noqa: BLE001 - one lead's fault must not keep the others
            # The message of the error may carry values, so it stays out.
            log.error("lead %s was not erased: %s", due.lead_id, type(error).__name__)
        if len(erased) == limit:
            break
    return erased


def _erased_if_due(actor: Actor, lead_id: str) -> bool:
    """Erase the lead unless something happened between reading and locking it."""
    with transaction.atomic():
        lead = lock_lead(lead_id)
        is_due = retention.still_due(lead, timezone.now())
        if is_due:
            _erase(actor, lead, "asked" if lead.erasure_asked_at else "retention")
    return is_due


def same_person(lead: Lead) -> Q:
    """Return which leads are of the same person: one detail is equal and the other no different."""
    email = Q(email=lead.email) if lead.email else Q(pk=lead.pk)
    phone = Q(phone=lead.phone) if lead.phone else Q(pk=lead.pk)
    no_other_phone = Q(phone__in=["", lead.phone]) if lead.phone else Q()
    no_other_email = Q(email__in=["", lead.email]) if lead.email else Q()
    return (email & no_other_phone) | (phone & no_other_email) | Q(pk=lead.pk)


def _locked_person(actor: Actor, lead_id: str) -> dict[str, Lead]:
    """Lock the lead and the others of its person, by id; nobody records the person meanwhile."""
    named = Lead.objects.filter(pk=lead_id).first() if is_id("lead", lead_id) else None
    if named is None:
        raise NotFound(_("There is no such lead."))
    require_own(actor, named)
    # Before the leads, as whoever records one does.
    duplicates.lock_person(named.email, named.phone)
    leads = Lead.objects.select_for_update(no_key=True, of=("self",))
    return {str(lead.pk): lead for lead in leads.filter(same_person(named)).order_by("pk")}


def _proven(actor: Actor, lead: Lead) -> frozenset[str]:
    """Return the details by which ACTOR may name other leads as those of the same person.

    Whoever comes by a link has the address it went to, or was handed it by an agent who knows the
    person. A number typed into our form is nobody's proof, nor is what a client corrected itself:
    by either anybody could have somebody else erased.
    """
    if actor.role != CLIENT:
        return frozenset({"email", "phone"})
    events = Event.objects.filter(lead_id=lead.pk)
    own_words = events.filter(kind=Event.Kind.LEAD_CORRECTED, actor=str(lead.pk))
    typed = Q(data__columns__contains="email") | Q(data__columns__contains="phone")
    if own_words.filter(typed).exists():
        return frozenset()
    by_form = events.filter(kind=Event.Kind.LEAD_CAPTURED, actor=THE_SYSTEM.actor_id)
    return frozenset({"email"} if by_form.exists() else {"email", "phone"})


def _is_own(lead: Lead, named: Lead, details: frozenset[str]) -> bool:
    """Return whether LEAD, of the same person as NAMED by its words, is so by one of DETAILS."""
    if lead.pk == named.pk:
        return True
    return any(getattr(named, d) and getattr(named, d) == getattr(lead, d) for d in details)


def _put_before_agent(lead: Lead) -> None:
    """Let an agent find out whether this lead is of the person who asked to be erased."""
    if lead.erased_at is not None or lead.erasure_asked_at is not None:
        return
    kind = Event.Kind.ERASURE_ASKED
    record_event(kind, actor=THE_SYSTEM, lead_id=str(lead.pk), answer="elsewhere")
    lead.needs_agent_since = lead.needs_agent_since or timezone.now()
    lead.save(update_fields=["needs_agent_since"])


def _ask(actor: Actor, lead: Lead) -> None:
    now = timezone.now()
    lead.erasure_asked_at = now
    event = record_event(Event.Kind.ERASURE_ASKED, actor=actor, lead_id=str(lead.pk))
    kept = retention.minimum_kept(lead.market, now)
    if not kept:
        _erase(actor, lead, "asked")
        return
    lead.restricted_at, lead.erase_after = lead.restricted_at or now, now + kept
    lead.save(update_fields=["erasure_asked_at", "restricted_at", "erase_after"])
    apply(actor, lead, event, cause="erased")
    if lead.email:
        queue_mail(event, "client_erasure_asked", refs={"lead": str(lead.pk)})


def _earliest(lead: Lead) -> datetime:
    """Return from when on the law lets us erase the lead."""
    if lead.erase_after is not None:
        return lead.erase_after
    events = Event.objects.filter(lead_id=lead.pk).order_by("-at")
    newest = events.values_list("at", flat=True).first() or lead.updated_at
    return max(newest, lead.updated_at) + retention.minimum_kept(lead.market)


def _erase(actor: Actor, lead: Lead, because: str) -> None:
    """Clear everything personal of a locked lead, tell the recipients and, if it asked, the client.

    :param because: `asked` by the client, `decided` by staff, or `retention`
    """
    now = timezone.now()
    lead.erased_at, lead.restricted_at = now, lead.restricted_at or now
    lead_id, kind = str(lead.pk), Event.Kind.LEAD_ERASED
    event = record_event(kind, actor=actor, lead_id=lead_id, because=because)
    apply(actor, lead, event, cause="erased")
    refs = {"lead": lead_id, SEALED_TO: sealed(lead.email)} if lead.email else None
    if because == "asked":
        suppression.add(lead)
    forgetting.forget(lead_id, map(str, lead.shares.values_list("pk", flat=True)))
    _clear(lead)
    _clear_beside(lead)
    if refs and because == "asked":
        # Once the lead is cleared nobody else knows where to write.
        queue_mail(event, "client_erased", refs=refs)


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
    lead.shares.update(notes="")
    # Why a share was revoked is said by us, every other reason by somebody.
    lead.shares.exclude(status=ShareStatus.REVOKED).update(reason="")
    ConsentDecision.objects.filter(lead=lead).exclude(note="").update(note="")
    Appointment.objects.filter(share__lead=lead).update(location="", external_id="")
    MoreRequest.objects.filter(share__lead=lead).update(reason="")
    DeletionTask.objects.filter(share__lead=lead).update(reason="")
    ClientLink.objects.filter(lead=lead).delete()
    for empty in _emptied_with:
        empty(lead)
    cancel_proposals(lead)  # nobody is left to answer
