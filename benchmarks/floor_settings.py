"""The floor's settings: the same database, no middleware and no login."""

from benchmarks.settings import *  # noqa: F403
from benchmarks.settings import INSTALLED_APPS

LEFT_OUT = ("allauth", "portal.apps.")
# Only its tables: what the app registers when it is ready needs the log-in that is left out.
INSTALLED_APPS = [
    "benchmarks.floor.apps.PartnersConfig" if app == "partners" else app
    for app in INSTALLED_APPS
    if not app.startswith(LEFT_OUT)
]
MIDDLEWARE = []
ROOT_URLCONF = "benchmarks.floor.urls"
