"""What every change of an endpoint begins and ends with: locks, the event, the partner's mail."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Delivery, Endpoint, Event
from events.services.writing import queue_mail, record_event
from portal.lib.access import Actor, is_staff
from portal.lib.errors import NotFound
from portal.lib.scope import sight_of


def lock_partner(actor: Actor, partner_id: str | None) -> str:
    """Return the id of the partner ACTOR may act for, its row locked; staff name it.

    Addresses are compared and endpoints counted under this lock.

    :raises NotFound: if there is no such partner
    """
    wanted = partner_id if is_staff(actor) else actor.partner_id
    partners: Any = Endpoint._meta.get_field("partner").related_model
    try:
        found = partners._default_manager.select_for_update(no_key=True).filter(pk=wanted).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound(_("There is no such partner."))
    return str(found.pk)


def lock_endpoint(actor: Actor, endpoint_id: str) -> Endpoint:
    """Return the endpoint, its row locked.

    :raises NotFound: if ACTOR has none of this id
    """
    kept = Endpoint.objects.visible_to(actor).kept().filter(pk=endpoint_id)
    with sight_of(actor):
        there = kept.exists()
    if not there or (endpoint := kept.select_for_update().first()) is None:
        raise NotFound(_("There is no such endpoint."))
    return endpoint


def lock_with_partner(actor: Actor, endpoint_id: str) -> Endpoint:
    """Return the endpoint, its partner's row locked first.

    :raises NotFound: if ACTOR has none of this id
    """
    kept = Endpoint.objects.visible_to(actor).kept()
    owner = kept.filter(pk=endpoint_id).values_list("partner_id", flat=True).first()
    if owner is None:
        raise NotFound(_("There is no such endpoint."))
    lock_partner(actor, str(owner))
    return lock_endpoint(actor, endpoint_id)


def recorded(kind: str, actor: Actor, endpoint: Endpoint, **data: Any) -> Event:
    """Write down what happened to ENDPOINT, and tell its partner by mail."""
    event = record_event(
        kind, actor=actor, partner_id=endpoint.partner_id, endpoint_id=endpoint.pk, **data
    )
    queue_mail(event, "endpoint_changed", refs={"endpoint": endpoint.pk, "kind": event.kind})
    return event


def cancel(endpoint: Endpoint, **which: str) -> None:
    """Let what waits for ENDPOINT never leave, or those of it that WHICH names."""
    endpoint.deliveries.filter(state=Delivery.State.PENDING, **which).update(
        state=Delivery.State.CANCELLED, finished_at=timezone.now()
    )
