"""A partner's webhook endpoints by machine."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from events import payloads, selectors, services
from events.models import Endpoint
from portal.lib.api import PARAMS, ApiView, Nothing
from portal.lib.fields import StrictSerializer, Text, Texts, WireSerializer
from portal.lib.openapi import PAGE, described

EXAMPLE = {
    "id": "endpoint_01m82e99tnfrh8ge3g6gyzmf6a",
    "url": "https://partner.example/webhook",
    "verified": False,
    "enabled": True,
    "eventTypes": ["lead.shared", "lead.revoked"],
}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="  # noqa: S105 - an example


class NewEndpoint(StrictSerializer):
    """Where we may send, and which types; all of them if none are named."""

    url = Text(max_length=2048, trim_whitespace=False)
    event_types = Texts(choices=payloads.TYPES, required=False, default=list)


class EndpointAnswer(WireSerializer):
    """An endpoint as its partner sees it."""

    id = serializers.CharField()
    url = serializers.CharField()
    verified = serializers.BooleanField(help_text="Whether it has echoed a challenge.")
    enabled = serializers.BooleanField()
    event_types = serializers.ListField(
        child=serializers.CharField(), help_text="Empty means every type."
    )


class NewEndpointAnswer(EndpointAnswer):
    """An endpoint just made, with the secret that is not shown again."""

    secret = serializers.CharField()


def shown(endpoint: Endpoint) -> dict[str, Any]:
    """Return an endpoint as its partner sees it."""
    return {
        "id": endpoint.pk,
        "url": endpoint.url,
        "verified": endpoint.verified,
        "enabled": endpoint.enabled,
        "eventTypes": endpoint.event_types,
    }


class EndpointsView(ApiView):
    """The partner's endpoints (partner key)."""

    query_params = PARAMS
    read_scope = "webhooks:manage"
    secret_members = ("secret",)

    @described(
        EndpointAnswer,
        summary="List webhook endpoints",
        many=True,
        query=PAGE,
        refusals={403: ["not_allowed"]},
        answered=[EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        endpoints = selectors.endpoints_for(user=self.actor)
        return self.listing(endpoints, by="created_at", show=shown)

    @described(
        NewEndpointAnswer,
        summary="Register a webhook endpoint",
        request=NewEndpoint,
        refusals={
            403: ["not_allowed"],
            409: ["endpoint_exists", "endpoint_limit"],
            422: ["url_refused"],
        },
        sent={"url": EXAMPLE["url"], "eventTypes": EXAMPLE["eventTypes"]},
        answered={**EXAMPLE, "secret": SECRET},
    )
    def post(self, request: Request) -> Response:
        endpoint = services.create_endpoint(actor=self.actor, **self.given(NewEndpoint))
        return self.answer({**shown(endpoint), "secret": endpoint.secret})


class VerifyEndpointView(ApiView):
    """Ask the endpoint for its proof again (partner key)."""

    @described(
        EndpointAnswer,
        summary="Send another challenge",
        request=Nothing,
        status=202,
        refusals={403: ["not_allowed"]},
        answered=EXAMPLE,
    )
    def post(self, request: Request, endpoint: str) -> Response:
        self.given(Nothing)
        asked = services.request_verification(actor=self.actor, endpoint_id=endpoint)
        return self.answer(shown(asked), status=202)
