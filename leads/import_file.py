"""Read a file of leads: every row is checked before any is recorded, and each fault is named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields as dataclass_fields
from typing import Any

from django import forms
from django.db import models
from django.forms import fields_for_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from leads.capture_forms import tidy
from leads.groups import GROUPS
from leads.models import ConsentDecision, Lead
from leads.services import ImportRow, LeadDraft
from leads.services.importing import MAX_ROWS
from partners.types import CURRENCY_OF_MARKET, REGIONS, Market, Service
from portal.lib import sheets
from portal.lib.forms import MoneyField
from portal.lib.sheets import Fault, FileRefused

MAX_BYTES = 1_048_576
SHOWN_FAULTS = 100
YES, NO = ("yes", "y", "true", "1"), ("no", "n", "false", "0")
_TYPED = (
    "market", "region", "name", "email", "phone", "location", "financing", "payment_preference",
    "intent", "property_type", "bedrooms_min", "bedrooms_max", "size_min", "size_max", "size_unit",
    "furnishing", "segment", "completion", "project", "move_in_timeline", "temperature", "score",
    "notes", "source",
)  # fmt: skip
COLUMNS = (
    "market", "name", "email", "phone", "location", "budget_min", "budget_max", "financing",
    "payment_preference", "intent", "property_type", "locations", "region", "bedrooms_min",
    "bedrooms_max", "size_min", "size_max", "size_unit", "views", "amenities", "furnishing",
    "segment", "completion", "project", "move_in_timeline", "services", "temperature", "score",
    "notes", "source", "consent_contact", "consent_budget", "consent_requirements",
    "consent_method", "consent_note", "notice_version",
)  # fmt: skip
_LISTS = {"locations": 120, "views": 60, "amenities": 60, "services": 20}
_CHOICES: dict[str, type[models.TextChoices]] = {
    "market": Market,
    "financing": Lead.Financing,
    "intent": Lead.Intent,
    "size_unit": Lead.SizeUnit,
    "furnishing": Lead.Furnishing,
    "completion": Lead.Completion,
    "temperature": Lead.Temperature,
}
Method = ConsentDecision.Method
# How a client may have decided; on the consent page nobody decides through a file.
METHODS = tuple(method.value for method in Method if method != Method.PAGE)
_REGION_OF_NAME = {name.lower(): code for code, name in REGIONS.items()}
_BETWEEN = re.compile(r"[,;|]")


class _Words(forms.CharField):
    """Several words in one cell, with ; | or commas between them."""

    def __init__(self, longest: int) -> None:
        super().__init__(required=False)
        self.longest = longest

    def clean(self, value: Any) -> Any:
        words = [word for word in map(str.strip, _BETWEEN.split(super().clean(value))) if word]
        if any(len(word) > self.longest for word in words):
            raise forms.ValidationError(
                _("Each may have %(number)s characters.") % {"number": self.longest}
            )
        return words


class _Answer(forms.CharField):
    """yes, no, or nothing where the client was not asked."""

    def clean(self, value: Any) -> Any:
        said = super().clean(value).lower()
        if said not in (*YES, *NO, ""):
            raise forms.ValidationError(_("Write yes, no, or nothing if the client was not asked."))
        return None if not said else said in YES


class RowForm(forms.Form):
    """One row. The columns of a lead are its own; the rest says what the client decided."""

    budget_min = MoneyField(required=False)
    budget_max = MoneyField(required=False)
    consent_contact = _Answer(required=False)
    consent_budget = _Answer(required=False)
    consent_requirements = _Answer(required=False)
    consent_method = forms.ChoiceField(
        required=False, choices=[(method, method) for method in METHODS]
    )
    consent_note = forms.CharField(required=False, max_length=500)
    notice_version = forms.CharField(required=False, max_length=40)

    def __init__(self) -> None:
        super().__init__()
        lists = {name: _Words(longest) for name, longest in _LISTS.items()}
        fields = {**fields_for_model(Lead, fields=_TYPED), **lists, **self.fields}
        self.fields = {column: fields[column] for column in COLUMNS}

    def read(self, row: dict[str, str]) -> None:
        """Read ROW: making a form anew for each of many rows takes longer than checking it."""
        self.data, self.is_bound, self._errors = row, True, None

    def clean_services(self) -> list[str]:
        """Refuse a service nobody offers."""
        wanted = [word.lower() for word in self.cleaned_data["services"]]
        if unknown := [word for word in wanted if word not in Service.values]:
            raise forms.ValidationError(_("%(word)s is no service.") % {"word": unknown[0]})
        return wanted

    def clean(self) -> dict[str, Any]:
        """Check what several cells say together."""
        given = super().clean() or {}
        if not self.errors and not (given["email"] or given["phone"]):
            self.add_error("email", _("Give an email or a phone number."))
        for low, high in (
            ("budget_min", "budget_max"),
            ("bedrooms_min", "bedrooms_max"),
            ("size_min", "size_max"),
        ):
            bounds = given.get(low), given.get(high)
            if None not in bounds and bounds[0] > bounds[1]:  # type: ignore[operator]
                self.add_error(high, _("This is below where the range begins."))
        decided = any(given.get(f"consent_{group}") is not None for group in GROUPS)
        if decided and not given.get("consent_method") and "consent_method" not in self.errors:
            self.add_error("consent_method", _("Say how the client decided."))
        return given

    def person(self, number: int) -> ImportRow:
        """Return the row NUMBER as the service takes it."""
        given = self.cleaned_data
        names = {entry.name for entry in dataclass_fields(LeadDraft)}
        draft = LeadDraft(**{name: value for name, value in given.items() if name in names})
        draft.currency = CURRENCY_OF_MARKET[Market(given["market"])]
        answers = {group: given[f"consent_{group}"] for group in GROUPS}
        return ImportRow(
            number=number,
            market=given["market"],
            draft=draft,
            decided={group: said for group, said in answers.items() if said is not None},
            method=given["consent_method"] or ConsentDecision.Method.UNSTATED,
            note=given["consent_note"],
            notice_version=given["notice_version"],
        )


def read_people(content: bytes) -> list[ImportRow]:
    """Return the people of a CSV file.

    :raises FileRefused: with every fault, if there is one
    """
    people, faults = [], []
    form = RowForm()
    for number, row in _records(content):
        form.read(row)
        if form.is_valid():
            people.append(form.person(number))
        for column, said in form.errors.items():
            faults.append(Fault(" ".join(map(str, said)), number, column))
    if faults:
        raise FileRefused(*faults)
    if not people:
        raise FileRefused(Fault(_("The file has no rows.")))
    return people


def _records(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row that is not empty with its number, the header being row 1."""
    if len(content) > MAX_BYTES:
        raise FileRefused(Fault(_("The file is larger than 1 MB.")))
    rows = sheets.csv_rows(content, most=MAX_ROWS)
    columns = _header([tidy(cell).lower() for cell in next(rows, (1, []))[1]])
    for number, cells in rows:
        yield number, _row(columns, cells, number)


