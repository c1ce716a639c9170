"""What `docs/sign-in.md` says is so."""

from pathlib import Path
from typing import Any

from django.conf import settings

from partners import second_factor, sign_in_limits
from portal import settings as portal_settings

ROOT = Path(settings.BASE_DIR)
TEXT = " ".join((ROOT / "docs" / "sign-in.md").read_text().split())
RATES: Any = portal_settings.ACCOUNT_RATE_LIMITS
DEFAULT_ROLES = "admin,finance,agent,owner"


def test_figures_are_the_ones_set() -> None:
    validators: Any = settings.AUTH_PASSWORD_VALIDATORS
    [length] = [each["OPTIONS"]["min_length"] for each in validators if "OPTIONS" in each]
    every = round(1 / second_factor.PER_MINUTE)
    for said in (
        f"At least {length} characters",
        f"for {settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60} minutes",
        f"after {settings.ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS} wrong tries",
        f"more than {settings.ACCOUNT_REAUTHENTICATION_TIMEOUT // 60} minutes ago",
        f"after {settings.SESSION_COOKIE_AGE // 3600} hours without use",
        f"{settings.SESSION_ABSOLUTE_AGE // 3600} hours after signing in",
        f"from one network | {sign_in_limits.BURST}, then one a minute",
        f"for one account | {second_factor.BURST}, then one every {every} minutes",
        f"to one address | {sign_in_limits.MAILS_BURST}, then six an hour",
        f"`{DEFAULT_ROLES}`",
    ):
        assert said in TEXT, said
    assert sign_in_limits.PER_MINUTE == 1
    assert round(sign_in_limits.MAILS_PER_MINUTE * 60) == 6
    assert settings.MFA_TOTP_TOLERANCE == 0


def test_rates_are_the_ones_set() -> None:
    per_minute = {name: int(rate.split("/")[0]) for name, rate in RATES.items()}
    assert f"{per_minute['login']} a minute, {per_minute['login_failed']} of them wrong" in TEXT
    for name in ("reset_password", "reset_password_from_key", "request_login_code"):
        assert f"from one network | {per_minute[name]} a minute" in TEXT
    assert f"confirming again | {per_minute['reauthenticate']} a minute" in TEXT
    assert f"another password | {per_minute['change_password']} a minute" in TEXT


def test_the_roles_are_demanded_wherever_it_is_deployed() -> None:
    for name in (".env.example", "docker-compose.yml", "portal/settings.py"):
        assert DEFAULT_ROLES in (ROOT / name).read_text()
