"""Forms about API keys. They clean; the services decide and write."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners.models import ApiKey
from partners.services import KeyRules

# Scopes a partner's key can use, in words; the others are for agents' keys.
SCOPE_WORDS = {
    "leads:read": _("Read leads"),
    "leads:work": _("Work leads: report a status or a closing, confirm a deletion, ask for more"),
    "commissions:read": _("Read commissions"),
    "metrics:read": _("Read figures"),
    "partner:read": _("Read your company's profile"),
    "webhooks:manage": _("Manage webhooks"),
}
OVERLAPS = (
    (0, _("Ends at once")),
    (1, _("Works for one more hour")),
    (24, _("Works for one more day")),
    (72, _("Works for three more days")),
    (168, _("Works for seven more days")),
)


class KeyForm(forms.Form):
    """What a key is called and what limits it; with KEY, one that is there already."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What it is for, such as: CRM, live system.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=list(SCOPE_WORDS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick only what the system needs. With nothing ticked it may do all of it."),
    )
    networks = forms.CharField(
        label=_("Networks"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(
            attrs={
                "rows": 2,
                "placeholder": "203.0.113.0/24",
                "spellcheck": "false",
            }
        ),
        help_text=_(
            "From where it may be used: addresses or networks, one a line. Empty allows every "
            "address."
        ),
    )
    valid_through = forms.DateField(
        label=_("Valid through"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Its last day. Empty: until you revoke it."),
    )

    def __init__(self, *args: Any, key: ApiKey | None = None, **kwargs: Any) -> None:
        self.key = key
        if key is not None:
            kwargs.setdefault("initial", _initial(key))
        super().__init__(*args, **kwargs)

    def clean_networks(self) -> list[str]:
        return str(self.cleaned_data["networks"]).replace(",", " ").split()

    def clean_valid_through(self) -> date | None:
        found: date | None = self.cleaned_data["valid_through"]
        if found and "valid_through" in self.changed_data and found < timezone.localdate():
            raise forms.ValidationError(_("This day is over."))
        return found

    def rules(self) -> KeyRules:
        """Return what the form says; an end that was left as it is stays to the second."""
        given = self.cleaned_data
        kept = self.key is not None and "valid_through" not in self.changed_data
        return KeyRules(
            name=given["name"],
            scopes=given["scopes"],
            networks=given["networks"],
            expires_at=self.key.expires_at if kept and self.key else _end_of(given),
        )


class NewKeyForm(KeyForm):
    """A key that is to be made."""

    signed = forms.BooleanField(
        label=_("Every call must be signed"),
        required=False,
        help_text=_("You get a second secret. A key that leaks is then of no use without it."),
    )


class RotateForm(forms.Form):
    """How long the old key goes on working beside the new one."""

    overlap_hours = forms.TypedChoiceField(
        label=_("The old key"), choices=OVERLAPS, coerce=int, initial=24
    )


def _initial(key: ApiKey) -> dict[str, Any]:
    last = key.expires_at and timezone.localtime(key.expires_at - timedelta(microseconds=1))
    return {
        "name": key.name,
        "scopes": key.scopes,
        "networks": "\n".join(key.networks),
        "valid_through": last and last.date(),
    }


def _end_of(given: dict[str, Any]) -> datetime | None:
    """Return the moment after the last day, in the reader's time zone."""
    if given["valid_through"] is None:
        return None
    return timezone.make_aware(
        datetime.combine(given["valid_through"] + timedelta(days=1), time.min)
    )
