"""What an answer means: sent, once more later, given up; and what follows from it."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import logging
import math
import random
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from events import payloads, queue, services
from events.http import Answer
from events.models import Delivery, Endpoint, Event
from events.queue import Result
from portal.lib.access import THE_SYSTEM

log = logging.getLogger(__name__)

LONGEST_WISH = 3600.0  # seconds: how far a Retry-After may stretch a short delay
QUICK_MS = 1000
# Failures that cost the recipient's lane its width: nobody there, or nobody answering.
SILENT = frozenset(
    {
        "timeout",
        "dns_error",
        "tls_error",
        "connection_refused",
        "connection_reset",
        "connection_failed",
        "network_unreachable",
        "egress_blocked",
    }
)


def put_off(delivery: Delivery, error: str, retry_after: str = "") -> Result:
    """Return DELIVERY for another attempt, or given up after its last."""
    schedule = settings.WEBHOOK_RETRY_SCHEDULE
    if delivery.attempts > len(schedule):
        return given_up(delivery, error)
    delay = _jittered(schedule[delivery.attempts - 1])
    if (wished := _seconds(retry_after)) is not None:
        delay = min(max(wished, delay), max(2 * delay, LONGEST_WISH))
    return Result(delivery=delivery, state=Delivery.State.PENDING, delay=delay, error=error)


def given_up(delivery: Delivery, error: str) -> Result:
    """Return DELIVERY as one that is not tried again."""
    return Result(delivery=delivery, state=Delivery.State.FAILED, error=error)


def given_back(delivery: Delivery) -> Result:
    """Return DELIVERY as if it had never been claimed."""
    return Result(
        delivery=delivery,
        state=Delivery.State.PENDING,
        error=delivery.last_error,
        attempted=False,
    )


def judged(delivery: Delivery, answer: Answer) -> Result:
    """Return what ANSWER makes of DELIVERY."""
    echo = ""
    error = answer.error
    if delivery.type == payloads.VERIFY and not error:
        echo = _echoed(answer.head)
        error = "" if echo else "challenge_not_echoed"
    if not error:
        result = Result(delivery=delivery, state=Delivery.State.SENT, echo=echo)
    elif answer.status == 410:
        result = given_up(delivery, error)
    else:
        result = put_off(delivery, error, answer.retry_after)
    result.status, result.milliseconds, result.head = (
        answer.status,
        answer.milliseconds,
        answer.head,
    )
    return result


def settle(results: Sequence[Result]) -> None:
    """Write RESULTS and what follows from them, in one transaction."""
    with transaction.atomic():
        counted = queue.record(results)
        following = [r for r in counted if r.state == Delivery.State.FAILED or r.echo]
        _lock_endpoints(following)
        # Each event holds its stream until the commit: all workers take them in the same order.
        for result in sorted(following, key=lambda r: r.delivery.partner_id or ""):
            _follow(result)
    if lanes := _lanes(results):
        queue.set_lanes(lanes)


def _lock_endpoints(results: Sequence[Result]) -> None:
    """Lock the endpoints that change before any event is written, as services do."""
    changing = {r.delivery.endpoint_id for r in results if r.echo or _says_gone(r)}
    if changing - {None}:
        list(Endpoint.objects.select_for_update().filter(pk__in=changing).order_by("pk"))


def _follow(result: Result) -> None:
    delivery = result.delivery
    if result.echo and delivery.endpoint_id:
        services.confirm_endpoint(
            actor=THE_SYSTEM, endpoint_id=delivery.endpoint_id, echoed=result.echo
        )
    elif _says_gone(result) and delivery.endpoint_id:
        services.disable_endpoint(
            actor=THE_SYSTEM,
            endpoint_id=delivery.endpoint_id,
            reason=Endpoint.DisabledReason.GONE,
        )
    else:
        services.record_event(
            Event.Kind.WEBHOOK_EXHAUSTED,
            actor=THE_SYSTEM,
            partner_id=delivery.partner_id,
            ok=False,
            delivery_id=delivery.pk,
            type=delivery.type,
            error=result.error,
        )


def _says_gone(result: Result) -> bool:
    """Return whether the endpoint wants no more; what is proven anew has to be there first."""
    return result.status == 410 and result.delivery.type != payloads.VERIFY


def _lanes(results: Sequence[Result]) -> dict[str, int]:
    """Return the endpoints whose lane changes: one when silent, all of it when quick."""
    lanes: dict[str, int] = {}
    for result in results:
        endpoint = result.delivery.endpoint_id
        if endpoint is None or not result.attempted:
            continue
        if result.error in SILENT:
            lanes[endpoint] = 1
        elif result.status and result.milliseconds < QUICK_MS:
            lanes.setdefault(endpoint, queue.LANE_MAX)
    return lanes


def _echoed(head: bytes) -> str:
    try:
        answer = json.loads(head)
    except (ValueError, RecursionError):
        return ""
    echoed = answer.get("challenge") if isinstance(answer, dict) else None
    return echoed if isinstance(echoed, str) else ""


def _jittered(delay: float) -> float:
    spread = settings.WEBHOOK_RETRY_JITTER
    return float(delay * random.uniform(1 - spread, 1 + spread))  # noqa: S311 - not a secret


def _seconds(retry_after: str) -> float | None:
    """Read a Retry-After header, a number of seconds or an HTTP date; None if it is neither."""
    text = retry_after.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) < 12:
        return float(math.ceil(float(text)))
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=dt.UTC)
    return (until - dt.datetime.now(dt.UTC)).total_seconds()
