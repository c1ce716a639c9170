"""Figures over time and over partners, all from the daily figures (formulas: contract section 7).

Money stays apart by currency and by who pays whom; nothing is ever summed across either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from leads.models import PartnerDay
from partners.types import TYPES, Direction, PartnerType
from portal.lib.access import Actor
from portal.lib.money import rounded

PERIODS = ("month", "quarter", "year")
PARTNER_SUMS = ("received", "accepted", "closed", "revenue", "commission")


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What happened in one calendar month (UTC) in one currency."""

    first: date
    currency: str
    received: int = 0
    accepted: int = 0
    closed: int = 0
    revenue: Decimal = Decimal(0)
    commission: Decimal = Decimal(0)


@dataclass(slots=True, kw_only=True)
class Tally:
    """Sums of some partners in one currency, with who pays whom; commission by period."""

    currency: str
    direction: str
    received: int = 0
    accepted: int = 0
    closed: int = 0
    revenue: Decimal = Decimal(0)
    commission: Decimal = Decimal(0)
    by_period: dict[str, Decimal] = field(
        default_factory=lambda: dict.fromkeys(PERIODS, Decimal(0))
    )

    @property
    def average_deal(self) -> Decimal | None:
        return rounded(self.revenue / self.closed, self.currency) if self.closed else None

    @property
    def average_commission(self) -> Decimal | None:
        return rounded(self.commission / self.closed, self.currency) if self.closed else None

    def add(self, row: dict[str, Any]) -> None:
        """Add a row of :func:`by_type`."""
        for name in PARTNER_SUMS:
            setattr(self, name, getattr(self, name) + row[name])
        for period in PERIODS:
            self.by_period[period] += row[f"commission_{period}"] or 0


def starts(today: date | None = None) -> dict[str, date]:
    """Return the first day of the month, quarter and year that TODAY (UTC) lies in."""
    today = today or timezone.now().date()
    first = today.replace(day=1)
    return {
        "month": first,
        "quarter": first.replace(month=(today.month - 1) // 3 * 3 + 1),
        "year": first.replace(month=1),
    }


def months_for(*, user: Actor, months: int = 6) -> list[Month]:
    """Return the figures USER may see of the last MONTHS months, this one included, in order.

    A month without any is there with zeros, once for each currency that appears at all.
    """
    firsts = _last_months(timezone.now().date(), months)
    rows: Any = (
        PartnerDay.objects.visible_to(user)
        .filter(day__gte=firsts[0])
        .annotate(first=TruncMonth("day"))
        .values("first", "currency")
        .annotate(**_sums("sum_"))
        .order_by("first", "currency")
    )
    found = {(row["first"], row["currency"]): row for row in rows}
    return [
        Month(first=first, currency=currency, **_without_prefix(found.get((first, currency))))
        for currency in sorted({currency for _first, currency in found})
        for first in firsts
    ]


def by_type(*, user: Actor) -> list[dict[str, Any]]:
    """Return the sums per partner type and currency, with the commission of each running period."""
    since = starts()
    periods = {
        f"commission_{period}": Sum("commission", filter=Q(day__gte=since[period]))
        for period in PERIODS
    }
    rows: Any = (
        PartnerDay.objects.visible_to(user)
        .order_by()
        .values("partner__type", "currency")
        .annotate(**_sums("sum_"), **periods)
    )
    made = [
        {
            "type": PartnerType(row["partner__type"]),
            "currency": row["currency"],
            "direction": TYPES[row["partner__type"]].direction,
            **_without_prefix(row),
            **{name: row[name] for name in periods},
        }
        for row in rows
    ]
    return sorted(made, key=lambda row: (-row["closed"], -row["received"], row["type"].label))


def tallies(rows: Iterable[dict[str, Any]]) -> list[Tally]:
    """Return ROWS of :func:`by_type` summed by currency and by who pays whom."""
    found: dict[tuple[str, str], Tally] = {}
    for row in rows:
        key = (row["direction"], row["currency"])
        found.setdefault(key, Tally(currency=key[1], direction=key[0])).add(row)
    order = list(Direction.values)
    return sorted(found.values(), key=lambda t: (order.index(t.direction), t.currency))


def partner_sums(*, user: Actor, type: str = "", period: str = "") -> QuerySet[PartnerDay, Any]:
    """Return the sums per partner and currency, most deals closed first.

    :param type: one partner type, or all
    :param period: month, quarter or year (the running one), or all time
    """
    days = PartnerDay.objects.visible_to(user)
    if type:
        days = days.filter(partner__type=type)
    if period:
        days = days.filter(day__gte=starts()[period])
    sums: Any = days.values("partner_id", "partner__name", "partner__type", "currency").annotate(
        **_sums("sum_")
    )
    best_first: QuerySet[PartnerDay, Any] = sums.order_by(
        "-sum_closed", "-sum_accepted", "-sum_received", "partner__name", "currency"
    )
    return best_first


def _sums(prefix: str) -> dict[str, Sum]:
    return {prefix + name: Sum(name) for name in PARTNER_SUMS}


def _without_prefix(row: dict[str, Any] | None) -> dict[str, Any]:
    return {name: row[f"sum_{name}"] for name in PARTNER_SUMS} if row else {}


def _last_months(today: date, months: int) -> list[date]:
    number = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(number - months + 1, number + 1)]
