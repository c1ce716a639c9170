"""Forms about leads. They read and clean what was typed; the services decide and write."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leads import notices
from leads.groups import Groups
from leads.models import Appointment, ConsentDecision, Lead, Share
from leads.selectors import NEEDS_AGENT, SHARED, UNSHARED
from leads.services import AppointmentDraft, LeadDraft
from partners.licensing import TIME_ZONES
from partners.types import CURRENCY_OF_MARKET, EMIRATES, INDIAN_STATES, Market, Service
from portal.lib.forms import MoneyField

Method = ConsentDecision.Method
# How an agent may have learnt what the client wants; the others are the client's own acts.
METHODS = [
    (method.value, method.label)
    for method in (
        Method.UNSTATED,
        Method.CALL,
        Method.MESSAGE,
        Method.IN_PERSON,
        Method.DOCUMENT,
    )
]
REGIONS = [
    ("", _("Read it from the location")),
    (Market.UAE.label, sorted(EMIRATES.items(), key=lambda region: region[1])),
    (Market.INDIA.label, sorted(INDIAN_STATES.items(), key=lambda region: region[1])),
]


class InboxFilter(forms.Form):
    """The filter row of the inbox; its values stand in the address."""

    q = forms.CharField(label=_("Search"), required=False, max_length=120)
    market = forms.ChoiceField(
        label=_("Market"), required=False, choices=[("", _("All markets")), *Market.choices]
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("All leads")),
            (NEEDS_AGENT, _("Needs you")),
            (UNSHARED, _("Not shared")),
            (SHARED, _("Shared")),
        ],
    )
    mine = forms.BooleanField(label=_("Only mine"), required=False)

    def chosen(self) -> dict[str, Any]:
        """Return what filters the list; a value that is no choice filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return {
            "market": given.get("market", ""),
            "state": given.get("state", ""),
            "mine": given.get("mine", False),
            "search": given.get("q", ""),
        }

    def address(self) -> dict[str, str]:
        """Return the filters in use, as they stand in the address."""
        self.is_valid()
        return {key: "1" if value is True else value for key, value in self.cleaned_data.items()
                if value}  # fmt: skip


class _Words(SimpleArrayField):
    """Several words with commas between them."""

    def __init__(self, *, label: str | Promise, max_length: int, hint: str | Promise) -> None:
        super().__init__(
            forms.CharField(max_length=max_length), label=label, required=False, help_text=hint
        )

    def clean(self, value: Any) -> list[str]:
        return [word for word in (entry.strip() for entry in super().clean(value)) if word]


class LeadForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new lead as an agent types it, with what the client said about sharing."""

    locations = _Words(label=_("Where"), max_length=120, hint=_("Areas with commas between them."))
    views = _Words(label=_("Views"), max_length=60, hint=_("With commas between them."))
    amenities = _Words(label=_("Amenities"), max_length=60, hint=_("With commas between them."))
    services = forms.MultipleChoiceField(
        label=_("Services wanted"),
        choices=Service.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    budget_min = MoneyField(label=_("Budget from"), required=False)
    budget_max = MoneyField(label=_("Budget to"), required=False)
    client_decided = forms.BooleanField(
        label=_("The client said what may be shared"),
        required=False,
        help_text=_("Leave it off if you have not asked yet. What is left off below is a no."),
    )
    client_contact = forms.BooleanField(label=_("Contact details"), required=False)
    client_budget = forms.BooleanField(label=_("Budget"), required=False)
    client_requirements = forms.BooleanField(label=_("Requirements"), required=False)
    client_method = forms.ChoiceField(
        label=_("How the client said it"),
        required=False,
        choices=[(Method.FORM.value, Method.FORM.label), *METHODS[1:]],
    )

    class Meta:
        model = Lead
        fields = (
            "market", "region", "name", "email", "phone", "location",
            "budget_min", "budget_max", "financing", "payment_preference",
            "intent", "property_type", "bedrooms_min", "bedrooms_max", "size_min", "size_max",
            "size_unit", "locations", "views", "amenities", "furnishing", "segment", "completion",
            "project", "move_in_timeline", "services",
            "temperature", "score", "notes", "source",
        )  # fmt: skip

    CONTACT = ("name", "phone", "email", "location")
    BUDGET = ("budget_min", "budget_max", "financing", "payment_preference")
    REQUIREMENTS = (
        "intent", "property_type", "locations", "region", "bedrooms_min", "bedrooms_max",
        "size_min", "size_max", "size_unit", "completion", "furnishing", "segment", "project",
        "move_in_timeline", "views", "amenities", "services",
    )  # fmt: skip
    INTERNAL = ("temperature", "score", "source", "notes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["market"].error_messages["required"] = _("Choose a market.")
        self.fields["region"] = forms.ChoiceField(
            label=_("State or emirate"),
            choices=REGIONS,
            required=False,
            help_text=_("Of the property. In India it decides which licence a partner needs."),
        )
        for field in self.fields.values():
            choices = getattr(field, "choices", [])
            if choices and choices[0] == ("", "---------"):
                blank = _("Choose a market") if field.required else _("Not said")
                field.choices = [("", blank), *choices[1:]]  # type: ignore[attr-defined]
        for name in ("budget_min", "budget_max"):
            self.fields[name].currency = self._currency()  # type: ignore[attr-defined]

    def _currency(self) -> str:
        """Return the currency to show; before a market is chosen there is none."""
        market = self.data.get("market", self.initial.get("market", ""))
        return str(CURRENCY_OF_MARKET[Market(market)]) if market in Market.values else ""

    def draft(self) -> LeadDraft:
        """Return the lead as the service takes it."""
        names = {entry.name for entry in dataclass_fields(LeadDraft)}
        given = {name: value for name, value in self.cleaned_data.items() if name in names}
        return LeadDraft(**given)

    def client_consent(self) -> Groups | None:
        """Return the client's own decision, or None where the client was not asked."""
        given = self.cleaned_data
        if not given["client_decided"]:
            return None
        return Groups(given["client_contact"], given["client_budget"], given["client_requirements"])

    def group(self, names: tuple[str, ...]) -> list[forms.BoundField]:
        """Return the fields NAMES, to show them together."""
        return [self[name] for name in names]

    def in_groups(self) -> dict[str, list[forms.BoundField]]:
        """Return the fields of each part of the page."""
        return {
            "contact": self.group(self.CONTACT),
            "budget": self.group(self.BUDGET),
            "requirements": self.group(self.REQUIREMENTS),
            "internal": self.group(self.INTERNAL),
        }


