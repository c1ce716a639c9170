"""What partners' systems say and read of their endpoints and of what was sent to them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from events import payloads
from events.health import State
from events.models import Delivery, Endpoint
from events.services.signing_secrets import DEFAULT_OVERLAP
from portal.lib.api import Nothing
from portal.lib.fields import Flag, Moment, Number, StrictSerializer, Text, Texts, Whole
from portal.lib.fields import WireSerializer as Answer

HOUR = 3600
STATES = (State.WORKING, State.FAILING, State.PAUSED, State.UNVERIFIED, State.DISABLED)
DELIVERY_TYPES = (*payloads.TYPES, payloads.VERIFY, payloads.TEST)


class HeaderValues(serializers.DictField):
    """Names of headers and their values; which of them may be set is the service's to say."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            child=Text(allow_blank=True, trim_whitespace=False, max_length=4000), **kwargs
        )


class NewEndpoint(StrictSerializer):
    """Where we may send, and which types; all of them if none are named."""

    url = Text(max_length=2048, trim_whitespace=False)
    event_types = Texts(choices=payloads.TYPES, required=False, default=list)
    description = Text(max_length=80, allow_blank=True, required=False, default="")
    thin = Flag(required=False, default=False, help_text="Ids only; the rest is fetched.")
    headers = HeaderValues(
        required=False, default=dict, help_text="Added to every message; sealed, never shown again."
    )


class ChangedEndpoint(StrictSerializer):
    """What is to be different; what is left out stays as it is."""

    url = Text(
        max_length=2048,
        trim_whitespace=False,
        required=False,
        help_text="Waits as pendingUrl until it has echoed its challenge.",
    )
    event_types = Texts(choices=payloads.TYPES, required=False)
    description = Text(max_length=80, allow_blank=True, required=False)
    thin = Flag(required=False)
    headers = HeaderValues(required=False, help_text="Takes the place of all that are set.")
    enabled = Flag(
        required=False, help_text="false: nothing is sent. true: it is asked for its proof first."
    )


class Rotation(Nothing):
    """For how long the secret until now signs as well."""

    overlap_hours = Whole(
        at_most=999_999,
        required=False,
        default=int(DEFAULT_OVERLAP.total_seconds()) // HOUR,
        help_text="0 to 168; 24 if left out.",
    )


class Recovery(StrictSerializer):
    """From when on."""

    since = Moment(help_text="At most 14 days ago.")


class EndpointAnswer(Answer):
    """An endpoint as its partner sees it."""

    id = serializers.CharField()
    url = serializers.CharField(help_text="Where messages go.")
    verified = serializers.BooleanField(help_text="Whether it has echoed a challenge.")
    enabled = serializers.BooleanField()
    event_types = serializers.ListField(
        child=serializers.CharField(), help_text="Empty means every type."
    )
    description = serializers.CharField()
    pending_url = serializers.CharField(
        allow_null=True, help_text="Takes over as url once it has echoed its challenge."
    )
    state = serializers.ChoiceField(
        choices=STATES, help_text="paused: nothing arrived lately, so we wait until pausedUntil."
    )
    disabled_reason = serializers.ChoiceField(
        choices=Endpoint.DisabledReason.choices,
        allow_null=True,
        help_text="gone: it answered 410. owner: switched off by you. failing: nothing arrived for "
        "five days. null beside enabled false: it waits for its proof.",
    )
    payload_version = serializers.CharField(help_text="The shape of its bodies; never changes.")
    thin = serializers.BooleanField()
    header_names = serializers.ListField(
        child=serializers.CharField(), help_text="The headers you added; values are not shown."
    )
    public_key = serializers.CharField(
        allow_null=True, help_text="`whpk_…`, to check `v1a` signatures with."
    )
    previous_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then the secret before signs as well."
    )
    failing_since = serializers.DateTimeField(allow_null=True)
    paused_until = serializers.DateTimeField(allow_null=True)
    last_sent_at = serializers.DateTimeField(allow_null=True)
    last_failed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class SecretAnswer(EndpointAnswer):
    """An endpoint with its secret, which is not shown again."""

    # A call that is answered again (Idempotency-Key) is answered without it.
    secret = serializers.CharField(required=False, help_text="Shown this once.")


class RemovedAnswer(Answer):
    """What was removed."""

    id = serializers.CharField()


class AttemptAnswer(Answer):
    """One attempt and what came of it."""

    number = serializers.IntegerField()
    trigger = serializers.ChoiceField(choices=Delivery.Trigger.choices)
    started_at = serializers.DateTimeField()
    duration_ms = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True, help_text="null where nothing answered.")
    error = serializers.CharField(
        allow_null=True, help_text="The class of the failure, such as timeout or http_500."
    )
    response_head = serializers.CharField(help_text="How the answer began, as plain text.")


class DeliveryAnswer(Answer):
    """One message to one endpoint."""

    id = serializers.CharField()
    webhook_id = serializers.CharField(help_text="The `webhook-id`: the same over all attempts.")
    type = serializers.ChoiceField(choices=DELIVERY_TYPES)
    lead_id = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(
        choices=Delivery.State.choices,
        help_text="failed: given up, can be resent. cancelled: may not be sent any more.",
    )
    trigger = serializers.ChoiceField(choices=Delivery.Trigger.choices)
    happened_at = serializers.DateTimeField()
    next_attempt_at = serializers.DateTimeField(allow_null=True, help_text="While it is pending.")
    finished_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_null=True, help_text="Of the last attempt, or why not one.")
    attempts_made = serializers.IntegerField()
    attempts = AttemptAnswer(many=True, help_text="The latest ten, in their order.")


class RecoveryAnswer(Answer):
    """How many messages are sent once more, spread out: 20 a second."""

    since = serializers.DateTimeField()
    recovered = serializers.IntegerField()


class StatsAnswer(Answer):
    """How delivering went in the last 24 hours, and what waits now."""

    state = serializers.ChoiceField(choices=STATES)
    hours = serializers.IntegerField()
    attempts = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()
    success_rate = Number(allow_null=True, help_text="Percent; null without an attempt.")
    p95_ms = serializers.IntegerField(
        allow_null=True, help_text="95 % of the successful attempts were answered within."
    )
    waiting = serializers.IntegerField(help_text="Messages not sent yet; 1,000 at most counted.")
    oldest_due_seconds = Number(help_text="For how long the oldest that may be sent has been due.")
