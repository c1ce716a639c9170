"""Which export is wanted, and what of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions.accounting import EXPORTS, Chosen
from commissions.models import Commission, Dispute, ReconciliationItem
from partners.models import Partner
from partners.types import PartnerType
from portal.lib.access import Actor, may
from portal.lib.money import CURRENCIES

CSV, XLSX = "csv", "xlsx"
_STATUSES = dict(
    [
        *Commission.Status.choices,
        *ReconciliationItem.Status.choices,
        *Dispute.Status.choices,
    ]
)


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget)


class ExportForm(forms.Form):
    """An export, its format and its filters; the same names as on the pages that lead here."""

    what = forms.ChoiceField(label=gettext_lazy("Export"))
    format = forms.ChoiceField(
        label=gettext_lazy("Format"), choices=[(CSV, "CSV"), (XLSX, "Excel (XLSX)")]
    )
    partner = forms.ModelChoiceField(
        label=gettext_lazy("Partner"),
        queryset=Partner.objects.none(),
        required=False,
        empty_label=gettext_lazy("All partners"),
    )
    type = forms.ChoiceField(
        label=gettext_lazy("Partner type"),
        required=False,
        choices=[("", gettext_lazy("All types")), *PartnerType.choices],
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        choices=[("", gettext_lazy("Every status")), *_STATUSES.items()],
        help_text=gettext_lazy("Of commissions, differences and disputes."),
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"),
        required=False,
        choices=[
            ("", gettext_lazy("All, each row in its own")),
            *((code, code) for code in CURRENCIES),
        ],
    )
    field_order = ["what", "format", "from", "to"]

    def __init__(self, *args: Any, user: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The words of the address, which Python keeps for itself.
        self.fields["from"] = _day(gettext_lazy("From"))
        self.fields["to"] = _day(gettext_lazy("To, included"))
        self.order_fields(self.field_order)
        what, partner = self.fields["what"], self.fields["partner"]
        if isinstance(what, forms.ChoiceField):
            what.choices = [(name, EXPORTS[name].label) for name in open_to(user)]
        if isinstance(partner, forms.ModelChoiceField):
            partner.queryset = Partner.objects.visible_to(user).order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins, and a status the export does not know."""
        given: dict[str, Any] = self.cleaned_data
        since, until = given.get("from"), given.get("to")
        if since and until and until < since:
            self.add_error("to", _("The period ends before it begins."))
        export = EXPORTS.get(given.get("what", ""))
        if export and given.get("status") and given["status"] not in export.statuses:
            self.add_error("status", _("This export knows no such status."))
        return given

    def chosen(self) -> Chosen:
        """Return the filters of a valid form."""
        given = self.cleaned_data
        return Chosen(
            since=given["from"],
            until=given["to"],
            partner=str(given["partner"].pk) if given["partner"] else "",
            type=given["type"],
            status=given["status"],
            currency=given["currency"],
        )

    def file_name(self) -> str:
        """Return what the file is called: the export, its period and its format."""
        given = self.cleaned_data
        ends: list[dt.date | None] = [given["from"], given["to"]]
        period = "-".join(f"{day:%Y%m%d}" if day else "" for day in ends).strip("-") or "all"
        return f"{given['what']}-{period}.{given['format']}"


def open_to(user: Actor) -> list[str]:
    """Return the names of the exports USER may take."""
    return [name for name, export in EXPORTS.items() if may(user, export.right)]
