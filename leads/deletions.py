"""What partners still have to delete, as partners and staff read it."""

from __future__ import annotations

from django.db.models import F, QuerySet

from leads.models import DeletionTask, Share
from portal.lib.access import THE_SYSTEM, Actor

OVERDUE, OPEN, ATTESTED = "overdue", "open", "attested"


def deletions_for(*, user: Actor, state: str = OPEN) -> QuerySet[DeletionTask]:
    """Return the deletions USER may see in STATE with share, lead and partner, unordered."""
    tasks = DeletionTask.objects.visible_to(user).select_related("share__lead", "share__partner")
    if state == OVERDUE:
        return tasks.overdue()
    return tasks.filter(attested_at__isnull=False) if state == ATTESTED else tasks.open()


def deletion_of(*, user: Actor, share: Share) -> DeletionTask | None:
    """Return what SHARE's partner has to delete, else what it said last about deleting it.

    What the client allowed again before the partner answered is no duty, and was not answered.
    """
    tasks = DeletionTask.objects.visible_to(user).filter(share=share)
    tasks = tasks.exclude(attested_by=THE_SYSTEM.actor_id)
    return tasks.order_by(F("attested_at").desc(nulls_first=True)).first()
