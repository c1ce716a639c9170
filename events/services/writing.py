"""The only writers of events and deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from events import doorbell, payloads
from events.models import Delivery, Event
from portal.lib import ids, rows
from portal.lib.access import Actor
from portal.lib.errors import DomainError
from portal.lib.request_id import request_id_var


def record_event(
    kind: str,
    *,
    actor: Actor,
    partner_id: str | None = None,
    lead_id: str | None = None,
    share_id: str | None = None,
    ok: bool = True,
    **data: object,
) -> Event:
    """Write down that KIND happened. DATA holds ids, codes and figures, never a personal value."""
    event = Event(
        kind=kind,
        actor=actor.actor_id,
        partner_id=partner_id,
        lead_id=lead_id,
        share_id=share_id,
        ok=ok,
        data=data,
        request_id=request_id_var.get()[:64],
    )
    rows.insert([event])
    return event


@contextmanager
def refusals_recorded(
    kind: str,
    *,
    actor: Actor,
    partner_id: object = None,
    lead_id: object = None,
    share_id: object = None,
) -> Iterator[None]:
    """Write an event that is not ok when the service inside refuses, then let the refusal pass.

    Stands outside the service's transaction, so that the event outlives its rollback. The ids are
    as the caller sent them; one that cannot be an id is left out.
    """
    try:
        yield
    except DomainError as refusal:
        if refusal.status != 400:  # what is malformed was never a call, and changes no table
            record_event(
                kind,
                actor=actor,
                partner_id=_id_or_none("partner", partner_id),
                lead_id=_id_or_none("lead", lead_id),
                share_id=_id_or_none("share", share_id),
                ok=False,
                code=refusal.code,
            )
        raise


def _id_or_none(prefix: str, given: object) -> str | None:
    try:
        return ids.encode(prefix, ids.decode(prefix, str(given)))
    except ValueError:
        return None


# The partner's proven endpoints in one statement made once: every share asks it.
_PROVEN = """
SELECT id, enabled FROM events_endpoint
WHERE partner_id = %s AND removed_at IS NULL AND verified_at IS NOT NULL
  AND (event_types = '{}' OR %s = ANY(event_types)) AND id = coalesce(%s, id)
"""
# What would have gone to an endpoint that is switched off is kept as given up, to be recovered.
OFF = "endpoint_disabled"


def queue_webhooks(
    event: Event,
    type: str,
    *,
    partner_id: str,
    refs: Mapping[str, Any],
    endpoint_id: str | None = None,
    mails: Sequence[str] = (),
) -> int:
    """Queue a message of TYPE about EVENT to the partner's endpoints; return to how many.

    :param refs: ids from which the body is built at each attempt, never personal values
    :param endpoint_id: only to this endpoint, if it still receives
    :param mails: the templates of mails about the same to queue with them
    """
    only = ids.decode("endpoint", endpoint_id) if endpoint_id else None
    with connection.cursor() as cursor:
        cursor.execute(_PROVEN, [ids.decode("partner", partner_id), type, only])
        proven = [(ids.encode("endpoint", pk), enabled) for pk, enabled in cursor.fetchall()]
    queued = [_for(event, type, pk, partner_id, refs, enabled) for pk, enabled in proven]
    queued += [_mail(event, template, refs) for template in mails]
    if queued:
        rows.insert(queued)
        nudge()
    return sum(enabled for _pk, enabled in proven)


def _for(
    event: Event,
    type_: str,
    endpoint_id: str,
    partner_id: str,
    refs: Mapping[str, Any],
    enabled: bool,
) -> Delivery:
    made = webhook(event, type_, endpoint_id, partner_id, refs)
    if not enabled:
        made.state, made.last_error = Delivery.State.FAILED, OFF
        made.finished_at = timezone.now()
    return made


def webhook(
    event: Event, type_: str, endpoint_id: str, partner_id: str, refs: Mapping[str, Any]
) -> Delivery:
    """Return a message to the endpoint that is due now, not yet saved."""
    return Delivery(
        channel=Delivery.Channel.WEBHOOK,
        endpoint_id=endpoint_id,
        partner_id=partner_id,
        type=type_,
        event_id=event.pk,
        event_at=event.at,
        refs=dict(refs),
    )


def _mail(event: Event, template: str, refs: Mapping[str, Any]) -> Delivery:
    to_client = template.startswith(payloads.TO_CLIENT)  # no partner sees that it was written
    return Delivery(
        channel=Delivery.Channel.EMAIL,
        partner_id=None if to_client else event.partner_id,
        type=template,
        event_id=event.pk,
        event_at=event.at,
        refs=dict(refs),
    )


def queue_mail(event: Event, template: str, *, refs: Mapping[str, Any]) -> Delivery:
    """Queue a mail of TEMPLATE about EVENT; address and text are made from REFS when it leaves."""
    delivery = _mail(event, template, refs)
    rows.insert([delivery])
    nudge()
    return delivery


def nudge() -> None:
    """Wake the dispatcher once the transaction is committed. The sweep is the guarantee."""
    transaction.on_commit(doorbell.ring, robust=True)
