"""What finance types about one commission or one difference."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from commissions.models import Commission, ReconciliationItem
from portal.lib.forms import MoneyField
from portal.lib.money import CURRENCIES

_DAY = {"type": "date"}
# Where the claim cannot be booked as it is.
_NOT_AS_CLAIMED = (ReconciliationItem.Kind.CURRENCY, ReconciliationItem.Kind.MISSING_THEIRS)

# What a difference is not about; that is corrected by itself.
_OTHERS: dict[str, tuple[str, ...]] = {
    ReconciliationItem.Kind.VALUE: ("percent", "closed_on"),
    ReconciliationItem.Kind.RATE: ("value", "closed_on"),
    ReconciliationItem.Kind.DATE: ("value", "percent"),
}


def _rate(**given: Any) -> forms.DecimalField:
    return forms.DecimalField(
        min_value=Decimal("0.0001"),
        max_value=Decimal(100),
        max_digits=7,
        decimal_places=4,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        **given,
    )


def _reason(**given: Any) -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept with the record. No personal data, please."),
        **given,
    )


class CorrectionForm(forms.Form):
    """Other figures for a commission; what is left empty stays."""

    prefix = "correct"
    value = MoneyField(label=_("Agreement value"), required=False)
    percent = _rate(label=_("Rate, %"), required=False)
    closed_on = forms.DateField(
        label=_("Closed on"), required=False, widget=forms.DateInput(attrs=_DAY)
    )
    reason = _reason()

    def __init__(self, *args: Any, commission: Commission, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        value = self.fields["value"]
        if isinstance(value, MoneyField):
            value.set_currency(commission.currency)

    def clean(self) -> dict[str, Any]:
        """Refuse a correction of nothing."""
        given: dict[str, Any] = self.cleaned_data
        if not self.errors and not any(given.get(n) for n in ("value", "percent", "closed_on")):
            raise forms.ValidationError(_("Say what is to be corrected."))
        return given


class ReversalForm(forms.Form):
    """Why a commission is reversed whole."""

    prefix = "reverse"
    reason = _reason()


class PaymentForm(forms.Form):
    """What the bank paid."""

    prefix = "pay"
    amount = MoneyField(label=_("Amount"))
    paid_on = forms.DateField(label=_("Paid on"), widget=forms.DateInput(attrs=_DAY))
    reference = forms.CharField(
        label=_("Bank reference"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, commission: Commission, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amount = self.fields["amount"]
        if isinstance(amount, MoneyField):
            amount.set_currency(commission.settlement_currency)


class MilestoneForm(forms.Form):
    """Which milestone was met, and when."""

    prefix = "milestone"
    number = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    met_on = forms.DateField(label=_("Met on"), widget=forms.DateInput(attrs=_DAY))


class PapersForm(forms.Form):
    """What the company's own papers say of a deal."""

    prefix = "papers"
    value = MoneyField(label=_("Agreement value"), help_text=_("As in the signed document."))
    closed_on = forms.DateField(label=_("Signed on"), widget=forms.DateInput(attrs=_DAY))
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in CURRENCIES])

    def __init__(self, *args: Any, commission: Commission, **kwargs: Any) -> None:
        currency = commission.papers_currency or commission.currency
        kwargs["initial"] = {
            "value": commission.papers_value,
            "closed_on": commission.papers_on,
            "currency": currency,
        }
        super().__init__(*args, **kwargs)
        value = self.fields["value"]
        if isinstance(value, MoneyField):
            value.set_currency(currency)


class SettlingForm(forms.Form):
    """How a difference is settled."""

    resolution = forms.ChoiceField(
        label=_("Settle it"), choices=ReconciliationItem.Resolution.choices
    )
    value = MoneyField(label=_("Other value"), required=False)
    percent = _rate(label=_("Other rate, %"), required=False)
    closed_on = forms.DateField(
        label=_("Other day"), required=False, widget=forms.DateInput(attrs=_DAY)
    )
    reason = _reason(required=False)

    def __init__(self, *args: Any, item: ReconciliationItem, **kwargs: Any) -> None:
        kwargs["prefix"] = f"item-{str(item.pk)[-6:]}"
        super().__init__(*args, **kwargs)
        value = self.fields["value"]
        if isinstance(value, MoneyField):
            value.set_currency(item.recorded_currency)
        for name in _OTHERS.get(item.kind, ()):
            del self.fields[name]
        if item.kind in _NOT_AS_CLAIMED:
            choices = ReconciliationItem.Resolution.choices
            field = self.fields["resolution"]
            if isinstance(field, forms.ChoiceField):
                field.choices = [choice for choice in choices if choice[0] != "claim"]


class DismissalForm(forms.Form):
    """Why a stated deal is none of ours."""

    reason = _reason()

    def __init__(self, *args: Any, item: ReconciliationItem, **kwargs: Any) -> None:
        kwargs["prefix"] = f"item-{str(item.pk)[-6:]}"
        super().__init__(*args, **kwargs)


class DecisionForm(forms.Form):
    """Which of two closings of one lead counts."""

    take_over = forms.ChoiceField(
        label=_("Which closing counts"),
        choices=[("", _("The first one, as booked")), ("yes", _("This one, instead of the first"))],
        required=False,
    )
    reason = _reason()

    def __init__(self, *args: Any, item: ReconciliationItem, **kwargs: Any) -> None:
        kwargs["prefix"] = f"item-{str(item.pk)[-6:]}"
        super().__init__(*args, **kwargs)
