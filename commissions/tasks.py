"""What happens to the money by itself."""

from celery import shared_task

from commissions import services


@shared_task(ignore_result=True)
def rebuild_partner_days(**_newer: object) -> None:
    """Compare the daily figures with their rows and mend them."""
    services.rebuild_partner_days()


@shared_task(ignore_result=True)
def release_due(**_newer: object) -> None:
    """Make payable what was approved and has fallen due."""
    services.release_due()
