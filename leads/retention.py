"""How long a client's details are kept: dated rules per market, from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """What holds in one market from a day on; all periods in days since the last activity.

    :param minimum: how long the law makes us keep what was processed, even against a request
    :param without_deal: until a lead that led to nothing is erased
    :param with_deal: until a lead with a closed deal is erased
    """

    market: str
    valid_from: date
    minimum: int
    without_deal: int
    with_deal: int


def rules() -> list[RetentionRule]:
    """Return every rule, by market and the day it began."""
    known = [RetentionRule(**rule) for rule in settings.RETENTION_RULES]
    return sorted(known, key=lambda rule: (rule.market, rule.valid_from))


def rule_for(market: str, at: datetime | None = None) -> RetentionRule:
    """Return the rule of MARKET that holds at a moment, now if none is given."""
    day = (at or timezone.now()).date()
    begun = [rule for rule in rules() if rule.market == market and rule.valid_from <= day]
    return begun[-1]


def minimum_kept(market: str, at: datetime | None = None) -> timedelta:
    """Return for how long the law of MARKET makes us keep what is processed; zero if it doesn't."""
    return timedelta(days=rule_for(market, at).minimum)
