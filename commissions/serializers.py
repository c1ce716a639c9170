"""What the API reads and answers about closings, commissions and figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from commissions.models import Commission
from leads.models import ShareStatus
from partners.models import Partner
from partners.types import Direction, Market, PartnerType
from portal.lib.fields import (
    Amount,
    Choice,
    Day,
    Identifier,
    Number,
    StrictSerializer,
    Text,
    WireSerializer,
)
from portal.lib.money import CURRENCIES

REPORTED = ("sent", "accepted", "in_progress", "closed", "rejected")


class PartnerUpdate(StrictSerializer):
    """What a partner reports. Rate and currency are claims: booked is what was agreed."""

    lead_id = Identifier(help_text="The reference; with an agent's key also the lead's id.")
    partner_id = Identifier(required=False, help_text="With a partner's key its own, or left out.")
    status = Choice(choices=REPORTED)
    agreement_value = Amount(
        above_zero=True, required=False, help_text="Needed for closed; in the share's currency."
    )
    commission_percent = Amount(places=4, at_most=Decimal(100), required=False)
    currency = Choice(choices=CURRENCIES, required=False)
    closing_date = Day(
        required=False, help_text="The day in the signed document (UTC); left out, today."
    )
    notes = Text(required=False, allow_blank=True, max_length=4000)
    reason = Text(
        required=False,
        allow_blank=True,
        max_length=500,
        help_text="Needed for rejected, unless notes say it.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["status"] == ShareStatus.CLOSED and "agreement_value" not in attrs:
            detail = ErrorDetail(str(_("A closing needs its agreement value.")), code="required")
            raise ValidationError({"agreementValue": [detail]})
        return attrs


# --- answers -----------------------------------------------------------------------------------
class UpdateAnswer(WireSerializer):
    lead_id = serializers.CharField()
    partner_id = serializers.CharField()
    status = serializers.ChoiceField(choices=ShareStatus.choices)
    updated_at = serializers.DateTimeField()


class BookedAnswer(WireSerializer):
    """What the closing earned. Under review nothing is booked: `id` and the amount are null."""

    id = serializers.CharField(allow_null=True)
    commission_amount = Number(allow_null=True)
    commission_percent = Number()
    agreement_value = Number()
    currency = serializers.CharField()
    direction = serializers.ChoiceField(choices=Direction.choices)
    recorded = serializers.BooleanField()
    status = serializers.ChoiceField(choices=[*Commission.Status.values, "under_review"])
    claim_differs = serializers.BooleanField()


class CommissionAnswer(WireSerializer):
    id = serializers.CharField()
    lead_id = serializers.CharField()
    agreement_value = Number()
    commission_percent = Number()
    commission_amount = Number()
    currency = serializers.CharField()
    direction = serializers.ChoiceField(choices=Direction.choices)
    status = serializers.ChoiceField(choices=Commission.Status.choices)
    timestamp = serializers.DateTimeField()


class RevenueAnswer(WireSerializer):
    id = serializers.CharField()
    lead_id = serializers.CharField()
    agreement_value = Number()
    commission_percent = Number()
    commission_amount = Number()
    timestamp = serializers.DateTimeField()


class PartnerAnswer(WireSerializer):
    id = serializers.CharField()
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=PartnerType.choices)
    market = serializers.ChoiceField(choices=Market.choices)
    status = serializers.ChoiceField(choices=Partner.Status.choices)
    capacity = serializers.IntegerField()
    active_leads = serializers.IntegerField()
    default_commission = Number()
    contact_email = serializers.CharField()
    contact_phone = serializers.CharField()
    callback_url = serializers.CharField(allow_null=True)
    revenue = RevenueAnswer(many=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def _amounts(**kwargs: Any) -> serializers.DictField:
    return serializers.DictField(child=Number(), help_text='Per currency, {"AED": 1}.', **kwargs)


class MetricsAnswer(WireSerializer):
    """Rates in percent, times in seconds, money per currency; null where nothing can be divided."""

    received = serializers.IntegerField()
    accepted = serializers.IntegerField()
    closed = serializers.IntegerField()
    rejected = serializers.IntegerField()
    in_progress = serializers.IntegerField()
    active_leads = serializers.IntegerField()
    capacity = serializers.IntegerField()
    capacity_used = Number(allow_null=True)
    acceptance_rate = Number(allow_null=True)
    conversion_rate = Number(allow_null=True)
    closure_rate = Number(allow_null=True)
    revenue = _amounts()
    commission = _amounts()
    avg_deal_size = _amounts(allow_null=True)
    avg_commission = _amounts(allow_null=True)
    avg_commission_percent = Number(allow_null=True)
    avg_response_time = Number(allow_null=True)
    avg_time_to_close = Number(allow_null=True)
