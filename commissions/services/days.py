"""Compare the daily figures with what they count, and put them right."""

from __future__ import annotations

import logging

from django.db import connection, transaction

from leads.services.counting import COUNTED
from portal.lib.access import THE_SYSTEM, Actor, Can, require

log = logging.getLogger(__name__)

# What the days must say, from the rows themselves. `received`, `accepted`, `closed` count on the
# day it happened; a rejection has no time of its own beside `updated_at`, which ends with it.
_FACTS = """
SELECT facts.partner_id, day, facts.currency, coalesce(agent.team, '') AS team,
  sum(received)::int AS received, sum(accepted)::int AS accepted, sum(rejected)::int AS rejected,
  sum(closed)::int AS closed, sum(revenue) AS revenue, sum(commission) AS commission,
  sum(response_seconds)::bigint AS response_seconds, sum(close_seconds)::bigint AS close_seconds
FROM (
  SELECT lead_id, partner_id, (shared_at AT TIME ZONE 'UTC')::date AS day, currency,
    1 AS received, 0 AS accepted, 0 AS rejected, 0 AS closed, 0::numeric AS revenue,
    0::numeric AS commission, 0 AS response_seconds, 0 AS close_seconds
  FROM leads_share
  UNION ALL
  SELECT lead_id, partner_id, (accepted_at AT TIME ZONE 'UTC')::date, currency, 0, 1, 0, 0, 0, 0,
    round(extract(epoch FROM accepted_at - shared_at)), 0
  FROM leads_share WHERE accepted_at IS NOT NULL
  UNION ALL
  SELECT lead_id, partner_id, (updated_at AT TIME ZONE 'UTC')::date, currency,
    0, 0, 1, 0, 0, 0, 0, 0
  FROM leads_share WHERE status = 'rejected'
  UNION ALL
  SELECT s.lead_id, c.partner_id, (c.recorded_at AT TIME ZONE 'UTC')::date, c.currency, 0, 0, 0, 1,
    c.agreement_value, c.amount, 0, round(extract(epoch FROM s.closed_at - s.accepted_at))
  FROM commissions_commission c JOIN leads_share s ON s.id = c.share_id
  WHERE c.status <> 'reversed'
) AS facts
JOIN leads_lead lead ON lead.id = facts.lead_id
LEFT JOIN partners_user agent ON agent.id = lead.agent_id
GROUP BY facts.partner_id, day, facts.currency, coalesce(agent.team, '')
"""
_WITHOUT_TEAM = f"SELECT partner_id, day, currency, {', '.join(f'sum({c})' for c in COUNTED)}"
_COLUMNS = f"partner_id, day, currency, team, {', '.join(COUNTED)}"
# How many rows differ, and how many would if nobody had changed the team.
_COMPARE = f"""
WITH facts AS MATERIALIZED ({_FACTS}),
facts_of_all AS ({_WITHOUT_TEAM} FROM facts GROUP BY 1, 2, 3),
days_of_all AS ({_WITHOUT_TEAM} FROM leads_partnerday GROUP BY 1, 2, 3)
SELECT (SELECT count(*) FROM (
  (SELECT {_COLUMNS} FROM facts EXCEPT SELECT {_COLUMNS} FROM leads_partnerday)
  UNION ALL
  (SELECT {_COLUMNS} FROM leads_partnerday EXCEPT SELECT {_COLUMNS} FROM facts)
) AS differing), (SELECT count(*) FROM (
  (TABLE facts_of_all EXCEPT TABLE days_of_all)
  UNION ALL
  (TABLE days_of_all EXCEPT TABLE facts_of_all)
) AS wrong)
"""  # noqa: S608 - constants of this module


def rebuild_partner_days(*, actor: Actor = THE_SYSTEM) -> int:
    """Write the daily figures anew if they differ from the rows they count; return how many did.

    Holds off writers of the figures while it compares, so that none is counted twice.
    """
    require(actor, Can.SEE_ANALYTICS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE leads_partnerday IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(_COMPARE)
        differing, wrong = map(int, cursor.fetchone())
        if wrong:
            log.error("%s daily figures differed from their rows and were rebuilt", wrong)
        if differing:
            cursor.execute("DELETE FROM leads_partnerday")
            cursor.execute(f"INSERT INTO leads_partnerday ({_COLUMNS}) {_FACTS}")
    return differing
