"""How long tries and stored answers are kept. Events and deliveries stay."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
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
    deleted = 0
    while batch := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        deleted += rows.model._default_manager.filter(pk__in=batch).delete()[0]
    return deleted
