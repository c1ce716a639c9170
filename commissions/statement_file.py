"""Read a partner's statement: CSV or XLSX, with the names of columns that are usual, ours too."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from commissions.matching import Line
from portal.lib import sheets
from portal.lib.forms import MoneyField
from portal.lib.ids import is_id
from portal.lib.money import CURRENCIES, MAX_DIGITS, MOST_DECIMALS, fits
from portal.lib.sheets import XLSX_MARK, Fault, FileRefused

MAX_BYTES = 2 * 1_048_576
MAX_ROWS = 5_000
# What we call each column, and how else it is usual to, in the order in which names count.
OURS: Mapping[str, str] = {
    "reference": "leadId",
    "closed_on": "closingDate",
    "value": "agreementValue",
    "percent": "commissionPercent",
    "amount": "commissionAmount",
    "currency": "currency",
}
NAMES: Mapping[str, tuple[str, ...]] = {
    "reference": (
        "leadid", "shareid", "lead", "share", "leadreference", "leadref", "reference", "ref",
        "dealid", "deal", "id",
    ),
    "closed_on": (
        "closingdate", "closedon", "closedate", "dateclosed", "closed", "dealdate",
        "agreementdate", "date",
    ),
    "value": (
        "agreementvalue", "dealvalue", "saleprice", "salevalue", "servicevalue", "price", "value",
    ),
    "percent": (
        "commissionpercent", "commissionrate", "ratepercent", "percent", "rate",
    ),
    "amount": ("commissionamount", "commissiondue", "commission", "amount", "fee"),
    "currency": ("currency", "currencycode", "ccy"),
}  # fmt: skip
NEEDED = ("value",)
_DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y")
_TIME = re.compile(r"[T ]\d\d:\d\d.*$")
# An id or a number is kept as it is written; words may name somebody, and so may a phone number.
_AN_ID = re.compile(r"(?!\d{9,}$)[A-Za-z]{0,12}[-_/#.]?[0-9][A-Za-z0-9_\-/#.]*", re.ASCII)
_SHORT = re.compile(r"(?:lead\s+)?([0-9a-hjkmnp-tv-z]{6})", re.ASCII | re.IGNORECASE)


def read_statement(content: bytes, *, currency: str, first: dt.date, last: dt.date) -> list[Line]:
    """Return the lines of a statement.

    :param currency: of lines that name none
    :param first, last: between which days, both included, a line may say that a deal closed
    :raises FileRefused: with every fault, if there is one
    """
    columns: Mapping[str, int] = {}
    heads: Sequence[str] = ()
    lines, faults = [], []
    form = LineForm()
    for number, cells in _rows(content):
        if not columns:
            heads, columns = cells, _columns(cells)
            continue
        form.read(columns, cells, currency, (first, last))
        if form.is_valid():
            lines.append(form.line(number))
        for name, said in form.errors.items():
            head = heads[columns[name]].strip() if name in columns else ""
            faults.append(Fault(" ".join(map(str, said)), number, head or name))
    if faults:
        raise FileRefused(*faults)
    if not lines:
        raise FileRefused(Fault(_("The file has no rows.")))
    return lines


def _rows(content: bytes) -> Iterator[sheets.Row]:
    if len(content) > MAX_BYTES:
        raise FileRefused(Fault(_("The file is larger than 2 MB.")))
    if content.startswith(XLSX_MARK):
        return sheets.xlsx_rows(content, most=MAX_ROWS)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRefused(Fault(_("Save the old spreadsheet as XLSX or CSV, and choose it again.")))
    return sheets.csv_rows(content, most=MAX_ROWS)


def _columns(heads: Sequence[str]) -> dict[str, int]:
    """Return where each field stands; columns that are none of ours are passed over.

    :raises FileRefused: if a field that is needed stands nowhere, or a column twice
    """
    plain = [_plain(head) for head in heads]
    twice = {name for name in plain if name and plain.count(name) > 1}
    known = {name for names in NAMES.values() for name in names}
    faults = [
        Fault(_("The column is there twice."), 1, heads[plain.index(name)].strip())
        for name in sorted(twice & known)
    ]
    found = {}
    for field, names in NAMES.items():
        place = next((plain.index(name) for name in names if name in plain), None)
        if place is not None:
            found[field] = place
    faults += [Fault(_("This column is needed."), 1, OURS[f]) for f in NEEDED if f not in found]
    if not faults and not {"reference", "closed_on"} & set(found):
        said = _("Name the lead, or the day on which the deal closed.")
        faults.append(Fault(said, 1, OURS["reference"]))
    if faults:
        raise FileRefused(*faults)
    return found


def _plain(head: str) -> str:
    """Return HEAD as names are compared: small letters and digits, without what is in brackets."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*?\)", "", head).lower())


