"""Celery entries. A message only says that there may be work; the work itself is in PostgreSQL."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="events.tasks.dispatch", ignore_result=True)
def dispatch(**_newer_arguments: object) -> None:
    """Send whatever is due."""
    from events.dispatch import drain  # noqa: PLC0415 - only the dispatch worker needs aiohttp

    drain()
