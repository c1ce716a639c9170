"""Commission terms and the arithmetic of what a deal earns under them: pure, no database.

Rules and worked numbers: `domain.md` section 5. Percentages are numbers such as 15; amounts are in
the currency of the terms.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from partners.types import Direction
from portal.lib.money import HALF_UP, HUNDRED, apportioned, rounded

ZERO = Decimal(0)


class Base(models.TextChoices):
    """What the rate is applied to."""

    AGREEMENT_VALUE = "agreement_value", _("Agreement value")
    GROSS_COMMISSION = "gross_commission", _("Gross commission of the deal")
    PLATFORM_FEE = "platform_fee", _("The platform's fee")
    SERVICE_VALUE = "service_value", _("Value of the service")
    FLAT = "flat", _("Flat fee per deal")


class TierMode(models.TextChoices):
    """How tiers are read: each slice at its own rate, or everything at the rate reached."""

    GRADUATED = "graduated", _("Graduated: each slice at its own rate")
    VOLUME = "volume", _("Volume: everything at the rate reached")


class Period(models.TextChoices):
    """Over which time the volume of closed deals is counted for tiers."""

    DEAL = "deal", _("Each deal by itself")
    MONTH = "month", _("Calendar month")
    QUARTER = "quarter", _("Calendar quarter")
    YEAR = "year", _("Calendar year")
    EVER = "ever", _("Since the agreement began")


class Rounding(models.TextChoices):
    HALF_UP = HALF_UP, _("Half up")
    HALF_EVEN = "half_even", _("Half to even (bankers')")


@dataclass(frozen=True, slots=True)
class Tier:
    """PERCENT up to and including a volume of UP_TO; None: from the tier before on, without end."""

    up_to: Decimal | None
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Milestone:
    """PERCENT of the commission falls due once CONDITION is met."""

    condition: str
    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """What one deal earns, in the currency of the terms.

    :param percent: the rate on the value that this comes to
    :param amount: the whole commission
    :param partner_part, platform_part: how it is split; they add up to the amount
    :param rerated: what one side pays the other more (or less) for earlier deals of the period, at
        the rate now reached
    """

    percent: Decimal
    amount: Decimal
    partner_part: Decimal
    platform_part: Decimal
    rerated: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """The deals closed before in the period: their value and the commission booked for them."""

    value: Decimal = ZERO
    booked: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Terms of an agreement, or the default ones of a partner, as frozen on a share.

    :param percent: the rate where there are no tiers and no flat fee
    :param flat: the fee per deal where the base is flat
    :param base_percent: what the gross commission is, in percent of the agreement value
    :param base_fee: the platform's fee per deal, where that is the base
    :param partner_share: the partner's percentage of the commission; None: it is not split
    :param cap: the most one deal earns
    :param currency: what flat, fee, cap and tiers are in, and what is settled in; empty: the deal's
    :param holding_days: how long an approved commission waits after it fell due
    :param entered_by: who entered the rate; they may not approve what it earns
    """

    direction: str
    percent: Decimal = ZERO
    base: str = Base.AGREEMENT_VALUE
    flat: Decimal | None = None
    base_percent: Decimal | None = None
    base_fee: Decimal | None = None
    partner_share: Decimal | None = None
    tiers: tuple[Tier, ...] = ()
    tier_mode: str = TierMode.GRADUATED
    tier_period: str = Period.DEAL
    rerates: bool = False
    milestones: tuple[Milestone, ...] = ()
    cap: Decimal | None = None
    currency: str = ""
    rounding: str = Rounding.HALF_UP
    holding_days: int = 0
    agreement: str = ""
    version: int = 0
    entered_by: tuple[str, ...] = field(default=())

    @property
    def counts_volume(self) -> bool:
        """Whether what a deal earns depends on the deals before it."""
        return bool(self.tiers) and self.tier_period != Period.DEAL

    @property
    def told_percent(self) -> Decimal:
        """The rate that partners are told before a deal closes: the first tier's, if tiered."""
        return self.tiers[0].percent if self.tiers else self.percent

    def earned(self, value: Decimal, currency: str, before: Volume | None = None) -> Earned:
        """Return what a deal of VALUE earns; rounded once, at the end.

        :param value: in CURRENCY, which is that of the terms
        :param before: the deals closed before in the period, where the terms count volume
        """
        before = before or Volume()
        exact = self._whole(value, before.value)
        if self.cap is not None:
            exact = min(exact, self.cap)
        amount = rounded(exact, currency, self.rounding)
        partner_part, platform_part = self._split(amount, currency)
        return Earned(
            percent=self._effective(amount, value),
            amount=amount,
            partner_part=partner_part,
            platform_part=platform_part,
            rerated=self._rerated(value, currency, before),
        )

    def period_of(self, day: dt.date) -> str:
        """Return the name of the period that DAY lies in: 2026-11, 2026-Q4, 2026 or ever."""
        names = {
            Period.MONTH: f"{day:%Y-%m}",
            Period.QUARTER: f"{day.year}-Q{(day.month + 2) // 3}",
            Period.YEAR: str(day.year),
        }
        return names.get(Period(self.tier_period), Period.EVER.value)

    def instalments(self) -> tuple[Milestone, ...]:
        """Return the milestones, or the one that every closed deal has met."""
        return self.milestones or (Milestone("", HUNDRED),)

    def _whole(self, value: Decimal, before: Decimal) -> Decimal:
        if self.base == Base.FLAT:
            return self.flat or ZERO
        if self.base == Base.PLATFORM_FEE:
            return (self.base_fee or ZERO) * self.percent / HUNDRED
        if self.base == Base.GROSS_COMMISSION:
            value = value * (self.base_percent or ZERO) / HUNDRED
        if not self.tiers:
            return value * self.percent / HUNDRED
        if self.tier_mode == TierMode.VOLUME:
            return value * rate_reached(self.tiers, before + value) / HUNDRED
        return graduated(self.tiers, before + value) - graduated(self.tiers, before)

    def _split(self, amount: Decimal, currency: str) -> tuple[Decimal, Decimal]:
        if self.partner_share is None:
            whole_to_partner = self.direction == Direction.PLATFORM_PAYS_PARTNER
            return (amount, ZERO) if whole_to_partner else (ZERO, amount)
        partner_part, platform_part = apportioned(
            amount, [self.partner_share, HUNDRED - self.partner_share], currency
        )
        return partner_part, platform_part

    def moved(self, amount: Decimal, currency: str) -> Decimal:
        """Return what one side pays the other of a commission of AMOUNT."""
        partner_part, platform_part = self._split(amount, currency)
        pays = self.direction == Direction.PLATFORM_PAYS_PARTNER
        return partner_part if pays else platform_part

    def _effective(self, amount: Decimal, value: Decimal) -> Decimal:
        """Return the rate that is booked; what a flat fee or tiers come to is worked out."""
        simple = self.base in (Base.AGREEMENT_VALUE, Base.SERVICE_VALUE) and not self.tiers
        capped = self.cap is not None and amount >= self.cap
        if simple and not capped:
            return self.percent
        return min((amount * HUNDRED / value).quantize(Decimal("0.0001")), Decimal("999.9999"))

    def _rerated(self, value: Decimal, currency: str, before: Volume) -> Decimal:
        """Return by how much the deals before, at the rate reached now, differ from the booked."""
        if not (self.rerates and self.counts_volume and self.tier_mode == TierMode.VOLUME):
            return ZERO
        rate = rate_reached(self.tiers, before.value + value)
        whole = rounded(before.value * rate / HUNDRED, currency, self.rounding)
        return self.moved(whole, currency) - before.booked

    def as_json(self) -> dict[str, Any]:
        """Return what is frozen on a share."""
        plain: dict[str, Any] = {
            name: str(value) if isinstance(value, Decimal) else value
            for name in _PLAIN
            if (value := getattr(self, name)) not in (None, "", ())
        }
        plain["tiers"] = [
            [None if tier.up_to is None else str(tier.up_to), str(tier.percent)]
            for tier in self.tiers
        ]
        plain["milestones"] = [[m.condition, str(m.percent)] for m in self.milestones]
        plain["entered_by"] = list(self.entered_by)
        return plain

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Terms:
        """Return the terms frozen as KEPT by :meth:`as_json`."""
        given = dict(kept)
        for name in _AMOUNTS:
            if name in given:
                given[name] = Decimal(given[name])
        given["tiers"] = tuple(
            Tier(None if up_to is None else Decimal(up_to), Decimal(percent))
            for up_to, percent in given.get("tiers", ())
        )
        given["milestones"] = tuple(
            Milestone(condition, Decimal(percent))
            for condition, percent in given.get("milestones", ())
        )
        given["entered_by"] = tuple(given.get("entered_by", ()))
        return cls(**given)


