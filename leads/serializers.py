"""What the API reads and answers about leads: the wire's side of `contract.md` sections 3 and 5."""

from __future__ import annotations

from typing import Any

from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from leads.groups import Groups
from leads.models import Appointment, ConsentDecision, Lead, ShareStatus
from leads.services import AppointmentDraft, LeadDraft
from partners.types import REGIONS, Market, Service
from portal.lib.fields import (
    AMOUNT_SCHEMA,
    Amount,
    AnyObject,
    Choice,
    Flag,
    Identifier,
    Moment,
    Number,
    StrictSerializer,
    Text,
    Texts,
    Whole,
    WireSerializer,
)
from portal.lib.money import CURRENCIES
from portal.lib.problems import camel

CLIENT_METHODS = tuple(
    method.value for method in ConsentDecision.Method if method != ConsentDecision.Method.PAGE
)
METHODS = ("call", "message", "in_person", "document", "unstated")


class Consent(StrictSerializer):
    """The groups; one that is missing in a given `consent` is false."""

    share_contact = Flag(required=False)
    share_budget = Flag(required=False)
    share_requirements = Flag(required=False)


def groups_of(consent: dict[str, Any]) -> Groups:
    """Return a validated `Consent` as the value the services take."""
    return Groups(
        contact=consent.get("share_contact", False),
        budget=consent.get("share_budget", False),
        requirements=consent.get("share_requirements", False),
    )


# --- a lead as a caller describes it -----------------------------------------------------------
class CustomerInfo(StrictSerializer):
    name = Text(required=False, allow_blank=True, max_length=200)
    email = Text(required=False, allow_blank=True, max_length=254)
    phone = Text(required=False, allow_blank=True, max_length=32)
    location = Text(required=False, allow_blank=True, max_length=200)

    def validate_email(self, value: str) -> str:
        if value:
            validate_email(value)
        return value


