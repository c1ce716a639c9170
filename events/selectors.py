"""Reading what happened and what waits."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

from django.db import connection
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from events import payloads, queue
from events.models import Attempt, Delivery, Endpoint, Event
from portal.lib.access import Actor, Can, is_staff, require
from portal.lib.errors import NotFound

Kind = Event.Kind
TRIES = 10  # of a message, shown in a list
_LATEST: str = "latest_tries"  # as `Delivery` declares it
# What a partner sees of the story of its own share: what it did itself and what it was told.
PARTNER_KINDS = (
    Kind.LEAD_SHARED,
    Kind.SHARE_PREFS_UPDATED,
    Kind.SHARE_ACCEPTED,
    Kind.SHARE_IN_PROGRESS,
    Kind.SHARE_REJECTED,
    Kind.SHARE_WITHDRAWN,
    Kind.SHARE_EXPIRED,
    Kind.SHARE_REVOKED,
    Kind.CONTACT_SEEN,  # of its own people and systems; looks of the company's name no partner
    Kind.SHARE_CLOSED,
    Kind.APPOINTMENT_SHARED_WITH_PARTNER,
    Kind.APPOINTMENT_UPDATED,
    Kind.DELETION_ASKED,
    Kind.DELETION_REMINDED,
    Kind.DELETION_ATTESTED,
    Kind.MORE_ASKED,
    Kind.MORE_FORWARDED,
    Kind.MORE_ANSWERED,
    Kind.PARTNER_COMMISSION_RECORDED,
    Kind.PARTNER_COMMISSION_FAILED,
    Kind.CLOSING_CONFIRMED,
    Kind.COMMISSION_APPROVED,
    Kind.COMMISSION_CORRECTED,
    Kind.COMMISSION_REVERSED,
    Kind.COMMISSION_DUE,
    Kind.COMMISSION_PAID,
    Kind.MILESTONE_MET,
    Kind.EVIDENCE_ADDED,
    Kind.DISPUTE_OPENED,
    Kind.DISPUTE_ANSWERED,
    Kind.DISPUTE_DECIDED,
    Kind.DISPUTE_WITHDRAWN,
)


def timeline_for(
    *,
    user: Actor,
    lead_id: str | None = None,
    share_id: str | None = None,
    partner_id: str | None = None,
) -> QuerySet[Event]:
    """Return what happened to a lead, a share or a partner, newest first, as USER may know it.

    Staff see everything. A partner sees its own share's story: nothing of other partners, nothing
    of what the company considered and refused.
    """
    events = Event.objects.visible_to(user)
    if not is_staff(user):
        events = events.filter(kind__in=PARTNER_KINDS)
    wanted = {"lead_id": lead_id, "share_id": share_id, "partner_id": partner_id}
    given = {name: value for name, value in wanted.items() if value is not None}
    return events.filter(**given).order_by("-at", "-id")


def endpoints_for(*, user: Actor, partner_id: str | None = None) -> QuerySet[Endpoint]:
    """Return the endpoints USER may manage that were not removed, oldest first.

    :raises NotAllowed: if USER manages none
    """
    require(user, Can.MANAGE_ENDPOINTS)
    endpoints = Endpoint.objects.visible_to(user).kept()
    if partner_id is not None:
        endpoints = endpoints.filter(partner_id=partner_id)
    return endpoints.order_by("created_at", "id")


def endpoint_for(*, user: Actor, endpoint_id: str) -> Endpoint:
    """Return one endpoint USER may manage.

    :raises NotAllowed: if USER manages none
    :raises NotFound: if there is none of this id, or it was removed
    """
    found = endpoints_for(user=user).filter(pk=endpoint_id).first()
    if found is None:
        raise NotFound(_("There is no such endpoint."))
    return found


def deliveries_for(*, user: Actor) -> QuerySet[Delivery]:
    """Return the webhooks USER may see, newest first."""
    webhooks = Delivery.objects.visible_to(user).filter(channel=Delivery.Channel.WEBHOOK)
    return webhooks.select_related("endpoint").order_by("-id")


def deliveries_of(
    *, user: Actor, endpoint_id: str, state: str = "", type: str = ""
) -> QuerySet[Delivery]:
    """Return what was sent to one endpoint, each with its latest tries, the newest first.

    :param state: only those that stand so (:class:`Delivery.State`)
    :raises NotAllowed: if USER manages no endpoints
    :raises NotFound: if there is no such endpoint
    """
    endpoint = endpoint_for(user=user, endpoint_id=endpoint_id)
    latest = Prefetch("tries", Attempt.objects.order_by("-id")[:TRIES], to_attr=_LATEST)
    found = deliveries_for(user=user).filter(endpoint=endpoint).prefetch_related(latest)
    wanted = {"state": state, "type": type}
    return found.filter(**{name: value for name, value in wanted.items() if value})


def delivery_of(*, user: Actor, endpoint_id: str, delivery_id: str) -> Delivery:
    """Return one message to an endpoint with its latest tries, the newest first.

    :raises NotAllowed: if USER manages no endpoints
    :raises NotFound: if there is no such endpoint, or no such message to it
    """
    found = deliveries_of(user=user, endpoint_id=endpoint_id).filter(pk=delivery_id).first()
    if found is None:
        raise NotFound(_("There is no such message."))
    return found


def tries_of(delivery: Delivery) -> QuerySet[Attempt]:
    """Return each try of DELIVERY in its order."""
    return delivery.tries.order_by("number", "id")


def event_lines(
    *,
    user: Actor,
    kinds: list[str] | None = None,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
) -> Iterator[str]:
    """Yield every event as a line of JSON, oldest first, read through a cursor on the server.

    :raises NotAllowed: if USER may not see analytics
    """
    require(user, Can.SEE_ANALYTICS)
    events = Event.objects.visible_to(user).order_by("at", "id")
    if kinds:
        events = events.filter(kind__in=kinds)
    if since:
        events = events.filter(at__gte=since)
    if until:
        events = events.filter(at__lt=until)
    return (event_line(event) for event in events.iterator(chunk_size=2000))


def event_line(event: Event) -> str:
    """Return EVENT as a line of JSON: the requirement's five fields first, extras after."""
    line = {
        "event": event.kind,
        "leadId": event.lead_id,
        "partnerId": event.partner_id,
        "ok": event.ok,
        "timestamp": event.at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "id": event.pk,
        "shareId": event.share_id,
        "actor": event.actor,
        "requestId": event.request_id,
    }
    extras = {_camel(key): value for key, value in event.data.items()}
    return json.dumps(line | {key: extras[key] for key in extras if key not in line}) + "\n"


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


