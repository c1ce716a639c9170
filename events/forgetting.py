"""What is kept of messages about somebody who is erased: that they were sent, not what was said."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from events import payloads
from portal.lib import ids

_CANCEL = """
UPDATE events_delivery d
SET state = 'cancelled', finished_at = now(), refs = d.refs - %s
FROM events_event e
WHERE e.lead_id = %s AND d.event_id = e.id AND d.channel = 'email' AND d.state = 'pending'
  AND starts_with(d.type, %s)
"""
# What a recipient's system answered may repeat what it was sent.
_EMPTY = """
UPDATE events_attempt t SET response_head = ''
FROM events_event e JOIN events_delivery d ON d.event_id = e.id
WHERE e.lead_id = %s AND t.delivery_id = d.id AND t.response_head <> ''
"""
_UNKEEP = """
DELETE FROM events_storedanswer
WHERE path ~ %(any_id)s OR body ~ %(any_id)s
"""


def forget(lead_id: str, share_ids: Iterable[str]) -> None:
    """Cancel the mails that wait for the client of a lead, and drop what was answered about it.

    Queue what the client is still to be told afterwards.

    :param share_ids: the lead's shares, by whose ids answers to partners name it
    """
    lead = ids.decode("lead", lead_id)
    any_id = "|".join([lead_id, *share_ids])  # ids hold letters, digits and underscores only
    with connection.cursor() as cursor:
        cursor.execute(_CANCEL, [payloads.SEALED_TO, lead, payloads.TO_CLIENT])
        cursor.execute(_EMPTY, [lead])
        cursor.execute(_UNKEEP, {"any_id": any_id})
