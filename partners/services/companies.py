"""Partners as the admins keep them."""

from __future__ import annotations

from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import record_event
from partners import sessions
from partners.models import Partner
from partners.selectors import has_history
from partners.services.writing import assign, clean, locked, tell_old_contact
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Conflict


class PartnerHasHistory(Conflict):
    """What this partner did must stay readable, so it can only be deactivated."""

    code = "partner_has_history"


class TypeIsFixed(Conflict):
    """Type and market decide what was shared, so they stay once anything was."""

    code = "type_is_fixed"


class NoProposal(Conflict):
    """There is no such proposal to decide."""

    code = "no_proposal"


class PartnerFields(TypedDict, total=False):
    """What an admin says of a partner. Commission in percent, capacity in leads."""

    name: str
    type: str
    market: str
    default_commission: Decimal
    capacity_limit: int
    areas: list[str]
    segments: list[str]
    languages: list[str]
    services: list[str]
    contact_email: str
    contact_phone: str


@transaction.atomic
def create_partner(*, actor: Actor, **fields: Unpack[PartnerFields]) -> Partner:
    """Add a partner.

    :raises Unprocessable: if a field is wrong or the type does not exist in the market
    """
    require(actor, Can.MANAGE_PARTNERS)
    partner = Partner(**fields, commission_set_by=actor.actor_id)
    clean(partner)
    partner.save(force_insert=True)
    record_event(Event.Kind.PARTNER_CREATED, actor=actor, partner_id=partner.pk, type=partner.type)
    return partner


@transaction.atomic
def update_partner(*, actor: Actor, partner_id: str, **fields: Unpack[PartnerFields]) -> Partner:
    """Change what FIELDS name; what was shared before keeps its own terms.

    :raises TypeIsFixed: if type or market would change after something was shared
    :raises Unprocessable: if a field is wrong
    """
    require(actor, Can.MANAGE_PARTNERS)
    partner = locked(Partner, partner_id)
    capacity, contact = partner.capacity, partner.contact_email
    changed = assign(partner, fields)
    if {"type", "market"} & set(changed) and has_history(partner):
        raise TypeIsFixed(_("This partner has a history, so its type and market stay."))
    if partner.capacity_wanted is not None and partner.capacity_wanted > partner.capacity_limit:
        partner.capacity_wanted = partner.capacity_limit
    if not changed:
        return partner
    clean(partner)
    if "default_commission" in changed:
        partner.commission_set_by = actor.actor_id
    partner.updated_at = timezone.now()
    partner.save()
    kind = Event.Kind.PARTNER_CHANGED
    event = record_event(kind, actor=actor, partner_id=partner.pk, fields=changed)
    tell_old_contact(event, partner, before=contact)
    if partner.capacity != capacity:
        record_capacity(actor, partner, before=capacity)
    return partner


def record_capacity(actor: Actor, partner: Partner, *, before: int) -> None:
    """Record that PARTNER takes another number of leads at a time than BEFORE."""
    record_event(
        Event.Kind.CAPACITY_CHANGED,
        actor=actor,
        partner_id=partner.pk,
        before=before,
        after=partner.capacity,
    )


@transaction.atomic
def set_status(*, actor: Actor, partner_id: str, status: str) -> Partner:
    """Enable, disable or suspend a partner. Suspending signs its people out at once.

    Its keys and deliveries ask for the status each time, so they end with it.
    """
    require(actor, Can.MANAGE_PARTNERS)
    partner = locked(Partner, partner_id)
    before = partner.status
    if before == status:
        return partner
    partner.status = status
    clean(partner)
    partner.updated_at = timezone.now()
    partner.save(update_fields=["status", "updated_at"])
    if status == Partner.Status.SUSPENDED:
        sessions.end_for(partner.users.all(), actor=actor)
    record_event(
        Event.Kind.PARTNER_STATUS_CHANGED,
        actor=actor,
        partner_id=partner.pk,
        before=before,
        after=status,
    )
    return partner


@transaction.atomic
def delete_partner(*, actor: Actor, partner_id: str) -> None:
    """Delete a partner that nothing ever happened with, its people, licences and keys included.

    :raises PartnerHasHistory: if anything was shared with it, booked for it or refused it
    """
    require(actor, Can.MANAGE_PARTNERS)
    partner = locked(Partner, partner_id)
    if has_history(partner):
        raise PartnerHasHistory(why_it_stays(partner))
    sessions.end_for(partner.users.all(), actor=actor)
    partner.users.all().delete()
    partner.delete()
    record_event(
        Event.Kind.PARTNER_STATUS_CHANGED,
        actor=actor,
        partner_id=partner_id,
        before=partner.status,
        after="deleted",
    )


def why_it_stays(partner: Partner) -> str:
    """Say why PARTNER, which has a history, is not deleted, and what to do instead."""
    return _(
        "%(name)s has a history: leads, commissions or their events. It stays, so that what"
        " happened can be read later. Disable or suspend it instead."
    ) % {"name": partner.name}


@transaction.atomic
def decide_commission_proposal(
    *, actor: Actor, partner_id: str, approve: bool, percent: Decimal
) -> Partner:
    """Approve or refuse the default commission of PERCENT that the partner proposed.

    Leads shared before keep the rate they were shared at.

    :raises NoProposal: if the partner proposes none, or by now another one than PERCENT
    """
    require(actor, Can.MANAGE_PARTNERS)
    partner = locked(Partner, partner_id)
    if partner.proposed_commission is None or partner.proposed_commission != percent:
        raise NoProposal(
            _("%(name)s does not propose this commission any more.") % {"name": partner.name}
        )
    before = partner.default_commission
    if approve:
        partner.default_commission, partner.commission_set_by = percent, actor.actor_id
    partner.proposed_commission = None
    clean(partner)
    partner.updated_at = timezone.now()
    partner.save(
        update_fields=[
            "default_commission",
            "commission_set_by",
            "proposed_commission",
            "updated_at",
        ]
    )
    record_event(
        Event.Kind.COMMISSION_PROPOSAL_DECIDED,
        actor=actor,
        partner_id=partner.pk,
        approved=approve,
        percent=str(percent),
        before=str(before),
    )
    return partner
