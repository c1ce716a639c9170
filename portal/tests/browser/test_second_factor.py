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


class Owner:
    """Amira in her browser: a passkey belongs to a name, and browsers make none for a number."""

    def __init__(self, window: Window, origin: str, password: str) -> None:
        self.window, self.page, self.password = window, window.page, password
        self.origin = origin.replace("127.0.0.1", "localhost")

    def open(self, path: str) -> None:
        self.page.goto(self.origin + path)

    def give_password(self) -> None:
        self.open("/accounts/login/")
        self.page.locator("input[name=login]").fill(EMAIL)
        self.page.locator("input[name=password]").fill(self.password)
        self.press("Sign in")

    def give_code(self, code: str) -> None:
        self.page.wait_for_url(re.compile("/2fa/authenticate/"))
        self.page.locator("input[name=code]").fill(code)
        self.press("Sign in")
        self.page.wait_for_url(re.compile("/portal/"))

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def sign_out(self) -> None:
        self.open("/accounts/logout/")
        self.page.locator("main").get_by_role("button", name="Sign out").click()
        self.page.wait_for_url(re.compile("/accounts/login/"))

    def look(self, name: str) -> None:
        self.window.look(f"second-factor-{name}", keep=False)

    # --- enrolling -----------------------------------------------------------------------------
    def enrol_app(self) -> tuple[str, list[str]]:
        """Set the app up; return its secret and the recovery codes that came with it."""
        self.open("/accounts/2fa/")
        self.look("none")
        self.page.get_by_role("link", name="Set up an app").click()
        self.look("confirm")
        self.page.locator("input[name=password]").fill(self.password)
        self.press("Confirm")
        secret = self.page.locator("#authenticator_secret").input_value()
        self.look("app")
        now = int(time.time()) // 30
        self.page.locator("input[name=code]").fill(str(format_hotp_value(hotp_value(secret, now))))
        self.press("Turn on")
        self.page.wait_for_url(re.compile("/recovery-codes/"))
        self.look("codes")
        return secret, self.page.locator("#recovery_codes code").all_inner_texts()

    def enrol_passkey(self) -> None:
        self.open("/accounts/2fa/webauthn/add/")
        self.look("passkey")
        self.page.locator("input[name=name]").fill("Amira's phone")
        self.page.locator("input[name=passwordless]").check()
        self.press("Add")
        self.page.wait_for_url(re.compile("/accounts/2fa/(webauthn/|recovery-codes/)?$"))
        self.open("/accounts/2fa/webauthn/")
        assert "Amira's phone" in self.page.inner_text("main")
        self.look("passkeys")


def test_an_owner_enrols_and_comes_in_with_each_factor(
    window: Callable[..., Window], demo: LivePortal, settings: Any
) -> None:
    owner = Owner(window(), demo.origin, settings.DEMO_PASSWORD)
    owner.give_password()
    owner.page.wait_for_url(re.compile("/portal/"))
    with_authenticator(owner.window)
    secret, codes = owner.enrol_app()
    owner.enrol_passkey()
    owner.sign_out()

    owner.give_password()
    owner.page.wait_for_url(re.compile("/2fa/authenticate/"))
    owner.look("asked")
    owner.give_code(code_of(secret))
    owner.sign_out()

    owner.open("/accounts/login/")
    owner.page.locator("#passkey_login").click()
    owner.page.wait_for_url(re.compile("/portal/"))
    owner.sign_out()

    owner.give_password()
    owner.give_code(codes[0])
    owner.open("/accounts/2fa/")
    assert "9 left" in owner.page.inner_text("main")
    owner.look("all")
    owner.sign_out()

    owner.give_password()
    owner.page.wait_for_url(re.compile("/2fa/authenticate/"))
    owner.page.locator("input[name=code]").fill(codes[0])
    owner.press("Sign in")
    assert "used already" in owner.page.inner_text("main")
    owner.look("code-used")


def test_a_passkey_that_fails_says_so(window: Callable[..., Window], demo: LivePortal) -> None:
    """Here because a number can have none; the same words come when somebody cancels."""
    page = window().page
    page.goto("/accounts/login/")
    page.locator("#passkey_login").click()
    page.locator("#passkey_failed").wait_for(state="visible")
