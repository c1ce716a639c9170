"""The suite's settings: the same, on throwaway engines, with quick hashing."""

import os

os.environ.setdefault("PORTAL_MODE", "demo")
os.environ.setdefault("SECRET_KEY", "only-for-the-suite-" + "x" * 40)
os.environ.setdefault("FIELD_ENCRYPTION_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
os.environ.setdefault("WEBHOOK_ALLOW_LOOPBACK", "1")
os.environ.setdefault("API_RATE_LIMIT", "0")
os.environ.setdefault("CAPTURE_NETWORK_PER_HOUR", "0")
os.environ.setdefault("CAPTURE_ADDRESS_PER_HOUR", "0")
os.environ.setdefault("LOG_LEVEL", "WARNING")

import dj_database_url

from portal.settings import *  # noqa: F403
from portal.settings import DATABASE_URL, DATABASES

# Only the owner may make the suite's databases.
_owner = dj_database_url.parse(os.environ.get("MIGRATION_DATABASE_URL", DATABASE_URL))
DATABASES["default"]["USER"] = _owner["USER"]
DATABASES["default"]["PASSWORD"] = _owner["PASSWORD"]

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ACCOUNT_RATE_LIMITS = False
WHITENOISE_AUTOREFRESH = True  # nothing is collected for the suite
