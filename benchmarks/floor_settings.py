"""The floor's settings: the same database, no middleware and no login."""

from benchmarks.settings import *  # noqa: F403
from benchmarks.settings import INSTALLED_APPS

LEFT_OUT = {"allauth", "allauth.account", "portal.apps.PortalAdminConfig"}
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in LEFT_OUT]
MIDDLEWARE = []
ROOT_URLCONF = "benchmarks.floor.urls"
