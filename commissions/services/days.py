"""Compare the daily figures with what they count, and put them right."""

from __future__ import annotations

import logging

from django.db import connection, transaction

from portal.lib.access import THE_SYSTEM, Actor, Can, require

log = logging.getLogger(__name__)

# What the days must say, from the rows themselves. `received`, `accepted`, `closed` count on the
# day it happened; a rejection has no time of its own beside `updated_at`, which ends with it.
_FACTS = """
SELECT partner_id, day, currency,
  sum(received)::int AS received, sum(accepted)::int AS accepted, sum(rejected)::int AS rejected,
  sum(closed)::int AS closed, sum(revenue) AS revenue, sum(commission) AS commission,
  sum(response_seconds)::bigint AS response_seconds, sum(close_seconds)::bigint AS close_seconds
FROM (
  SELECT partner_id, (shared_at AT TIME ZONE 'UTC')::date AS day, currency,
    1 AS received, 0 AS accepted, 0 AS rejected, 0 AS closed, 0::numeric AS revenue,
    0::numeric AS commission, 0 AS response_seconds, 0 AS close_seconds
  FROM leads_share
  UNION ALL
  SELECT partner_id, (accepted_at AT TIME ZONE 'UTC')::date, currency, 0, 1, 0, 0, 0, 0,
    round(extract(epoch FROM accepted_at - shared_at)), 0
  FROM leads_share WHERE accepted_at IS NOT NULL
  UNION ALL
  SELECT partner_id, (updated_at AT TIME ZONE 'UTC')::date, currency, 0, 0, 1, 0, 0, 0, 0, 0
  FROM leads_share WHERE status = 'rejected'
  UNION ALL
  SELECT c.partner_id, (c.recorded_at AT TIME ZONE 'UTC')::date, c.currency, 0, 0, 0, 1,
    c.agreement_value, c.amount, 0, round(extract(epoch FROM s.closed_at - s.accepted_at))
  FROM commissions_commission c JOIN leads_share s ON s.id = c.share_id
) AS facts
GROUP BY partner_id, day, currency
"""
_COLUMNS = (
    "partner_id, day, currency, received, accepted, rejected, closed, revenue, commission, "
    "response_seconds, close_seconds"
)
_COMPARE = f"""
WITH facts AS ({_FACTS})
SELECT count(*) FROM (
  (SELECT {_COLUMNS} FROM facts EXCEPT SELECT {_COLUMNS} FROM leads_partnerday)
  UNION ALL
  (SELECT {_COLUMNS} FROM leads_partnerday EXCEPT SELECT {_COLUMNS} FROM facts)
) AS differing
"""  # noqa: S608 - constants of this module


def rebuild_partner_days(*, actor: Actor = THE_SYSTEM) -> int:
    """Write the daily figures anew if they differ from the rows they count; return how many did.

    Holds off writers of the figures while it compares, so that none is counted twice.
    """
    require(actor, Can.SEE_ANALYTICS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE leads_partnerday IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(_COMPARE)
        differing = int(cursor.fetchone()[0])
        if differing:
            log.error("%s daily figures differed from their rows and were rebuilt", differing)
            cursor.execute("DELETE FROM leads_partnerday")
            cursor.execute(f"INSERT INTO leads_partnerday ({_COLUMNS}) {_FACTS}")
    return differing
