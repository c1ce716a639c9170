"""What a partner's owner sets for their own company."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import record_event
from partners.models import Partner
from partners.services.companies import record_capacity
from partners.services.writing import assign, clean, locked, tell_old_contact
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Unprocessable


class CapacityAboveLimit(Unprocessable):
    """A partner may take fewer leads than the admin allows, never more."""

    code = "capacity_above_limit"


class NothingToPropose(Unprocessable):
    """The proposal is the commission the partner already has."""

    code = "nothing_to_propose"


@transaction.atomic
def update_settings(
    *, actor: Actor, contact_email: str, contact_phone: str, capacity_wanted: int | None
) -> Partner:
    """Change how the actor's own partner is reached and how many leads it takes at a time.

    CAPACITY_WANTED counts leads; None takes as many as the admin allows.

    :raises CapacityAboveLimit: if it is more than the admin allows
    """
    require(actor, Can.CHANGE_SETTINGS)
    partner = locked(Partner, actor.partner_id or "")
    if capacity_wanted is not None and capacity_wanted > partner.capacity_limit:
        raise CapacityAboveLimit(
            _("You may take up to %(limit)s leads at a time. Ask us if you can take more.")
            % {"limit": partner.capacity_limit},
            limit=partner.capacity_limit,
        )
    capacity, before = partner.capacity, partner.contact_email
    contact = {"contact_email": contact_email, "contact_phone": contact_phone}
    fields = assign(partner, contact)
    wanted = assign(partner, {"capacity_wanted": capacity_wanted})
    if not fields and not wanted:
        return partner
    clean(partner)
    partner.updated_at = timezone.now()
    partner.save(update_fields=[*contact, "capacity_wanted", "updated_at"])
    if fields:
        kind = Event.Kind.PARTNER_CHANGED
        event = record_event(kind, actor=actor, partner_id=partner.pk, fields=fields)
        tell_old_contact(event, partner, before=before)
    if partner.capacity != capacity:
        record_capacity(actor, partner, before=capacity)
    return partner


@transaction.atomic
def propose_commission(*, actor: Actor, percent: Decimal) -> Partner:
    """Propose a default commission of PERCENT for the actor's own partner; an admin decides.

    A newer proposal takes the place of an undecided one.

    :raises NothingToPropose: if it is the commission the partner has
    """
    require(actor, Can.CHANGE_SETTINGS)
    partner = locked(Partner, actor.partner_id or "")
    if percent == partner.default_commission:
        raise NothingToPropose(_("This is your default commission already."))
    if not assign(partner, {"proposed_commission": percent}):
        return partner
    clean(partner)
    partner.updated_at = timezone.now()
    partner.save(update_fields=["proposed_commission", "updated_at"])
    record_event(
        Event.Kind.COMMISSION_PROPOSED, actor=actor, partner_id=partner.pk, percent=str(percent)
    )
    return partner