class _Day(forms.DateField):
    """A day as it is usual where we are: the day before the month. A time beside it is left out."""

    def to_python(self, value: Any) -> dt.date | None:
        return super().to_python(_TIME.sub("", value.strip()) if isinstance(value, str) else value)


class _Percent(forms.DecimalField):
    """A rate, with or without its sign."""

    def to_python(self, value: Any) -> Any:
        text = value.strip().removesuffix("%") if isinstance(value, str) else value
        return super().to_python(text)


def _money(**given: Any) -> MoneyField:
    return MoneyField(max_digits=MAX_DIGITS + MOST_DECIMALS, decimal_places=MOST_DECIMALS, **given)


class LineForm(forms.Form):
    """One line of a statement."""

    reference = forms.CharField(max_length=200, required=False)
    closed_on = _Day(
        required=False,
        input_formats=_DAYS,
        error_messages={"invalid": lazy("Write the day as 2026-11-22 or 22/11/2026.")},
    )
    value = _money()
    percent = _Percent(
        required=False, min_value=Decimal(0), max_value=Decimal(100), max_digits=7, decimal_places=4
    )
    amount = _money(required=False, min_value=Decimal(0))
    currency = forms.ChoiceField(choices=[(code, code) for code in CURRENCIES])

    def read(
        self,
        columns: Mapping[str, int],
        cells: Sequence[str],
        currency: str,
        days: tuple[dt.date, dt.date],
    ) -> None:
        """Read a row: making a form anew for each of many takes longer than checking it."""
        row = {
            name: cells[place].strip() if place < len(cells) else ""
            for name, place in columns.items()
        }
        row["currency"] = row.get("currency", "").upper() or currency
        self.days = days
        self.data, self.is_bound, self._errors = row, True, None

    def clean_closed_on(self) -> dt.date | None:
        """Refuse a day that this statement is not about: it would be another period's file."""
        day: dt.date | None = self.cleaned_data["closed_on"]
        first, last = self.days
        if day is not None and not first <= day <= last:
            raise forms.ValidationError(_("This day lies outside the period of the statement."))
        return day

    def clean(self) -> dict[str, Any]:
        """Check what several cells say together."""
        given: dict[str, Any] = self.cleaned_data
        value, currency = given.get("value"), given.get("currency")
        for name in ("value", "amount"):
            stated = given.get(name)
            if stated is not None and currency and not fits(stated, currency):
                said = _("%(currency)s has no such small part.") % {"currency": currency}
                self.add_error(name, said)
        if value and (given.get("amount") or 0) > value:
            self.add_error("amount", _("A commission is not more than the deal."))
        if not self.errors and not given["reference"] and given["closed_on"] is None:
            self.add_error("closed_on", _("Name the lead, or the day on which the deal closed."))
        return given

    def line(self, number: int) -> Line:
        """Return the row NUMBER as it is matched."""
        given = self.cleaned_data
        reference = given["reference"]
        return Line(
            number=number,
            names=named_in(reference),
            reference=reference[:80] if _AN_ID.fullmatch(reference) else "",
            closed_on=given["closed_on"],
            value=given["value"],
            percent=given["percent"],
            amount=given["amount"],
            currency=given["currency"],
        )


def named_in(reference: str) -> str:
    """Return by what REFERENCE may name one of our leads: its id, a commission's, or a short form.

    The short form is the last six characters of the lead's id, as partners see it.
    """
    reference = reference.strip().removeprefix("'")
    if is_id("share", reference) or is_id("rev", reference):
        return reference
    short = _SHORT.fullmatch(reference)
    return short[1].upper() if short else ""
