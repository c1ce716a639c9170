"""What finance types about exchange rates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.lib.money import CURRENCIES

_CODES = [(code, code) for code in CURRENCIES]
_DAY = {"type": "date"}


class RatesFile(forms.Form):
    """A file of reference rates."""

    file = forms.FileField(
        label=_("File of the European Central Bank"),
        help_text=_("CSV, zipped CSV or XML, up to 2 MB. A wrong row refuses the whole file."),
        widget=forms.FileInput(attrs={"accept": ".csv,.zip,.xml"}),
    )


class RatesFilter(forms.Form):
    """Which rates are listed."""

    currency = forms.ChoiceField(
        label=_("Currency"), required=False, choices=[("", _("All currencies")), *_CODES]
    )
    day = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d")
    )
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000)

    def chosen(self) -> dict[str, Any]:
        """Return the filter; what is not one of ours filters nothing."""
        self.is_valid()
        given = self.cleaned_data
        return {
            "currency": given.get("currency") or "",
            "day": given.get("day"),
            "page": given.get("page") or 1,
        }


class RateQuestion(forms.Form):
    """From which currency to which, on which day."""

    prefix = "rate"
    source = forms.ChoiceField(label=_("From"), choices=_CODES, initial="AED")
    target = forms.ChoiceField(label=_("To"), choices=_CODES, initial="INR")
    on = forms.DateField(label=_("On"), widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"))

    def asked(self) -> dict[str, Any]:
        """Return the arguments of `rates_page.applying`."""
        given = self.cleaned_data
        return {"source": given["source"], "target": given["target"], "day": given["on"]}
