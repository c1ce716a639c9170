"""What happens to the money by itself."""

from celery import shared_task

from commissions import rate_feed, services


@shared_task(ignore_result=True)
def rebuild_partner_days(**_newer: object) -> None:
    """Compare the daily figures with their rows and mend them."""
    services.rebuild_partner_days()


@shared_task(ignore_result=True)
def release_due(**_newer: object) -> None:
    """Make payable what was approved and has fallen due."""
    services.release_due()


@shared_task(ignore_result=True)
def read_rates(**_newer: object) -> None:
    """Import the exchange rates of the feed, where one is set."""
    rate_feed.read_feed()
