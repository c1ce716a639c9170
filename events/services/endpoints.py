"""Registering and looking after a partner's endpoints."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events import egress, payloads, signing
from events import headers as header_rules
from events.models import Delivery, Endpoint, Event
from events.services.writing import nudge, queue_mail, record_event, webhook
from portal.lib.access import Actor, Can, is_staff, require
from portal.lib.errors import Conflict, NotFound, Unprocessable

MAX_ENDPOINTS = 5
DEFAULT_OVERLAP = timedelta(days=1)
LONGEST_OVERLAP = timedelta(days=7)  # as Svix allows (reference of Standard Webhooks' makers)


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


class HeadersRefused(Unprocessable):
    """A header may not be set, or there are too many."""

    code = "headers_refused"


class OverlapRefused(Unprocessable):
    """A secret overlaps for seven days at most."""

    code = "overlap_refused"


@transaction.atomic
def create_endpoint(
    *,
    actor: Actor,
    url: str,
    event_types: Sequence[str] = (),
    description: str = "",
    partner_id: str | None = None,
) -> Endpoint:
    """Register URL for the actor's partner (staff name it by PARTNER_ID) and challenge it.

    :raises UrlRefused: if the address is not one we deliver to
    :raises UnknownEventType: if one of EVENT_TYPES does not exist
    :raises EndpointLimitReached: if the partner has five
    :raises EndpointExists: if it has this one
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    owner = _lock_partner(actor, partner_id)
    address, types = _address(url), _types(event_types)
    kept = Endpoint.objects.kept().filter(partner_id=owner)
    if kept.filter(url=address).exists():
        raise EndpointExists(_("This address is registered already."))
    if kept.count() >= MAX_ENDPOINTS:
        raise EndpointLimitReached(_("A partner can have five endpoints."), limit=MAX_ENDPOINTS)
    endpoint = Endpoint.objects.create(
        partner_id=owner,
        url=address,
        event_types=types,
        description=description,
        secret=signing.new_secret(),
        challenge=secrets.token_urlsafe(24),
    )
    event = record_event(
        Event.Kind.ENDPOINT_CREATED, actor=actor, partner_id=owner, endpoint_id=endpoint.pk
    )
    _tell(event, endpoint)
    _queue_challenge(event, endpoint)
    return endpoint


@transaction.atomic
def request_verification(*, actor: Actor, endpoint_id: str) -> Endpoint:
    """Send the endpoint a new challenge. One that is switched off comes on again by its proof.

    :raises NotFound: if ACTOR has no such endpoint
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = lock_endpoint(actor, endpoint_id)
    # Switched off without a reason: it waits for its proof, and only the challenge is sent.
    endpoint.disabled_reason, endpoint.open_until = "", None
    endpoint.save(update_fields=["disabled_reason", "open_until"])
    return _challenge(actor, endpoint)


@transaction.atomic
def change_endpoint(
    *,
    actor: Actor,
    endpoint_id: str,
    url: str | None = None,
    event_types: Sequence[str] | None = None,
    description: str | None = None,
    thin: bool | None = None,
    headers: Mapping[str, str] | None = None,
    enabled: bool | None = None,
) -> Endpoint:
    """Change what is given of an endpoint.

    A new URL waits until it has echoed a challenge; until then the old one receives. Switching it
    on again begins with its proof as well.

    :raises NotFound: if ACTOR has no such endpoint
    :raises UrlRefused: if the address is not one we deliver to
    :raises EndpointExists: if the partner has this address already
    :raises UnknownEventType: if one of EVENT_TYPES does not exist
    :raises HeadersRefused: if one of HEADERS may not be set
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = lock_endpoint(actor, endpoint_id)
    wanted: dict[str, Any] = {
        "event_types": None if event_types is None else _types(event_types),
        "description": description,
        "thin": thin,
        "headers": None if headers is None else _sealed_headers(headers),
        "pending_url": None if url is None else _pending(endpoint, url),
    }
    if enabled is False and endpoint.enabled:
        wanted |= {"enabled": False, "disabled_reason": Endpoint.DisabledReason.OWNER}
    changed = [
        name
        for name, value in wanted.items()
        if value is not None and value != getattr(endpoint, name)
    ]
    for name in changed:
        setattr(endpoint, name, wanted[name])
    if changed:
        endpoint.save(update_fields=changed)
        kind = Event.Kind.ENDPOINT_DISABLED if "enabled" in changed else Event.Kind.ENDPOINT_CHANGED
        _recorded(kind, actor, endpoint, changed=sorted(changed))
    if ("pending_url" in changed and endpoint.pending_url) or (enabled and not endpoint.enabled):
        return request_verification(actor=actor, endpoint_id=endpoint_id)
    return endpoint


