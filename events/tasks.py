"""Celery entries. A message only says that there may be work; the work itself is in PostgreSQL."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import (
    worker_process_shutdown,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from events import checkpoints, pruning
from events import dispatch as dispatcher
from portal.lib.access import THE_SYSTEM

QUEUE = "dispatch"  # settings.CELERY_TASK_ROUTES


@shared_task(name="events.tasks.dispatch", ignore_result=True)
def dispatch(**_newer_arguments: object) -> None:
    """Send whatever is due."""
    dispatcher.drain()


@shared_task(name="events.tasks.prune", ignore_result=True)
def prune(**_newer_arguments: object) -> None:
    """Delete what has been kept long enough."""
    pruning.prune()


@shared_task(name="events.tasks.checkpoint", ignore_result=True)
def checkpoint(**_newer_arguments: object) -> None:
    """Sign how far the audit trail has come."""
    checkpoints.take(actor=THE_SYSTEM)


@worker_ready.connect
def _attend(sender: Any, **_: object) -> None:
    """Listen to the bell, in the workers that send."""
    if QUEUE in sender.app.amqp.queues.consume_from:
        dispatcher.attend()


@worker_shutting_down.connect
def _finish(**_: object) -> None:
    dispatcher.stop_claiming()


@worker_process_shutdown.connect
@worker_shutdown.connect
def _close(**_: object) -> None:
    dispatcher.close()
