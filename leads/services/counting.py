"""Keep a partner's daily figures in the transaction of what they count."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from leads.models import Share
from portal.lib import ids, rows

COUNTED = (
    "received",
    "accepted",
    "rejected",
    "closed",
    "revenue",
    "commission",
    "response_seconds",
    "close_seconds",
)
_UPSERT = f"""
INSERT INTO leads_partnerday (partner_id, day, currency, team, {", ".join(COUNTED)})
VALUES (%s, (%s AT TIME ZONE 'UTC')::date, %s, coalesce((
    SELECT agent.team FROM leads_lead lead JOIN partners_user agent ON agent.id = lead.agent_id
    WHERE lead.id = %s
  ), ''), {", ".join(["%s"] * len(COUNTED))})
ON CONFLICT (partner_id, day, currency, team) DO UPDATE SET
{", ".join(f"{name} = leads_partnerday.{name} + excluded.{name}" for name in COUNTED)}
"""  # noqa: S608 - names of our own columns, no input

_TAKE_OUT = f"""
UPDATE leads_partnerday SET {", ".join(f"{name} = {name} - %s" for name in COUNTED)}
WHERE id = (
  SELECT id FROM leads_partnerday
  WHERE partner_id = %s AND day = (%s AT TIME ZONE 'UTC')::date AND currency = %s AND closed > 0
  ORDER BY team <> coalesce((
      SELECT agent.team FROM leads_lead lead JOIN partners_user agent ON agent.id = lead.agent_id
      WHERE lead.id = %s
    ), ''), id LIMIT 1
)
"""  # noqa: S608 - names of our own columns, no input


def count(share: Share, at: datetime, **increments: int | Decimal) -> None:
    """Add INCREMENTS, by the names of `COUNTED`, to the partner's figures of the day of AT."""
    values = [increments.get(name, 0) for name in COUNTED]
    partner = ids.decode("partner", str(share.partner_id))
    lead = ids.decode("lead", str(share.lead_id))
    rows.write(_UPSERT, [partner, at, share.currency, lead, *values])


def take_out(share: Share, at: datetime, **decrements: int | Decimal) -> None:
    """Take a closed deal out of the partner's figures of the day of AT.

    Out of those of the agent's team where they hold one; who changed teams since has left the deal
    with the old one, until the nightly comparison moves it.
    """
    values = [decrements.get(name, 0) for name in COUNTED]
    partner = ids.decode("partner", str(share.partner_id))
    lead = ids.decode("lead", str(share.lead_id))
    rows.write(_TAKE_OUT, [*values, partner, at, share.currency, lead])
