"""Differences between what partners say and what we recorded: opened, given out, settled."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from commissions.models import ReconciliationItem
from events.models import Event
from events.services import record_event
from partners.models import User
from portal.lib.access import GRANTS, STAFF_ROLES, Actor, Can, require
from portal.lib.errors import Conflict, Malformed, NotFound
from portal.lib.ids import is_id

# How long somebody has to decide what differs.
ANSWER_WITHIN = dt.timedelta(days=14)
# What makes two questions the same one: what the partner says, of which lead.
SAID = ("share_id", "kind", "claimed_value", "claimed_percent", "claimed_currency", "claimed_on")


def answer_by() -> dt.date:
    """Return the day by which a question that is opened now has to be answered."""
    return timezone.now().date() + ANSWER_WITHIN


def open_question(actor: Actor, lead_id: str, **given: Any) -> ReconciliationItem:
    """Open a question about a share, and tell so in the story of its lead."""
    item = ReconciliationItem.objects.create(due_on=answer_by(), **given)
    record_event(
        Event.Kind.RECONCILIATION_OPENED,
        actor=actor,
        partner_id=str(item.partner_id),
        lead_id=lead_id,
        share_id=str(item.share_id),
        item=str(item.pk),
        difference=item.kind,
    )
    return item


def settle(
    actor: Actor,
    items: QuerySet[ReconciliationItem],
    resolution: str,
    reason: str = "",
) -> int:
    """Mark open ITEMS of a locked share as settled; return how many were."""
    return items.update(
        status=ReconciliationItem.Status.SETTLED,
        settled_at=timezone.now(),
        settled_by=actor.actor_id,
        resolution=resolution,
        reason=reason[:500],
    )


def open_item_of(actor: Actor, item_id: str) -> ReconciliationItem:
    """Return a question that ACTOR may see.

    :raises NotFound: if there is none of that id
    """
    visible = ReconciliationItem.objects.visible_to(actor).select_related("share")
    item = visible.filter(pk=item_id).first() if is_id("review", item_id) else None
    if item is None:
        raise NotFound(_("There is no such question."))
    return item


def still_open(item: ReconciliationItem) -> ReconciliationItem:
    """Return ITEM as it is under the locks, if nobody settled it meanwhile.

    :raises Conflict: if somebody did
    """
    fresh = ReconciliationItem.objects.select_for_update().get(pk=item.pk)
    if fresh.status != ReconciliationItem.Status.OPEN:
        raise Conflict(_("This question was settled already."))
    return fresh


def assign_item(*, actor: Actor, item_id: str, owner_id: str) -> ReconciliationItem:
    """Give an open question to somebody to answer; the same owner again changes nothing.

    :param owner_id: one of the company's people who sees the question; empty: nobody's any more
    :raises Conflict: if it is settled
    :raises Malformed: if it cannot be given to whoever is named
    """
    with transaction.atomic():
        require(actor, Can.CORRECT_COMMISSION)
        item = still_open(open_item_of(actor, item_id))
        owner = staff_to_ask().filter(pk=owner_id).first() if is_id("user", owner_id) else None
        if owner_id and (owner is None or not _sees(owner, item)):
            raise Malformed(_("It cannot be given to this person."))
        if item.owner_id == (owner.pk if owner else None):
            return item
        item.owner = owner
        item.save(update_fields=["owner"])
        record_event(
            Event.Kind.RECONCILIATION_ASSIGNED,
            actor=actor,
            partner_id=str(item.partner_id),
            share_id=str(item.share_id) if item.share_id else None,
            lead_id=str(item.share.lead_id) if item.share else None,
            item=str(item.pk),
            owner=str(owner.pk) if owner else "",
        )
    return item


def _sees(owner: User, item: ReconciliationItem) -> bool:
    return ReconciliationItem.objects.visible_to(owner).filter(pk=item.pk).exists()


def staff_to_ask() -> QuerySet[User]:
    """Return the company's people who look into differences, by name."""
    roles = [role for role in STAFF_ROLES if Can.SEE_REVENUE in GRANTS[role]]
    return User.objects.filter(is_active=True, role__in=roles).order_by("name", "pk")
