"""The licence gate: whether a partner may take a lead of a market and a state on a given day.

Whoever introduces buyers and sellers in India for a fee is an agent, whatever they call
themselves, and must be registered in the state of the property (RERA section 9). The rules read
the stored dates of each licence; no validity is ever computed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from partners.models import Licence, Partner
from partners.types import INDIAN_STATES, Market, PartnerType


class GateCode(StrEnum):
    """Why the gate stays closed."""

    MARKET_MISMATCH = "MARKET_MISMATCH"
    REGION_UNKNOWN = "REGION_UNKNOWN"
    AGENT_NOT_REGISTERED_IN_STATE = "AGENT_NOT_REGISTERED_IN_STATE"
    AGENT_REG_EXPIRED = "AGENT_REG_EXPIRED"
    AGENT_SUSPENDED = "AGENT_SUSPENDED"
    EVIDENCE_MISSING = "EVIDENCE_MISSING"
    SERVICE_NOT_OFFERED = "SERVICE_NOT_OFFERED"


SENTENCES: dict[str, str | Promise] = {
    GateCode.MARKET_MISMATCH: _("The lead belongs to another market than the partner."),
    GateCode.REGION_UNKNOWN: _("The lead does not say in which state the property lies."),
    GateCode.AGENT_NOT_REGISTERED_IN_STATE: _(
        "The partner has no RERA registration in the state of the property."
    ),
    GateCode.AGENT_REG_EXPIRED: _("The partner's RERA registration in this state has expired."),
    GateCode.AGENT_SUSPENDED: _(
        "The partner's RERA registration in this state is suspended or revoked."
    ),
    GateCode.EVIDENCE_MISSING: _(
        "Nobody has checked the partner's RERA registration in the register yet."
    ),
    GateCode.SERVICE_NOT_OFFERED: _("The partner offers none of the services the client wants."),
}

# A developer sells its own projects and a service provider sells none: neither is an agent.
NEEDS_REGISTRATION = frozenset({PartnerType.RERA_AGENT, PartnerType.CHANNEL, PartnerType.BROKER})
TIME_ZONES = {Market.UAE: ZoneInfo("Asia/Dubai"), Market.INDIA: ZoneInfo("Asia/Kolkata")}


def day_in(market: str, at: dt.datetime) -> dt.date:
    """Return the calendar day it is in MARKET at the moment AT; licences end by that day."""
    return at.astimezone(TIME_ZONES[Market(market)]).date()


def failing_codes(
    partner: Partner,
    licences: Iterable[Licence],
    *,
    lead_market: str,
    region: str | None,
    on: dt.date,
) -> list[str]:
    """Return every reason why PARTNER may not take the lead, or an empty list.

    LICENCES are all of the partner's, REGION is the state of the property (`IN-MH`), ON the day
    in the lead's market.
    """
    codes: list[str] = []
    if lead_market != partner.market:
        codes.append(GateCode.MARKET_MISMATCH)
    if not is_gated(partner, lead_market):
        return codes
    if region not in INDIAN_STATES:
        return [*codes, GateCode.REGION_UNKNOWN]
    best = _best_licence(licences, region, on)
    if best is None:
        return [*codes, GateCode.AGENT_NOT_REGISTERED_IN_STATE]
    return codes + _faults(best, on)


def gate_snapshot(
    partner: Partner,
    licences: Iterable[Licence],
    *,
    lead_market: str,
    region: str | None,
    at: dt.datetime,
) -> dict[str, object]:
    """Return what the gate saw at the moment AT, as JSON to freeze on the share.

    `result` is `passed`, `failed` or, where the type needs no registration, `not_required`.
    """
    kept = list(licences)
    on = day_in(lead_market, at)
    codes = failing_codes(partner, kept, lead_market=lead_market, region=region, on=on)
    gated = is_gated(partner, lead_market)
    licence = _best_licence(kept, region, on) if gated and region else None
    return {
        "at": at.isoformat(),
        "market": lead_market,
        "region": region or None,
        "result": "failed" if codes else "passed" if gated else "not_required",
        "codes": codes,
        "licenceId": licence.pk if licence else None,
        "number": licence.number if licence else None,
        "validTo": licence.valid_to.isoformat() if licence else None,
        "checkedAt": licence.checked_at.isoformat() if licence and licence.checked_at else None,
    }


def describe(codes: Iterable[str]) -> list[str]:
    """Return a sentence for each of CODES, in the reader's language."""
    return [str(SENTENCES[code]) for code in codes]


def is_gated(partner: Partner, lead_market: str) -> bool:
    """Return whether PARTNER needs a registration to take a lead of this market."""
    return lead_market == Market.INDIA and partner.type in NEEDS_REGISTRATION


def _best_licence(licences: Iterable[Licence], region: str, on: dt.date) -> Licence | None:
    """Return the registration of REGION with the fewest faults, the one valid longest first."""
    registered = [
        licence
        for licence in licences
        if licence.kind == Licence.Kind.RERA_AGENT
        and licence.region == region
        and licence.valid_from <= on  # one that starts later registers nobody today
    ]
    registered.sort(key=lambda licence: licence.valid_to, reverse=True)
    return min(registered, key=lambda licence: len(_faults(licence, on)), default=None)


def _faults(licence: Licence, on: dt.date) -> list[str]:
    faults: list[str] = []
    if licence.valid_to < on:  # the last day named counts as valid
        faults.append(GateCode.AGENT_REG_EXPIRED)
    if licence.status != Licence.Status.VALID:
        faults.append(GateCode.AGENT_SUSPENDED)
    if licence.checked_at is None:
        faults.append(GateCode.EVIDENCE_MISSING)
    return faults