_AMOUNTS = ("percent", "flat", "base_percent", "base_fee", "partner_share", "cap")
_PLAIN = (
    *_AMOUNTS,
    "direction",
    "base",
    "tier_mode",
    "tier_period",
    "rerates",
    "currency",
    "rounding",
    "holding_days",
    "agreement",
    "version",
)


def graduated(tiers: Sequence[Tier], volume: Decimal) -> Decimal:
    """Return the exact commission on VOLUME, each slice at the rate of its tier."""
    total, start = ZERO, ZERO
    for tier in tiers:
        end = volume if tier.up_to is None else min(volume, tier.up_to)
        if end > start:
            total += (end - start) * tier.percent / HUNDRED
            start = end
    return total


def rate_reached(tiers: Sequence[Tier], volume: Decimal) -> Decimal:
    """Return the rate of the tier that VOLUME lies in; a volume of exactly its end is in it."""
    for tier in tiers:
        if tier.up_to is None or volume <= tier.up_to:
            return tier.percent
    return tiers[-1].percent


def problems(terms: Terms) -> dict[str, str]:
    """Return what makes TERMS impossible, by the name of the part; nothing where they can stand.

    The usual ranges of a partner's type only warn (`partners.types`); these refuse.
    """
    found: dict[str, str] = {}
    if terms.base == Base.FLAT:
        if terms.flat is None or terms.flat <= 0:
            found["flat"] = str(_("A flat fee is above 0."))
    elif not terms.tiers and not 0 < terms.percent <= HUNDRED:
        found["percent"] = str(_("A rate lies above 0 and is at most 100 %."))
    if terms.base == Base.GROSS_COMMISSION and not 0 < (terms.base_percent or ZERO) <= HUNDRED:
        found["base_percent"] = str(_("Say what percentage of the value the gross commission is."))
    if terms.base == Base.PLATFORM_FEE and (terms.base_fee or ZERO) <= 0:
        found["base_fee"] = str(_("Say what the platform's fee per deal is."))
    if terms.partner_share is not None and not 0 <= terms.partner_share <= HUNDRED:
        found["partner_share"] = str(_("The partner's part lies between 0 and 100 %."))
    if terms.cap is not None and terms.cap <= 0:
        found["cap"] = str(_("A cap is above 0."))
    if terms.holding_days < 0:
        found["holding_days"] = str(_("A holding period is not negative."))
    if terms.tiers and (reason := _tier_problem(terms)):
        found["tiers"] = reason
    if terms.milestones and (reason := _milestone_problem(terms.milestones)):
        found["milestones"] = reason
    if not terms.currency and (terms.flat or terms.base_fee or terms.cap or _bounded(terms.tiers)):
        found["currency"] = str(_("Name the currency the amounts are in."))
    return found


def _bounded(tiers: Sequence[Tier]) -> bool:
    return any(tier.up_to is not None for tier in tiers)


def _tier_problem(terms: Terms) -> str:
    if terms.base in (Base.FLAT, Base.PLATFORM_FEE):
        return str(_("Tiers need a rate on a value."))
    *bounded, last = terms.tiers
    ends = [tier.up_to for tier in bounded]
    if last.up_to is not None or any(end is None or end <= 0 for end in ends):
        return str(_("Every tier but the last has an end above 0; the last has none."))
    if ends != sorted(set(ends), key=lambda end: end or ZERO):
        return str(_("Tiers stand in rising order."))
    if any(not 0 <= tier.percent <= HUNDRED for tier in terms.tiers):
        return str(_("A rate lies between 0 and 100 %."))
    return ""


def _milestone_problem(milestones: Sequence[Milestone]) -> str:
    if sum((milestone.percent for milestone in milestones), ZERO) != HUNDRED:
        return str(_("The parts that fall due add up to 100 %."))
    if any(milestone.percent <= 0 or not milestone.condition.strip() for milestone in milestones):
        return str(_("Each milestone has a condition and a part above 0 %."))
    return ""