class ChoiceForm(forms.Form):
    """What one partner sees from now on."""

    contact = forms.BooleanField(label=_("Contact"), required=False)
    budget = forms.BooleanField(label=_("Budget"), required=False)
    requirements = forms.BooleanField(label=_("Requirements"), required=False)
    method = forms.ChoiceField(
        label=_("How the client agreed"),
        choices=METHODS,
        required=False,
        help_text=_("By switching a group on you attest that the client agreed to it."),
    )
    note = forms.CharField(
        label=_("What the client said"),
        required=False,
        max_length=500,
        help_text=_("Kept with the record of the consent; no partner sees it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: Any = None, *, share: Share, explicit: bool) -> None:
        """Build the form; in a market with the EXPLICIT policy it attests nothing."""
        chosen = share.chosen
        self.explicit = explicit
        self.notice = notices.current(share.lead.market, notices.ATTESTATION)
        super().__init__(
            data,
            initial={group: chosen[group] for group in ("contact", "budget", "requirements")},
            auto_id=f"{share.pk}_%s",
        )

    def arguments(self) -> dict[str, Any]:
        """Return what the service takes: the three switches, and how the client agreed."""
        given = self.cleaned_data
        return {
            "choice": Groups(given["contact"], given["budget"], given["requirements"]),
            "method": given["method"] or Method.UNSTATED,
            "note": given["note"],
        }


class WithdrawForm(forms.Form):
    """Why a lead is taken back."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        help_text=_("The partner reads it."),
    )

    def __init__(self, data: Any = None, *, share: Share) -> None:
        super().__init__(data, auto_id=f"{share.pk}_withdraw_%s")


class AppointmentForm(forms.Form):
    """A viewing or meeting to tell one partner about, in the time of the lead's market."""

    kind = forms.ChoiceField(label=_("Type"), choices=Appointment.Type.choices)
    starts_at = forms.DateTimeField(
        label=_("When"),
        error_messages={
            "required": _("Enter the day and the time."),
            "invalid": _("Enter the day and the time, such as 2026-12-01 14:30."),
        },
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    location = forms.CharField(
        label=_("Where"), max_length=300, error_messages={"required": _("Say where it is.")}
    )
    place = forms.ChoiceField(
        label=_("Place"),
        choices=Appointment.Place.choices,
        required=False,
        help_text=_("The client's address is told only to a partner that sees the contact."),
    )

    def __init__(self, data: Any = None, *, share: Share, market: str) -> None:
        super().__init__(data, auto_id=f"{share.pk}_appointment_%s")
        self.zone = TIME_ZONES[Market(market)]
        self.fields["starts_at"].help_text = _("Time in %(zone)s.") % {"zone": _place_of(self.zone)}

    def clean_starts_at(self) -> datetime:
        """Read the time as one of the market, whatever zone the server is in."""
        given: datetime = self.cleaned_data["starts_at"]
        try:
            return given.replace(tzinfo=self.zone).astimezone(UTC)
        except OverflowError:  # the first or last day a calendar has
            raise forms.ValidationError(_("Enter the day and the time.")) from None

    def draft(self) -> AppointmentDraft:
        """Return the appointment as the service takes it."""
        given = self.cleaned_data
        return AppointmentDraft(
            type=given["kind"],
            starts_at=given["starts_at"],
            location=given["location"],
            place=given["place"] or Appointment.Place.PROPERTY,
        )


def _place_of(zone: ZoneInfo) -> str:
    return zone.key.rpartition("/")[2].replace("_", " ")
