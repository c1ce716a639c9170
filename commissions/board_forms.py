"""The filters of the reconciliation pages; they stand in the address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commissions import periods
from commissions.models import Commission, ReconciliationItem
from commissions.periods import EVER, Period, period_of
from partners.types import Direction
from portal.lib.ids import is_id
from portal.lib.money import CURRENCIES

MINE, NOBODYS, OVERDUE = "mine", "nobody", "overdue"


class PeriodField(forms.CharField):
    """A period to choose; any other one that is well-formed will do."""

    def __init__(self) -> None:
        super().__init__(label=_("Period"), required=False, max_length=7, widget=forms.Select())

    def clean(self, value: Any) -> Period:
        """Return the period, all time where there is none."""
        found = period_of(super().clean(value))
        if found is None:
            raise forms.ValidationError(_("There is no such period."))
        return found


class PeriodFilter(forms.Form):
    """A wrong filter is none: an address somebody kept or cut short still opens the page."""

    period = PeriodField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        period = self.fields["period"].widget
        if isinstance(period, forms.Select):
            period.choices = self._periods()

    def _periods(self) -> periods.Choices:
        shown = periods.choices(timezone.now().date())
        kept = period_of(self.data.get("period", ""))
        known = {key for _label, keys in shown[1:] for key, _name in keys}
        return (
            shown if kept is None or kept.key in {"", *known} else [*shown, (kept.key, str(kept))]
        )

    def chosen(self) -> dict[str, Any]:
        """Return what is chosen, without what cannot be."""
        self.is_valid()
        chosen: dict[str, Any] = dict.fromkeys(self.fields, "") | {"period": EVER}
        return chosen | self.cleaned_data

    @property
    def narrows(self) -> bool:
        """Whether anything is chosen at all."""
        return any(value not in ("", EVER, False) for value in self.chosen().values())


class _ByPartner(PeriodFilter):
    """What may be about the partners of a name."""

    q = forms.CharField(
        label=_("Partner"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Partner")}),
    )


class BoardFilter(_ByPartner):
    """Which partners' figures are shown."""

    direction = forms.ChoiceField(
        label=_("Who pays"), required=False, choices=[("", _("Either way")), *Direction.choices]
    )
    currency = forms.ChoiceField(
        label=_("Currency"),
        required=False,
        choices=[("", _("All currencies")), *((code, code) for code in CURRENCIES)],
    )
    differing = forms.BooleanField(label=_("Only with open differences"), required=False)


class _OfPartner(_ByPartner):
    """What may be about one partner alone."""

    partner = forms.CharField(required=False, widget=forms.HiddenInput())

    def clean_partner(self) -> str:
        """Refuse what is no partner's id."""
        given: str = self.cleaned_data["partner"]
        if given and not is_id("partner", given):
            raise forms.ValidationError(_("There is no such partner."))
        return given


class DifferenceFilter(_OfPartner):
    """Which open differences are shown."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", _("All kinds")), *ReconciliationItem.Kind.choices],
    )
    owner = forms.ChoiceField(
        label=_("Owner"),
        required=False,
        choices=[
            ("", _("Everybody's")),
            (MINE, _("Mine")),
            (NOBODYS, _("Nobody's")),
            (OVERDUE, _("Overdue")),
        ],
    )


class CommissionFilter(_OfPartner):
    """Which commissions are shown."""

    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", _("All statuses")), *Commission.Status.choices],
    )
    closing = forms.ChoiceField(
        label=_("Closing"),
        required=False,
        choices=[
            ("", _("Any closing")),
            ("confirmed", _("Confirmed")),
            ("waiting", _("To be confirmed")),
        ],
    )
