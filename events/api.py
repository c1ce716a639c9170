"""A partner's webhook endpoints by machine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from events import examples, headers, selectors, serializers, services, signing
from events.health import state_of
from events.models import Endpoint
from portal.lib.api import PARAMS, ApiView, Nothing
from portal.lib.fields import rfc3339
from portal.lib.openapi import PAGE, described

SCOPE = "webhooks:manage"
_BODY_REFUSED = ["url_refused", "headers_refused"]


def shown(endpoint: Endpoint) -> dict[str, Any]:
    """Return an endpoint as its partner sees it."""
    key = endpoint.signing_key
    return {
        "id": endpoint.pk,
        "url": endpoint.url,
        "verified": endpoint.verified,
        "enabled": endpoint.enabled,
        "eventTypes": endpoint.event_types,
        "description": endpoint.description,
        "pendingUrl": endpoint.pending_url or None,
        "state": state_of(endpoint),
        "disabledReason": endpoint.disabled_reason or None,
        "payloadVersion": endpoint.payload_version,
        "thin": endpoint.thin,
        "headerNames": list(headers.unpacked(endpoint.headers)),
        "publicKey": signing.public_key_of(key) if key else None,
        "previousSecretUntil": rfc3339(endpoint.previous_secret_until),
        "failingSince": rfc3339(endpoint.failing_since),
        "pausedUntil": rfc3339(endpoint.open_until),
        "lastSentAt": rfc3339(endpoint.last_sent_at),
        "lastFailedAt": rfc3339(endpoint.last_failed_at),
        "createdAt": rfc3339(endpoint.created_at),
    }


class EndpointsView(ApiView):
    """The partner's endpoints (partner key)."""

    query_params = PARAMS
    read_scope = SCOPE
    secret_members = ("secret",)

    @described(
        serializers.EndpointAnswer,
        summary="List webhook endpoints",
        many=True,
        query=PAGE,
        refusals={403: ["not_allowed"]},
        answered=[examples.ENDPOINT],
    )
    def get(self, request: Request) -> Response:
        endpoints = selectors.endpoints_for(user=self.actor)
        return self.listing(endpoints, by="created_at", show=shown)

    @described(
        serializers.SecretAnswer,
        summary="Register a webhook endpoint",
        request=serializers.NewEndpoint,
        refusals={
            403: ["not_allowed"],
            409: ["endpoint_exists", "endpoint_limit"],
            422: _BODY_REFUSED,
            429: ["rate_limited", "too_many_challenges"],
        },
        sent={"url": examples.NEW["url"], "eventTypes": examples.NEW["eventTypes"]},
        answered={**examples.NEW, "secret": examples.SECRET},
    )
    def post(self, request: Request) -> Response:
        made = services.create_endpoint(actor=self.actor, **self.given(serializers.NewEndpoint))
        return self.answer({**shown(made), "secret": made.secret})


class EndpointView(ApiView):
    """One endpoint (partner key)."""

    read_scope = SCOPE

    @described(
        serializers.EndpointAnswer,
        summary="Read a webhook endpoint",
        refusals={403: ["not_allowed"]},
        answered=examples.ENDPOINT,
    )
    def get(self, request: Request, endpoint: str) -> Response:
        return self.answer(shown(selectors.endpoint_for(user=self.actor, endpoint_id=endpoint)))

    @described(
        serializers.EndpointAnswer,
        summary="Change a webhook endpoint",
        request=serializers.ChangedEndpoint,
        refusals={
            403: ["not_allowed"],
            409: ["endpoint_exists"],
            422: _BODY_REFUSED,
            429: ["rate_limited", "too_many_challenges"],
        },
        sent={"url": "https://partner.example/new", "thin": False},
        answered=examples.ENDPOINT | {"pendingUrl": "https://partner.example/new"},
    )
    def patch(self, request: Request, endpoint: str) -> Response:
        changes = self.given(serializers.ChangedEndpoint)
        changed = services.change_endpoint(actor=self.actor, endpoint_id=endpoint, **changes)
        return self.answer(shown(changed))

    @described(
        serializers.RemovedAnswer,
        summary="Remove a webhook endpoint",
        refusals={403: ["not_allowed"]},
        answered={"id": examples.ENDPOINT["id"]},
    )
    def delete(self, request: Request, endpoint: str) -> Response:
        services.remove_endpoint(actor=self.actor, endpoint_id=endpoint)
        return self.answer({"id": endpoint})


class VerifyEndpointView(ApiView):
    """Ask the endpoint for its proof again (partner key)."""

    @described(
        serializers.EndpointAnswer,
        summary="Send another challenge",
        request=Nothing,
        status=202,
        refusals={403: ["not_allowed"], 429: ["rate_limited", "too_many_challenges"]},
        answered=examples.NEW,
    )
    def post(self, request: Request, endpoint: str) -> Response:
        self.given(Nothing)
        asked = services.request_verification(actor=self.actor, endpoint_id=endpoint)
        return self.answer(shown(asked), status=202)


class RotateSecretView(ApiView):
    """A new secret; the one until now signs beside it for a while (partner key)."""

    secret_members = ("secret",)

    @described(
        serializers.SecretAnswer,
        summary="Rotate the secret",
        request=serializers.Rotation,
        refusals={403: ["not_allowed"], 422: ["overlap_refused"]},
        sent={"overlapHours": 24},
        answered=examples.ENDPOINT
        | {"previousSecretUntil": "2026-11-23T10:00:00.000Z", "secret": examples.SECRET},
    )
    def post(self, request: Request, endpoint: str) -> Response:
        hours = self.given(serializers.Rotation)["overlap_hours"]
        rotated = services.rotate_secret(
            actor=self.actor, endpoint_id=endpoint, overlap=timedelta(hours=hours)
        )
        return self.answer({**shown(rotated), "secret": rotated.secret})


class SigningKeyView(ApiView):
    """Ed25519 signatures (`v1a`) beside those made with the secret (partner key)."""

    @described(
        serializers.EndpointAnswer,
        summary="Sign with a new Ed25519 key as well",
        request=Nothing,
        refusals={403: ["not_allowed"]},
        answered=examples.ENDPOINT | {"publicKey": examples.PUBLIC_KEY},
    )
    def post(self, request: Request, endpoint: str) -> Response:
        self.given(Nothing)
        made = services.make_signing_key(actor=self.actor, endpoint_id=endpoint)
        return self.answer(shown(made))

    @described(
        serializers.EndpointAnswer,
        summary="Sign with the secret only",
        refusals={403: ["not_allowed"]},
        answered=examples.ENDPOINT,
    )
    def delete(self, request: Request, endpoint: str) -> Response:
        changed = services.remove_signing_key(actor=self.actor, endpoint_id=endpoint)
        return self.answer(shown(changed))
