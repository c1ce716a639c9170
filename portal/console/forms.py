"""The console's forms: its filter, what of an endpoint may be changed, and the debugger."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events import payloads
from events.models import Delivery, Endpoint
from portal.console import finding
from portal.lib.access import Actor

State = Delivery.State
# What one looks for → the states of the queue it means.
STATES = {
    "waiting": (_("Waiting"), (State.PENDING, State.SENDING)),
    "delivered": (_("Delivered"), (State.SENT,)),
    "failed": (_("Given up"), (State.FAILED,)),
    "cancelled": (_("Cancelled"), (State.CANCELLED,)),
}
TYPES = (*payloads.TYPES, "webhook.test", payloads.VERIFY)


_SEARCH = forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"})
_FIRST, _LAST = date(2000, 1, 1), date(2999, 12, 31)  # beyond them a calendar ends


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    within = [MinValueValidator(_FIRST), MaxValueValidator(_LAST)]
    return forms.DateField(label=label, required=False, widget=widget, validators=within)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class DeliveryFilter(forms.Form):
    """Which messages are shown. What is not understood is left out."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Any state")), *((key, words) for key, (words, _states) in STATES.items())],
    )
    type = forms.ChoiceField(
        label=_("Type"),
        required=False,
        choices=[("", _("Any type")), *((name, name) for name in TYPES)],
    )
    endpoint = forms.ChoiceField(label=_("Address"), required=False)
    id = forms.CharField(label="webhook-id", required=False, max_length=40, widget=_SEARCH)
    lead = forms.CharField(label=_("Lead"), required=False, max_length=60, widget=_SEARCH)
    since = _day(_("From"))
    until = _day(_("To"))

    def __init__(self, *args: Any, endpoints: list[Endpoint], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["endpoint"].choices = [("", _("Any address")), *((e.pk, e.url) for e in endpoints)]

    def narrow(self, deliveries: QuerySet[Delivery], *, user: Actor) -> QuerySet[Delivery]:
        """Return those of DELIVERIES that were asked for, among the leads USER may see."""
        self.is_valid()
        chosen = self.cleaned_data
        if chosen.get("id"):
            deliveries = finding.by_webhook_id(deliveries, chosen["id"])
        if chosen.get("lead"):
            deliveries = finding.by_lead(deliveries, chosen["lead"], user=user)
        if chosen.get("since"):
            deliveries = deliveries.filter(created_at__gte=_midnight(chosen["since"]))
        if chosen.get("until"):
            after = _midnight(chosen["until"] + timedelta(days=1))
            deliveries = deliveries.filter(created_at__lt=after)
        if chosen.get("state"):
            deliveries = deliveries.filter(state__in=STATES[chosen["state"]][1])
        if chosen.get("type"):
            deliveries = deliveries.filter(type=chosen["type"])
        if chosen.get("endpoint"):
            deliveries = deliveries.filter(endpoint=chosen["endpoint"])
        return deliveries


class ChangeForm(forms.Form):
    """Where and what we send."""

    url = forms.CharField(
        label=_("Address"),
        max_length=2048,
        widget=forms.URLInput(),
        help_text=_("A new one takes over once it has echoed our challenge."),
    )
    description = forms.CharField(label=_("Description"), max_length=80, required=False)
    event_types = forms.MultipleChoiceField(
        label=_("Types"),
        required=False,
        choices=[(name, name) for name in payloads.TYPES],
        widget=forms.CheckboxSelectMultiple(),
        help_text=_("None chosen means all of them."),
    )
    thin = forms.BooleanField(
        label=_("Thin messages"),
        required=False,
        help_text=_("Ids only. Your system fetches the rest by the API."),
    )
    headers = forms.CharField(
        label=_("Additional headers"),
        required=False,
        max_length=12_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )
    drop_headers = forms.BooleanField(label=_("Send no additional headers"), required=False)

    def __init__(self, *args: Any, endpoint: Endpoint, **kwargs: Any) -> None:
        self.endpoint = endpoint
        kwargs.setdefault(
            "initial",
            {
                "url": endpoint.pending_url or endpoint.url,
                "description": endpoint.description,
                "event_types": endpoint.event_types,
                "thin": endpoint.thin,
            },
        )
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        names = ", ".join(json.loads(endpoint.headers)) if endpoint.headers else ""
        hint: Any = _(
            "One on a line, as in “X-Env: live”. Values are kept sealed, never shown again."
        )
        if names:
            hint = _("Set: %(names)s. What you type here takes their place.") % {"names": names}
        else:
            del fields["drop_headers"]
        fields["headers"].help_text = hint

    def clean_headers(self) -> dict[str, str]:
        """Return the headers by name."""
        found = {}
        for line in self.cleaned_data["headers"].splitlines():
            if not line.strip():
                continue
            name, colon, value = line.partition(":")
            if not colon:
                raise forms.ValidationError(_("A header is a name, a colon and a value."))
            found[name.strip()] = value.strip()
        return found

    def changes(self) -> dict[str, Any]:
        """Return what `change_endpoint` is to change."""
        chosen = dict(self.cleaned_data)
        drop, headers = chosen.pop("drop_headers", False), chosen.pop("headers")
        if headers or drop:
            chosen["headers"] = headers
        return chosen


class RecoverForm(forms.Form):
    """From when on what was given up is sent once more."""

    hours = forms.TypedChoiceField(
        label=_("Given up within"),
        coerce=int,
        choices=[
            (1, _("the last hour")),
            (6, _("the last 6 hours")),
            (24, _("the last day")),
            (72, _("the last 3 days")),
            (168, _("the last 7 days")),
            (336, _("the last 14 days")),
        ],
        initial=24,
    )


class RotateForm(forms.Form):
    """For how long the secret until now signs as well."""

    overlap_hours = forms.TypedChoiceField(
        label=_("The secret until now stays valid for"),
        coerce=int,
        choices=[
            (0, _("no longer")),
            (1, _("1 hour")),
            (24, _("1 day")),
            (72, _("3 days")),
            (168, _("7 days")),
        ],
        initial=24,
    )


class DebugForm(forms.Form):
    """What a receiver got, to see why it did not verify."""

    endpoint = forms.ChoiceField(label=_("Address"))
    webhook_id = forms.CharField(label="webhook-id", max_length=100)
    webhook_timestamp = forms.CharField(label="webhook-timestamp", max_length=20)
    webhook_signature = forms.CharField(label="webhook-signature", max_length=2000)
    # Kept byte for byte: a blank at the end is a difference worth finding.
    body = forms.CharField(
        label=_("Body, exactly as received"),
        max_length=70_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, endpoints: list[Endpoint], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["endpoint"].choices = [(e.pk, e.url) for e in endpoints]