@transaction.atomic
def rotate_secret(
    *, actor: Actor, endpoint_id: str, overlap: timedelta = DEFAULT_OVERLAP
) -> Endpoint:
    """Give the endpoint a new secret; the one until now signs as well for OVERLAP, 0 to 7 days.

    :raises NotFound: if ACTOR has no such endpoint
    :raises OverlapRefused: if OVERLAP is longer, or negative
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise OverlapRefused(_("The secrets may overlap for up to seven days."))
    endpoint = lock_endpoint(actor, endpoint_id)
    endpoint.previous_secret = endpoint.secret if overlap else ""
    endpoint.previous_secret_until = timezone.now() + overlap if overlap else None
    endpoint.secret = signing.new_secret()
    endpoint.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    hours = round(overlap.total_seconds() / 3600, 2)
    _recorded(Event.Kind.ENDPOINT_SECRET_ROTATED, actor, endpoint, overlap_hours=hours)
    return endpoint


@transaction.atomic
def make_signing_key(*, actor: Actor, endpoint_id: str) -> Endpoint:
    """Sign with a new Ed25519 key as well (`v1a`); its public half is the partner's to know.

    :raises NotFound: if ACTOR has no such endpoint
    """
    return _signing_key(actor, endpoint_id, signing.new_signing_key())


@transaction.atomic
def remove_signing_key(*, actor: Actor, endpoint_id: str) -> Endpoint:
    """Sign with the secret only.

    :raises NotFound: if ACTOR has no such endpoint
    """
    return _signing_key(actor, endpoint_id, "")


def _signing_key(actor: Actor, endpoint_id: str, key: str) -> Endpoint:
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = lock_endpoint(actor, endpoint_id)
    endpoint.signing_key = key
    endpoint.save(update_fields=["signing_key"])
    _recorded(Event.Kind.ENDPOINT_CHANGED, actor, endpoint, changed=["signing_key"])
    return endpoint


def _challenge(actor: Actor, endpoint: Endpoint) -> Endpoint:
    """Send the endpoint a new challenge in place of any that waits."""
    endpoint.challenge = secrets.token_urlsafe(24)
    endpoint.save(update_fields=["challenge"])
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
    endpoint = lock_endpoint(actor, endpoint_id)
    endpoint.enabled, endpoint.removed_at = False, timezone.now()
    secret = ("secret", "previous_secret", "signing_key", "headers")
    for name in secret:
        setattr(endpoint, name, "")
    endpoint.save(update_fields=["enabled", "removed_at", *secret])
    _cancel(endpoint)
    _recorded(Event.Kind.ENDPOINT_REMOVED, actor, endpoint)


@transaction.atomic
def confirm_endpoint(*, actor: Actor, endpoint_id: str, echoed: str) -> bool:
    """Mark the endpoint as verified if ECHOED is its present challenge; return whether it was."""
    endpoint = Endpoint.objects.kept().select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None or not secrets.compare_digest(endpoint.challenge.encode(), echoed.encode()):
        return False
    if endpoint.verified and endpoint.enabled and not endpoint.pending_url:
        return True
    if endpoint.pending_url:
        endpoint.url, endpoint.pending_url = endpoint.pending_url, ""
    endpoint.verified_at, endpoint.enabled, endpoint.disabled_reason = timezone.now(), True, ""
    # What an address did wrong before is not counted against the one that just answered.
    endpoint.failing_since = endpoint.told_failing_at = endpoint.told_exhausted_at = None
    endpoint.open_until, endpoint.openings = None, 0
    endpoint.save(
        update_fields=[
            "url", "pending_url", "verified_at", "enabled", "disabled_reason", "failing_since",
            "told_failing_at", "told_exhausted_at", "open_until", "openings",
        ]
    )  # fmt: skip
    _recorded(Event.Kind.ENDPOINT_VERIFIED, actor, endpoint)
    return True


@transaction.atomic
def disable_endpoint(*, actor: Actor, endpoint_id: str, reason: str) -> Event | None:
    """Stop delivering to the endpoint, saying why (:class:`Endpoint.DisabledReason`).

    Returns the event; None where it was switched off already.
    """
    endpoint = Endpoint.objects.kept().select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None or not endpoint.enabled:
        return None
    endpoint.enabled, endpoint.disabled_reason = False, reason
    endpoint.save(update_fields=["enabled", "disabled_reason"])
    # `endpoint_disabled` mails say why; the dispatcher sends those.
    return record_event(
        Event.Kind.ENDPOINT_DISABLED,
        actor=actor,
        partner_id=endpoint.partner_id,
        endpoint_id=endpoint.pk,
        reason=reason,
    )


def _address(url: str) -> str:
    try:
        return egress.checked_url(url)
    except egress.Refused as refused:
        raise UrlRefused(str(refused)) from refused


def _types(event_types: Sequence[str]) -> list[str]:
    if unknown := sorted(set(event_types) - set(payloads.TYPES)):
        raise UnknownEventType(_("There is no such event type."), types=unknown)
    return sorted(set(event_types))


def _pending(endpoint: Endpoint, url: str) -> str:
    """Return the address that has to prove itself; nothing if it is the present one."""
    address = _address(url)
    if address == endpoint.url:
        return ""
    others = Endpoint.objects.kept().filter(partner_id=endpoint.partner_id, url=address)
    if others.exclude(pk=endpoint.pk).exists():
        raise EndpointExists(_("This address is registered already."))
    return address


def _sealed_headers(given: Mapping[str, str]) -> str:
    try:
        found = header_rules.checked(given)
    except header_rules.Refused as refused:
        raise HeadersRefused(str(refused)) from refused
    return json.dumps(found) if found else ""


def _recorded(kind: str, actor: Actor, endpoint: Endpoint, **data: Any) -> Event:
    """Write down what happened to ENDPOINT, and tell its partner by mail."""
    event = record_event(
        kind, actor=actor, partner_id=endpoint.partner_id, endpoint_id=endpoint.pk, **data
    )
    _tell(event, endpoint)
    return event


def _tell(event: Event, endpoint: Endpoint) -> None:
    queue_mail(event, "endpoint_changed", refs={"endpoint": endpoint.pk, "kind": event.kind})


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


def lock_endpoint(actor: Actor, endpoint_id: str) -> Endpoint:
    """Return the endpoint, its row locked.

    :raises NotFound: if ACTOR has none of this id
    """
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
