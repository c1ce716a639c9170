"""Many sign in at once: a code counts once, guesses are counted together, and nobody is shut out.

Twenty browsers in threads in every run; over HTTP to gunicorn, with its limits, in `make proof`.
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.db import connection
from django.test import Client

from events.models import Event
from partners.models import UsedCode, User
from partners.sign_in_limits import BURST
from partners.tests.factories import PASSWORD
from portal.tests.live import LivePortal
from portal.tests.visitors import Visitor

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CODE_PAGE = "/accounts/2fa/authenticate/"
PAGE = "/portal/settings/"


class VisitorFrom(Visitor):
    """A browser at an address of its own: all of 127.0.0.0/8 is this machine."""

    def __init__(self, origin: str, address: str, **headers: str) -> None:
        super().__init__(origin)

        class Handler(urllib.request.HTTPHandler):
            def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
                bound: Any = partial(http.client.HTTPConnection, source_address=(address, 0))
                return self.do_open(bound, req)

        cookies = urllib.request.HTTPCookieProcessor(self.cookies)
        self._opener = urllib.request.build_opener(Handler(), cookies)
        self._opener.addheaders = list(headers.items())


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Make all CALLS at the same moment, each in a thread."""
    start = threading.Barrier(len(calls))

    def make(call: Callable[[], Any]) -> Any:
        start.wait(30)
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


def code_of_now() -> str:
    """Return the code of these 30 seconds, when enough of them are left to send it."""
    if time.time() % 30 > 20:
        time.sleep(30 - time.time() % 30)
    return str(format_hotp_value(hotp_value(SECRET, int(time.time()) // 30)))


def waiting_for_a_code(user: User) -> Client:
    browser = Client()
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return browser


def test_twenty_tries_of_one_code_sign_in_once(amira: User) -> None:
    TOTP.activate(amira, SECRET)
    browsers = [waiting_for_a_code(amira) for _ in range(20)]
    code = code_of_now()
    at_once([partial(browser.post, CODE_PAGE, {"code": code}) for browser in browsers])
    assert [browser.get(PAGE).status_code for browser in browsers].count(200) == 1
    assert UsedCode.objects.count() == 1
    assert Event.objects.filter(kind="signed_in").count() == 1


@pytest.mark.proof
def test_nor_over_http_from_twenty_networks(live: LivePortal, amira: User) -> None:
    amira.set_password(PASSWORD)
    amira.save()
    TOTP.activate(amira, SECRET)
    visitors = [VisitorFrom(live.origin, f"127.0.0.{number}") for number in range(20, 40)]
    for visitor in visitors:
        visitor.sign_in(amira.email, PASSWORD)
    tokens = [visitor.token_on(CODE_PAGE) for visitor in visitors]
    code = code_of_now()
    at_once(
        [
            partial(visitor.send_as, token, CODE_PAGE, {"code": code})
            for visitor, token in zip(visitors, tokens, strict=True)
        ]
    )
    inside = [visitor for visitor in visitors if visitor.get(PAGE).url.endswith(PAGE)]
    assert len(inside) == 1
    assert UsedCode.objects.count() == 1


@pytest.mark.proof
def test_fifty_wrong_passwords_at_once_are_counted_together(live: LivePortal, amira: User) -> None:
    """Whatever X-Forwarded-For says; and who owns the account signs in from elsewhere."""
    amira.set_password(PASSWORD)
    amira.save()
    guesses = [
        VisitorFrom(live.origin, "127.0.0.50", **{"X-Forwarded-For": f"203.0.113.{number}"})
        for number in range(50)
    ]
    tokens = [guess.token_on("/accounts/login/") for guess in guesses]
    wrong = {"login": amira.email, "password": "not-the-one-2026"}
    pages = at_once(
        [
            partial(guess.send_as, token, "/accounts/login/", wrong)
            for guess, token in zip(guesses, tokens, strict=True)
        ]
    )
    looked_at = [page for page in pages if "is not right" in page.words]
    refused = [page for page in pages if "Too many wrong tries" in page.words]
    # A busy machine may also answer that it is: that is no try either.
    busy = [page for page in pages if page.status in (429, 503)]
    assert len(looked_at) + len(refused) + len(busy) == 50
    assert 0 < len(looked_at) <= BURST
    assert len(refused) > len(busy)
    assert Event.objects.filter(kind="sign_in_refused").count() <= BURST
    still = guesses[0].send("/accounts/login/", {"login": amira.email, "password": PASSWORD})
    assert "Too many wrong tries" in still.words

    owner = VisitorFrom(live.origin, "127.0.0.51")
    owner.sign_in(amira.email, PASSWORD)
    assert owner.get(PAGE).status == 200
