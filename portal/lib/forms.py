"""Form fields and widgets that speak money: `5,000,000` is a number here."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.lib import formats
from portal.lib.money import MAX_DIGITS, fits, quantum

# A comma may stand between digits only, as in 5,000,000 or 50,00,000.
_GROUPED = re.compile(r"\d{1,3}(,\d{2,3})+(\.\d*)?")
_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009")


class MoneyInput(forms.TextInput):
    """A text input for an amount; the currency stands beside it and groups its digits."""

    def __init__(self, currency: str = "AED", attrs: dict[str, Any] | None = None) -> None:
        self.currency = currency
        given = {"inputmode": "decimal", "autocomplete": "off", "data-money": currency}
        super().__init__(attrs={**given, **(attrs or {})})

    def format_value(self, value: Any) -> str | None:
        """Group a valid amount; what somebody typed wrongly is shown as typed."""
        if value is None or value == "":
            return None
        if isinstance(value, (Decimal, int, float)):
            text = f"{Decimal(str(value)):f}"
            whole, point, fraction = text.partition(".")
            groups = formats.money_shape(self.currency).groups
            fraction = fraction if fraction.strip("0") else ""
            return formats.group_digits(whole, groups) + (point + fraction if fraction else "")
        return str(value)


class MoneyField(forms.DecimalField):
    """An amount above zero in CURRENCY, typed with or without grouping."""

    default_error_messages = {
        "invalid": _("Enter the amount in digits, such as 5,000,000."),
        "min_value": _("Enter an amount above zero."),
    }

    def __init__(self, *, currency: str = "AED", **kwargs: Any) -> None:
        places = formats.money_shape(currency).places
        kwargs.setdefault("max_digits", MAX_DIGITS + places)
        kwargs.setdefault("decimal_places", places)
        kwargs.setdefault("min_value", Decimal(1).scaleb(-places))
        super().__init__(widget=kwargs.pop("widget", None) or MoneyInput(currency), **kwargs)
        self.currency = currency

    def set_currency(self, currency: str) -> None:
        """Use CURRENCY from now on, for forms that learn it from the record they change."""
        self.currency = currency
        if isinstance(self.widget, MoneyInput):
            self.widget.currency = currency
            self.widget.attrs["data-money"] = currency

    def prepare_value(self, value: Any) -> Any:
        """Show a stored amount with no more digits than its currency has."""
        if isinstance(value, Decimal) and fits(value, self.currency):
            return value.quantize(quantum(self.currency))
        return super().prepare_value(value)

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        """Read VALUE; commas and spaces between groups of digits are allowed."""
        if isinstance(value, str):
            value = value.translate(_SPACES)
            if _GROUPED.fullmatch(value):
                value = value.replace(",", "")
        return super().to_python(value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Leave out the `min` and `step` of a number input: this is a text input."""
        attrs = super().widget_attrs(widget)
        return {name: value for name, value in attrs.items() if name not in ("min", "max", "step")}
