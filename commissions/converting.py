"""Daily sums of several currencies put into one: each day at its own rate, and what that took."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from commissions.exchange import OLDEST, NoRate, RateBook

MONEY = ("revenue", "commission")


@dataclass(slots=True, kw_only=True)
class Conversion:
    """Sums of days in CURRENCY, unrounded, and by which rates.

    :param sources: who published the rates used
    :param carried: by currency, the first day that got an older rate than its own week's, because
        none newer is held, and the day of that rate
    :param lacking: by currency, the days without any rate and how many deals closed on each; they
        are in no sum
    """

    currency: str
    book: RateBook
    rows: list[dict[str, Any]] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    carried: dict[str, tuple[dt.date, dt.date]] = field(default_factory=dict)
    lacking: dict[str, dict[dt.date, int]] = field(default_factory=dict)

    def add(self, row: dict[str, Any]) -> None:
        """Convert a ROW of `analytics.day_sums` at the rate of its day."""
        day, source = row["day"], row["currency"]
        try:
            rate = self.book.rate(source, self.currency, day)
        except NoRate:
            days = self.lacking.setdefault(source, {})
            days[day] = days.get(day, 0) + row["closed"]
            return
        self.sources.update(filter(None, rate.source.split("; ")))
        if rate.day <= day - OLDEST:
            first, of = self.carried.get(source, (day, rate.day))
            self.carried[source] = (min(first, day), of)
        money = {name: row[name] * rate.rate for name in MONEY}
        self.rows.append(row | money | {"currency": self.currency})


def converted(rows: Iterable[dict[str, Any]], currency: str) -> Conversion:
    """Return ROWS of `analytics.day_sums` in CURRENCY."""
    listed = list(rows)
    since = min((row["day"] for row in listed), default=timezone.now().date())
    book = RateBook({row["currency"] for row in listed} | {currency}, since)
    conversion = Conversion(currency=currency, book=book)
    for row in listed:
        conversion.add(row)
    return conversion
