"""What log lines say, and that nothing of anybody ever stands in one."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection
from django.test import Client

from events import dispatch, payloads
from events.tests.conftest import *  # noqa: F403 - endpoints, a receiver and a dispatcher
from partners.models import Partner
from portal.lib.logs import JsonLine, OneLine
from portal.tests.callers import *  # noqa: F403 - systems with keys
from portal.tests.callers import Caller

pytestmark = pytest.mark.django_db
NAME, MAIL, PHONE = "Zenobia Quokka", "zq.canary@mail.example", "+971501239876"
CANARIES = ("Zenobia", "Quokka", "zq.canary", MAIL, PHONE, PHONE[4:], "50 123 9876", "987654321")


class Kept(logging.Handler):
    """Every line as production writes it, and as the demo does."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[dict[str, Any]] = []
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        line = JsonLine().format(record)
        self.lines.append(json.loads(line))
        self.text += f"{line}\n{OneLine().format(record)}\n"

    def of(self, logger: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["logger"] == logger]


@pytest.fixture
def logged() -> Iterator[Kept]:
    kept, root = Kept(), logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.INFO)
    yield kept
    root.removeHandler(kept)
    root.setLevel(level)


def assert_nobody_is_named(kept: Kept) -> None:
    assert kept.lines
    assert [word for word in CANARIES if word in kept.text] == []


# --- the lines of requests ---------------------------------------------------------------------
def test_a_call_is_one_line_without_its_address(logged: Kept, acme_api: Caller) -> None:
    answer = acme_api.get("/api/leads?limit=1", X_Request_Id="a-name-of-mine")

    (line,) = logged.of("portal.requests")
    key_id = line.pop("keyId")
    assert key_id.startswith("key_")
    assert line.pop("time").endswith("Z")
    assert line.pop("ms") >= 0
    assert line == {
        "level": "INFO",
        "logger": "portal.requests",
        "message": "answered",
        "requestId": "a-name-of-mine",
        "method": "GET",
        "route": "api:leads",
        "status": answer.status_code,
    }


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/static/nothing.css"])
def test_what_machines_ask_all_the_time_is_not_logged(
    logged: Kept, client: Client, path: str
) -> None:
    client.get(path)
    assert logged.of("portal.requests") == []


# --- canaries ----------------------------------------------------------------------------------
def test_an_api_call_leaves_nobody_in_the_log(logged: Kept, agent_api: Caller) -> None:
    person = {"name": NAME, "email": MAIL, "phone": PHONE}
    lead = {"customerInfo": person, "budget": 987654321, "preferences": {"note": NAME}}
    for body in (
        {"lead": lead},
        {"lead": person | {"customerInfo": 1}},
        f'{{"name": "{NAME}'.encode(),
    ):
        agent_api.post("/api/leads", body)
    agent_api.get(f"/api/leads?q={NAME}&email={MAIL}")
    agent_api.get(f"/api/leads/{MAIL}")
    agent_api.get(f"/api/{PHONE}/")

    assert_nobody_is_named(logged)


def test_a_page_leaves_nobody_in_the_log(logged: Kept, client_for: Any, dana: Any) -> None:
    browser = client_for(dana)
    browser.post("/leads/new/", {"name": NAME, "email": MAIL, "phone": PHONE, "market": "uae"})
    browser.get("/leads/", {"q": NAME})
    browser.get(f"/nowhere/{MAIL}/{PHONE}/")
    Client().post("/accounts/login/", {"login": MAIL, "password": NAME})
    Client().get("/", headers={"Host": "zq.canary@mail.example"})

    assert_nobody_is_named(logged)


def test_an_error_tells_its_place_and_not_its_words(
    logged: Kept, client_for: Any, dana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        try:
            raise IntegrityError(f"Key (email)=({MAIL}) already exists: {NAME}")
        except IntegrityError as error:
            raise RuntimeError(f"{NAME} could not be shown") from error

    monkeypatch.setattr("portal.views.is_staff", broken)
    browser = client_for(dana)
    browser.raise_request_exception = False

    assert browser.get("/").status_code == 500

    (line,) = [line for line in logged.lines if line["level"] == "ERROR"]
    assert [place for place in line["exception"] if not place.startswith(" ")] == [
        "builtins.RuntimeError",
        "django.db.utils.IntegrityError",
    ]
    assert any("test_logs.py" in place for place in line["exception"])
    assert_nobody_is_named(logged)


def test_the_databases_own_code_of_an_error_is_told(logged: Kept) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::int", [NAME])
    except Exception:
        logging.getLogger("x").exception("it broke")

    assert "22P02" in logged.text
    assert_nobody_is_named(logged)


def test_celery_quotes_no_error(logged: Kept) -> None:
    try:
        raise ValueError(NAME)
    except ValueError as error:
        told = {"name": "a.task", "id": "1", "description": "raised unexpected", "exc": repr(error)}
        said = "Task %(name)s[%(id)s] %(description)s: %(exc)s"
        logging.getLogger("celery.app.trace").log(40, said, told, exc_info=sys.exc_info())

    assert "raised unexpected: ValueError" in logged.text
    assert_nobody_is_named(logged)


@pytest.mark.django_db(transaction=True)
def test_a_message_that_fails_is_named_and_nobody_in_it(
    logged: Kept, acme: Partner, new_endpoint: Any, queue_one: Any, receiver: Any, dispatcher: Any,
    bodies: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    bodies["first"] = {"leadId": "share_x", "lead": {"customerInfo": {"name": NAME}}}
    receiver.answers["/broken"] = (503, {"X-Said": MAIL}, NAME.encode())
    told = queue_one(new_endpoint(acme, "/broken"), refs={"n": "first"})
    assert dispatcher()

    def unbuilt(*_: Any) -> Any:
        raise ValueError(f"no body for {NAME}")

    with monkeypatch.context() as fault:
        fault.setitem(payloads._builders, told.type, unbuilt)
        queue_one(new_endpoint(acme, "/other"))
        assert dispatcher()
    dispatch.close()

    (line,) = logged.of("events.outcomes")[:1]
    assert (line["webhookId"], line["deliveryId"]) == (told.webhook_id, told.pk)
    assert (line["endpointId"], line["error"], line["attempt"]) == (told.endpoint_id, "http_503", 1)
    assert "could not be built: ValueError" in logged.text
    assert_nobody_is_named(logged)


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_is_not_taken_names_nobody(
    logged: Kept, dispatcher: Any, monkeypatch: pytest.MonkeyPatch, amira: Any
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(f"550 {MAIL} is unknown here, {NAME}")

    monkeypatch.setattr(mail.EmailMessage, "send", refuse)
    Client().post("/accounts/password/reset/", {"email": amira.email})
    assert dispatcher()

    assert_nobody_is_named(logged)
