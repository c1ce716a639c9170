"""Scheduled work on shares."""

from celery import shared_task

from leads import services


@shared_task(ignore_result=True)
def expire_shares(**_newer: object) -> None:
    """End the shares nobody answered in time."""
    services.expire_shares()