def _header(columns: Sequence[str]) -> Sequence[str]:
    faults = [
        Fault(_("There is no such column."), 1, column or _("(no name)"))
        for column in columns
        if column not in COLUMNS
    ]
    twice = {column for column in columns if columns.count(column) > 1 and column in COLUMNS}
    faults += [Fault(_("The column is there twice."), 1, column) for column in sorted(twice)]
    if "market" not in columns:
        faults.append(Fault(_("This column is needed."), 1, "market"))
    if faults:
        raise FileRefused(*faults)
    return columns


def _row(columns: Sequence[str], cells: Sequence[str], number: int) -> dict[str, str]:
    if len(cells) > len(columns):
        said = _("The row has more cells than there are columns.")
        raise FileRefused(Fault(said, number))
    row = {
        column: cell.strip() if column == "notes" else tidy(cell)
        for column, cell in zip(columns, cells, strict=False)
    }
    for column in (*_CHOICES, "consent_method"):
        if column in row:
            row[column] = row[column].lower().replace(" ", "_")
    if region := row.get("region"):
        row["region"] = _REGION_OF_NAME.get(region.lower(), region.upper())
    return row


_MEANINGS = {
    "market": lazy("uae or india; needed in every row"),
    "region": lazy(
        "State or emirate of the property, by name or code; read from locations if empty"
    ),
    "email": lazy("An email or a phone number is needed"),
    "phone": lazy("With or without country code"),
    "location": lazy("Where the client lives"),
    "budget_min": lazy("In AED or INR, as the market has it; 1,800,000 is fine"),
    "budget_max": lazy("In AED or INR, as the market has it"),
    "locations": lazy("Where the property is to be; several with ; between them"),
    "property_type": lazy("Such as apartment or villa"),
    "bedrooms_min": lazy("A number, like bedrooms_max"),
    "size_min": lazy("A number in size_unit, like size_max"),
    "move_in_timeline": lazy("Such as 60 days"),
    "source": lazy("Where the lead comes from; import if empty"),
    "views": lazy("Several with ; between them"),
    "amenities": lazy("Several with ; between them"),
    "services": ", ".join(Service.values),
    "notes": lazy("For agents only, like temperature, score and source"),
    "consent_contact": lazy("yes, no, or empty if the client was not asked"),
    "consent_budget": lazy("yes, no, or empty if the client was not asked"),
    "consent_requirements": lazy("yes, no, or empty if the client was not asked"),
    "consent_method": ", ".join(METHODS),
    "consent_note": lazy("What the client said, or where it is written down"),
    "notice_version": lazy("Which of our notices the client was shown"),
}


def described() -> list[tuple[str, str]]:
    """Return each column with what may stand in it."""
    codes = {column: ", ".join(choices.values) for column, choices in _CHOICES.items()}
    return [(name, str(_MEANINGS.get(name, codes.get(name, "")))) for name in COLUMNS]
