"""A session ends when nobody used it for three hours, and twelve hours after signing in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from partners.models import User
from partners.tasks import forget_sessions
from partners.tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
IDLE = timedelta(seconds=settings.SESSION_COOKIE_AGE)
ABSOLUTE = timedelta(seconds=settings.SESSION_ABSOLUTE_AGE)
SECOND = timedelta(seconds=1)
PAGE = "/portal/settings/"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def browser(clock: time_machine.Traveller, amira: User) -> Client:
    """Amira's, signed in at AT."""
    browser = Client()
    browser.post("/accounts/login/", {"login": amira.email, "password": PASSWORD})
    return browser


def opens(browser: Client) -> bool:
    return browser.get(PAGE).status_code == 200


def test_the_limits_are_the_documented_ones() -> None:
    assert (timedelta(hours=3), timedelta(hours=12)) == (IDLE, ABSOLUTE)


def test_unused_it_ends(browser: Client, clock: time_machine.Traveller) -> None:
    clock.move_to(AT + IDLE - SECOND)
    assert opens(browser)
    clock.shift(IDLE)
    assert not opens(browser)


def test_used_it_goes_on_but_never_longer_than_a_day_of_work(
    browser: Client, clock: time_machine.Traveller
) -> None:
    while datetime.now(UTC) < AT + ABSOLUTE - timedelta(hours=1):
        assert opens(browser)
        clock.shift(timedelta(minutes=55))
    clock.move_to(AT + ABSOLUTE - SECOND)
    assert opens(browser)
    clock.move_to(AT + ABSOLUTE)
    assert not opens(browser)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_what_is_saved_into_it_makes_it_no_longer(
    browser: Client, clock: time_machine.Traveller, headers: dict[str, str]
) -> None:
    """A changed password writes the session anew, under another key."""
    for _ in range(4):
        clock.shift(IDLE - 2 * SECOND)
        assert opens(browser)
    new = {"oldpassword": PASSWORD, "password1": "a-quiet-lantern-41"}
    new["password2"] = new["password1"]
    done = browser.post("/accounts/password/change/", new, headers=headers)
    assert done.status_code == 302
    clock.move_to(AT + ABSOLUTE)
    assert not opens(browser)


def test_an_open_page_does_not_prolong_it(browser: Client, clock: time_machine.Traveller) -> None:
    while datetime.now(UTC) < AT + IDLE - timedelta(minutes=20):
        clock.shift(timedelta(minutes=15))
        assert browser.get("/pulse/", headers={"HX-Request": "true"}).status_code == 204
    clock.move_to(AT + IDLE)
    out = browser.get("/pulse/", headers={"HX-Request": "true"})
    assert (out.status_code, out.headers["HX-Redirect"]) == (401, "/accounts/login/")
    assert not opens(browser)


def test_nor_where_the_pulse_finds_something_to_write(
    browser: Client, clock: time_machine.Traveller
) -> None:
    """Looking as a partner ends by itself, and the session is written when it has."""
    session = browser.session
    session["viewing_as"] = {"partner": "none", "until": AT.isoformat()}
    session.save()
    clock.shift(timedelta(hours=2))
    browser.get("/pulse/")
    assert "viewing_as" not in browser.session
    clock.move_to(AT + IDLE)
    assert not opens(browser)


def test_a_busy_minute_writes_once(browser: Client, clock: time_machine.Traveller) -> None:
    ends = []
    for seconds in (1, 30, 61, 62):
        clock.move_to(AT + seconds * SECOND)
        opens(browser)
        ends.append(Session.objects.get(session_key=browser.session.session_key).expire_date)
    assert ends == [AT + IDLE, AT + IDLE, AT + IDLE + 61 * SECOND, AT + IDLE + 61 * SECOND]


def test_one_that_does_not_say_when_it_began_is_over(
    browser: Client, clock: time_machine.Traveller
) -> None:
    session = browser.session
    del session["signed_in_at"]
    session.save()
    assert not opens(browser)


def test_the_cookie_itself_ends_with_the_browser(browser: Client) -> None:
    assert browser.cookies["session"]["max-age"] == ""


def test_nothing_is_kept_of_it(browser: Client, clock: time_machine.Traveller, milo: User) -> None:
    """Neither its row nor the network and the browser it came from."""
    clock.shift(timedelta(hours=2))
    Client().post("/accounts/login/", {"login": milo.email, "password": PASSWORD})
    clock.move_to(AT + IDLE)
    forget_sessions()
    assert list(UserSession.objects.values_list("user", flat=True)) == [milo.pk]
    assert Session.objects.count() == 1
