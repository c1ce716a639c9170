"""What a partner types when a lead ends, and the filters of the staff pages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commissions.agreements import terms_of
from commissions.analytics import PERIODS
from commissions.services.booking import wrong_day
from commissions.terms_words import in_short
from events.models import Event
from leads.models import Share
from partners.types import PartnerType
from portal.lib.forms import MoneyField


class ClosingForm(forms.Form):
    """The value a deal was closed at, in the share's currency, and what the partner expects."""

    agreement_value = MoneyField(
        label=_("Agreement value"),
        help_text=_("The price in the signed document, before taxes and duties."),
    )
    closed_on = forms.DateField(
        label=_("Day it was signed"),
        required=False,
        help_text=_("Leave it empty if it was today."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    claimed_percent = forms.DecimalField(
        label=_("Commission you expect, %"),
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=7,
        decimal_places=4,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    notes = forms.CharField(
        label=_("Notes"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Seen by you and the agent. Please leave the client's data out."),
    )

    def __init__(self, *args: Any, share: Share, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.share = share
        value = self.fields["agreement_value"]
        if isinstance(value, MoneyField):
            value.set_currency(share.currency)
        if share.partner.type == PartnerType.SERVICE_PROVIDER:
            value.label = _("Value of the service")
            value.help_text = _("What the client pays for the service, before taxes.")
        self.fields["claimed_percent"].help_text = _(
            "Agreed: %(terms)s Fill this in only if you expect another rate; the difference"
            " is then looked at by people."
        ) % {"terms": in_short(terms_of(share), share.currency, you=True)}

    def clean_closed_on(self) -> dt.date | None:
        """Refuse a day on which it cannot have been."""
        day: dt.date | None = self.cleaned_data["closed_on"]
        if day is not None and (why := wrong_day(self.share, day)):
            raise forms.ValidationError(why)
        return day


class RejectionForm(forms.Form):
    """Why the partner does not take, or gives back, a lead."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The agent reads it to choose somebody else."),
        error_messages={"required": _("Say why the lead is rejected.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "reject_%s"  # beside it may stand another form with a reason


# Those that have a rate of every working day.
REPORTED_IN = ("AED", "INR", "USD", "EUR", "GBP", "SAR")


class AnalyticsFilter(forms.Form):
    """In which currency money is shown; which partners the table shows, and over which time."""

    period = forms.ChoiceField(
        label=_("Period"),
        required=False,
        choices=[
            ("", _("All time")),
            ("month", _("This month")),
            ("quarter", _("This quarter")),
            ("year", _("This year")),
        ],
    )
    type = forms.ChoiceField(
        label=_("Partner type"),
        required=False,
        choices=[("", _("All types")), *PartnerType.choices],
    )
    currency = forms.ChoiceField(
        label=_("Money in"),
        required=False,
        choices=[("", _("Each in its own")), *((code, code) for code in REPORTED_IN)],
    )
    page = forms.IntegerField(required=False, min_value=1, max_value=10_000)

    def chosen(self) -> dict[str, Any]:
        """Return the filter; what is not one of ours filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return {
            "period": given.get("period") if given.get("period") in PERIODS else "",
            "type": given.get("type") or "",
            "currency": given.get("currency") or "",
            "number": given.get("page") or 1,
        }


class EventFilter(forms.Form):
    """Which events to stream: of these kinds, from a day or time on, up to but without another."""

    kind = forms.MultipleChoiceField(choices=Event.Kind.choices, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("from", "to"):  # the words of the address, which Python keeps for itself
            self.fields[name] = forms.CharField(required=False, max_length=40)

    def clean(self) -> dict[str, Any]:
        """Read both ends as a day (its start, UTC) or an RFC 3339 time."""
        given: dict[str, Any] = self.cleaned_data
        for name in ("from", "to"):
            if given.get(name):
                try:
                    given[name] = _moment(given[name])
                except ValueError:
                    self.add_error(name, _("Give a day such as 2026-11-22 or a time in RFC 3339."))
        return given

    def span(self) -> dict[str, Any]:
        """Return the arguments of `events.selectors.event_lines`."""
        given = self.cleaned_data
        return {
            "kinds": given["kind"] or None,
            "since": given["from"] or None,
            "until": given["to"] or None,
        }


def _moment(text: str) -> dt.datetime:
    at = dt.datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=timezone.get_default_timezone())
