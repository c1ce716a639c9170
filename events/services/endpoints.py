"""Registering and looking after a partner's endpoints."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from events import egress, payloads, shapes, signing
from events import headers as header_rules
from events.models import Endpoint, Event
from events.services.owned import cancel, lock_partner, lock_with_partner, recorded
from events.services.proving import queue_challenge, renew_challenge, request_verification
from events.services.writing import record_event
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Conflict, Unprocessable

MAX_ENDPOINTS = 5
Reason = Endpoint.DisabledReason


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


@transaction.atomic
def create_endpoint(
    *,
    actor: Actor,
    url: str,
    event_types: Sequence[str] = (),
    description: str = "",
    thin: bool = False,
    headers: Mapping[str, str] | None = None,
    partner_id: str | None = None,
) -> Endpoint:
    """Register URL for the actor's partner (staff name it by PARTNER_ID) and challenge it.

    :raises UrlRefused: if the address is not one we deliver to
    :raises UnknownEventType: if one of EVENT_TYPES does not exist
    :raises HeadersRefused: if one of HEADERS may not be set
    :raises EndpointLimitReached: if the partner has five
    :raises EndpointExists: if it has this one
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    owner = lock_partner(actor, partner_id)
    address, types, added = _address(url), _types(event_types), _packed(headers or {})
    _require_free(address, owner)
    if Endpoint.objects.kept().filter(partner_id=owner).count() >= MAX_ENDPOINTS:
        raise EndpointLimitReached(_("A partner can have five endpoints."), limit=MAX_ENDPOINTS)
    endpoint = Endpoint.objects.create(
        partner_id=owner,
        url=address,
        event_types=types,
        description=description,
        payload_version=shapes.LATEST,
        thin=thin,
        headers=added,
        secret=signing.new_secret(),
        challenge=secrets.token_urlsafe(24),
    )
    event = recorded(Event.Kind.ENDPOINT_CREATED, actor, endpoint)
    queue_challenge(event, endpoint)
    return endpoint


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
    on again begins with its proof as well. What its owner switched off stays so until that.

    :raises NotFound: if ACTOR has no such endpoint
    :raises UrlRefused: if the address is not one we deliver to
    :raises EndpointExists: if the partner has this address already
    :raises UnknownEventType: if one of EVENT_TYPES does not exist
    :raises HeadersRefused: if one of HEADERS may not be set
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = lock_with_partner(actor, endpoint_id)
    wanted: dict[str, Any] = {
        "event_types": None if event_types is None else _types(event_types),
        "description": description,
        "thin": thin,
        "headers": None if headers is None else _packed(headers),
        "pending_url": None if url is None else _pending(endpoint, url),
    }
    if enabled is False:
        wanted |= {"enabled": False, "disabled_reason": Reason.OWNER}
    changed = _assign(endpoint, wanted)
    if changed:
        endpoint.save(update_fields=changed)
        off = "disabled_reason" in changed
        kind = Event.Kind.ENDPOINT_DISABLED if off else Event.Kind.ENDPOINT_CHANGED
        recorded(kind, actor, endpoint, changed=changed)
    if {"pending_url", "disabled_reason"} & set(changed):
        renew_challenge(endpoint)
    if _has_to_prove_itself(endpoint, changed, enabled):
        return request_verification(actor=actor, endpoint_id=endpoint_id)
    return endpoint


def _has_to_prove_itself(endpoint: Endpoint, changed: Sequence[str], enabled: bool | None) -> bool:
    if enabled and not endpoint.enabled:
        return True
    kept_off = endpoint.disabled_reason == Reason.OWNER
    waits = bool(endpoint.pending_url) or not (endpoint.verified and endpoint.enabled)
    return "pending_url" in changed and waits and not kept_off


@transaction.atomic
def remove_endpoint(*, actor: Actor, endpoint_id: str) -> None:
    """Take the endpoint out of use for good; what waits for it is cancelled.

    :raises NotFound: if ACTOR has no such endpoint
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = lock_with_partner(actor, endpoint_id)
    endpoint.enabled, endpoint.removed_at = False, timezone.now()
    endpoint.previous_secret_until = None
    secret = ("secret", "previous_secret", "signing_key", "headers")
    for name in secret:
        setattr(endpoint, name, "")
    endpoint.save(update_fields=["enabled", "removed_at", "previous_secret_until", *secret])
    cancel(endpoint)
    recorded(Event.Kind.ENDPOINT_REMOVED, actor, endpoint)


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


def _assign(endpoint: Endpoint, wanted: Mapping[str, Any]) -> list[str]:
    """Set what is WANTED and not None; return the names of what differs from before."""
    changed = sorted(
        name
        for name, value in wanted.items()
        if value is not None and value != getattr(endpoint, name)
    )
    for name in changed:
        setattr(endpoint, name, wanted[name])
    return changed


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
    _require_free(address, str(endpoint.partner_id), beside=endpoint.pk)
    return address


def _require_free(address: str, partner_id: str, *, beside: str | None = None) -> None:
    """Refuse ADDRESS if another endpoint has it or is about to have it; the partner is locked."""
    used = Endpoint.objects.kept().filter(
        Q(url=address) | Q(pending_url=address), partner_id=partner_id
    )
    if used.exclude(pk=beside).exists():
        raise EndpointExists(_("This address is registered already."))


def _packed(given: Mapping[str, str]) -> str:
    try:
        return header_rules.packed(header_rules.checked(given))
    except header_rules.Refused as refused:
        raise HeadersRefused(str(refused)) from refused
