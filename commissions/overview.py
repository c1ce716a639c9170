"""The figures of the staff pages, in words and pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils import dateformat, timezone
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions import analytics
from commissions.analytics import Month, Tally
from commissions.desk_forms import DecisionForm
from commissions.models import Commission, ReconciliationItem
from commissions.selectors import reconciliation_for
from leads.hiding import as_seen_by
from leads.models import Lead
from partners.types import Direction, PartnerType
from portal.lib import charts, formats, marks
from portal.lib.access import Actor, Can, may
from portal.lib.money import percentage_of

SHOWN_MONTHS = 12
PAGE = 25
TOP = 8
MOST_ITEMS = 100
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


class Item(NamedTuple):
    """An open question between a partner's claim and our record.

    `named` is the lead's id where its client's name is shown.
    """

    kind: str
    partner: str
    lead: str
    named: str
    lead_href: str
    value: str
    claimed: str
    recorded: str
    difference: str
    opened: SafeString
    confirm: str
    id: str
    href: str
    decision: Any


def open_items(*, user: Actor) -> list[Item]:
    """Return the open questions, oldest first."""
    items = reconciliation_for(user=user, status=ReconciliationItem.Status.OPEN)
    oldest = items.order_by("created_at", "pk")[:MOST_ITEMS]
    may_decide = may(user, Can.CORRECT_COMMISSION)
    return [
        _item(item, as_seen_by(user, item.share.lead), may_decide=may_decide) for item in oldest
    ]


def _item(item: ReconciliationItem, lead: Lead, *, may_decide: bool) -> Item:
    claimed = item.claimed_percent
    currency = item.claimed_currency or item.recorded_currency
    duplicate = item.kind == ReconciliationItem.Kind.DUPLICATE
    unit = "" if currency == item.recorded_currency else " {}"  # only where they differ
    gap = formats.NOTHING
    if claimed is not None and currency == item.recorded_currency and not duplicate:
        of = percentage_of(item.claimed_value, claimed - item.recorded_percent, currency)
        gap = ("+" if of > 0 else "") + formats.money(of, currency)
    return Item(
        kind=item.get_kind_display(),
        partner=item.partner.name,
        lead=lead.client,
        named=str(item.share.lead_id) if lead.name else "",
        lead_href=f"/leads/{item.share.lead_id}/",
        value=formats.money(item.claimed_value, item.recorded_currency),
        claimed=formats.NOTHING
        if claimed is None and currency == item.recorded_currency
        else f"{_rate_words(claimed)}{unit.format(currency)}",
        recorded=f"{_rate_words(item.recorded_percent)}{unit.format(item.recorded_currency)}",
        difference=gap,
        opened=marks.when(item.created_at),
        confirm="" if duplicate else str(item.share_id),
        id=str(item.pk),
        href=f"/reconciliation/{item.commission_id}/" if item.commission_id else "",
        decision=DecisionForm(item=item) if duplicate and may_decide else None,
    )


class Row(NamedTuple):
    """A commission as a line of the staff list; `approvable` by its id, or empty."""

    href: str
    approvable: str
    partner: str
    direction: str
    lead_href: str
    value: str
    rate: str
    amount: str
    status: SafeString
    confirmed: SafeString
    recorded: SafeString
    confirm: str


def commission_rows(commissions: Iterable[Commission]) -> list[Row]:
    """Format COMMISSIONS (with partner and share) for the staff list."""
    now = timezone.now()
    return [
        Row(
            href=f"/reconciliation/{entry.pk}/",
            approvable=_approvable(entry),
            partner=entry.partner.name,
            direction=entry.get_direction_display(),
            lead_href=f"/leads/{entry.lead_id}/",
            value=formats.money(entry.agreement_value, entry.currency),
            rate=_rate_words(entry.percent),
            amount=formats.money(entry.amount, entry.currency),
            status=marks.status_dot(entry.status),
            confirmed=_confirmed(entry),
            recorded=marks.when(entry.recorded_at, now),
            confirm="" if entry.share.confirmed_at else str(entry.share_id),
        )
        for entry in commissions
    ]


def _approvable(entry: Commission) -> str:
    waits = entry.status == Commission.Status.PENDING and entry.share.confirmed_at is not None
    return str(entry.pk) if waits else ""


def _confirmed(entry: Commission) -> SafeString:
    if entry.share.confirmed_at:
        return marks.dot(_("Confirmed"), "good")
    waits = _("Claim differs") if entry.claim_differs else _("To be confirmed")
    return marks.dot(waits, "warn", "ring")


def _rate_words(percent: Any) -> str:
    return formats.NOTHING if percent is None else f"{percent.normalize():f}%"


def _rate(part: int, whole: int) -> float | None:
    return round(part * 100 / whole, 2) if whole else None
