"""The portal's own settings, with the floors beside it."""

import os

os.environ.setdefault("PORTAL_MODE", "demo")
os.environ.setdefault("SECRET_KEY", "only-for-benchmarks-" + "x" * 40)
os.environ.setdefault("FIELD_ENCRYPTION_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
os.environ.setdefault("WEBHOOK_ALLOW_LOOPBACK", "1")
os.environ.setdefault("API_RATE_LIMIT", "1000000")
os.environ.setdefault("API_RATE_BURST", "1000000")
os.environ.setdefault("LOG_LEVEL", "WARNING")

from portal.settings import *  # noqa: F403
from portal.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.floor.apps.FloorConfig"]
ROOT_URLCONF = "benchmarks.urls"
