"""Which sessions go on: another key with each sign-in, and none left with the old password."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from events.models import Event
from partners import services
from partners.models import User
from partners.session_store import SessionStore
from partners.tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
PAGE = "/portal/settings/"
LOGIN = "/accounts/login/"
NEW = "a-quiet-lantern-41"


def signed_in(user: User, browser: Client | None = None) -> Client:
    browser = browser or Client()
    browser.post(LOGIN, {"login": user.email, "password": PASSWORD})
    return browser


def is_in(browser: Client) -> bool:
    return browser.get(PAGE).status_code == 200


def test_a_key_that_somebody_planted_is_worth_nothing(amira: User) -> None:
    session = SessionStore()
    session["of"] = "a stranger"
    session.create()
    planted = str(session.session_key)
    victim = Client()
    victim.cookies["session"] = planted
    assert is_in(signed_in(amira, victim))
    assert victim.cookies["session"].value != planted
    stranger = Client()
    stranger.cookies["session"] = planted
    assert not is_in(stranger)
    assert not Session.objects.filter(session_key=planted).exists()


def test_a_made_up_key_is_not_taken_over(amira: User) -> None:
    victim = Client()
    victim.cookies["session"] = "a" * 32
    signed_in(amira, victim)
    assert victim.cookies["session"].value != "a" * 32


def test_signing_out_ends_it_on_the_server(amira: User) -> None:
    browser = signed_in(amira)
    kept = browser.cookies["session"].value
    browser.post("/accounts/logout/")
    copy = Client()
    copy.cookies["session"] = kept
    assert not is_in(copy)
    assert not Session.objects.filter(session_key=kept).exists()


def test_another_password_ends_the_others_and_keeps_this_one(amira: User) -> None:
    here, there = signed_in(amira), signed_in(amira)
    before = here.cookies["session"].value
    sent = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert here.post("/accounts/password/change/", sent).status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)
    assert here.cookies["session"].value != before


def test_a_password_by_mail_ends_them_all(amira: User, mailoutbox: Any) -> None:
    there = signed_in(amira)
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": amira.email})
    link = re.search(r"/accounts/password/reset/key/\S+", mailoutbox[0].body)
    assert link is not None
    form = browser.get(link[0], follow=True)
    browser.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    assert not is_in(there)


def test_ended_by_somebody_else_it_is_written_down(
    amira: User, milo: User, admin_user: User
) -> None:
    for user in (amira, milo, milo):
        signed_in(user)
    services.set_status(actor=admin_user, partner_id=str(milo.partner_id), status="suspended")
    told = Event.objects.filter(kind="sessions_ended").order_by("data__number")
    assert [(event.data, event.actor) for event in told] == [
        ({"user": amira.pk, "number": 1}, admin_user.pk),
        ({"user": milo.pk, "number": 2}, admin_user.pk),
    ]


def test_nobody_s_are_not(milo: User, admin_user: User) -> None:
    services.set_user_active(actor=admin_user, user_id=milo.pk, active=False)
    assert not Event.objects.filter(kind="sessions_ended").exists()


def test_ending_one_s_own_password_s_sessions_is_recorded_too(amira: User) -> None:
    here, there = signed_in(amira), signed_in(amira)
    here.post("/accounts/sessions/")
    assert Event.objects.get(kind="sessions_ended").data == {"user": amira.pk, "number": 1}
    assert (is_in(here), is_in(there)) == (True, False)
