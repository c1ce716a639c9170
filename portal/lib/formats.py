"""Values as people read them: money, percentages, durations and times.

Plain text out, so that templates, hot tables formatted in Python, documents and e-mails say the
same thing. What costs time (locale data, date words) is looked up once and kept.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

from babel import Locale
from babel.numbers import get_currency_precision, get_currency_symbol
from django.utils import dateformat, timezone
from django.utils.translation import get_language, gettext

NOTHING = "–"
"""Shown where there is no value, such as a rate over zero leads."""

HOUR = 3600
DAY = 24 * HOUR
LOCALE_BY_CURRENCY = {"INR": "en_IN", "AED": "en_AE"}

Amount = Decimal | int | float | str


class MoneyShape(NamedTuple):
    """How one currency is written: what stands around the digits and how they are grouped."""

    prefix: str
    suffix: str
    groups: tuple[int, int]
    places: int


@lru_cache(maxsize=32)
def money_shape(currency: str) -> MoneyShape:
    """Return how CURRENCY (ISO 4217) is written where it is mostly used."""
    locale = Locale.parse(LOCALE_BY_CURRENCY.get(currency, "en"))
    pattern = locale.currency_formats["standard"]
    symbol = get_currency_symbol(currency, locale)
    prefix, suffix = (part.replace("¤", symbol) for part in (pattern.prefix[0], pattern.suffix[0]))
    if prefix and prefix[-1].isalpha():
        prefix += "\u00a0"
    return MoneyShape(prefix, suffix, pattern.grouping, get_currency_precision(currency))


def group_digits(digits: str, groups: tuple[int, int] = (3, 3)) -> str:
    """Put commas into DIGITS: the last GROUPS[0] together, then GROUPS[1] at a time."""
    last, rest = groups
    if len(digits) <= last:
        return digits
    head, parts = digits[:-last], [digits[-last:]]
    while head:
        parts.append(head[-rest:])
        head = head[:-rest]
    return ",".join(reversed(parts))


def money(amount: Amount | None, currency: str) -> str:
    """Return AMOUNT of CURRENCY with its sign, such as "AED 5,000,000" or "₹50,00,000".

    Whole amounts carry no decimals, others as many as the currency has. None gives a dash.
    """
    if amount is None or amount == "":
        return NOTHING
    return _money(amount if isinstance(amount, Decimal) else Decimal(str(amount)), currency)


@lru_cache(maxsize=4096)
def _money(amount: Decimal, currency: str) -> str:
    shape = money_shape(currency)
    digits = figure(amount, currency)
    sign = "-" if digits.startswith("-") else ""
    return f"{sign}{shape.prefix}{digits.removeprefix('-')}{shape.suffix}"


def figure(amount: Decimal, currency: str) -> str:
    """Return AMOUNT as `money` writes it, where the sign of CURRENCY stands beside already."""
    shape = money_shape(currency)
    rounded = amount.quantize(Decimal(1).scaleb(-shape.places), rounding=ROUND_HALF_UP)
    whole, _point, fraction = f"{abs(rounded):f}".partition(".")
    decimals = f".{fraction}" if fraction.strip("0") else ""
    sign = "-" if rounded < 0 else ""
    return f"{sign}{group_digits(whole, shape.groups)}{decimals}"


def number(value: Amount | None) -> str:
    """Return VALUE with grouped digits and at most one decimal; None gives a dash."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    text = f"{Decimal(str(value)).quantize(Decimal('0.1'), rounding=ROUND_HALF_UP):,f}"
    return text.removesuffix(".0")


def percent(value: Amount | None) -> str:
    """Return VALUE, already a percentage, such as "37.5%"; None gives a dash."""
    return NOTHING if value is None or value == "" else f"{number(value)}%"


def duration(seconds: Amount | None) -> str:
    """Return SECONDS in hours, from two days on in days; None gives a dash."""
    if seconds is None or seconds == "":
        return NOTHING
    length = float(seconds)
    if length >= 2 * DAY:
        days = length / DAY
        return gettext("%(count)s days") % {"count": number(round(days, 1 if days < 10 else 0))}
    hours = round(length / HOUR, 1)
    if hours == 0:
        return gettext("under an hour")
    if hours == 1:
        return gettext("1 hour")
    return gettext("%(count)s hours") % {"count": number(hours)}


def relative_time(moment: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """Return how far MOMENT lies from NOW (this moment), from 30 days on its date."""
    if moment is None:
        return NOTHING
    now = now or timezone.now()
    seconds = (now - moment).total_seconds()
    if abs(seconds) < 60:
        return gettext("just now")
    if abs(seconds) >= DAY:
        return _relative_days(moment, now)
    unit, length = ("min", 60) if abs(seconds) < HOUR else ("h", HOUR)
    return _said(unit, int(abs(seconds) // length), seconds > 0, get_language() or "")


def _relative_days(moment: dt.datetime, now: dt.datetime) -> str:
    zone = timezone.get_current_timezone()
    days = (now.astimezone(zone).date() - moment.astimezone(zone).date()).days
    if abs(days) >= 30:
        return date(moment)
    return _said("day", abs(days), days > 0, get_language() or "")


@lru_cache(maxsize=512)
def _said(unit: str, count: int, past: bool, _language: str) -> str:
    if unit == "day" and count == 1:
        return gettext("yesterday") if past else gettext("tomorrow")
    if unit == "day":
        words = gettext("%(count)s days ago") if past else gettext("in %(count)s days")
    elif unit == "min":
        words = gettext("%(count)s min ago") if past else gettext("in %(count)s min")
    else:
        words = gettext("%(count)s h ago") if past else gettext("in %(count)s h")
    return words % {"count": count}


def date(moment: dt.datetime | dt.date | None) -> str:
    """Return the day of MOMENT in the reader's time zone, such as "22 Nov 2026"."""
    return NOTHING if moment is None else _formatted(moment, "j M Y")


def exact_time(moment: dt.datetime | None) -> str:
    """Return MOMENT to the minute with the zone's name, in the reader's time zone."""
    if moment is None:
        return NOTHING
    return f"{_formatted(moment, 'j M Y, H:i')} {_zone_words(_formatted(moment, 'T'))}"


def to_the_second(moment: dt.datetime) -> str:
    """Return MOMENT to the second, in the reader's time zone: where it proves something."""
    return _formatted(moment, "j M Y, H:i:s")


def _zone_words(abbreviation: str) -> str:
    """Return the zone's abbreviation, or its city where all it has is an offset ("+04")."""
    if abbreviation[:1] not in "+-":
        return abbreviation
    city = timezone.get_current_timezone_name().rpartition("/")[2].replace("_", " ")
    return gettext("%(city)s time") % {"city": city}


def _formatted(moment: dt.datetime | dt.date, pattern: str) -> str:
    zone = timezone.get_current_timezone_name()
    return _cached_format(moment, pattern, zone, get_language() or "")


@lru_cache(maxsize=4096)
def _cached_format(moment: dt.datetime | dt.date, pattern: str, _zone: str, _language: str) -> str:
    # Zone and language are part of the key because the words depend on them.
    if isinstance(moment, dt.datetime) and timezone.is_aware(moment):
        moment = timezone.localtime(moment)
    return dateformat.format(moment, pattern)
