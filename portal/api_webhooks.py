"""The messages partners receive, for the `webhooks` part of the API's description."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    OpenApiWebhook,
    PolymorphicProxySerializer,
    extend_schema,
)
from rest_framework import serializers

from commissions.examples import COMMISSION_TOLD
from commissions.serializers import CommissionAnswer
from events import shapes
from events.payloads import TYPES
from leads import examples
from leads.models import Appointment, ShareStatus
from leads.serializers import ConsentAnswer, DisclosedLead
from portal.lib.fields import WireSerializer

VERSION = "Grows with all that happens to this lead for you; drop what is older than what you hold."


class SharedData(WireSerializer):
    lead_id = serializers.CharField()
    version = serializers.IntegerField(help_text=VERSION)
    partner_id = serializers.CharField()
    partner_name = serializers.CharField()
    status = serializers.ChoiceField(choices=ShareStatus.choices)
    shared_at = serializers.DateTimeField()
    consent = ConsentAnswer()
    lead = DisclosedLead()


class UpdatedData(WireSerializer):
    lead_id = serializers.CharField()
    version = serializers.IntegerField(help_text=VERSION)
    status = serializers.ChoiceField(choices=ShareStatus.choices)
    reason = serializers.CharField()
    consent = ConsentAnswer()


class RevokedData(WireSerializer):
    lead_id = serializers.CharField()
    version = serializers.IntegerField(help_text=VERSION)
    status = serializers.ChoiceField(choices=ShareStatus.choices)
    consent = ConsentAnswer()
    withdrawn = serializers.ListField(child=serializers.CharField())
    attest_by = serializers.DateTimeField()


class AppointmentTold(WireSerializer):
    """`location` is left out for a client's address while contact is withheld."""

    id = serializers.CharField()
    date = serializers.DateTimeField()
    type = serializers.ChoiceField(choices=Appointment.Type.choices)
    place = serializers.ChoiceField(choices=Appointment.Place.choices)
    location = serializers.CharField(required=False)


class AppointmentData(WireSerializer):
    lead_id = serializers.CharField()
    version = serializers.IntegerField(help_text=VERSION)
    appointment = AppointmentTold()
    lead = DisclosedLead()


class CommissionData(WireSerializer):
    lead_id = serializers.CharField()
    version = serializers.IntegerField(help_text=VERSION)
    commission = CommissionAnswer()


class ChallengeData(WireSerializer):
    challenge = serializers.CharField()


class TestData(WireSerializer):
    test = serializers.BooleanField(help_text="Always true; no real message has it.")
    lead_id = serializers.CharField(help_text="Names nothing.")
    version = serializers.IntegerField()
    link = serializers.URLField(required=False)


class OnlyId(WireSerializer):
    id = serializers.CharField()


@cache
def _thin(data: type[WireSerializer]) -> type[WireSerializer]:
    """Return what a thin endpoint gets instead of DATA: ids, states and where the rest is."""
    members: dict[str, Any] = {"__doc__": "Ids and states; the rest is answered at link."}
    for name, member in data().get_fields().items():
        if name in shapes.KEPT:
            members[name] = deepcopy(member)
        elif name in shapes.ONLY_THE_ID:
            members[name] = OnlyId()
    words = "Thin only: the address of the API to read."
    members["link"] = serializers.URLField(help_text=words)
    return type(f"Thin{data.__name__}", (WireSerializer,), members)


HEADERS = {
    "webhook-id": "The same over all attempts: drop what you have had.",
    "webhook-timestamp": "Of this attempt, in seconds since 1970.",
    "webhook-signature": "`v1,…` or `v1a,…`, several with a space between.",
}


def with_headers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Name the headers of every message; the generator leaves parameters of webhooks out."""
    headers = [
        {
            "in": "header",
            "name": name,
            "required": True,
            "schema": {"type": "string"},
            "description": words,
        }
        for name, words in HEADERS.items()
    ]
    for item in result.get("webhooks", {}).values():
        for operation in item.values():
            operation["parameters"] = headers
    return result


def _webhook(
    type_: str, data: type[WireSerializer], summary: str, told: Mapping[str, Any]
) -> OpenApiWebhook:
    name = "".join(word.capitalize() for word in type_.replace("_", ".").split("."))
    members: dict[str, Any] = {
        "__doc__": "",
        "type": serializers.ChoiceField(choices=[type_]),
        "timestamp": serializers.DateTimeField(help_text="When it happened."),
        "data": data(),
    }
    shown = [OpenApiExample("Message", value=_message(type_, told))]
    if type_ in TYPES:
        members["data"] = PolymorphicProxySerializer(f"{name}Data", [data, _thin(data)], None)
        thin = shapes.thin(told, shapes.LATEST)
        shown.append(OpenApiExample("Thin", value=_message(type_, thin)))
    body = type(f"{name}Webhook", (WireSerializer,), members)
    received = OpenApiResponse(description="Any 2xx within 15 s: received. 410: send no more.")
    described = extend_schema(
        summary=summary,
        tags=["webhooks"],
        request=body,
        responses={200: received},
        examples=shown,
    )
    return OpenApiWebhook(type_, described)


def _message(type_: str, told: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": type_, "timestamp": examples.AT, "data": told}


_CHALLENGE = {"challenge": "5q9Yh0mW3lq7cKXJmEoD0pTtXvLzWb2a"}
_TEST = {"test": True, "leadId": "share_00000000000000000000000000", "version": 1}
WEBHOOKS = [
    _webhook("lead.shared", SharedData, "A lead was shared with you", examples.SHARED_TOLD),
    _webhook("lead.updated", UpdatedData, "A lead was changed by us", examples.UPDATED_TOLD),
    _webhook(
        "lead.consent_updated", SharedData, "You see more or less of a lead", examples.SHARED_TOLD
    ),
    _webhook(
        "lead.revoked",
        RevokedData,
        "The client withdrew; delete what you hold",
        examples.REVOKED_TOLD,
    ),
    _webhook(
        "appointment.shared",
        AppointmentData,
        "An appointment was made",
        examples.APPOINTMENT_TOLD,
    ),
    _webhook(
        "appointment.updated",
        AppointmentData,
        "An appointment was changed",
        examples.APPOINTMENT_TOLD,
    ),
    _webhook("commission.recorded", CommissionData, "A commission was booked", COMMISSION_TOLD),
    _webhook("commission.updated", CommissionData, "A commission changed", COMMISSION_TOLD),
    _webhook(
        "webhook.verify",
        ChallengeData,
        "Answer with the challenge to receive messages",
        _CHALLENGE,
    ),
    _webhook("webhook.test", TestData, "Made-up data, when you ask for it", _TEST),
]
