"""A partner's endpoint, a receiver behind it, and deliveries to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from events import dispatch, payloads, services
from events.models import Delivery, Endpoint, Event
from events.tests.receiver import Receiver, receiving
from portal.lib.access import THE_SYSTEM

TYPE = "lead.shared"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def dispatcher(settings: Any) -> Iterator[Callable[..., bool]]:
    """Return `drain` of a fresh dispatcher with a deadline of one second."""
    settings.WEBHOOK_DEADLINE_SECONDS = 1
    settings.WEBHOOK_RETRY_JITTER = 0.0
    settings.WEBHOOK_RETRY_SCHEDULE = [60, 120, 240]
    dispatch.close()
    yield lambda patience=15.0: dispatch.drain(patience)
    dispatch.close()


@pytest.fixture
def bodies(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Say what the body of each delivery is, by its ref `n`; a plain one where nothing is said."""
    said: dict[str, Any] = {}

    def build(deliveries: Any) -> Any:
        plain = {"leadId": "share_x", "lead": {"market": "uae"}}
        return {d.pk: said.get(d.refs.get("n", ""), plain) for d in deliveries}

    monkeypatch.setitem(payloads._builders, TYPE, build)
    return said


@pytest.fixture
def new_endpoint(receiver: Receiver) -> Callable[..., Endpoint]:
    """Return how to make an endpoint of a partner that proved itself already."""

    def make(partner: Any, path: str = "/ok", **fields: Any) -> Endpoint:
        fields = {"verified_at": timezone.now(), "url": receiver.url(path)} | fields
        return Endpoint.objects.create(
            partner=partner,
            secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            challenge="the-challenge",
            **fields,
        )

    return make


@pytest.fixture
def queue_one(bodies: Any) -> Callable[..., Delivery]:
    """Return how to queue one message to an endpoint."""

    def queue(endpoint: Endpoint, **fields: Any) -> Delivery:
        event = services.record_event(
            Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, partner_id=endpoint.partner_id
        )
        return Delivery.objects.create(
            **{
                "channel": Delivery.Channel.WEBHOOK,
                "endpoint": endpoint,
                "partner_id": endpoint.partner_id,
                "type": TYPE,
                "event_id": event.pk,
                "event_at": event.at,
                "refs": {},
            }
            | fields
        )

    return queue


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the addresses the event loop was asked to connect to; the connects still happen."""
    seen: list[Any] = []
    connect = asyncio.SelectorEventLoop.sock_connect

    async def counted(self: Any, sock: Any, address: Any) -> None:
        seen.append(address)
        await connect(self, sock, address)

    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", counted)
    return seen
