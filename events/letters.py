"""From claimed deliveries to bytes that can be signed and sent."""

from __future__ import annotations

import datetime as dt
import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings
from yarl import URL

from events import egress, headers, payloads, shapes, signing
from events.models import Delivery, Endpoint
from events.outcomes import given_up, put_off
from events.queue import Result
from portal.lib.money import plain

log = logging.getLogger(__name__)

MAX_BODY = 65_536
# Fields, or how their names begin, whose values are somebody's.
OF_A_CLIENT = ("customerInfo.", "budget", "preferences.", "appointment.location")


@dataclass(slots=True, frozen=True)
class Address:
    """Where to send: what of an endpoint is needed, read anew for every batch."""

    endpoint_id: str
    url: URL | None  # None where it is not one we deliver to any more
    keys: tuple[signing.Signer, ...]
    headers: dict[str, str]  # its owner's own; none of them is one of ours
    thin: bool
    version: str
    # Where challenges go: the new address, while one waits to be proven.
    proven_at: URL | None


@dataclass(slots=True, frozen=True)
class Letter:
    """One message ready to sign. `fields` names what it discloses, comma between."""

    delivery: Delivery
    address: Address
    url: URL
    body: bytes
    fields: str

    @property
    def body_sha256(self) -> str:
        return signing.sha256(self.body).hexdigest()

    @property
    def tells_of_a_client(self) -> bool:
        """Whether it holds anything of a client; an answer may repeat what it was sent."""
        return any(name in self.fields for name in OF_A_CLIENT)


def write(deliveries: Sequence[Delivery]) -> tuple[list[Letter], list[Result]]:
    """Return the letters of DELIVERIES, and what is settled already because it cannot be sent."""
    letters: list[Letter] = []
    settled: list[Result] = []
    addresses = _addresses({str(delivery.endpoint_id) for delivery in deliveries})
    for type_, batch in _by_type(deliveries).items():
        try:
            bodies = payloads.build(type_, batch)
        except Exception as error:  # noqa: BLE001 - one type's fault must not stop the others
            _tell(type_, error)
            settled += [put_off(delivery, "build_failed") for delivery in batch]
            continue
        for delivery in batch:
            written = _letter(delivery, bodies.get(delivery.pk), addresses)
            if isinstance(written, Letter):
                letters.append(written)
            else:
                settled.append(written)
    return letters, settled


def _letter(
    delivery: Delivery, data: dict[str, Any] | None, addresses: Mapping[str, Address]
) -> Letter | Result:
    if data is None:
        return Result(
            delivery=delivery,
            state=Delivery.State.CANCELLED,
            error="payload_cancelled",
            attempted=False,
        )
    address = addresses.get(str(delivery.endpoint_id))
    if address is None:
        return put_off(delivery, "not_sent")
    url = address.proven_at if delivery.type == payloads.VERIFY else address.url
    if url is None:
        return put_off(delivery, "egress_blocked")
    try:
        data = shapes.shaped(data, address.version, is_thin=address.thin)
    except KeyError as error:
        _tell(delivery.type, error)
        return put_off(delivery, "build_failed")
    body = _ENCODER.encode(
        {"type": delivery.type, "timestamp": _time(delivery.event_at), "data": data}
    ).encode()
    if len(body) > MAX_BODY:
        return given_up(delivery, "payload_too_large")
    fields: list[str] = []
    _names(data, "", fields)
    return Letter(delivery, address, url, body, ",".join(fields))


def _by_type(deliveries: Sequence[Delivery]) -> dict[str, list[Delivery]]:
    found: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        found.setdefault(delivery.type, []).append(delivery)
    return found


def _addresses(endpoint_ids: set[str]) -> dict[str, Address]:
    """Return where the endpoints' messages go now, by the endpoint's id."""
    return {
        endpoint.pk: _address(endpoint) for endpoint in Endpoint.objects.filter(pk__in=endpoint_ids)
    }


def _address(endpoint: Endpoint) -> Address:
    keys: list[signing.Signer] = [signing.key_of(key) for key in endpoint.signing_secrets()]
    if endpoint.signing_key:
        keys.append(signing.signing_key_of(endpoint.signing_key))
    url = _url(endpoint.url, settings.WEBHOOK_ALLOW_LOOPBACK)
    return Address(
        endpoint.pk,
        url,
        tuple(keys),
        headers.unpacked(endpoint.headers),
        endpoint.thin,
        endpoint.payload_version,
        _url(endpoint.pending_url, settings.WEBHOOK_ALLOW_LOOPBACK)
        if endpoint.pending_url
        else url,
    )


@lru_cache(maxsize=4096)
def _url(address: str, _loopback: bool) -> URL | None:
    """Return ADDRESS to be dialled; None where it may not be, which the socket checks again."""
    try:
        return URL(egress.checked_url(address), encoded=True)
    except egress.Refused:
        return None


def _names(data: Mapping[str, Any], inside: str, found: list[str]) -> None:
    """Add the name of every field of DATA to FOUND, never its value: `lead.customerInfo.phone`."""
    for key, value in data.items():
        if isinstance(value, dict):
            _names(value, f"{inside}{key}.", found)
        else:
            found.append(inside + key)


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _simple(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dt.datetime):
        return _time(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a message")


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=_simple)


def _tell(type_: str, error: Exception) -> None:
    """Log where building failed; of an error the log tells no text (`portal.lib.logs`)."""
    log.error("a body of %s could not be built: %s", type_, type(error).__name__, exc_info=error)
