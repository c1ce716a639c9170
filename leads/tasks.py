"""Scheduled work on shares."""

from celery import shared_task

from leads import services


@shared_task(ignore_result=True)
def expire_shares(**_newer: object) -> None:
    """End the shares nobody answered in time."""
    services.expire_shares()


@shared_task(ignore_result=True)
def remind_deletions(**_newer: object) -> None:
    """Write to the partners who owe a deletion."""
    services.remind_deletions()


@shared_task(ignore_result=True)
def apply_retention(**_newer: object) -> None:
    """Erase the clients whose details may not be kept any longer, and forget old links."""
    services.apply_retention()
    services.prune_links()


@shared_task(ignore_result=True)
def issue_receipts(**_newer: object) -> None:
    """Issue the receipts for what agents attested and no mail has told yet."""
    services.issue_receipts()
