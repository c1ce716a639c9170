"""The figures of the staff pages, in words and pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions import analytics
from commissions.analytics import Month, Tally
from partners.types import Direction, PartnerType
from portal.lib import charts, formats
from portal.lib.access import Actor

SHOWN_MONTHS = 12
PAGE = 25
TOP = 8
_DIRECTIONS = {
    Direction.PLATFORM_PAYS_PARTNER: gettext_lazy("To partners"),
    Direction.PARTNER_PAYS_PLATFORM: gettext_lazy("From developers"),
}


class Sums(NamedTuple):
    """One line of a table of figures; MONEY and the rest as people read it."""

    name: str | Promise
    note: str | Promise
    received: str
    accepted: str
    acceptance: str
    closed: str
    conversion: str
    revenue: str
    commission: str
    href: str = ""


class CommissionTotal(NamedTuple):
    """The commission in one currency and direction, all time and in each running period."""

    direction: str | Promise
    currency: str
    month: str
    quarter: str
    year: str
    all_time: str
    average: str


def totals(by_type: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the headline figures and the commission by period."""
    tallies = analytics.tallies(by_type)
    received = sum(tally.received for tally in tallies)
    closed = sum(tally.closed for tally in tallies)
    return {
        "received": formats.number(received),
        "closed": formats.number(closed),
        "conversion": formats.percent(_rate(closed, received)),
        "revenue": _by_currency(tallies, "revenue"),
        "average_deal": _average_deal(tallies),
        "commissions": [_commission_total(tally) for tally in tallies],
    }


def _commission_total(tally: Tally) -> CommissionTotal:
    periods = {name: formats.money(sum_, tally.currency) for name, sum_ in tally.by_period.items()}
    return CommissionTotal(
        direction=_DIRECTIONS[Direction(tally.direction)],
        currency=tally.currency,
        all_time=formats.money(tally.commission, tally.currency),
        average=formats.money(tally.average_commission, tally.currency),
        **periods,
    )


def _below(amounts: Iterable[str]) -> str | SafeString:
    """Return the amounts of several currencies one below the other."""
    lines = [(amount,) for amount in amounts]
    return format_html_join(mark_safe("<br>"), "{}", lines) if lines else formats.NOTHING


def _by_currency(tallies: Iterable[Tally], name: str) -> str | SafeString:
    sums: dict[str, Any] = {}
    for tally in tallies:
        sums[tally.currency] = sums.get(tally.currency, 0) + getattr(tally, name)
    return _below(formats.money(sums[code], code) for code in sorted(sums) if sums[code])


def _average_deal(tallies: Iterable[Tally]) -> str | SafeString:
    merged: dict[str, Tally] = {}
    for tally in tallies:
        into = merged.setdefault(tally.currency, Tally(currency=tally.currency, direction=""))
        into.closed += tally.closed
        into.revenue += tally.revenue
    return _below(
        formats.money(merged[code].average_deal, code)
        for code in sorted(merged)
        if merged[code].closed
    )


def type_rows(by_type: list[dict[str, Any]]) -> list[Sums]:
    """Return a line per partner type and currency."""
    return [
        _sums(row["type"].label, _DIRECTIONS[row["direction"]], row["currency"], row)
        for row in by_type
    ]


def partner_page(*, user: Actor, type: str, period: str, page: int) -> dict[str, Any]:
    """Return one page of partners, best first, and the numbers of the pages beside it."""
    start = (page - 1) * PAGE
    found = list(
        analytics.partner_sums(user=user, type=type, period=period)[start : start + PAGE + 1]
    )
    rows = [
        _sums(
            row["partner__name"],
            PartnerType(row["partner__type"]).label,
            row["currency"],
            {name: row[f"sum_{name}"] for name in analytics.PARTNER_SUMS},
            href=f"/admin/partners/partner/{row['partner_id']}/change/",
        )
        for row in found[:PAGE]
    ]
    return {
        "rows": rows,
        "number": page,
        "previous": page - 1 if page > 1 else None,
        "next": page + 1 if len(found) > PAGE else None,
        "top": _top(found) if page == 1 else [],
    }


class Best(NamedTuple):
    """A partner among the best, with its deals beside those of the very best."""

    name: str
    closed: int
    most: int


def _top(found: list[dict[str, Any]]) -> list[Best]:
    best = [row for row in found[:TOP] if row["sum_closed"]]
    return [Best(row["partner__name"], row["sum_closed"], best[0]["sum_closed"]) for row in best]


def _sums(
    name: str | Promise, note: str | Promise, currency: str, row: dict[str, Any], href: str = ""
) -> Sums:
    return Sums(
        name=name,
        note=note,
        received=formats.number(row["received"]),
        accepted=formats.number(row["accepted"]),
        acceptance=formats.percent(_rate(row["accepted"], row["received"])),
        closed=formats.number(row["closed"]),
        conversion=formats.percent(_rate(row["closed"], row["accepted"])),
        revenue=formats.money(row["revenue"] or None, currency),
        commission=formats.money(row["commission"] or None, currency),
        href=href,
    )


def pictures(months: list[Month], by_type: list[dict[str, Any]]) -> list[SafeString]:
    """Return deals by type as a ring and, for each currency, revenue by month as bars."""
    deals: dict[str, int] = {}
    for row in by_type:
        deals[row["type"].label] = deals.get(row["type"].label, 0) + row["closed"]
    drawn = []
    if any(deals.values()):
        ring = list(deals.items())
        drawn.append(charts.donut_chart(ring, _("Deals closed by partner type"), _("Deals")))
    for currency in sorted({month.currency for month in months if month.revenue}):
        bars = [
            (
                dateformat.format(month.first, "M"),
                month.revenue,
                formats.money(month.revenue, currency),
            )
            for month in months
            if month.currency == currency
        ]
        title = _("Revenue by month, %(currency)s") % {"currency": currency}
        drawn.append(charts.bar_chart(bars, title, currency))
    return drawn


def _rate(part: int, whole: int) -> float | None:
    return round(part * 100 / whole, 2) if whole else None
