"""Differences in plain words: what is claimed, what is recorded, what to do next."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commissions.models import ReconciliationItem
from portal.lib import formats
from portal.lib.money import percentage_of

Kind = ReconciliationItem.Kind
_ONE_SIDED = (Kind.MISSING_OURS, Kind.MISSING_THEIRS)
# What somebody does who is to decide it.
NEXT_STEPS: dict[str, str | Promise] = {
    Kind.VALUE: gettext_lazy("Look at the signed document, then settle the value."),
    Kind.RATE: gettext_lazy("Compare with the agreement, then settle the rate."),
    Kind.DATE: gettext_lazy("Look at the signed document, then settle the day."),
    Kind.CURRENCY: gettext_lazy("Ask in which currency the deal was signed."),
    Kind.DUPLICATE: gettext_lazy("Find out who closed the deal, then decide."),
    Kind.MISSING_OURS: gettext_lazy(
        "Ask the partner which lead it was. Once that is reported as closed, this is settled."
    ),
    Kind.MISSING_THEIRS: gettext_lazy(
        "Ask the partner. If there was no such deal, reverse its commission."
    ),
    Kind.NO_RATE: gettext_lazy("Import the rate of that day, then correct the commission."),
}


def rate_words(percent: Decimal | None) -> str:
    """Return a rate with all the decimals it has."""
    return formats.NOTHING if percent is None else f"{percent.normalize():f}%"


def claimed_words(item: ReconciliationItem) -> str:
    """Return what the partner says, as far as ITEM is about it."""
    currency = item.claimed_currency or item.recorded_currency
    return _words(item, item.claimed_value, item.claimed_percent, currency, item.claimed_on)


def day_words(item: ReconciliationItem) -> str:
    """Return the day of a deal that only one side knows of."""
    return formats.date(item.claimed_on or item.recorded_on) if item.kind in _ONE_SIDED else ""


def recorded_words(item: ReconciliationItem) -> str:
    """Return what we recorded, as far as ITEM is about it."""
    return _words(
        item, item.recorded_value, item.recorded_percent, item.recorded_currency, item.recorded_on
    )


def _words(
    item: ReconciliationItem,
    value: Decimal | None,
    percent: Decimal | None,
    currency: str,
    day: dt.date | None,
) -> str:
    if item.kind == Kind.RATE:
        return rate_words(percent)
    if item.kind == Kind.DATE:
        return formats.date(day)
    if item.kind == Kind.CURRENCY:
        return currency
    return formats.NOTHING if value is None else formats.money(value, currency)


def gap_words(item: ReconciliationItem) -> str:
    """Return by how much the claim lies above the record, if that can be said."""
    if item.kind == Kind.DATE and item.claimed_on and item.recorded_on:
        days = (item.claimed_on - item.recorded_on).days
        return ngettext("%(days)+d day", "%(days)+d days", abs(days)) % {"days": days}
    currency = item.recorded_currency
    if item.claimed_value is None or item.claimed_currency not in ("", currency):
        return formats.NOTHING
    if item.kind == Kind.VALUE and item.recorded_value is not None:
        return _signed(item.claimed_value - item.recorded_value, currency)
    if item.kind == Kind.RATE and None not in (item.claimed_percent, item.recorded_percent):
        above: Any = item.claimed_percent - item.recorded_percent  # type: ignore[operator]
        return _signed(percentage_of(item.claimed_value, above, currency), currency)
    return formats.NOTHING


def _signed(amount: Decimal, currency: str) -> str:
    return ("+" if amount > 0 else "") + formats.money(amount, currency)


def due_words(item: ReconciliationItem, today: dt.date) -> tuple[str, str]:
    """Return by when ITEM has to be decided, and the tone of it."""
    if item.due_on is None:
        return formats.NOTHING, "neutral"
    days = (item.due_on - today).days
    if days < 0:
        said = ngettext("%(days)d day overdue", "%(days)d days overdue", -days) % {"days": -days}
        return said, "bad"
    if days == 0:
        return _("today"), "warn"
    said = ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}
    return said, "warn" if days <= 3 else "neutral"
