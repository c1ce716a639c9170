"""What is mailed about signing in: one plain line of subject, what happened, and what to do."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from events.models import Delivery, Event
from partners import mails, services
from partners.models import User
from partners.templatetags.sign_in import browser
from partners.tests.factories import PASSWORD
from portal.lib.errors import NotAllowed

pytestmark = pytest.mark.django_db
NEW = "a-quiet-lantern-41"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
SENT = (
    "account/email/login_code",
    "account/email/password_changed",
    "account/email/password_reset",
    "account/email/password_reset_key",
    "account/email/password_set",
    "mfa/email/totp_activated",
    "mfa/email/totp_deactivated",
    "mfa/email/webauthn_added",
    "mfa/email/webauthn_removed",
    "mfa/email/recovery_codes_generated",
)


@pytest.mark.parametrize("name", SENT)
def test_each_is_plain(name: str) -> None:
    facts = {
        "timestamp": timezone.now(),
        "ip": "192.0.2.1",
        "user_agent": CHROME,
        "company": "Northwind",
        "portal_origin": "https://portal.example",
        "password_reset_url": "https://portal.example/k/",
        "code": "ABCDEF",
    }
    subject = render_to_string(f"{name}_subject.txt", facts).strip()
    text = render_to_string(f"{name}_message.txt", facts)
    assert re.fullmatch(r"[A-Z][a-z -]+", subject)
    assert text.startswith("Hello,\n\n")
    assert text.endswith("Northwind\n")
    assert "!" not in subject + text
    assert "&#" not in text
    assert "\n\n\n" not in text
    assert "example.com" not in text


def test_a_changed_password_is_told_to_whoever_has_the_account(amira: User) -> None:
    here = Client(headers={"User-Agent": CHROME})
    here.force_login(amira)
    sent = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    here.post("/accounts/password/change/", sent)
    [told] = mail.outbox
    assert (told.to, told.subject) == ([amira.email], "Partner portal: Your password was changed")
    assert "From: 127.0.0.1, Chrome on Linux" in told.body
    assert "/accounts/password/reset/" in told.body


@pytest.mark.django_db(transaction=True)
@time_machine.travel("2026-11-23T06:00:00Z", tick=False)
def test_so_is_a_factor_that_came_or_went(amira: User) -> None:
    here = Client()
    here.force_login(amira)
    here.post("/accounts/reauthenticate/", {"password": PASSWORD})
    secret = here.get("/accounts/2fa/totp/activate/").context["form"].secret
    now = int(timezone.now().timestamp()) // 30
    code = format_hotp_value(hotp_value(secret, now))
    here.post("/accounts/2fa/totp/activate/", {"code": code})
    here.post("/accounts/2fa/recovery-codes/generate/")
    here.post("/accounts/2fa/totp/deactivate/")
    assert [told.subject.split(": ")[1] for told in mail.outbox] == [
        "Authenticator app turned on",
        "New recovery codes",
        "Authenticator app turned off",
    ]
    assert secret not in "".join(told.body for told in mail.outbox)


def test_a_mail_server_that_is_down_changes_no_answer(
    amira: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    known = Client().post("/accounts/password/reset/", {"email": amira.email})
    unknown = Client().post("/accounts/password/reset/", {"email": "nobody@example.com"})
    assert (known.status_code, known.headers["Location"]) == (302, unknown.headers["Location"])


class TestALostPhone:
    def test_an_admin_takes_the_factor_away(self, admin_user: User, amira: User) -> None:
        TOTP.activate(amira, SECRET)
        services.remove_factors(actor=admin_user, user_id=amira.pk)
        assert not Authenticator.objects.filter(user=amira).exists()
        event = Event.objects.get(kind="second_factor_changed")
        assert event.data == {"user": amira.pk, "change": "removed", "factor": "all"}
        queued = Delivery.objects.get(event_id=event.pk)
        told = mails.factors_removed(queued.refs)
        assert told is not None
        assert (told.to, "/accounts/2fa/" in told.text) == (amira.email, True)

    def test_of_others_only_and_where_there_is_one(self, admin_user: User, amira: User) -> None:
        with pytest.raises(services.NoFactor):
            services.remove_factors(actor=admin_user, user_id=amira.pk)
        with pytest.raises(services.NotYourself):
            services.remove_factors(actor=admin_user, user_id=admin_user.pk)

    def test_nobody_else_may(self, finance_user: User, amira: User, milo: User) -> None:
        TOTP.activate(milo, SECRET)
        for actor in (finance_user, amira):
            with pytest.raises(NotAllowed):
                services.remove_factors(actor=actor, user_id=milo.pk)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (CHROME, "Chrome on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
         "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("curl/8.5.0", "An unknown browser"),
    ],
)  # fmt: skip
def test_browsers_are_named_as_people_know_them(said: str, words: str) -> None:
    assert browser(said) == words
