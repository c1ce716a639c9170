"""The public form. It reads and tidies what a stranger typed; the service decides and writes."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from leads.groups import Groups
from leads.models import Lead
from leads.services import LeadDraft
from leads.services.capture import normalised_phone
from partners.types import CURRENCY_OF_MARKET, Market, Service
from portal.lib.forms import MoneyField

# What turns the reading direction of the text around it; joiners, which Hindi needs, may stay.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_E164 = re.compile(r"\+\d{7,15}")
MAX_PLACES = 10
SOURCE = "form"
# Kept in words, as an agent writes them on the phone.
PROPERTY_TYPES = [
    ("", _("Not sure yet")),
    ("apartment", _("Apartment")),
    ("villa", _("Villa")),
    ("townhouse", _("Townhouse")),
    ("penthouse", _("Penthouse")),
    ("plot", _("Plot of land")),
    ("office", _("Office or shop")),
]
TIMELINES = [
    ("", _("Not sure yet")),
    ("30 days", _("Within a month")),
    ("90 days", _("Within three months")),
    ("6 months", _("Within six months")),
    ("12 months", _("Within a year")),
    ("more than a year", _("Later")),
]
EXAMPLES = {
    Market.UAE: (_("Such as Dubai Marina, JBR"), "+971 50 123 4567"),
    Market.INDIA: (_("Such as Andheri West, Thane"), "+91 98765 43210"),
}


def tidy(text: str) -> str:
    """Return TEXT on one line, without characters that are not seen but change what is."""
    shown = ["" if unicodedata.category(c) == "Cc" and not c.isspace() else c for c in text]
    return " ".join(_TURNS.sub("", "".join(shown)).split())


class _Line(forms.CharField):
    """One line of text, tidied before it is measured."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(tidy(value) if isinstance(value, str) else value)


class EnquiryForm(forms.Form):
    """What somebody looks for, how to reach them, and what they allow us to share."""

    name = _Line(
        label=_("Your name"),
        max_length=200,
        error_messages={"required": _("Enter your name, so that we know how to address you.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        help_text=_("Your own page comes here: see what we hold, and change your mind any time."),
        error_messages={
            "required": _("Enter your email. The link to your own page goes there."),
            "invalid": _("Enter an email address such as name@example.com."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = _Line(
        label=_("Phone"),
        max_length=32,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    intent = forms.ChoiceField(
        label=_("I want to"),
        required=False,
        choices=[("", _("Not sure yet")), *Lead.Intent.choices],
    )
    property_type = forms.ChoiceField(
        label=_("Kind of property"), required=False, choices=PROPERTY_TYPES
    )
    locations = _Line(label=_("Where"), required=False, max_length=600)
    bedrooms_min = forms.IntegerField(
        label=_("Bedrooms from"), required=False, min_value=0, max_value=20
    )
    bedrooms_max = forms.IntegerField(
        label=_("Bedrooms to"), required=False, min_value=0, max_value=20
    )
    budget_min = MoneyField(label=_("Budget from"), required=False)
    budget_max = MoneyField(label=_("Budget to"), required=False)
    move_in_timeline = forms.ChoiceField(label=_("When"), required=False, choices=TIMELINES)
    services = forms.MultipleChoiceField(
        label=_("I could use help with"),
        required=False,
        choices=Service.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    allow_contact = forms.BooleanField(
        label=_("You may pass my name, email, phone and where I live to partners."), required=False
    )
    allow_budget = forms.BooleanField(
        label=_("You may pass my budget to partners."), required=False
    )
    allow_requirements = forms.BooleanField(
        label=_("You may pass what I am looking for to partners."), required=False
    )
    # People don't see it; what fills in every field does.
    homepage = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    CONTACT = ("name", "email", "phone")
    WISHES = ("intent", "property_type", "bedrooms_min", "bedrooms_max", "move_in_timeline")
    BUDGET = ("budget_min", "budget_max")
    CHOICES = ("allow_contact", "allow_budget", "allow_requirements")

    def __init__(self, data: Any = None, *, market: str) -> None:
        super().__init__(data)
        self.market = market
        place, number = EXAMPLES[Market(market)]
        self.fields["locations"].help_text = place
        self.fields["phone"].widget.attrs["placeholder"] = number
        for name in self.BUDGET:
            self.fields[name].set_currency(CURRENCY_OF_MARKET[Market(market)])  # type: ignore[attr-defined]

    @property
    def by_machine(self) -> bool:
        """Whether the field nobody sees was filled in."""
        return bool(self["homepage"].data)

    def parts(self) -> dict[str, list[forms.BoundField]]:
        """Return the fields of each part of the page."""
        named = {"contact": self.CONTACT, "wishes": self.WISHES, "budget": self.BUDGET}
        named["choices"] = self.CHOICES
        return {part: [self[name] for name in names] for part, names in named.items()}

    def clean_phone(self) -> str:
        """Return the number in E.164; one that cannot be dialled helps nobody."""
        typed: str = self.cleaned_data["phone"]
        number = normalised_phone(typed, self.market) if typed else ""
        if number and not _E164.fullmatch(number):
            example = EXAMPLES[Market(self.market)][1]
            raise forms.ValidationError(
                _("Enter a number that can be called, such as %(example)s."),
                params={"example": example},
            )
        return number

    def clean_locations(self) -> list[str]:
        """Return the places named, with commas between them."""
        places = [place.strip() for place in self.cleaned_data["locations"].split(",")]
        places = [place for place in places if place]
        if len(places) > MAX_PLACES or any(len(place) > 120 for place in places):
            raise forms.ValidationError(_("Name up to ten places with commas between them."))
        return places

    def clean(self) -> dict[str, Any]:
        """Refuse ranges that end before they begin."""
        given = super().clean() or {}
        for low, high in (("budget_min", "budget_max"), ("bedrooms_min", "bedrooms_max")):
            bounds = given.get(low), given.get(high)
            if None not in bounds and bounds[0] > bounds[1]:  # type: ignore[operator]
                self.add_error(high, _("This is below where the range begins."))
        return given

    def without_choices(self) -> EnquiryForm:
        """Return the form as typed, nothing allowed: what was ticked was not ticked here."""
        typed = QueryDict(mutable=True)
        for name in self.fields.keys() - set(self.CHOICES):
            typed.setlist(name, self[name].data if name == "services" else [self[name].data or ""])
        return EnquiryForm(typed, market=self.market)

    def draft(self) -> LeadDraft:
        """Return what was typed as the service takes it."""
        left_out = {"homepage", *self.CHOICES}
        given = {name: value for name, value in self.cleaned_data.items() if name not in left_out}
        return LeadDraft(source=SOURCE, **given)

    def consent(self) -> Groups:
        """Return what the client allows; what is not ticked is a no."""
        given = self.cleaned_data
        return Groups(*(given[name] for name in self.CHOICES))
