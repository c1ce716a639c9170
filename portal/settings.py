"""Settings, all from the environment (`.env.example` names each)."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal.lib import env

BASE_DIR = Path(__file__).resolve().parent.parent

# --- how it runs -------------------------------------------------------------------------------
MODE = env.text("PORTAL_MODE", "production")
if MODE not in ("production", "demo"):
    raise ImproperlyConfigured("PORTAL_MODE must be production or demo.")
DEMO = MODE == "demo"
DEBUG = False  # an error page with our settings on it is never what anybody needs
SECRET_KEY = env.text("SECRET_KEY")
# Fernet key for secrets that must be read again: endpoint secrets.
FIELD_ENCRYPTION_KEYS = env.words("FIELD_ENCRYPTION_KEY")
# Seeds of Ed25519 keys in URL-safe base64: the first signs receipts, all are published. Like the
# key of the suppression list, derived from the oldest field key where it is not set.
RECEIPT_SIGNING_KEYS = env.words("RECEIPT_SIGNING_KEY")
SUPPRESSION_KEY = env.text("SUPPRESSION_KEY", "")
DATA_DIR = Path(env.text("PORTAL_DATA_DIR", str(BASE_DIR / "var")))
PORTAL_ORIGIN = env.text("PORTAL_ORIGIN", "http://127.0.0.1:8000" if DEMO else None)
PORTAL_NAME = env.text("PORTAL_NAME", "Partner portal")
_origin = urlsplit(PORTAL_ORIGIN)
SECURE_ORIGIN = _origin.scheme == "https"
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", f"{_origin.hostname},localhost,127.0.0.1" if DEMO else f"{_origin.hostname}"
)
CSRF_TRUSTED_ORIGINS = [PORTAL_ORIGIN]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "portal.apps.PortalAdminConfig",
    "csp",
    "django_htmx",
    "template_partials",
    "lucide",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "portal.apps.PortalConfig",
    "events",
    "partners",
    "leads",
    "commissions",
]

MIDDLEWARE = [
    # First those that put headers on every answer, also on refusals and static files.
    "portal.middleware.RequestIdMiddleware",
    "portal.middleware.RequestLogMiddleware",
    "portal.middleware.EdgeHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "portal.middleware.RequestLimitsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.RedisDownMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "partners.session_store.SessionEndMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.LoginRequiredMiddleware",
    "portal.viewing.ViewingMiddleware",
    "portal.middleware.ReaderTimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "partners.second_factor.SecondFactorMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["portal.templatetags.portal_ui"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.portal",
            ],
        },
    }
]

# --- engines -----------------------------------------------------------------------------------
# Migrations run as the owner of the tables; everything else as a role that is neither owner nor
# superuser.
_migrating = sys.argv[1:2] in (["migrate"], ["sqlmigrate"])
DATABASE_URL = env.text("DATABASE_URL", "postgresql:///portal")
DATABASES = {
    "default": dj_database_url.parse(
        env.text("MIGRATION_DATABASE_URL", DATABASE_URL) if _migrating else DATABASE_URL,
        conn_max_age=None,
        conn_health_checks=True,
    )
}
DATABASES["default"].setdefault("OPTIONS", {})["application_name"] = "portal"
APP_DATABASE_USER = urlsplit(DATABASE_URL).username or ""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
_redis_timeouts = {"socket_connect_timeout": 0.5, "socket_timeout": 2}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
        "OPTIONS": _redis_timeouts,
    }
}
SESSION_ENGINE = "partners.session_store"

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_PUBLISH_RETRY = False  # a doorbell that does not ring is answered by the sweep
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 5,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {"events.tasks.dispatch": {"queue": "dispatch"}}
CELERY_BEAT_SCHEDULE = {
    "dispatch-what-is-due": {
        "task": "events.tasks.dispatch",
        "schedule": 5.0,
        "options": {"expires": 10},
    },
    "expire-unanswered-shares": {
        "task": "leads.tasks.expire_shares",
        "schedule": 3600.0,
        "options": {"expires": 1800},
    },
    "remind-of-deletions": {
        "task": "leads.tasks.remind_deletions",
        "schedule": 3600.0,
        "options": {"expires": 1800},
    },
    "issue-missing-receipts": {
        "task": "leads.tasks.issue_receipts",
        "schedule": 300.0,
        "options": {"expires": 1800},
    },
    "take-audit-checkpoint": {
        "task": "events.tasks.checkpoint",
        "schedule": 3600.0,
        "options": {"expires": 1800},
    },
    "compare-partner-days": {
        "task": "commissions.tasks.rebuild_partner_days",
        "schedule": 86400.0,
        "options": {"expires": 3600},
    },
    "release-due-commissions": {
        "task": "commissions.tasks.release_due",
        "schedule": 3600.0,
        "options": {"expires": 1800},
    },
    "read-exchange-rates": {
        "task": "commissions.tasks.read_rates",
        "schedule": crontab(hour="16", minute="30"),  # UTC; published about 16:00 in Frankfurt
        "options": {"expires": 3600},
    },
    "apply-retention": {
        "task": "leads.tasks.apply_retention",
        "schedule": 86400.0,
        "options": {"expires": 3600},
    },
    "forget-sessions": {
        "task": "partners.tasks.forget_sessions",
        "schedule": 86400.0,
        "options": {"expires": 3600},
    },
    "prune-events": {
        "task": "events.tasks.prune",
        "schedule": 86400.0,
        "options": {"expires": 3600},
    },
}

# --- people ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "partners.User"
AUTHENTICATION_BACKENDS = ["partners.backends.PortalBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},  # NIST SP 800-63B asks 8 with, 15 without a second factor
    }
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "partners.adapter.PortalAccountAdapter"
ACCOUNT_FORMS = {
    "login": "partners.account_forms.LoginForm",
    "reset_password": "partners.account_forms.ResetPasswordForm",
    "change_password": "partners.account_forms.ChangePasswordForm",
    "reset_password_from_key": "partners.account_forms.ResetPasswordKeyForm",
    "reauthenticate": "partners.account_forms.ReauthenticateForm",
    "request_login_code": "partners.account_forms.RequestLoginCodeForm",
    "confirm_login_code": "partners.account_forms.ConfirmLoginCodeForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by an admin, never by signing up
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 300
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 3
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody learns by our mail that an address is asked about
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # this session stays; the others end with the old hash
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600  # seconds; long enough to fill in a form about an account
# By network alone: a limit by address would let a stranger lock its owner out. Wrong passwords for
# one address from one network are counted by partners.sign_in_limits.
ACCOUNT_RATE_LIMITS: Any = {
    "login": "60/m/ip",
    "login_failed": "30/m/ip",
    "reset_password": "20/m/ip",
    "reset_password_from_key": "20/m/ip",
    "request_login_code": "20/m/ip",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
}
MFA_ADAPTER = "partners.second_factor.PortalMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = PORTAL_NAME
MFA_TOTP_TOLERANCE = 0
MFA_FORMS = {
    "authenticate": "partners.second_factor.AuthenticateForm",
    "reauthenticate": "partners.second_factor.ReauthenticateForm",
    "activate_totp": "partners.second_factor.ActivateTOTPForm",
    "add_webauthn": "partners.passkey_forms.AddForm",
    "edit_webauthn": "partners.passkey_forms.RenameForm",
}
# Passkeys want https; browsers make an exception for this machine, where the demo runs.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO
USERSESSIONS_ADAPTER = "partners.adapter.PortalUserSessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = False  # a row written with every page would cost more than it tells
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0)
# Seconds without use, and since signing in: OWASP ASVS 5.0, 7.3.1 and 7.3.2, ask for both and leave
# the figures to us. They are those of pretix; NIST SP 800-63B-4 asks for a day at most at its
# level 2.
SESSION_COOKIE_AGE = 3 * 3600
SESSION_ABSOLUTE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True  # the cookie's own end would not move on; the row's does

# --- the edge ----------------------------------------------------------------------------------
SESSION_COOKIE_NAME = "__Host-session" if SECURE_ORIGIN else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_ORIGIN else "csrf"
LANGUAGE_COOKIE_NAME = "__Host-language" if SECURE_ORIGIN else "language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_ORIGIN
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SECURE_ORIGIN
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.number("TRUSTED_PROXY_COUNT", 0) else None
)
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_ORIGIN else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_ORIGIN
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 1  # imports and papers of evidence take one each
MAX_REQUEST_BYTES = 2_097_152  # of a whole request to a page; more is refused unread
# Of one paper that proves a closing or a claim, and of the request with it (portal/server.py).
EVIDENCE_MAX_BYTES, EVIDENCE_REQUEST_BYTES = 5_000_000, 5_065_536
EVIDENCE_PER_SHARE = 20

STATIC_URL = "/static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "var" / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- languages and times -----------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# --- mail --------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("MAIL_FROM", "portal@portal.example")
EMAIL_TIMEOUT = 10
if env.text("SMTP_HOST", ""):
    EMAIL_HOST = env.text("SMTP_HOST")
    EMAIL_PORT = env.number("SMTP_PORT", 587)
    EMAIL_HOST_USER = env.text("SMTP_USER", "")
    EMAIL_HOST_PASSWORD = env.text("SMTP_PASSWORD", "")
    EMAIL_USE_TLS = env.flag("SMTP_TLS", default=True)
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"

# --- API ---------------------------------------------------------------------------------------
API_RATE_LIMIT = env.number("API_RATE_LIMIT", 600)  # requests a minute and key
API_RATE_BURST = env.number("API_RATE_BURST", 100)
if API_RATE_LIMIT == 0 and not DEMO:
    raise ImproperlyConfigured("API_RATE_LIMIT=0 is for PORTAL_MODE=demo only.")
API_MAX_BODY = 262_144  # bytes
IDEMPOTENCY_KEPT_DAYS = 7
API_ANSWER_ONCE = "events.idempotency.answer_once"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["partners.auth.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.lib.parsing.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "portal.lib.openapi.PortalSchema",
    "EXCEPTION_HANDLER": "portal.lib.api.problem_for",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Partner portal API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api",
    "GET_LIB_DOC_EXCLUDES": "portal.lib.openapi.bases_without_words",
    "WEBHOOKS": "portal.api_webhooks.WEBHOOKS",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [
        "portal.lib.openapi.with_messages",
        "portal.api_webhooks.with_headers",
    ],
}

# --- rules that are settings -------------------------------------------------------------------
CONSENT_POLICY = {
    market: env.text(f"CONSENT_POLICY_{market.upper()}", "attested") for market in ("uae", "india")
}
if not set(CONSENT_POLICY.values()) <= {"attested", "explicit"}:
    raise ImproperlyConfigured("CONSENT_POLICY_UAE and _INDIA are attested or explicit.")
# Who holds the data, as notices, receipts and exports name it.
PLATFORM_LEGAL_NAME = env.text("PLATFORM_LEGAL_NAME", "") or PORTAL_NAME
PRIVACY_EMAIL = env.text("PRIVACY_EMAIL", "") or env.text("MAIL_FROM", "portal@portal.example")
# Where the database and its copies stand: countries (ISO 3166), for notices and receipts.
DATA_COUNTRIES = env.words("DATA_COUNTRIES", "AE")
# Who may show the capture form inside its own pages: origins, separated by commas.
CAPTURE_EMBED_ORIGINS = env.words("CAPTURE_EMBED_ORIGINS")
# Posts of the capture form an hour, from one network and naming one email; 0 is no limit.
CAPTURE_NETWORK_PER_HOUR = env.number("CAPTURE_NETWORK_PER_HOUR", 60)
CAPTURE_ADDRESS_PER_HOUR = env.number("CAPTURE_ADDRESS_PER_HOUR", 3)
CAPTURE_MIN_SECONDS = 3  # nobody reads the form and fills it in faster; machines do
# Where the reference rates are read each day, https; empty: nowhere, they come as files.
EXCHANGE_RATES_FEED = env.text("EXCHANGE_RATES_FEED", "")
if EXCHANGE_RATES_FEED and urlsplit(EXCHANGE_RATES_FEED).scheme != "https" and not DEMO:
    raise ImproperlyConfigured("EXCHANGE_RATES_FEED must start with https://.")
DELETION_DUE_DAYS = env.number("DELETION_DUE_DAYS", 7)  # for recipients, after a withdrawal
SHARE_EXPIRES_AFTER_DAYS = env.number("SHARE_EXPIRES_AFTER_DAYS", 14)
CLIENT_LINK_DAYS = env.number("CLIENT_LINK_DAYS", 30)
INVITATION_DAYS = env.number("INVITATION_DAYS", 7)
# How far a partner's statement may be off and still agree: days, and percent of the value.
RECONCILIATION_DAYS = env.number("RECONCILIATION_DAYS", 3)
RECONCILIATION_VALUE_PERCENT = Decimal(env.text("RECONCILIATION_VALUE_PERCENT", "0.01"))
# Days since the last activity; the newest rule that has begun holds. `minimum` is what the law
# makes us keep even against a request, `without_deal` our own choice (a search for a home is over
# by then), `with_deal` the law on money laundering, which binds brokers of property.
RETENTION_RULES: list[dict[str, Any]] = [
    {
        # Minimum: none; PDPL (Federal Decree-Law 45/2021) art. 5 keeps no longer than needed.
        # With a deal: five years, Cabinet Decision 10 of 2019 art. 24.
        "market": "uae",
        "valid_from": date(2026, 1, 1),
        "minimum": 0,
        "without_deal": 730,
        "with_deal": 1826,
    },
    {
        # Minimum: one year, DPDP Rules 2025, Rule 8(3), published on this day.
        # With a deal: five years, Prevention of Money-laundering Act 2002, s. 12(3).
        "market": "india",
        "valid_from": date(2025, 11, 14),
        "minimum": 365,
        "without_deal": 730,
        "with_deal": 1826,
    },
]
# Whoever sees many clients or decides for a company; in the demo nobody has to bring a phone.
MFA_REQUIRED_ROLES = env.words("MFA_REQUIRED_ROLES", "" if DEMO else "admin,finance,agent,owner")
DEMO_PASSWORD = env.text("DEMO_PASSWORD", "demo-portal-2026") if DEMO else ""
INBOX_ORIGIN = f"http://127.0.0.1:{env.number('INBOX_PORT', 8001)}"

# --- webhooks ----------------------------------------------------------------------------------
WEBHOOK_ALLOW_LOOPBACK = env.flag("WEBHOOK_ALLOW_LOOPBACK") and DEMO
# Seconds from the end of one attempt to the next (contract section 4).
WEBHOOK_RETRY_SCHEDULE = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
WEBHOOK_RETRY_JITTER = 0.2
if DEMO and env.text("WEBHOOK_RETRY_SCHEDULE", ""):
    WEBHOOK_RETRY_SCHEDULE = [int(delay) for delay in env.words("WEBHOOK_RETRY_SCHEDULE")]
    WEBHOOK_RETRY_JITTER = 0.0
WEBHOOK_DEADLINE_SECONDS = 15  # for a whole exchange
# How long a claimed message belongs to its worker; one that was killed loses it then.
WEBHOOK_LEASE_SECONDS = env.number("WEBHOOK_LEASE_SECONDS", 60) if DEMO else 60
ATTEMPTS_KEPT_DAYS = env.number("ATTEMPTS_KEPT_DAYS", 90)
METRICS_TOKEN = env.text("METRICS_TOKEN", "")  # with it /metrics is read; without it by staff only

LOG_FORMAT = env.text("LOG_FORMAT", "text" if DEMO else "json")
if LOG_FORMAT not in ("json", "text"):
    raise ImproperlyConfigured("LOG_FORMAT must be json or text.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "portal.lib.logs.JsonLine"},
        "text": {"()": "portal.lib.logs.OneLine"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
}
