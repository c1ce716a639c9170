"""The commission terms a share is made under; who knows agreements says which are in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from leads.models import Lead
from partners.models import Partner
from portal.lib import ids, rows
from portal.lib.rows import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What a share keeps of the terms: never changed afterwards, whatever is agreed later.

    :param percent: the rate that is told to the partner, 15 for 15 %
    :param terms: all of them, as `commissions.terms` reads them
    """

    percent: Decimal
    direction: str
    terms: dict[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """Who knows the agreements; keys are uuids, as the database keeps them."""

    def asked(self, partner_keys: Sequence[UUID], lead_key: UUID | None, day: date) -> Reading:
        """Return what to ask for the terms under which partners get a lead on DAY."""

    def frozen(self, partner: Partner, answer: Sequence[tuple[Any, ...]]) -> Frozen:
        """Return what a share of PARTNER keeps, as the ANSWER to what was asked says."""

    def in_words(self, terms: Mapping[str, Any], currency: str) -> Sequence[str]:
        """Return TERMS of a deal in CURRENCY as staff read them, what it earns first."""


_sources: list[Source] = []


def register(source: Source) -> None:
    """Let SOURCE say which terms are in force, and what terms mean."""
    _sources[:] = [source]


def asked(partner_keys: Sequence[UUID], lead_key: UUID | None, at: datetime) -> Reading:
    """Return what to ask for the terms under which partners get a lead at AT, with other reads."""
    return _sources[0].asked(partner_keys, lead_key, at.date())


def frozen(partner: Partner, answer: Sequence[tuple[Any, ...]]) -> Frozen:
    """Return what a share of PARTNER keeps, as the ANSWER to :func:`asked` says."""
    return _sources[0].frozen(partner, answer)


def in_force(partners: Sequence[Partner], lead: Lead, at: datetime) -> dict[str, Frozen]:
    """Return the terms under which each of PARTNERS gets LEAD at AT, by the partner's id."""
    keys = [ids.decode("partner", str(partner.pk)) for partner in partners]
    (answer,) = rows.read_together(asked(keys, ids.decode("lead", str(lead.pk)), at))
    return {str(partner.pk): frozen(partner, answer) for partner in partners}


def in_words(terms: Mapping[str, Any], currency: str) -> Sequence[str]:
    """Return TERMS of a deal in CURRENCY as staff read them, what it earns first."""
    return _sources[0].in_words(terms, currency)
