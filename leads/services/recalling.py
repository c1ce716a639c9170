"""Call back what a partner received: the duty to delete, and the messages not sent yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Delivery, Event
from leads.consent import verdicts
from leads.groups import GROUPS, Groups
from leads.models import ConsentDecision, DeletionTask, Share
from leads.recipients import CARRYING, SETTING
from portal.lib.access import THE_SYSTEM


def open_task(share: Share) -> DeletionTask | None:
    """Return the duty to delete that a locked share's partner has not answered yet."""
    return DeletionTask.objects.open().filter(share=share).first()


def denied(share: Share, decisions: Iterable[ConsentDecision]) -> Groups:
    """Return the groups the client itself says no to for this share's partner."""
    given = verdicts(decisions, partner_id=str(share.partner_id), market=share.lead.market)
    return Groups(*(not given[group].given and given[group].by_client for group in GROUPS))


def owed(share: Share, before: Groups, taken: Groups) -> Groups:
    """Return what the partner of a locked share still has to be told to delete of TAKEN.

    That is what it received and was not told to delete, or received once more since it said that
    it did.

    :param before: what it saw until now
    """
    open_ = open_task(share)
    asked = set(open_.groups) if open_ else set()
    held = share.received & taken
    return Groups(
        *(
            held[group] and (before[group] or not (group in asked or _deleted(share, group)))
            for group in GROUPS
        )
    )


def _deleted(share: Share, group: str) -> bool:
    """Return whether the partner answered for GROUP after it last received it."""
    answered = DeletionTask.objects.filter(
        share=share, groups__contains=[group], attested_at__isnull=False
    )
    newest = answered.order_by("-attested_at").first()
    return (
        newest is not None
        and not Event.objects.filter(
            share_id=share.pk,
            kind__in=SETTING,
            data__groups__contains=group,
            at__gt=newest.attested_at,
        ).exists()
    )


def ask_deletion(share: Share, groups: Groups, *, cause: str) -> DeletionTask:
    """Write down that the partner has to delete GROUPS, with what it has to delete already.

    The time for all of it starts anew, the reminders too: `DELETION_DUE_DAYS` from now.

    :param cause: one of `DeletionTask.Cause`; an erasure outlasts a withdrawal
    """
    task = open_task(share) or DeletionTask(share=share, groups=[], cause=cause)
    wanted = {*task.groups, *groups}
    task.groups = [group for group in GROUPS if group in wanted]
    if cause == DeletionTask.Cause.ERASED:
        task.cause = cause
    task.due_at = timezone.now() + timedelta(days=settings.DELETION_DUE_DAYS)
    task.reminders, task.reminded_at = 0, None
    task.save()
    return task


def keep_regiven(share: Share) -> None:
    """Take what the partner may see again off its duty to delete; the share is locked."""
    seen = share.disclosed
    if seen and (task := open_task(share)) is not None:
        take_off(task, seen)


def take_off(task: DeletionTask, seen: Groups) -> None:
    """Take the groups the partner sees off a duty to delete; of none left, close it."""
    left = [group for group in task.groups if not seen[group]]
    if left == task.groups:
        return
    if left:
        task.groups = left
    else:
        task.attested_at, task.attested_by = timezone.now(), THE_SYSTEM.actor_id
        task.outcome = DeletionTask.Outcome.RETAINED
        task.reason = _("The client allowed it again.")
    task.save()


def cancel_messages(share: Share) -> int:
    """Cancel what waits to be sent and would carry the lead; return how many messages.

    Those a worker holds are left to it: it builds them anew, and then there is nothing to build.
    """
    of_share = Event.objects.filter(share_id=share.pk).values("pk")
    waiting: QuerySet[Delivery] = Delivery.objects.filter(
        event_id__in=of_share, type__in=CARRYING, state=Delivery.State.PENDING
    )
    claimable = waiting.select_for_update(skip_locked=True).values_list("pk", flat=True)
    return Delivery.objects.filter(pk__in=list(claimable)).update(
        state=Delivery.State.CANCELLED,
        last_error="payload_cancelled",
        finished_at=timezone.now(),
    )
