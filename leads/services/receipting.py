"""Issue the receipts that nothing else has issued: for what agents attested when sharing."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction
from django.utils import timezone

from leads import receipts
from leads.models import Receipt
from leads.services.resolving import lock_lead
from portal.lib import ids
from portal.lib.access import THE_SYSTEM, Actor, Can, require

# The notice of a share issues them first; what is older than this had no notice to send.
AFTER = dt.timedelta(minutes=10)
# The ids of decisions begin with their time, so that only the newest are looked at.
LOOKS_BACK = dt.timedelta(days=7)
BATCH = 500

_WITHOUT = """
SELECT decided.lead_id
FROM (
    SELECT DISTINCT lead_id FROM leads_consentdecision WHERE id >= %(since)s AND id < %(until)s
) decided
WHERE (SELECT count(*) FROM leads_consentdecision d WHERE d.lead_id = decided.lead_id)
    > (SELECT coalesce(sum(cardinality(r.decisions)), 0)
       FROM leads_receipt r WHERE r.lead_id = decided.lead_id)
LIMIT %(batch)s
"""


def issue_receipts(
    *, actor: Actor = THE_SYSTEM, looks_back: dt.timedelta = LOOKS_BACK
) -> list[Receipt]:
    """Issue the receipts still missing for decisions made in the time looked back on.

    Takes one lead at a time, so that none is locked for long.
    """
    require(actor, Can.SHARE_LEAD)
    now = timezone.now()
    issued = []
    for lead_id in _without(now - looks_back, now - AFTER):
        with transaction.atomic():
            receipt = receipts.issue(lock_lead(lead_id))
        if receipt is not None:
            issued.append(receipt)
    return issued


def _without(since: dt.datetime, until: dt.datetime) -> list[str]:
    """Return up to a batch of leads with more decisions than their receipts cover."""
    bounds = {"since": ids.uuid7_floor(since), "until": ids.uuid7_floor(until)}
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT, {**bounds, "batch": BATCH})
        return [ids.encode("lead", row[0]) for row in cursor.fetchall()]
