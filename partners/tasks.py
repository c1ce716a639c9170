"""Scheduled work on accounts."""

from celery import shared_task

from partners import sessions


@shared_task(ignore_result=True)
def forget_sessions(**_newer: object) -> None:
    """Delete what is kept of sessions that have ended."""
    sessions.forget_ended()
