"""Months, quarters and years as they stand in an address: `2026-11`, `2026-Q4`, `2026`."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models
from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

_KEY = re.compile(r"(20\d\d)(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?", re.ASCII)
MONTHS, QUARTERS, YEARS = 12, 6, 3
Q = TypeVar("Q", bound=models.QuerySet[Any, Any])
Choices = list[tuple[str | Promise, Any]]


@dataclass(frozen=True, slots=True)
class Period:
    """From FIRST to LAST, both included; None and None is all time."""

    key: str
    first: dt.date | None = None
    last: dt.date | None = None

    def within(self, rows: Q, day: str) -> Q:
        """Return those of ROWS whose DAY lies in it."""
        if self.first is None or self.last is None:
            return rows
        return rows.filter(**{f"{day}__range": (self.first, self.last)})

    def __str__(self) -> str:
        if self.first is None:
            return _("All time")
        if "-Q" in self.key:
            return _("Quarter %(number)s of %(year)s") % {
                "number": self.key[-1],
                "year": self.first.year,
            }
        return dateformat.format(self.first, "F Y") if "-" in self.key else str(self.first.year)


EVER = Period("")


def period_of(key: str) -> Period | None:
    """Return the period that KEY names; all time for nothing, None for what is no period."""
    if not key:
        return EVER
    named = _KEY.fullmatch(key)
    if named is None:
        return None
    year, month, quarter = int(named[1]), named[2], named[3]
    if month:
        return _from(key, dt.date(year, int(month), 1), 1)
    if quarter:
        return _from(key, dt.date(year, int(quarter) * 3 - 2, 1), 3)
    return _from(key, dt.date(year, 1, 1), 12)


def _from(key: str, first: dt.date, months: int) -> Period:
    return Period(key, first, _months_on(first, months) - dt.timedelta(days=1))


def _months_on(first: dt.date, months: int) -> dt.date:
    number = first.year * 12 + first.month - 1 + months
    return dt.date(number // 12, number % 12 + 1, 1)


def choices(today: dt.date) -> Choices:
    """Return all time and the periods up to TODAY, newest first, for a list to choose from."""
    month = today.replace(day=1)
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    months = [f"{_months_on(month, -back):%Y-%m}" for back in range(MONTHS)]
    firsts = [_months_on(quarter, -3 * back) for back in range(QUARTERS)]
    quarters = [f"{first.year}-Q{(first.month + 2) // 3}" for first in firsts]
    years = [str(today.year - back) for back in range(YEARS)]
    return [
        ("", gettext_lazy("All time")),
        (gettext_lazy("Months"), _named(months)),
        (gettext_lazy("Quarters"), _named(quarters)),
        (gettext_lazy("Years"), _named(years)),
    ]


def _named(keys: list[str]) -> list[tuple[str, str]]:
    return [(key, str(period_of(key))) for key in keys]
