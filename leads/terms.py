"""The commission terms a share is made under; who knows agreements says which are in force."""

from __future__ import annotations

from collections.abc import Callable
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


Source = Callable[[Partner, Lead, datetime], Frozen]
_source: list[Source] = []


def register(source: Source) -> None:
    """Let SOURCE say which terms are in force for a partner and a lead at a time."""
    _source[:] = [source]


def in_force(partner: Partner, lead: Lead, at: datetime) -> Frozen:
    """Return the terms under which PARTNER gets LEAD at AT."""
    return _source[0](partner, lead, at)
