"""How long tries and stored answers are kept. Events and deliveries stay."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Count, Max, Min
from django.utils import timezone

from events.models import Attempt, Delivery, StoredAnswer

BATCH = 5_000  # rows of one statement, so that nobody waits for the rows it locks


def prune() -> int:
    """Delete old tries and answers, and cancel what waits for a removed endpoint.

    Returns how many rows were deleted.
    """
    now = timezone.now()
    Delivery.objects.filter(
        state=Delivery.State.PENDING, endpoint__removed_at__isnull=False
    ).update(state=Delivery.State.CANCELLED, finished_at=now)
    tries = Attempt.objects.filter(started_at__lt=now - timedelta(days=settings.ATTEMPTS_KEPT_DAYS))
    answers = StoredAnswer.objects.filter(
        created_at__lt=now - timedelta(days=settings.IDEMPOTENCY_KEPT_DAYS)
    )
    return _delete(tries) + _delete(answers)


def _delete(rows: models.QuerySet[Attempt] | models.QuerySet[StoredAnswer]) -> int:
    # With the count the database goes through the old rows, by the index of their times; without
    # it, it would look for the last of them from the newest row backwards.
    ends = rows.aggregate(number=Count("*"), first=Min("pk"), last=Max("pk"))
    if not ends["number"]:
        return 0
    deleted = 0
    for start in range(ends["first"], ends["last"] + 1, BATCH):
        deleted += rows.filter(pk__gte=start, pk__lt=start + BATCH).delete()[0]
    return deleted
