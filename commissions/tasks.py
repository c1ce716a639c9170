"""The nightly look at the daily figures."""

from celery import shared_task

from commissions import services


@shared_task(ignore_result=True)
def rebuild_partner_days(**_newer: object) -> None:
    """Compare the daily figures with their rows and mend them."""
    services.rebuild_partner_days()
