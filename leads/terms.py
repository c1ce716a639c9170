"""The commission terms a share is made under; who knows agreements says which are in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from leads.models import Lead
from partners.models import Partner


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What a share keeps of the terms: never changed afterwards, whatever is agreed later.

    :param percent: the rate that is told to the partner, 15 for 15 %
    :param terms: all of them, as `commissions.terms` reads them
    """

    percent: Decimal
    direction: str
    terms: dict[str, Any] = field(default_factory=dict)


InForce = Callable[[Sequence[Partner], Lead, datetime], Mapping[str, Frozen]]
InWords = Callable[[Mapping[str, Any], str], Sequence[str]]
_known: list[tuple[InForce, InWords]] = []


def register(in_force: InForce, in_words: InWords) -> None:
    """Let IN_FORCE say which terms partners get a lead under, IN_WORDS what terms mean."""
    _known[:] = [(in_force, in_words)]


def in_force(partner: Partner, lead: Lead, at: datetime) -> Frozen:
    """Return the terms under which PARTNER gets LEAD at AT."""
    return in_force_for([partner], lead, at)[str(partner.pk)]


def in_force_for(partners: Sequence[Partner], lead: Lead, at: datetime) -> Mapping[str, Frozen]:
    """Return the terms under which each of PARTNERS gets LEAD at AT, by id, in one query."""
    return _known[0][0](partners, lead, at)


def in_words(terms: Mapping[str, Any], currency: str) -> Sequence[str]:
    """Return TERMS of a deal in CURRENCY as staff read them, what it earns first."""
    return _known[0][1](terms, currency)
