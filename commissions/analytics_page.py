"""The figures of the analytics page, in words and pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commissions import analytics
from commissions.analytics import PERIODS, Month, Tally
from commissions.converting import MONEY, Conversion, converted
from partners.types import Direction, PartnerType
from portal.lib import charts, formats
from portal.lib.access import Actor

SHOWN_MONTHS = 12
PAGE = 25
TOP = 8
SHOWN_DAYS = 12
_DIRECTIONS = {
    Direction.PLATFORM_PAYS_PARTNER: gettext_lazy("To partners"),
    Direction.PARTNER_PAYS_PLATFORM: gettext_lazy("From developers"),
}
_DEALS = {
    Direction.PLATFORM_PAYS_PARTNER: gettext_lazy("Deals of partners who are paid"),
    Direction.PARTNER_PAYS_PLATFORM: gettext_lazy("Deals of developers who pay"),
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


class Total(NamedTuple):
    """Revenue or commission in one currency and direction, all time and in each running period."""

    what: str | Promise
    direction: str | Promise
    currency: str
    month: str
    quarter: str
    year: str
    all_time: str
    average: str


def page(*, user: Actor, currency: str, type: str, period: str, number: int) -> dict[str, Any]:
    """Return all that the page shows.

    :param currency: the one that money is converted into; empty: each in its own
    :param type, period, number: of the table of partners, and which page of it
    """
    by_type, conversion = analytics.by_type(user=user), None
    if currency:
        conversion = converted(analytics.day_sums(user=user, by="partner__type"), currency)
        by_type = analytics.in_one(by_type, conversion)
        months = analytics.months_in(conversion, months=SHOWN_MONTHS)
    else:
        months = analytics.months_for(user=user, months=SHOWN_MONTHS)
    partners = partner_page(user=user, type=type, period=period, page=number, conversion=conversion)
    return {
        **totals(by_type),
        "types": type_rows(by_type),
        "pictures": pictures(months, by_type),
        "page": partners,
        "rule": rule(conversion) if conversion else None,
        "export_query": _export_query(type, period),
    }


def totals(by_type: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the headline figures, and revenue and commission by period."""
    tallies = analytics.tallies(by_type)
    received = sum(tally.received for tally in tallies)
    closed = sum(tally.closed for tally in tallies)
    lines = [_total(tally, name) for tally in tallies for name in MONEY]
    return {
        "received": formats.number(received),
        "closed": formats.number(closed),
        "conversion": formats.percent(_rate(closed, received)),
        "revenue": _by_currency(tallies, "revenue"),
        "average_deal": _average_deal(tallies),
        "totals": lines,
    }


def _total(tally: Tally, name: str) -> Total:
    revenue = name == "revenue"
    sums = {period: tally.by_period[f"{name}_{period}"] for period in PERIODS}
    return Total(
        what=_("Revenue") if revenue else _("Commission"),
        direction=(_DEALS if revenue else _DIRECTIONS)[Direction(tally.direction)],
        currency=tally.currency,
        all_time=formats.money(getattr(tally, name), tally.currency),
        average=formats.money(
            tally.average_deal if revenue else tally.average_commission, tally.currency
        ),
        **{period: formats.money(of, tally.currency) for period, of in sums.items()},
    )


class Rule(NamedTuple):
    """By which rates money was converted, and what could not be."""

    says: str
    sources: str
    carried: list[str]
    lacking: list[str]


def rule(conversion: Conversion) -> Rule:
    """Return in words how CONVERSION was made."""
    says = _(
        "All money in %(currency)s: what closed on each day at the rate of that day, or the last"
        " one published in the week before."
    )
    carried = [
        _("%(currency)s from %(first)s on at the rate of %(day)s, the newest held.")
        % {"currency": source, "first": formats.date(first), "day": formats.date(of)}
        for source, (first, of) in sorted(conversion.carried.items())
    ]
    return Rule(
        says=says % {"currency": conversion.currency},
        sources="; ".join(sorted(conversion.sources)),
        carried=carried,
        lacking=[_lacking(code, days) for code, days in sorted(conversion.lacking.items())],
    )


def _lacking(currency: str, days: dict[Any, int]) -> str:
    deals = sum(days.values())
    named = [formats.date(day) for day in sorted(days)]
    shown = ", ".join(named[:SHOWN_DAYS])
    if len(named) > SHOWN_DAYS:
        shown += " " + _("and %(number)s more days") % {"number": len(named) - SHOWN_DAYS}
    said = ngettext(
        "%(deals)s deal in %(currency)s is in no sum, for want of a rate: %(days)s.",
        "%(deals)s deals in %(currency)s are in no sum, for want of a rate: %(days)s.",
        deals,
    )
    return said % {"deals": deals, "currency": currency, "days": shown}


def _export_query(type_: str, period: str) -> str:
    """Return the filters of the table of partners, as the exports read them."""
    since = {"from": analytics.starts()[period].isoformat()} if period else {}
    return urlencode(({"type": type_} if type_ else {}) | since)


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
        into.priced += tally.priced
        into.revenue += tally.revenue
    return _below(
        formats.money(merged[code].average_deal, code)
        for code in sorted(merged)
        if merged[code].priced
    )


def type_rows(by_type: list[dict[str, Any]]) -> list[Sums]:
    """Return a line per partner type and currency."""
    return [
        _sums(row["type"].label, _DIRECTIONS[row["direction"]], row["currency"], row)
        for row in by_type
    ]


def partner_page(
    *, user: Actor, type: str, period: str, page: int, conversion: Conversion | None = None
) -> dict[str, Any]:
    """Return one page of partners, best first, and the numbers of the pages beside it.

    :param conversion: whose currency and rates the money is converted by; None: each in its own
    """
    start = (page - 1) * PAGE
    sums = analytics.partner_sums(user=user, type=type, period=period, apart=conversion is None)
    found = list(sums[start : start + PAGE + 1])
    if conversion is not None:
        _convert(found, conversion, user=user, period=period)
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


def _convert(
    found: list[dict[str, Any]], conversion: Conversion, *, user: Actor, period: str
) -> None:
    """Put the money of the partners FOUND into the currency of CONVERSION, by its rates."""
    by_partner = {row["partner_id"]: row for row in found}
    for row in found:
        row |= {"currency": conversion.currency, "sum_revenue": 0, "sum_commission": 0}
    theirs = Conversion(currency=conversion.currency, book=conversion.book)
    since = analytics.starts()[period] if period else None
    for day in analytics.day_sums(user=user, by="partner_id", partners=by_partner, since=since):
        theirs.add(day)
    for day in theirs.rows:
        for name in MONEY:
            by_partner[day["partner_id"]][f"sum_{name}"] += day[name]


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
    """Return deals from shared to closed, by type, and by currency the revenue of each month."""
    deals: dict[str, int] = {}
    steps = {name: sum(row[name] for row in by_type) for name in ("received", "accepted", "closed")}
    for row in by_type:
        deals[row["type"].label] = deals.get(row["type"].label, 0) + row["closed"]
    drawn = []
    if steps["received"]:
        words = (_("Shared"), _("Accepted"), _("Closed"))
        drawn.append(
            charts.funnel_chart(
                list(zip(words, steps.values(), strict=True)),
                _("From shared leads to closed deals"),
                _("Leads"),
            )
        )
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
