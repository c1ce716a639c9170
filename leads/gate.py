"""What forbids a partner a lead whatever the client agrees to: no licence, no fitting service."""

from __future__ import annotations

from datetime import datetime

from leads.models import Lead
from partners import licensing
from partners.licensing import GateCode
from partners.models import Licence, Partner


def gate_codes(partner: Partner, lead: Lead, at: datetime) -> tuple[list[str], list[Licence]]:
    """Return every code that forbids PARTNER this lead at AT, and the licences looked at."""
    gated = licensing.is_gated(partner, lead.market)
    licences = list(partner.licences.all()) if gated else []
    codes = licensing.failing_codes(
        partner,
        licences,
        lead_market=lead.market,
        region=lead.region,
        on=licensing.day_in(lead.market, at),
    )
    return codes + service_codes(partner, lead), licences


def service_codes(partner: Partner, lead: Lead) -> list[str]:
    """Return SERVICE_NOT_OFFERED where a service provider offers nothing this client wants."""
    if partner.type != Partner.Type.SERVICE_PROVIDER:
        return []
    return [] if set(partner.services) & set(lead.services) else [GateCode.SERVICE_NOT_OFFERED]
