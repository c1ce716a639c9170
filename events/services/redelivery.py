"""Sending something again, or for a trial: always through the same queue, caps and guard."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events import payloads
from events.models import Delivery, Endpoint, Event
from events.services.owned import lock_endpoint
from events.services.writing import nudge, record_event, webhook
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Conflict, DomainError, NotFound, Unprocessable
from portal.lib.scope import sight_of

RECOVERED_WITHIN = timedelta(days=14)
RECOVERED_A_SECOND = 20
TESTS_AN_HOUR = 10
MOST_ATTEMPTS = 500  # of one message, however often it is asked for
State, Trigger = Delivery.State, Delivery.Trigger


class NotReceiving(Conflict):
    """The endpoint is switched off or has not proved to be the partner's."""

    code = "endpoint_not_receiving"


class NotFinished(Conflict):
    """The message is still on its way."""

    code = "delivery_not_finished"


class DeliveryCancelled(Conflict):
    """The message may not be sent any more."""

    code = "delivery_cancelled"


class ResentTooOften(Conflict):
    """The message was tried 500 times; whoever still needs it reads the lead by the API."""

    code = "resent_too_often"


class TooLongAgo(Unprocessable):
    """Messages of more than 14 days ago are not recovered, nor those of the future."""

    code = "recover_out_of_range"


class TooManyTests(DomainError):
    """An endpoint is tested ten times an hour at most."""

    code = "too_many_tests"
    status = 429

    def __init__(self, message: str, *, wait: float) -> None:
        super().__init__(message)
        self.wait = wait  # seconds, for Retry-After


@transaction.atomic
def send_test(*, actor: Actor, endpoint_id: str) -> Delivery:
    """Send made-up data, marked as a test, in one attempt.

    :raises NotFound: if ACTOR has no such endpoint
    :raises NotReceiving: if it receives nothing at present
    :raises TooManyTests: after ten within an hour
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = _receiving(actor, endpoint_id)
    _require_rest(endpoint)
    event = record_event(
        Event.Kind.ENDPOINT_TESTED,
        actor=actor,
        partner_id=endpoint.partner_id,
        endpoint_id=endpoint.pk,
    )
    made = webhook(event, payloads.TEST, endpoint.pk, endpoint.partner_id, {})
    made.trigger = Trigger.TEST
    made.save()
    nudge()
    return made


def _require_rest(endpoint: Endpoint) -> None:
    hour, now = timedelta(hours=1), timezone.now()
    tests = endpoint.deliveries.filter(type=payloads.TEST, created_at__gt=now - hour)
    times = tests.order_by("-created_at").values_list("created_at", flat=True)
    if (tenth := times[TESTS_AN_HOUR - 1 : TESTS_AN_HOUR].first()) is not None:
        wait = (tenth + hour - now).total_seconds()
        raise TooManyTests(_("An address can be tested ten times an hour."), wait=wait)


@transaction.atomic
def resend_delivery(*, actor: Actor, delivery_id: str, endpoint_id: str | None = None) -> Delivery:
    """Send one message again under its own webhook-id, by the whole schedule anew.

    Its body is written anew: what may not be told any more is not told.

    :raises NotFound: if ACTOR has no such message, or not of this endpoint
    :raises NotReceiving: if the endpoint receives nothing at present
    :raises NotFinished: if it is still on its way
    :raises DeliveryCancelled: if it may not be sent any more
    :raises ResentTooOften: after 500 attempts
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    seen = Delivery.objects.visible_to(actor).filter(channel=Delivery.Channel.WEBHOOK)
    if endpoint_id is not None:
        seen = seen.filter(endpoint=endpoint_id)
    with sight_of(actor):
        found = seen.filter(pk=delivery_id).values_list("endpoint_id", flat=True).first()
    if found is None:
        raise NotFound(_("There is no such message."))
    _receiving(actor, str(found))
    delivery: Delivery = seen.select_for_update(of=("self",)).get(pk=delivery_id)
    if delivery.state in (State.PENDING, State.SENDING):
        raise NotFinished(_("This message is still on its way."))
    if delivery.state == State.CANCELLED or delivery.type == payloads.VERIFY:
        raise DeliveryCancelled(_("This message may not be sent any more."))
    if delivery.attempts >= MOST_ATTEMPTS:
        raise ResentTooOften(_("This message was sent too often."), limit=MOST_ATTEMPTS)
    delivery.state = State.PENDING
    delivery.trigger = Trigger.TEST if delivery.type == payloads.TEST else Trigger.RESEND
    delivery.attempts_before, delivery.finished_at = delivery.attempts, None
    delivery.next_attempt_at = timezone.now()
    delivery.save(
        update_fields=["state", "trigger", "attempts_before", "finished_at", "next_attempt_at"]
    )
    record_event(
        Event.Kind.WEBHOOK_RESENT,
        actor=actor,
        partner_id=delivery.partner_id,
        delivery_id=delivery.pk,
        endpoint_id=delivery.endpoint_id,
    )
    nudge()
    return delivery


# Spread out, the oldest first, so that a system that just came back is not flooded.
_RECOVER = """
UPDATE events_delivery d
SET state = 'pending', trigger = 'recover', attempts_before = d.attempts, finished_at = NULL,
    next_attempt_at = clock_timestamp() + f.place * interval '1 second' / %(a_second)s
FROM (
    SELECT id, row_number() OVER (ORDER BY created_at, id) - 1 AS place
    FROM events_delivery
    WHERE endpoint_id = %(endpoint)s AND state = 'failed' AND channel = 'webhook'
      AND type <> %(verify)s AND type <> %(test)s AND finished_at >= %(since)s
      AND attempts < %(most)s
) f
WHERE d.id = f.id AND d.state = 'failed'
"""


@transaction.atomic
def recover(*, actor: Actor, endpoint_id: str, since: datetime) -> int:
    """Send once more what was given up for this endpoint since SINCE; return how many.

    :param since: at most 14 days ago
    :raises NotFound: if ACTOR has no such endpoint
    :raises NotReceiving: if it receives nothing at present
    :raises TooLongAgo: if SINCE is earlier, or has not come yet
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = _receiving(actor, endpoint_id)
    now = timezone.now()
    # A minute more, so that a page that offers 14 days means it.
    if not now - RECOVERED_WITHIN - timedelta(minutes=1) <= since <= now:
        raise TooLongAgo(_("Messages of the last 14 days can be recovered."))
    key: Any = Endpoint._meta.pk
    with connection.cursor() as cursor:
        cursor.execute(
            _RECOVER,
            {
                "endpoint": key.get_prep_value(endpoint.pk),
                "verify": payloads.VERIFY,
                "test": payloads.TEST,
                "since": since,
                "a_second": RECOVERED_A_SECOND,
                "most": MOST_ATTEMPTS,
            },
        )
        number = int(cursor.rowcount)
    record_event(
        Event.Kind.WEBHOOKS_RECOVERED,
        actor=actor,
        partner_id=endpoint.partner_id,
        endpoint_id=endpoint.pk,
        number=number,
        since=since,
    )
    nudge()
    return number


def _receiving(actor: Actor, endpoint_id: str) -> Endpoint:
    endpoint = lock_endpoint(actor, endpoint_id)
    if not (endpoint.enabled and endpoint.verified):
        raise NotReceiving(_("This address receives nothing at present."))
    return endpoint