# Each part is the first entry of an index, so that a backlog costs no more than an empty queue.
# A lease that ran out is due too: its worker did not come back, and nobody took it over yet.
_OLDEST_DUE = """
SELECT extract(epoch FROM now() - min(due.at)) FROM (
    (SELECT next_attempt_at AS at FROM events_delivery
     WHERE endpoint_id IS NULL AND state = 'pending' ORDER BY next_attempt_at LIMIT 1)
    UNION ALL
    SELECT first.next_attempt_at
    FROM events_endpoint e JOIN {partners} p ON p.id = e.partner_id
    CROSS JOIN LATERAL (
        SELECT d.next_attempt_at FROM events_delivery d
        WHERE d.endpoint_id = e.id AND d.state = 'pending' ORDER BY d.next_attempt_at LIMIT 1
    ) first
    WHERE e.enabled AND e.verified_at IS NOT NULL AND e.removed_at IS NULL
      AND coalesce(e.open_until <= now(), true) AND p.status <> 'suspended'
    UNION ALL
    SELECT d.next_attempt_at
    FROM events_delivery d
    JOIN events_endpoint e ON e.id = d.endpoint_id JOIN {partners} p ON p.id = e.partner_id
    WHERE d.state = 'pending' AND d.type = %s AND (e.enabled OR e.disabled_reason = '')
      AND e.removed_at IS NULL AND p.status <> 'suspended'
    UNION ALL
    SELECT lease_until FROM events_delivery WHERE state = 'sending'
) due WHERE due.at <= now()
"""


def oldest_due_seconds() -> float:
    """Return for how long the oldest message that may be sent has been due; 0 if none is."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_DUE.format(partners=queue.partner_table()), [payloads.VERIFY])
        seconds = cursor.fetchone()[0]
    return max(0.0, float(seconds or 0))
