"""What a recipient owes after a withdrawal: to delete, and to say so in time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import queue_mail, record_event
from leads.deletions import deletion_of
from leads.errors import AlreadyAttested, MoreToDelete, ReasonRequired
from leads.models import DeletionTask
from leads.services.resolving import lock_share, resolve_share
from partners.models import Partner
from portal.lib.access import THE_SYSTEM, Actor, Can, require
from portal.lib.errors import Malformed, NotFound

# Before it is due, when it is due, and from then on at this rhythm; then it is staff's to pursue.
REMIND_BEFORE = timedelta(days=2)
REMIND_EVERY = timedelta(days=3)
MOST_REMINDERS = 6


def attest_deletion(
    *,
    actor: Actor,
    reference: str,
    outcome: str = DeletionTask.Outcome.DELETED,
    reason: str = "",
    groups: Collection[str] | None = None,
) -> DeletionTask:
    """Record that the partner deleted what it had of a lead, or must keep it and why.

    Saying the same again answers the same and records nothing.

    :param reference: the partner's `share_…`
    :param groups: what it was told to delete; left out, all there is by now
    :raises MoreToDelete: if the client took back more than GROUPS in the meantime
    :raises NotFound: if nothing of that lead was ever to be deleted
    :raises ReasonRequired: if it is kept without a reason
    :raises AlreadyAttested: if the opposite was said before
    """
    if outcome not in DeletionTask.Outcome.values:
        raise Malformed(_("Say that it is deleted or retained."))
    with transaction.atomic():
        require(actor, Can.ATTEST_DELETION)
        share = lock_share(resolve_share(actor, reference))
        if (task := deletion_of(user=actor, share=share)) is None:
            raise NotFound(_("Nothing of this lead has to be deleted."))
        if task.attested_at is not None:
            return _same_again(task, outcome)
        _check_groups(task, groups)
        if outcome == DeletionTask.Outcome.RETAINED and not reason.strip():
            raise ReasonRequired(_("Say why it is kept: which law or which contract demands it."))
        task.outcome, task.reason = outcome, reason.strip()[:500]
        task.attested_at, task.attested_by = timezone.now(), actor.actor_id
        task.save(update_fields=["outcome", "reason", "attested_at", "attested_by"])
        record_event(
            Event.Kind.DELETION_ATTESTED,
            actor=actor,
            partner_id=str(share.partner_id),
            lead_id=str(share.lead_id),
            share_id=str(share.pk),
            outcome=outcome,
        )
    return task


def _check_groups(task: DeletionTask, groups: Collection[str] | None) -> None:
    """Let nobody confirm what it has not been told of yet; the client reads it as true."""
    if groups is not None and (more := [group for group in task.groups if group not in groups]):
        raise MoreToDelete(
            _("The client took back more in the meantime. Look at what to delete once more."),
            groups=more,
        )


def _same_again(task: DeletionTask, outcome: str) -> DeletionTask:
    if task.outcome != outcome:
        raise AlreadyAttested(
            _("You have answered this already: %(outcome)s.")
            % {"outcome": task.get_outcome_display().lower()},
            outcome=task.outcome,
        )
    return task


def remind_deletions(*, actor: Actor = THE_SYSTEM, limit: int = 500) -> int:
    """Write to the partners whose open deletions ask for a reminder now; return to how many.

    Two runs at a time remind once: who updates the row writes the mail.
    """
    require(actor, Can.ATTEST_DELETION)
    now = timezone.now()
    # Suspended partners get nothing; whom nobody can write to stays on the staff's list.
    wanted = (
        DeletionTask.objects.visible_to(actor)
        .open()
        .filter(_asks_for_a_reminder(now), reminders__lt=MOST_REMINDERS)
        .exclude(share__partner__status=Partner.Status.SUSPENDED)
        .exclude(share__partner__contact_email="")
        .select_related("share")
    )
    return sum(_remind(actor, task, now) for task in wanted.order_by("due_at", "pk")[:limit])


def _asks_for_a_reminder(now: datetime) -> Q:
    never = Q(reminded_at__isnull=True, due_at__lte=now + REMIND_BEFORE)
    only_before = Q(reminded_at__lt=F("due_at"), due_at__lte=now)
    again = Q(reminded_at__gte=F("due_at"), reminded_at__lte=now - REMIND_EVERY)
    return never | only_before | again


def _remind(actor: Actor, task: DeletionTask, now: datetime) -> bool:
    with transaction.atomic():
        unchanged = DeletionTask.objects.open().filter(pk=task.pk, reminders=task.reminders)
        if not unchanged.update(reminders=F("reminders") + 1, reminded_at=now):
            return False
        event = record_event(
            Event.Kind.DELETION_REMINDED,
            actor=actor,
            partner_id=str(task.share.partner_id),
            lead_id=str(task.share.lead_id),
            share_id=str(task.share_id),
            number=task.reminders + 1,
        )
        queue_mail(event, "deletion_reminder", refs={"deletion": str(task.pk)})
    return True
