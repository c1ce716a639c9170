"""Acme's endpoint, proven, with messages to it; imported by `conftest`."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from events import services
from events.models import Attempt, Delivery, Endpoint, Event
from portal.lib.access import THE_SYSTEM

LIST = "/api/webhook-endpoints"
ONE = LIST + "/{endpoint}"
URL = "https://hook.acme-partner.com/in"
NEW_URL = "https://new.acme-partner.com/in"


@pytest.fixture
def hook(acme: Any) -> Endpoint:
    """Acme's endpoint, proven."""
    return Endpoint.objects.create(
        partner=acme,
        url=URL,
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        challenge="the-challenge",
        verified_at=timezone.now(),
    )


@pytest.fixture
def path(hook: Endpoint) -> str:
    """Return the address of Acme's endpoint in the API."""
    return f"{LIST}/{hook.pk}"


def message(hook: Endpoint, **fields: Any) -> Delivery:
    """Return a message to HOOK, given up after one attempt if nothing else is said."""
    event = services.record_event(
        Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, partner_id=hook.partner_id
    )
    values = {
        "type": "lead.shared",
        "state": "failed",
        "attempts": 1,
        "last_error": "http_500",
        "finished_at": timezone.now(),
    }
    made = Delivery.objects.create(
        channel="webhook",
        endpoint=hook,
        partner_id=hook.partner_id,
        event_id=event.pk,
        event_at=event.at,
        **values | fields,
    )
    return Delivery.objects.get(pk=made.pk)


def attempt(delivery: Delivery, number: int = 1, **fields: Any) -> Attempt:
    """Return an attempt of DELIVERY, answered 500 if nothing else is said."""
    values = {"status": 500, "error": "http_500", "response_head": "no", "duration_ms": 20}
    return Attempt.objects.create(
        delivery=delivery, number=number, started_at=timezone.now(), **values | fields
    )


def told() -> QuerySet[Event]:
    """Return what happened to endpoints and messages, in its order."""
    about = Event.objects.exclude(kind__in=[Event.Kind.API_KEY_ISSUED, Event.Kind.LEAD_SHARED])
    return about.order_by("at", "id")


def last_event() -> Event:
    """Return what happened last."""
    found = Event.objects.order_by("at", "id").last()
    assert found is not None
    return found