class BudgetDetails(StrictSerializer):
    min = Amount(required=False)
    max = Amount(required=False)
    currency = Choice(choices=CURRENCIES, required=False)
    financing = Choice(choices=Lead.Financing.choices, required=False)
    payment_preference = Text(required=False, allow_blank=True, max_length=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        _refuse_reversed(attrs, "min", "max")
        return attrs


@extend_schema_field(
    {
        "oneOf": [
            *AMOUNT_SCHEMA["oneOf"],
            {
                "type": "object",
                "properties": {
                    "min": AMOUNT_SCHEMA,
                    "max": AMOUNT_SCHEMA,
                    "currency": {"type": "string", "enum": list(CURRENCIES)},
                    "financing": {"type": "string", "enum": Lead.Financing.values},
                    "paymentPreference": {"type": "string", "maxLength": 200},
                },
                "additionalProperties": False,
            },
        ]
    }
)
class Budget(serializers.Field[Any, Any, Any, Any]):
    """A number, the upper bound in the market's currency, or the details."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict):
            return dict(BudgetDetails().run_validation(data))
        return {"max": Amount().run_validation(data)}

    def to_representation(self, value: Any) -> Any:
        return value


class Preferences(StrictSerializer):
    """The client's requirements; every key may be left out."""

    property_type = Text(required=False, allow_blank=True, max_length=60)
    bedrooms_min = Whole(at_most=99, required=False)
    bedrooms_max = Whole(at_most=99, required=False)
    size_min = Whole(at_most=100_000_000, required=False)
    size_max = Whole(at_most=100_000_000, required=False)
    size_unit = Choice(choices=Lead.SizeUnit.choices, required=False)
    locations = Texts(max_length=120, required=False)
    views = Texts(required=False)
    amenities = Texts(required=False)
    furnishing = Choice(choices=Lead.Furnishing.choices, required=False)
    segment = Text(required=False, allow_blank=True, max_length=40)
    completion = Choice(choices=Lead.Completion.choices, required=False)
    project = Text(required=False, allow_blank=True, max_length=200)
    move_in_timeline = Text(required=False, allow_blank=True, max_length=120)
    intent = Choice(choices=Lead.Intent.choices, required=False)
    services = Texts(choices=Service.values, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        _refuse_reversed(attrs, "bedrooms_min", "bedrooms_max")
        _refuse_reversed(attrs, "size_min", "size_max")
        return attrs


class DraftLead(StrictSerializer):
    """A lead that is not recorded yet. `region` is the place of the property (ISO 3166-2)."""

    customer_info = CustomerInfo(required=False)
    budget = Budget(required=False)
    preferences = Preferences(required=False)
    region = Choice(choices=sorted(REGIONS), required=False)


def _refuse_reversed(attrs: dict[str, Any], low: str, high: str) -> None:
    if low in attrs and high in attrs and attrs[low] > attrs[high]:
        detail = ErrorDetail(str(_("The upper bound is below the lower one.")), code="reversed")
        raise ValidationError({camel(high): [detail]})


def draft_of(lead: dict[str, Any]) -> LeadDraft:
    """Return a validated `DraftLead` as the value the services take."""
    budget = dict(lead.get("budget", {}))
    bounds = {f"budget_{end}": budget.pop(end) for end in ("min", "max") if end in budget}
    region = {"region": lead["region"]} if "region" in lead else {}
    return LeadDraft(
        **lead.get("customer_info", {}), **bounds, **budget, **lead.get("preferences", {}), **region
    )


@extend_schema_field(DraftLead)
class LeadClaim(AnyObject):
    """A lead to record, or, beside `leadId`, a claim that nobody reads."""


# --- bodies ------------------------------------------------------------------------------------
class ShareLead(StrictSerializer):
    lead_id = Identifier(
        required=False, help_text="The lead. Without it `lead` is recorded as a new one."
    )
    partner_id = Identifier()
    partner_name = Text(required=False, help_text="Refused if it is not the partner's name.")
    callback_url = Text(
        required=False,
        help_text="One of the partner's verified endpoints; limits this lead's webhooks to it.",
    )
    lead = LeadClaim(required=False, help_text="Beside `leadId` a claim that nobody reads.")
    consent = Consent(
        required=False,
        help_text="The agent's choice and attestation; left out, the defaults of the partner's "
        "type. A key that is missing is false.",
    )
    consent_method = Choice(choices=METHODS, default="unstated", help_text="How the client agreed.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Read `lead` only where no `leadId` makes it a claim."""
        if "lead_id" in attrs:
            return attrs
        if "lead" not in attrs:
            detail = ErrorDetail(str(_("Name a lead or describe one.")), code="required")
            raise ValidationError({"leadId": [detail]})
        try:
            return {**attrs, "lead": DraftLead().run_validation(attrs["lead"])}
        except ValidationError as error:
            raise ValidationError({"lead": error.detail}) from error


class SharePreferences(StrictSerializer):
    lead_id = Identifier(help_text="The reference, or the lead's id together with `partnerId`.")
    partner_id = Identifier(required=False)
    consent = Consent()
    consent_method = Choice(choices=METHODS, default="unstated")


class AppointmentClaim(StrictSerializer):
    partner_id = Identifier()
    status = Choice(choices=ShareStatus.choices, required=False)


class AppointmentBody(StrictSerializer):
    id = Text(
        required=False,
        allow_blank=True,
        max_length=64,
        help_text="Your own name for it; sent again it updates.",
    )
    date = Moment()
    location = Text(max_length=300)
    type = Choice(choices=Appointment.Type.choices)
    place = Choice(choices=Appointment.Place.choices, default=Appointment.Place.PROPERTY)


class AppointmentPayload(StrictSerializer):
    partner_id = Identifier()
    lead_id = Identifier()
    appointment = AppointmentBody()
    lead = AnyObject(required=False)


class ShareAppointment(StrictSerializer):
    partner = AppointmentClaim()
    payload = AppointmentPayload()


def appointment_of(body: dict[str, Any]) -> AppointmentDraft:
    """Return a validated `AppointmentBody` as the value the services take."""
    return AppointmentDraft(
        type=body["type"],
        starts_at=body["date"],
        location=body["location"],
        place=body["place"],
        external_id=body.get("id", ""),
    )


class ClientConsent(Consent):
    # On the consent page nobody but the client decides, and not through a call.
    method = Choice(choices=CLIENT_METHODS, default=ConsentDecision.Method.FORM)
    notice_version = Text(
        required=False,
        allow_blank=True,
        max_length=40,
        help_text="Which of our notices the client was shown. The words of ours are kept with the "
        "decision; a version we did not publish is kept as it was said.",
    )


class CaptureLead(StrictSerializer):
    """`market` is only needed where the budget's currency does not tell it."""

    market = Choice(choices=Market.choices, required=False)
    lead = DraftLead()
    client_consent = ClientConsent(required=False)


# --- answers -----------------------------------------------------------------------------------
class ConsentAnswer(WireSerializer):
    share_contact = serializers.BooleanField()
    share_budget = serializers.BooleanField()
    share_requirements = serializers.BooleanField()


class Withheld(WireSerializer):
    """Why a group the agent chose is not shared."""

    share_contact = serializers.CharField(required=False)
    share_budget = serializers.CharField(required=False)
    share_requirements = serializers.CharField(required=False)


class SharedAnswer(WireSerializer):
    lead_id = serializers.CharField()
    partner_id = serializers.CharField()
    share_id = serializers.CharField()
    status = serializers.ChoiceField(choices=ShareStatus.choices)
    shared_at = serializers.DateTimeField()
    consent = ConsentAnswer()
    withheld = Withheld()


class PreferencesAnswer(WireSerializer):
    lead_id = serializers.CharField()
    partner_id = serializers.CharField()
    consent = ConsentAnswer()
    withheld = Withheld()
    updated_at = serializers.DateTimeField()


class AppointmentAnswer(WireSerializer):
    appointment_id = serializers.CharField()
    lead_id = serializers.CharField()
    partner_id = serializers.CharField()
    shared_at = serializers.DateTimeField()


class CapturedAnswer(WireSerializer):
    lead_id = serializers.CharField()
    market = serializers.ChoiceField(choices=Market.choices)
    created_at = serializers.DateTimeField()


class CustomerInfoAnswer(WireSerializer):
    name = serializers.CharField(required=False)
    email = serializers.CharField(required=False)
    phone = serializers.CharField(required=False)
    location = serializers.CharField(required=False)


class BudgetAnswer(WireSerializer):
    min = Number(required=False)
    max = Number(required=False)
    currency = serializers.CharField(required=False)
    financing = serializers.CharField(required=False)
    payment_preference = serializers.CharField(required=False)


class PreferencesShown(WireSerializer):
    property_type = serializers.CharField(required=False)
    bedrooms_min = serializers.IntegerField(required=False)
    bedrooms_max = serializers.IntegerField(required=False)
    size_min = serializers.IntegerField(required=False)
    size_max = serializers.IntegerField(required=False)
    size_unit = serializers.CharField(required=False)
    locations = serializers.ListField(child=serializers.CharField(), required=False)
    views = serializers.ListField(child=serializers.CharField(), required=False)
    amenities = serializers.ListField(child=serializers.CharField(), required=False)
    furnishing = serializers.CharField(required=False)
    segment = serializers.CharField(required=False)
    completion = serializers.CharField(required=False)
    project = serializers.CharField(required=False)
    move_in_timeline = serializers.CharField(required=False)
    intent = serializers.CharField(required=False)
    services = serializers.ListField(child=serializers.CharField(), required=False)


class DisclosedLead(WireSerializer):
    """What a partner may see of a lead. A group that is not shared is absent."""

    lead_id = serializers.CharField()
    market = serializers.ChoiceField(choices=Market.choices)
    currency = serializers.CharField()
    shared_at = serializers.DateTimeField()
    customer_info = CustomerInfoAnswer(required=False)
    budget = Number(required=False)
    budget_details = BudgetAnswer(required=False)
    preferences = PreferencesShown(required=False)


class LeadAnswer(WireSerializer):
    """One lead as its partner knows it; `leadId` is the reference, the share's own id."""

    lead_id = serializers.CharField()
    partner_id = serializers.CharField()
    status = serializers.ChoiceField(choices=ShareStatus.choices)
    shared_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()
    consent = ConsentAnswer()
    lead = DisclosedLead()
