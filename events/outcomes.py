"""What an answer means: sent, once more later, given up; and what follows from it."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import logging
import math
import random
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter

from django.conf import settings
from django.db import transaction

from events import breaker, notices, payloads, queue, services
from events.breaker import Streak
from events.http import Answer
from events.models import Delivery, Endpoint, Event
from events.queue import Result
from portal.lib.access import THE_SYSTEM

log = logging.getLogger(__name__)

LONGEST_WISH = 3600.0  # seconds: how far a Retry-After may stretch a short delay


def put_off(delivery: Delivery, error: str, retry_after: str = "") -> Result:
    """Return DELIVERY for another attempt, or given up after its last; a test has but one."""
    schedule = settings.WEBHOOK_RETRY_SCHEDULE
    made = delivery.attempts - delivery.attempts_before
    if made > len(schedule) or delivery.trigger == Delivery.Trigger.TEST:
        return given_up(delivery, error)
    delay = _jittered(schedule[made - 1])
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
    _tell_of_failures(results)
    with transaction.atomic():
        counted = queue.record(results)
        following = [r for r in counted if r.state == Delivery.State.FAILED or r.echo]
        _lock_endpoints(counted, following)
        streaks = breaker.note(counted)
        # Each event holds its stream until the commit: all workers take them in the same order.
        steps: list[tuple[str, Callable[[], None]]] = [
            *((r.delivery.partner_id or "", partial(_follow, r)) for r in following),
            *((s.partner_id, partial(_warn, s)) for s in streaks if s.is_half),
        ]
        for _partner, step in sorted(steps, key=itemgetter(0)):
            step()


def _tell_of_failures(results: Sequence[Result]) -> None:
    for result in results:
        if result.error and result.attempted:
            told = named(result.delivery) | {
                "error": result.error,
                "status": result.status,
                "ms": result.milliseconds,
                "attempt": result.delivery.attempts,
            }
            log.info("an attempt failed", extra=told)


def named(delivery: Delivery) -> dict[str, object]:
    """Return what a log line says of DELIVERY."""
    return {
        "delivery_id": delivery.pk,
        "webhook_id": delivery.webhook_id,
        "endpoint_id": delivery.endpoint_id,
    }


def _lock_endpoints(counted: Sequence[Result], following: Sequence[Result]) -> None:
    """Lock them in one order where any will change, as services do, before any event is written."""
    if any(r.echo or _says_gone(r) for r in following):
        wanted = {r.delivery.endpoint_id for r in counted} - {None}
        list(Endpoint.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))


def _follow(result: Result) -> None:
    delivery = result.delivery
    if result.echo and delivery.endpoint_id:
        if services.confirm_endpoint(
            actor=THE_SYSTEM, endpoint_id=delivery.endpoint_id, echoed=result.echo
        ):
            breaker.forget(delivery.endpoint_id)
    elif _says_gone(result) and delivery.endpoint_id:
        _switch_off(delivery.endpoint_id, Endpoint.DisabledReason.GONE)
    elif delivery.trigger != Delivery.Trigger.TEST:
        event = services.record_event(
            Event.Kind.WEBHOOK_EXHAUSTED,
            actor=THE_SYSTEM,
            partner_id=delivery.partner_id,
            ok=False,
            delivery_id=delivery.pk,
            type=delivery.type,
            error=result.error,
        )
        if breaker.says_how_it_does(result):
            notices.tell_exhausted(event, str(delivery.endpoint_id))


def _warn(streak: Streak) -> None:
    if streak.is_over:
        _switch_off(streak.endpoint_id, Endpoint.DisabledReason.FAILING)
    elif not streak.told:
        event = services.record_event(
            Event.Kind.ENDPOINT_FAILING,
            actor=THE_SYSTEM,
            partner_id=streak.partner_id,
            ok=False,
            endpoint_id=streak.endpoint_id,
            hours=int(streak.lasts.total_seconds() // 3600),
        )
        notices.tell_failing(event, streak.endpoint_id)


def _switch_off(endpoint_id: str, reason: str) -> None:
    event = services.disable_endpoint(actor=THE_SYSTEM, endpoint_id=endpoint_id, reason=reason)
    if event is not None:
        notices.tell_disabled(event, endpoint_id)
        breaker.forget(endpoint_id)


def _says_gone(result: Result) -> bool:
    """Return whether the endpoint wants no more; what is proven anew has to be there first."""
    return result.status == 410 and result.delivery.type != payloads.VERIFY


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
