"""Figures over time and over partners, all from the daily figures (formulas: contract section 7).

Money stays apart by currency and by who pays whom. It is summed across currencies only in one that
was asked for, each day at its own rate (`converting`); never across who pays whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from commissions.converting import MONEY, Conversion
from leads.models import PartnerDay
from partners.types import TYPES, Direction, PartnerType
from portal.lib.access import Actor
from portal.lib.money import rounded

PERIODS = ("month", "quarter", "year")
PARTNER_SUMS = ("received", "accepted", "closed", "revenue", "commission")
ZERO = Decimal(0)
_BY_PERIOD = tuple(f"{name}_{period}" for name in MONEY for period in PERIODS)


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
    # Closed deals whose money is in the sums; fewer than closed where a day had no rate.
    priced: int = 0
    by_period: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(_BY_PERIOD, ZERO))

    @property
    def average_deal(self) -> Decimal | None:
        return rounded(self.revenue / self.priced, self.currency) if self.priced else None

    @property
    def average_commission(self) -> Decimal | None:
        return rounded(self.commission / self.priced, self.currency) if self.priced else None

    def add(self, row: dict[str, Any]) -> None:
        """Add a row of :func:`by_type`."""
        for name in (*PARTNER_SUMS, "priced"):
            setattr(self, name, getattr(self, name) + row[name])
        for name in _BY_PERIOD:
            self.by_period[name] += row[name] or 0


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
    """Return the sums per partner type and currency, money for each running period as well."""
    since = starts()
    periods = {
        f"{name}_{period}": Sum(name, filter=Q(day__gte=since[period]))
        for name in MONEY
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
            "priced": row["sum_closed"],
            **_without_prefix(row),
            **{name: row[name] for name in periods},
        }
        for row in rows
    ]
    return _most_closed_first(made)


def day_sums(
    *,
    user: Actor,
    by: str,
    partners: Iterable[str] | None = None,
    since: date | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield what was earned each day, per currency and BY, as far as USER may see it.

    :param by: partner__type or partner_id
    :param partners: only of these
    :param since: only from this day on
    """
    days = PartnerDay.objects.visible_to(user).filter(closed__gt=0)
    if since is not None:
        days = days.filter(day__gte=since)
    if partners is not None:
        days = days.filter(partner_id__in=list(partners))
    sums = {f"sum_{name}": Sum(name) for name in ("closed", *MONEY)}
    rows: Any = days.order_by("day").values("day", "currency", by).annotate(**sums)
    for row in rows:
        named = {name: row[f"sum_{name}"] for name in ("closed", *MONEY)}
        yield {"day": row["day"], "currency": row["currency"], by: row[by], **named}


def in_one(rows: Iterable[dict[str, Any]], conversion: Conversion) -> list[dict[str, Any]]:
    """Return ROWS of :func:`by_type`, one per type, with the money of CONVERSION."""
    made: dict[str, dict[str, Any]] = {}
    for row in rows:
        one = made.setdefault(row["type"], _empty(row, conversion.currency))
        for name in ("received", "accepted", "closed"):
            one[name] += row[name]
    since = starts()
    for day in conversion.rows:
        one = made[day["partner__type"]]
        one["priced"] += day["closed"]
        for name in MONEY:
            one[name] += day[name]
            for period in PERIODS:
                if day["day"] >= since[period]:
                    one[f"{name}_{period}"] += day[name]
    return _most_closed_first(made.values())


def _empty(row: dict[str, Any], currency: str) -> dict[str, Any]:
    counts = dict.fromkeys(("received", "accepted", "closed", "priced"), 0)
    money = dict.fromkeys((*MONEY, *_BY_PERIOD), ZERO)
    return {name: row[name] for name in ("type", "direction")} | {
        "currency": currency, **counts, **money
    }  # fmt: skip


def _most_closed_first(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (-row["closed"], -row["received"], row["type"].label))


def months_in(conversion: Conversion, *, months: int = 6) -> list[Month]:
    """Return the money of CONVERSION in each of the last MONTHS months, this one included."""
    firsts = _last_months(timezone.now().date(), months)
    revenue, commission = dict.fromkeys(firsts, ZERO), dict.fromkeys(firsts, ZERO)
    for day in conversion.rows:
        first = day["day"].replace(day=1)
        if first in revenue:
            revenue[first] += day["revenue"]
            commission[first] += day["commission"]
    return [
        Month(
            first=first,
            currency=conversion.currency,
            revenue=revenue[first],
            commission=commission[first],
        )
        for first in firsts
    ]


def tallies(rows: Iterable[dict[str, Any]]) -> list[Tally]:
    """Return ROWS of :func:`by_type` summed by currency and by who pays whom."""
    found: dict[tuple[str, str], Tally] = {}
    for row in rows:
        key = (row["direction"], row["currency"])
        found.setdefault(key, Tally(currency=key[1], direction=key[0])).add(row)
    order = list(Direction.values)
    return sorted(found.values(), key=lambda t: (order.index(t.direction), t.currency))


def partner_sums(
    *, user: Actor, type: str = "", period: str = "", apart: bool = True
) -> QuerySet[PartnerDay, Any]:
    """Return the sums per partner and currency, most deals closed first.

    :param type: one partner type, or all
    :param period: month, quarter or year (the running one), or all time
    :param apart: False: one row per partner, whose money says nothing
    """
    days = PartnerDay.objects.visible_to(user)
    if type:
        days = days.filter(partner__type=type)
    if period:
        days = days.filter(day__gte=starts()[period])
    currency = ("currency",) if apart else ()
    sums: Any = days.values("partner_id", "partner__name", "partner__type", *currency).annotate(
        **_sums("sum_")
    )
    best_first: QuerySet[PartnerDay, Any] = sums.order_by(
        "-sum_closed", "-sum_accepted", "-sum_received", "partner__name", *currency, "partner_id"
    )
    return best_first


def _sums(prefix: str) -> dict[str, Sum]:
    return {prefix + name: Sum(name) for name in PARTNER_SUMS}


def _without_prefix(row: dict[str, Any] | None) -> dict[str, Any]:
    return {name: row[f"sum_{name}"] for name in PARTNER_SUMS} if row else {}


def _last_months(today: date, months: int) -> list[date]:
    number = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(number - months + 1, number + 1)]
