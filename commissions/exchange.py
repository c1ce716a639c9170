"""From one currency to another at the rate of a day, with the rate, its day and its source said."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from commissions.models import ExchangeRate
from portal.lib.money import HALF_UP, rounded

EURO = "EUR"
DOLLAR = "USD"
# Units for one US dollar, fixed by the central banks since the day given: Central Bank of the UAE
# (3.6725 since 1997-11-01) and Saudi Central Bank (3.75 since 1986-06-01). The European Central
# Bank publishes no reference rate for either.
PEGS: dict[str, tuple[Decimal, dt.date, str]] = {
    "AED": (Decimal("3.6725"), dt.date(1997, 11, 1), "Central Bank of the UAE, dollar peg"),
    "SAR": (Decimal("3.75"), dt.date(1986, 6, 1), "Saudi Central Bank, dollar peg"),
}
# Banks publish none on weekends and holidays; an older rate than this is not of that day.
OLDEST = dt.timedelta(days=7)
_PLACES = Decimal("0.0000000001")


@dataclass(frozen=True, slots=True)
class Rate:
    """RATE units of the target currency for one of the source's, on DAY, as SOURCE says.

    `hands` are the people who handed in what it is made of: they do not approve what it books.
    """

    rate: Decimal
    day: dt.date
    source: str
    hands: frozenset[str] = frozenset()

    def convert(self, amount: Decimal, currency: str, mode: str = HALF_UP) -> Decimal:
        """Return AMOUNT in the target CURRENCY, rounded once."""
        return rounded(amount * self.rate, currency, mode)


class NoRate(LookupError):
    """There is no rate of that day, nor of the week before it."""


def rate_on(source: str, target: str, day: dt.date) -> Rate:
    """Return the rate from SOURCE to TARGET on DAY, or the last one published in the week before.

    Currencies pegged to the dollar go through it, all others through the euro.

    :raises NoRate: if one of the two has none
    """
    return _crossed(source, target, day, _published)


class RateBook:
    """All rates of some currencies since a day, read at once, for a report over many days.

    It answers as `rate_on` does, but a day after the newest rate of a currency gets that one: a
    report says so and is right soon after, where a booking waits.
    """

    def __init__(self, currencies: Iterable[str], since: dt.date) -> None:
        wanted = {DOLLAR if code in PEGS else code for code in currencies} - {EURO}
        rates = ExchangeRate.objects.filter(currency__in=wanted)
        newest = rates.order_by("currency", "-day").distinct("currency").values("pk")
        kept = rates.filter(day__gt=since - OLDEST) | rates.filter(pk__in=newest)
        self._rates: dict[str, list[ExchangeRate]] = {}
        for rate in kept.order_by("day"):
            self._rates.setdefault(rate.currency, []).append(rate)

    def rate(self, source: str, target: str, day: dt.date) -> Rate:
        """Return the rate from SOURCE to TARGET that a report uses for DAY.

        :raises NoRate: if one of the two has none
        """
        return _crossed(source, target, day, self._published)

    def _published(self, currency: str, day: dt.date) -> ExchangeRate:
        rates = self._rates.get(currency, [])
        place = bisect_right(rates, day, key=lambda rate: rate.day)
        if not place or (place < len(rates) and rates[place - 1].day <= day - OLDEST):
            raise NoRate(f"{currency} {day}")
        return rates[place - 1]


def _crossed(
    source: str, target: str, day: dt.date, published: Callable[[str, dt.date], ExchangeRate]
) -> Rate:
    """Return the rate from SOURCE to TARGET; PUBLISHED says what one euro was worth."""
    if source == target:
        return Rate(Decimal(1), day, "")
    (via_source, per_source, peg_source) = _pegged(source, day)
    (via_target, per_target, peg_target) = _pegged(target, day)
    said = [peg for peg in (peg_source, peg_target) if peg]
    rate, on, hands = per_target / per_source, day, frozenset[str]()
    if via_source != via_target:
        of_source, of_target = (
            ExchangeRate(currency=EURO, day=day, per_euro=Decimal(1))
            if via == EURO
            else published(via, day)
            for via in (via_source, via_target)
        )
        rate *= of_target.per_euro / of_source.per_euro
        on = min(of_source.day, of_target.day)
        said = sorted({of_source.source, of_target.source} - {""}) + said
        hands = frozenset({of_source.imported_by, of_target.imported_by} - {""})
    return Rate(rate.quantize(_PLACES), on, "; ".join(dict.fromkeys(said)), hands)


def _pegged(currency: str, day: dt.date) -> tuple[str, Decimal, str]:
    """Return the currency that CURRENCY hangs on, how many units for one of it, and who says so."""
    units, since, source = PEGS.get(currency, (Decimal(1), dt.date.min, ""))
    pegged = currency in PEGS and day >= since
    return (DOLLAR, units, source) if pegged else (currency, Decimal(1), "")


def _published(currency: str, day: dt.date) -> ExchangeRate:
    published = ExchangeRate.objects.filter(currency=currency, day__lte=day, day__gt=day - OLDEST)
    if (newest := published.order_by("-day").first()) is None:
        raise NoRate(f"{currency} {day}")
    return newest
