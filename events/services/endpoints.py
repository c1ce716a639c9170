"""Registering and looking after a partner's endpoints."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events import egress, payloads, signing
from events.models import Delivery, Endpoint, Event
from events.services.writing import nudge, record_event, webhook
from portal.lib.access import Actor, Can, is_staff, require
from portal.lib.errors import Conflict, NotFound, Unprocessable

MAX_ENDPOINTS = 5


class EndpointLimitReached(Conflict):
    """The partner has as many endpoints as it may have."""

    code = "endpoint_limit"


class EndpointExists(Conflict):
    """The partner has an endpoint with this address already."""

    code = "endpoint_exists"


class UnknownEventType(Unprocessable):
    """Nobody can subscribe to this type."""

    code = "unknown_event_type"


class UrlRefused(Unprocessable):
    """The address is not one we deliver to."""

    code = "url_refused"


@transaction.atomic
def create_endpoint(
    *, actor: Actor, url: str, event_types: Sequence[str] = (), partner_id: str | None = None
) -> Endpoint:
    """Register URL for the actor's partner (staff name it by PARTNER_ID) and challenge it.

    :raises UrlRefused: if the address is not one we deliver to
    :raises UnknownEventType: if one of EVENT_TYPES does not exist
    :raises EndpointLimitReached: if the partner has five
    :raises EndpointExists: if it has this one
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    owner = _lock_partner(actor, partner_id)
    try:
        address = egress.checked_url(url)
    except egress.Refused as refused:
        raise UrlRefused(str(refused)) from refused
    if unknown := sorted(set(event_types) - set(payloads.TYPES)):
        raise UnknownEventType(_("There is no such event type."), types=unknown)
    kept = Endpoint.objects.kept().filter(partner_id=owner)
    if kept.filter(url=address).exists():
        raise EndpointExists(_("This address is registered already."))
    if kept.count() >= MAX_ENDPOINTS:
        raise EndpointLimitReached(_("A partner can have five endpoints."), limit=MAX_ENDPOINTS)
    endpoint = Endpoint.objects.create(
        partner_id=owner,
        url=address,
        event_types=sorted(set(event_types)),
        secret=signing.new_secret(),
        challenge=secrets.token_urlsafe(24),
    )
    event = record_event(
        Event.Kind.ENDPOINT_CREATED, actor=actor, partner_id=owner, endpoint_id=endpoint.pk
    )
    _queue_challenge(event, endpoint)
    return endpoint


@transaction.atomic
def request_verification(*, actor: Actor, endpoint_id: str) -> Endpoint:
    """Send the endpoint a new challenge. One that was disabled starts again from its proof.

    :raises NotFound: if ACTOR has no such endpoint
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = _lock_endpoint(actor, endpoint_id)
    if not endpoint.enabled:
        endpoint.enabled, endpoint.disabled_reason, endpoint.verified_at = True, "", None
    endpoint.challenge = secrets.token_urlsafe(24)
    endpoint.save(update_fields=["enabled", "disabled_reason", "verified_at", "challenge"])
    _cancel(endpoint, type=payloads.VERIFY)
    event = record_event(
        Event.Kind.ENDPOINT_CHALLENGED,
        actor=actor,
        partner_id=endpoint.partner_id,
        endpoint_id=endpoint.pk,
    )
    _queue_challenge(event, endpoint)
    return endpoint


@transaction.atomic
def remove_endpoint(*, actor: Actor, endpoint_id: str) -> None:
    """Take the endpoint out of use for good; what waits for it is cancelled.

    :raises NotFound: if ACTOR has no such endpoint
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = _lock_endpoint(actor, endpoint_id)
    endpoint.enabled, endpoint.removed_at, endpoint.secret = False, timezone.now(), ""
    endpoint.save(update_fields=["enabled", "removed_at", "secret"])
    _cancel(endpoint)
    record_event(
        Event.Kind.ENDPOINT_REMOVED,
        actor=actor,
        partner_id=endpoint.partner_id,
        endpoint_id=endpoint.pk,
    )


@transaction.atomic
def confirm_endpoint(*, actor: Actor, endpoint_id: str, echoed: str) -> bool:
    """Mark the endpoint as verified if ECHOED is its present challenge; return whether it was."""
    endpoint = Endpoint.objects.kept().select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None or not secrets.compare_digest(endpoint.challenge.encode(), echoed.encode()):
        return False
    if not endpoint.verified:
        endpoint.verified_at = timezone.now()
        endpoint.save(update_fields=["verified_at"])
        record_event(
            Event.Kind.ENDPOINT_VERIFIED,
            actor=actor,
            partner_id=endpoint.partner_id,
            endpoint_id=endpoint.pk,
        )
    return True


@transaction.atomic
def disable_endpoint(*, actor: Actor, endpoint_id: str, reason: str) -> None:
    """Stop delivering to the endpoint, saying why (:class:`Endpoint.DisabledReason`)."""
    endpoint = Endpoint.objects.kept().select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None or not endpoint.enabled:
        return
    endpoint.enabled, endpoint.disabled_reason = False, reason
    endpoint.save(update_fields=["enabled", "disabled_reason"])
    record_event(
        Event.Kind.ENDPOINT_DISABLED,
        actor=actor,
        partner_id=endpoint.partner_id,
        endpoint_id=endpoint.pk,
        reason=reason,
    )


def _lock_partner(actor: Actor, partner_id: str | None) -> str:
    """Return the id of the partner ACTOR may act for, its row locked: the limit is counted."""
    wanted = partner_id if is_staff(actor) else actor.partner_id
    partners: Any = Endpoint._meta.get_field("partner").related_model
    try:
        found = partners._default_manager.select_for_update(no_key=True).filter(pk=wanted).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound(_("There is no such partner."))
    return str(found.pk)


def _lock_endpoint(actor: Actor, endpoint_id: str) -> Endpoint:
    kept = Endpoint.objects.visible_to(actor).kept().select_for_update()
    if (endpoint := kept.filter(pk=endpoint_id).first()) is None:
        raise NotFound(_("There is no such endpoint."))
    return endpoint


def _cancel(endpoint: Endpoint, **which: str) -> None:
    endpoint.deliveries.filter(state=Delivery.State.PENDING, **which).update(
        state=Delivery.State.CANCELLED, finished_at=timezone.now()
    )


def _queue_challenge(event: Event, endpoint: Endpoint) -> None:
    refs = {"endpoint": endpoint.pk}
    webhook(event, payloads.VERIFY, endpoint.pk, endpoint.partner_id, refs).save()
    nudge()
