"""An owner makes a second factor and comes in with each."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from portal.tests.browser.window import Window
from portal.tests.live import LivePortal

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.django_db(transaction=True)]
EMAIL = "amira@acme.example"


def code_of(secret: str) -> str:
    """Return the code of the next 30 seconds, waiting for them: the last one was used."""
    step = int(time.time()) // 30
    while int(time.time()) // 30 == step:
        time.sleep(0.2)
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def with_authenticator(window: Window) -> None:
    """Give the browser a security key that says yes by itself."""
    devtools = window.page.context.new_cdp_session(window.page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_an_owner_enrols_an_app_and_a_passkey(
    window: Callable[..., Window], demo: LivePortal, settings: Any
) -> None:
    owner = window()
    page = owner.page
    # A passkey belongs to a name; browsers make none for a number.
    origin = demo.origin.replace("127.0.0.1", "localhost")
    page.goto(f"{origin}/accounts/login/")
    page.locator("input[name=login]").fill(EMAIL)
    page.locator("input[name=password]").fill(settings.DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile("/portal/"))
    with_authenticator(owner)
    page.goto(f"{origin}/accounts/2fa/totp/activate/")
    page.locator("input[name=password]").fill(settings.DEMO_PASSWORD)  # the step up
    page.locator(
        "main form[action*=reauthenticate] button[type=submit], main form button[type=submit]"
    ).first.click()
    secret = page.locator("#authenticator_secret").input_value()
    owner.look("second-factor-app", keep=False)
    now = int(time.time()) // 30
    page.locator("input[name=code]").fill(str(format_hotp_value(hotp_value(secret, now))))
    page.locator("main form[action*=activate] button[type=submit]").click()
    page.wait_for_url(re.compile("/accounts/2fa/"))

    page.goto(f"{origin}/accounts/2fa/webauthn/add/")
    page.locator("input[name=name]").fill("Amira's phone")
    page.locator("input[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url(re.compile("/accounts/2fa/(webauthn/|recovery-codes/)?$"))
    page.goto(f"{origin}/accounts/2fa/webauthn/")
    assert "Amira's phone" in page.inner_text("main")

    page.goto(f"{origin}/accounts/logout/")
    page.locator("main form[action*=logout] button[type=submit]").click()
    page.goto(f"{origin}/accounts/login/")
    page.locator("input[name=login]").fill(EMAIL)
    page.locator("input[name=password]").fill(settings.DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile("/2fa/authenticate/"))
    page.locator("input[name=code]").fill(code_of(secret))
    page.locator("form[action*=authenticate] button[type=submit]").first.click()
    page.wait_for_url(re.compile("/portal/"))

    page.goto(f"{origin}/accounts/logout/")
    page.locator("main form[action*=logout] button[type=submit]").click()
    page.goto(f"{origin}/accounts/login/")
    page.locator("#passkey_login").click()
    page.wait_for_url(re.compile("/portal/"))
