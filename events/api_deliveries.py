"""What was sent to an endpoint, by machine: reading it, sending it again, a trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from events import examples, selectors, serializers, services
from events.api import SCOPE
from events.health import HOURS, Health, health_of
from events.models import Attempt, Delivery
from events.words import shown_error, shown_head
from portal.lib.api import PARAMS, ApiView, Nothing
from portal.lib.fields import rfc3339
from portal.lib.money import plain
from portal.lib.openapi import PAGE, described


def shown(delivery: Delivery) -> dict[str, Any]:
    """Return a message with its latest attempts as its partner sees it."""
    waits = delivery.state == Delivery.State.PENDING
    refs: Mapping[str, Any] = delivery.refs
    return {
        "id": delivery.pk,
        "webhookId": delivery.webhook_id,
        "type": delivery.type,
        "leadId": refs.get("share"),
        "state": delivery.state,
        "trigger": delivery.trigger,
        "happenedAt": rfc3339(delivery.event_at),
        "nextAttemptAt": rfc3339(delivery.next_attempt_at) if waits else None,
        "finishedAt": rfc3339(delivery.finished_at),
        "error": shown_error(delivery.last_error) or None,
        "attemptsMade": delivery.attempts,
        "attempts": [_attempt(one) for one in reversed(delivery.latest_tries)],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "trigger": attempt.trigger,
        "startedAt": rfc3339(attempt.started_at),
        "durationMs": attempt.duration_ms,
        "status": attempt.status,
        "error": shown_error(attempt.error) or None,
        "responseHead": shown_head(attempt.response_head),
    }


def stats(health: Health) -> dict[str, Any]:
    """Return HEALTH as outsiders read it."""
    return {
        "state": health.state,
        "hours": HOURS,
        "attempts": health.tried,
        "succeeded": health.arrived,
        "failed": health.failed,
        "successRate": plain(health.rate),
        "p95Ms": health.p95_ms,
        "waiting": health.waiting,
        "oldestDueSeconds": round(health.due_seconds, 1),
    }


class DeliveriesView(ApiView):
    """What was sent to one endpoint and what came of it (partner key)."""

    query_params = PARAMS | {"state", "type"}
    read_scope = SCOPE

    @described(
        serializers.DeliveryAnswer,
        summary="List what was sent to an endpoint",
        many=True,
        query={
            "state": "pending, sending, sent, failed or cancelled.",
            "type": "Only messages of this type.",
            **PAGE,
        },
        refusals={403: ["not_allowed"]},
        answered=[examples.DELIVERY],
    )
    def get(self, request: Request, endpoint: str) -> Response:
        found = selectors.deliveries_of(
            user=self.actor,
            endpoint_id=endpoint,
            state=self.chosen("state", Delivery.State.values),
            type=self.chosen("type", serializers.DELIVERY_TYPES),
        )
        return self.listing(found, by="created_at", show=shown)


class DeliveryView(ApiView):
    """One message and what came of it (partner key)."""

    read_scope = SCOPE

    @described(
        serializers.DeliveryAnswer,
        summary="Read one message",
        refusals={403: ["not_allowed"]},
        answered=examples.DELIVERY,
    )
    def get(self, request: Request, endpoint: str, delivery: str) -> Response:
        found = selectors.delivery_of(user=self.actor, endpoint_id=endpoint, delivery_id=delivery)
        return self.answer(shown(found))


class ResendView(ApiView):
    """Send one message again, under its own webhook-id (partner key)."""

    @described(
        serializers.DeliveryAnswer,
        summary="Send one message again",
        request=Nothing,
        status=202,
        refusals={
            403: ["not_allowed"],
            409: [
                "endpoint_not_receiving",
                "delivery_not_finished",
                "delivery_cancelled",
                "resent_too_often",
            ],
        },
        answered=examples.AGAIN,
    )
    def post(self, request: Request, endpoint: str, delivery: str) -> Response:
        self.given(Nothing)
        ids = {"endpoint_id": endpoint, "delivery_id": delivery}
        services.resend_delivery(actor=self.actor, **ids)
        return self.answer(shown(selectors.delivery_of(user=self.actor, **ids)), status=202)


class TestEndpointView(ApiView):
    """Send made-up data, marked as a test, in one attempt (partner key)."""

    @described(
        serializers.DeliveryAnswer,
        summary="Send a test",
        request=Nothing,
        status=202,
        refusals={
            403: ["not_allowed"],
            409: ["endpoint_not_receiving"],
            429: ["rate_limited", "too_many_tests"],
        },
        answered=examples.TEST,
    )
    def post(self, request: Request, endpoint: str) -> Response:
        self.given(Nothing)
        made = services.send_test(actor=self.actor, endpoint_id=endpoint)
        ids = {"endpoint_id": endpoint, "delivery_id": made.pk}
        return self.answer(shown(selectors.delivery_of(user=self.actor, **ids)), status=202)


class RecoverView(ApiView):
    """Send once more what was given up, spread out (partner key)."""

    @described(
        serializers.RecoveryAnswer,
        summary="Send once more what was given up",
        request=serializers.Recovery,
        status=202,
        refusals={
            403: ["not_allowed"],
            409: ["endpoint_not_receiving"],
            422: ["recover_out_of_range"],
        },
        sent={"since": "2026-11-21T00:00:00Z"},
        answered=examples.RECOVERY,
    )
    def post(self, request: Request, endpoint: str) -> Response:
        since = self.given(serializers.Recovery)["since"]
        number = services.recover(actor=self.actor, endpoint_id=endpoint, since=since)
        return self.answer({"since": rfc3339(since), "recovered": number}, status=202)


class StatsView(ApiView):
    """How delivering to one endpoint goes (partner key)."""

    read_scope = SCOPE

    @described(
        serializers.StatsAnswer,
        summary="See how delivering to an endpoint goes",
        refusals={403: ["not_allowed"]},
        answered=examples.STATS,
    )
    def get(self, request: Request, endpoint: str) -> Response:
        found = selectors.endpoint_for(user=self.actor, endpoint_id=endpoint)
        return self.answer(stats(health_of([found])[found.pk]))
