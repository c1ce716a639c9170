"""What finance sees of exchange rates: the list, and which rate applies on a day."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from commissions.exchange import OLDEST, PEGS, NoRate, rate_on
from commissions.models import ExchangeRate
from portal.lib import formats
from portal.lib.access import Actor, Can, require

PAGE = 25


class Applying(NamedTuple):
    """The rate that applies on a day, or why none does."""

    sentence: str
    source: str
    found: bool


def listed(
    *, user: Actor, currency: str = "", day: dt.date | None = None, page: int = 1
) -> dict[str, Any]:
    """Return one page of the rates held, the newest day first, and the numbers beside it.

    :raises NotAllowed: if USER has nothing to do with rates
    """
    require(user, Can.IMPORT_RATES)
    rates = ExchangeRate.objects.visible_to(user)
    if currency:
        rates = rates.filter(currency=currency)
    if day:
        rates = rates.filter(day=day)
    start = (page - 1) * PAGE
    found = list(rates.order_by("-day", "currency")[start : start + PAGE + 1])
    return {
        "rates": found[:PAGE],
        "number": page,
        "previous": page - 1 if page > 1 else None,
        "next": page + 1 if len(found) > PAGE else None,
    }


def standing(*, user: Actor) -> dict[str, Any]:
    """Return the newest day held, and whether a closing of today would find a rate."""
    newest = ExchangeRate.objects.visible_to(user).aggregate(day=Max("day"))["day"]
    fresh = newest is not None and newest > timezone.now().date() - OLDEST
    pegs = [
        {"currency": code, "units": units.normalize(), "since": since, "source": source}
        for code, (units, since, source) in PEGS.items()
    ]
    return {"newest": newest, "fresh": fresh, "pegs": pegs}


def applying(source: str, target: str, day: dt.date) -> Applying:
    """Return in words which rate a closing of DAY from SOURCE to TARGET is settled at."""
    try:
        rate = rate_on(source, target, day)
    except NoRate:
        said = _("No rate from %(source)s to %(target)s on %(day)s, nor in the week before.")
        named = {"source": source, "target": target, "day": formats.date(day)}
        return Applying(said % named, "", found=False)
    said = _("1 %(source)s = %(rate)s %(target)s, the rate of %(day)s.")
    shown = {
        "source": source,
        "target": target,
        "rate": f"{rate.rate.normalize():f}",
        "day": formats.date(rate.day),
    }
    return Applying(said % shown, rate.source, found=True)
