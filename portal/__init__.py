"""Partner portal: composition of the apps, settings and engines."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
