"""The messages partners receive, for the `webhooks` part of the API's description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    OpenApiWebhook,
    extend_schema,
)
from rest_framework import serializers

from commissions.examples import COMMISSION_TOLD
from commissions.serializers import CommissionAnswer
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
    test = serializers.BooleanField()


def _webhook(
    type_: str, data: type[WireSerializer], summary: str, told: Mapping[str, Any]
) -> OpenApiWebhook:
    members: dict[str, Any] = {
        "__doc__": "",
        "type": serializers.ChoiceField(choices=[type_]),
        "timestamp": serializers.DateTimeField(),
        "data": data(),
    }
    name = "".join(word.capitalize() for word in type_.replace("_", ".").split("."))
    body = type(f"{name}Webhook", (WireSerializer,), members)
    received = OpenApiResponse(description="Any 2xx within 15 s: received. 410: send no more.")
    message = {"type": type_, "timestamp": examples.AT, "data": told}
    example = OpenApiExample("Message", value=message)
    described = extend_schema(
        summary=summary, request=body, responses={200: received}, examples=[example]
    )
    return OpenApiWebhook(type_, described)


_CHALLENGE = {"challenge": "5q9Yh0mW3lq7cKXJmEoD0pTtXvLzWb2a"}
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
    _webhook("webhook.test", TestData, "Made-up data", {"test": True}),
]
