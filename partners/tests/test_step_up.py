"""Who changes people, accounts or addresses of webhooks confirms first that it is they."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.test import Client

from partners.models import Invitation, User
from partners.tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
JUST_NOW = timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
PEOPLE = "/portal/settings/people/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
INVITE = {"email": "nadia@acme.example", "role": "member"}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(AT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def owner(clock: time_machine.Traveller, amira: User) -> Client:
    """Amira's browser, in which she signed in some time ago."""
    browser = Client()
    browser.post("/accounts/login/", {"login": amira.email, "password": PASSWORD})
    clock.shift(JUST_NOW)
    return browser


def asks(browser: Client, path: str, sent: dict[str, str]) -> bool:
    came_from = f"http://testserver{PEOPLE}?page=2"
    answer = browser.post(path, sent, headers={"Referer": came_from})
    return answer.headers.get("Location", "").startswith("/accounts/reauthenticate/")


def test_who_signed_in_just_now_is_not_asked(owner: Client, clock: time_machine.Traveller) -> None:
    clock.move_to(AT + JUST_NOW - timedelta(seconds=1))
    assert not asks(owner, PEOPLE, INVITE)
    assert Invitation.objects.exists()


def test_later_nothing_happens_before_it_is_confirmed(owner: Client) -> None:
    assert owner.get(PEOPLE).status_code == 200
    assert asks(owner, PEOPLE, INVITE)
    assert not Invitation.objects.exists()

    place = f"/accounts/reauthenticate/?next={PEOPLE}"
    assert "do it once more" in owner.get(place).content.decode()
    assert owner.post(place, {"password": "not-the-one-2026"}).status_code == 200
    assert asks(owner, PEOPLE, INVITE)

    done = owner.post(place, {"password": PASSWORD, "next": PEOPLE})
    assert done.headers["Location"] == PEOPLE
    assert not asks(owner, PEOPLE, INVITE)
    assert Invitation.objects.exists()


def test_a_fragment_leads_the_whole_window_there(owner: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{PEOPLE}"}
    answer = owner.post(PEOPLE, INVITE, headers=headers)
    assert (answer.status_code, answer.content) == (403, b"")
    assert answer.headers["HX-Redirect"] == (
        "/accounts/reauthenticate/?next=%2Fportal%2Fsettings%2Fpeople%2F"
    )


def test_nobody_is_led_elsewhere(owner: Client) -> None:
    place = "/accounts/reauthenticate/?next=https://phish.example/"
    done = owner.post(place, {"password": PASSWORD, "next": "https://phish.example/"})
    assert done.headers["Location"] == "/"
    answer = owner.post(PEOPLE, INVITE, headers={"Referer": "https://phish.example//evil/"})
    assert "phish" not in answer.headers.get("Location", "")


def test_a_code_of_the_app_confirms_as_well(
    owner: Client, amira: User, clock: time_machine.Traveller
) -> None:
    TOTP.activate(amira, SECRET)
    code = format_hotp_value(hotp_value(SECRET, int((AT + JUST_NOW).timestamp()) // 30))
    owner.post("/accounts/2fa/reauthenticate/", {"code": code})
    assert not asks(owner, PEOPLE, INVITE)


@pytest.mark.parametrize(
    "path",
    [
        PEOPLE,
        PEOPLE + "{milo}/remove/",
        PEOPLE + "{milo}/role/",
        "/portal/settings/endpoints/",
    ],
)
def test_all_of_these_ask(owner: Client, milo: User, path: str) -> None:
    assert asks(owner, path.format(milo=milo.pk), {"role": "owner"})
    milo.refresh_from_db()
    assert (milo.is_active, milo.role) == (True, "member")


def test_so_do_the_accounts_of_the_admin_site(
    clock: time_machine.Traveller, admin_user: User, milo: User
) -> None:
    browser = Client()
    browser.force_login(admin_user)
    clock.shift(JUST_NOW)
    changed = f"/admin/partners/user/{milo.pk}/change/"
    assert browser.get(changed).status_code == 200
    assert asks(browser, changed, {"email": milo.email, "new_password": "a-quiet-lantern-41"})
    action = {"action": "deactivate", "_selected_action": str(milo.pk)}
    assert asks(browser, "/admin/partners/user/", action)
    milo.refresh_from_db()
    assert milo.is_active
    assert milo.check_password(PASSWORD)
    assert "a-quiet-lantern-41" not in str(dict(browser.session))
