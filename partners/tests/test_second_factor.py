"""The second factor: made, asked for, used once, demanded."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client, RequestFactory

from events.models import Event
from partners.models import Partner, User
from partners.sign_in_limits import BURST, wait_of_try
from partners.tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
AT = 1_795_000_000


def code(at: int = AT) -> str:
    return str(format_hotp_value(hotp_value(SECRET, at // 30)))


@pytest.fixture
def guarded(amira: User) -> User:
    TOTP.activate(amira, SECRET)
    RecoveryCodes.activate(amira)
    return amira


def password_given(user: User) -> Client:
    browser = Client()
    answer = browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer.headers["Location"].startswith("/accounts/2fa/authenticate/")
    return browser


def signed_in(browser: Client) -> bool:
    return browser.get("/portal/settings/").status_code == 200


def test_a_password_alone_opens_nothing(guarded: User) -> None:
    browser = password_given(guarded)
    assert not signed_in(browser)
    assert browser.get("/admin/").status_code == 302


def test_the_session_gets_another_key_with_the_factor(guarded: User) -> None:
    browser = password_given(guarded)
    before = browser.session.session_key
    with time_machine.travel(AT):
        browser.post("/accounts/2fa/authenticate/", {"code": code()})
        assert signed_in(browser)
    assert browser.session.session_key != before
    old = Client()
    old.cookies["session"] = str(before)
    assert not signed_in(old)


def test_a_code_counts_once_even_after_the_cache_forgot(guarded: User) -> None:
    first, second = password_given(guarded), password_given(guarded)
    with time_machine.travel(AT):
        first.post("/accounts/2fa/authenticate/", {"code": code()})
        assert signed_in(first)
        cache.clear()
        second.post("/accounts/2fa/authenticate/", {"code": code()})
        assert not signed_in(second)
    with time_machine.travel(AT + 30):
        second.post("/accounts/2fa/authenticate/", {"code": code(AT + 30)})
        assert signed_in(second)


def test_the_code_before_is_refused(guarded: User) -> None:
    browser = password_given(guarded)
    with time_machine.travel(AT + 30):
        browser.post("/accounts/2fa/authenticate/", {"code": code(AT)})
        assert not signed_in(browser)


def test_a_recovery_code_counts_once(guarded: User) -> None:
    codes = Authenticator.objects.get(user=guarded, type="recovery_codes").wrap()
    one = codes.get_unused_codes()[0]
    first, second = password_given(guarded), password_given(guarded)
    first.post("/accounts/2fa/authenticate/", {"code": one})
    second.post("/accounts/2fa/authenticate/", {"code": one})
    assert (signed_in(first), signed_in(second)) == (True, False)


def test_the_seed_is_not_readable_in_the_database(guarded: User) -> None:
    stored = Authenticator.objects.get(user=guarded, type="totp").data
    assert SECRET not in str(stored)


@pytest.fixture
def demanded(settings: Any) -> None:
    settings.MFA_REQUIRED_ROLES = ["owner", "admin"]


@pytest.mark.usefixtures("demanded")
class TestDemanded:
    def test_who_has_none_is_led_to_making_one(self, client: Client, amira: User) -> None:
        client.force_login(amira)
        page = client.get("/portal/")
        fragment = client.get("/portal/leads/", headers={"HX-Request": "true"})
        assert page.headers["Location"] == "/accounts/2fa/"
        assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (403, "/accounts/2fa/")
        assert client.get("/accounts/2fa/").status_code == 200

    def test_the_admin_site_too(self, client: Client, admin_user: User) -> None:
        client.force_login(admin_user)
        assert client.get("/admin/").headers["Location"] == "/accounts/2fa/"

    def test_other_roles_go_on(self, client: Client, milo: User) -> None:
        client.force_login(milo)
        assert client.get("/portal/").status_code == 200

    def test_the_last_one_stays(self, client: Client, amira: User) -> None:
        TOTP.activate(amira, SECRET)
        client.force_login(amira)
        client.post("/accounts/2fa/totp/deactivate/", {})
        assert Authenticator.objects.filter(user=amira, type="totp").exists()


def test_a_code_by_mail_signs_in(client: Client, amira: User, mailoutbox: Any) -> None:
    client.post("/accounts/login/code/", {"email": amira.email})
    sent = re.search(r"^([A-Z0-9-]{6,12})$", mailoutbox[0].body, re.M)
    assert sent is not None
    client.post("/accounts/login/code/confirm/", {"code": sent[1]})
    assert signed_in(client)


def test_a_code_for_nobody_is_answered_the_same(
    client: Client, amira: User, mailoutbox: Any
) -> None:
    known = client.post("/accounts/login/code/", {"email": amira.email})
    unknown = Client().post("/accounts/login/code/", {"email": "nobody@example.com"})
    assert (known.status_code, known.headers.get("Location")) == (
        unknown.status_code,
        unknown.headers.get("Location"),
    )
    assert len(mailoutbox) == 1


def test_a_mailed_code_opens_nothing_for_a_suspended_partner(
    client: Client, amira: User, mailoutbox: Any
) -> None:
    client.post("/accounts/login/code/", {"email": amira.email})
    Partner.objects.filter(pk=amira.partner_id).update(status="suspended")
    for mail in mailoutbox:
        if sent := re.search(r"^([A-Z0-9-]{6,12})$", mail.body, re.M):
            client.post("/accounts/login/code/confirm/", {"code": sent[1]})
    assert "_auth_user_id" not in client.session


@pytest.fixture
def limited(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "1000/m/ip"}


@pytest.mark.usefixtures("limited")
class TestWrongPasswords:
    def wrong(self, email: str, **headers: str) -> str:
        sent = {"login": email, "password": "not-the-one-2026"}
        return Client().post("/accounts/login/", sent, **headers).content.decode()  # type: ignore[arg-type]

    def test_are_counted_whatever_the_forwarded_header_says(self, amira: User) -> None:
        pages = [
            self.wrong(amira.email, HTTP_X_FORWARDED_FOR=f"10.9.8.{n}", REMOTE_ADDR="198.51.100.7")
            for n in range(14)
        ]
        refused = [page for page in pages if "Too many wrong tries" in page]
        assert len(refused) == 4

    def test_codes_cannot_be_guessed_from_many_networks(self, guarded: User) -> None:
        browser = password_given(guarded)
        pages = [
            browser.post(
                "/accounts/2fa/authenticate/", {"code": "000000"}, REMOTE_ADDR=f"198.51.100.{n}"
            ).content.decode()
            for n in range(8)
        ]
        assert len([page for page in pages if "Too many wrong" in page]) == 3

    def test_a_right_code_makes_the_count_start_anew(self, guarded: User) -> None:
        page = "/accounts/2fa/authenticate/"
        for at in range(AT, AT + 90, 30):
            browser = password_given(guarded)
            with time_machine.travel(at):
                for _ in range(4):
                    assert "Too many" not in browser.post(page, {"code": "000000"}).content.decode()
                browser.post(page, {"code": code(at)})
                assert signed_in(browser)

    def test_fifty_at_once_gain_nothing(self, amira: User) -> None:
        request = RequestFactory().post("/", REMOTE_ADDR="198.51.100.77")
        with ThreadPoolExecutor(50) as pool:
            waits = list(pool.map(lambda _n: wait_of_try(request, amira.email), range(50)))
        assert waits.count(0) == BURST

    def test_nobody_floods_a_mailbox(self, amira: User, mailoutbox: Any) -> None:
        for _ in range(6):
            Client().post("/accounts/login/code/", {"email": amira.email})
        assert len(mailoutbox) == 3

    def test_who_asks_too_often_gets_a_page_that_says_so(
        self, client: Client, settings: Any
    ) -> None:
        settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
        sent = {"login": "nobody@example.com", "password": "not-the-one-2026"}
        for _ in range(2):
            answer = client.post("/accounts/login/", sent, REMOTE_ADDR="198.51.100.66")
        assert answer.status_code == 429
        assert "Wait a minute" in answer.content.decode()

    def test_of_a_stranger_lock_nobody_out(self, amira: User) -> None:
        for _ in range(14):
            self.wrong(amira.email, REMOTE_ADDR="198.51.100.8")
        owner = Client()
        sent = {"login": amira.email, "password": PASSWORD}
        assert owner.post("/accounts/login/", sent, REMOTE_ADDR="203.0.113.9").status_code == 302


def test_it_is_written_down(guarded: User) -> None:
    browser = password_given(guarded)
    Client().post("/accounts/login/", {"login": guarded.email, "password": "not-the-one-2026"})
    with time_machine.travel(AT):
        browser.post("/accounts/2fa/authenticate/", {"code": code()})
    told = list(Event.objects.order_by("pk").values_list("kind", "data__ways"))
    assert ("sign_in_refused", None) in told
    assert ("signed_in", ["mfa", "password"]) in told
    assert guarded.email not in str(list(Event.objects.values_list("data", flat=True)))


def test_sessions_are_listed_and_ended(amira: User) -> None:
    here, there = Client(), Client()
    for browser in (here, there):
        browser.post("/accounts/login/", {"login": amira.email, "password": PASSWORD})
    assert here.get("/accounts/sessions/").status_code == 200
    here.post("/accounts/sessions/")
    assert Event.objects.filter(kind="sessions_ended", data__number=1).exists()
    assert (signed_in(here), signed_in(there)) == (True, False)


@pytest.mark.usefixtures("demanded")
def test_the_last_passkey_stays_where_the_role_needs_one(amira: User) -> None:
    key = Authenticator.objects.create(user=amira, type="webauthn", data={"name": "Laptop"})
    browser = Client()
    browser.force_login(amira)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = f"/accounts/2fa/webauthn/keys/{key.pk}/remove/"
    told = browser.post(page, follow=True).content.decode()
    assert "Your role needs a second factor" in told
    assert Authenticator.objects.filter(pk=key.pk).exists()
    TOTP.activate(amira, SECRET)
    browser.post(page)
    assert not Authenticator.objects.filter(pk=key.pk).exists()


def test_codes_are_not_shown_before_it_is_confirmed(guarded: User) -> None:
    browser = Client()
    browser.force_login(guarded)
    for page in ("", "download/", "generate/"):
        answer = browser.get(f"/accounts/2fa/recovery-codes/{page}")
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
