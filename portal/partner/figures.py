"""The dashboard: nine figures in the requirement's words, and this month beside the last."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions.analytics import Month
from commissions.selectors import Metrics
from partners.types import Direction
from portal.lib import charts, formats, marks

SHOWN_MONTHS = 6


class Figure(NamedTuple):
    """One of the nine: LABEL, VALUE and what the requirement puts in brackets."""

    label: str
    value: str | SafeString
    bracket: str = ""


class Comparison(NamedTuple):
    """One line of "this month": the figure now, the month before, and what changed."""

    label: str | Promise
    now: str
    before: str
    change: SafeString


_COUNTS = (
    ("received", gettext_lazy("Leads received")),
    ("accepted", gettext_lazy("Leads accepted")),
    ("closed", gettext_lazy("Leads closed")),
)
_SUMS = (
    ("revenue", gettext_lazy("Revenue")),
    ("commission", gettext_lazy("Commission")),
)


def nine(metrics: Metrics, direction: str) -> list[Figure]:
    """Return the requirement's nine figures; DIRECTION says who pays the commission."""
    pays = direction == Direction.PARTNER_PAYS_PLATFORM
    earned = _("Commission Earned by the platform") if pays else _("Commission Earned")
    closed = _bracket(metrics.conversion_rate)
    used = f"{metrics.active_leads}/{metrics.capacity}"
    return [
        Figure(_("Leads Received"), formats.number(metrics.received)),
        Figure(
            _("Leads Accepted"), formats.number(metrics.accepted), _bracket(metrics.acceptance_rate)
        ),
        Figure(
            _("Leads Closed"),
            formats.number(metrics.closed),
            _("%(rate)s conversion") % {"rate": closed} if closed else "",
        ),
        Figure(_("Revenue Generated"), _amounts(metrics.revenue)),
        Figure(earned, _amounts(metrics.commission), _average(metrics)),
        Figure(_("Average Deal Size"), _amounts(metrics.avg_deal_size)),
        Figure(_("Average Time to Close"), formats.duration(metrics.avg_time_to_close)),
        Figure(_("Current Active Leads"), formats.number(metrics.active_leads)),
        Figure(_("Partner Capacity"), used, _bracket(metrics.capacity_used)),
    ]


def _bracket(rate: float | None) -> str:
    """Return RATE in percent, or nothing where there is no rate to put in brackets."""
    return "" if rate is None else formats.percent(rate)


def commission_title(direction: str) -> str:
    """Return what to call the commission: earned, or for those who pay it, owed."""
    pays = direction == Direction.PARTNER_PAYS_PLATFORM
    return _("Commission you owe by month") if pays else _("Commission by month")


def _amounts(sums: Mapping[str, Decimal]) -> str | SafeString:
    """Return an amount per currency, one below the other, never summed across."""
    lines = [(formats.money(sums[code], code),) for code in sorted(sums)]
    return format_html_join(mark_safe("<br>"), "{}", lines) if lines else formats.NOTHING


def _average(metrics: Metrics) -> str:
    rate = metrics.avg_commission_percent
    return _("%(rate)s avg") % {"rate": formats.percent(rate)} if rate is not None else ""


def comparisons(months: list[Month]) -> list[Comparison]:
    """Return this month beside the last; counts over all currencies, money in each."""
    if not months:
        return []
    now, before = (_counts_of(months, first) for first in _last_two(months))
    lines = [
        Comparison(label, str(now[name]), str(before[name]), _change(now[name], before[name]))
        for name, label in _COUNTS
    ]
    for currency in sorted({month.currency for month in months}):
        last, this = [month for month in months if month.currency == currency][-2:]
        for name, label in _SUMS:
            new, old = getattr(this, name), getattr(last, name)
            words = formats.money(new, currency), formats.money(old, currency)
            lines.append(Comparison(label, *words, _change(new, old)))
    return lines


def _last_two(months: list[Month]) -> list[Any]:
    return sorted({month.first for month in months})[-2:][::-1]


def _counts_of(months: list[Month], first: Any) -> dict[str, int]:
    of_month = [month for month in months if month.first == first]
    return {name: sum(getattr(month, name) for month in of_month) for name, _label in _COUNTS}


def _change(new: int | Decimal, old: int | Decimal) -> SafeString:
    if not old:
        return marks.badge(_("new"), "info") if new else SafeString(formats.NOTHING)
    percent = round((new - old) * 100 / old)
    # Less is no fault of a month that is not over yet.
    return marks.badge(f"{percent:+d}%" if percent else "0%", "good" if percent > 0 else "neutral")


def pictures(months: list[Month], title: str) -> list[SafeString]:
    """Return a bar chart of the commission by month for each currency that has any."""
    drawn = []
    for currency in sorted({month.currency for month in months if month.commission}):
        bars = [
            (
                dateformat.format(month.first, "M"),
                month.commission,
                formats.money(month.commission, currency),
            )
            for month in months
            if month.currency == currency
        ]
        drawn.append(charts.bar_chart(bars, f"{title}, {currency}", currency))
    return drawn
