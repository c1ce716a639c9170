"""A body is never older than a few seconds when it leaves, and each try says when it was built."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection

from events import dispatch
from events.models import Attempt, Delivery, Endpoint
from events.tests.receiver import Handler

pytestmark = pytest.mark.django_db(transaction=True)


def database_time():
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def test_a_try_says_when_its_body_was_built(acme, dispatcher, new_endpoint, queue_one):
    before = database_time()
    queue_one(new_endpoint(acme))

    dispatcher()

    attempt = Attempt.objects.get()
    assert before < attempt.built_at < database_time()


def test_what_could_not_be_built_was_not_built(acme, dispatcher, new_endpoint, queue_one, bodies):
    bodies["long"] = {"leadId": "x" * 70_000}
    before = database_time()
    queue_one(new_endpoint(acme), refs={"n": "long"})

    dispatcher()

    attempt = Attempt.objects.get()
    assert attempt.error == "payload_too_large"
    assert attempt.built_at is None
    assert attempt.started_at > before


def test_what_waited_too_long_is_built_anew(
    acme, receiver, dispatcher, new_endpoint, queue_one, bodies, monkeypatch
):
    """The endpoint is slow and has one connection; what is behind it changes meanwhile."""
    monkeypatch.setattr(dispatch, "CONNECTIONS", 1)
    monkeypatch.setattr(dispatch, "LONGEST_WAIT", 0.3)
    took_one = threading.Event()

    def slow(handler: Handler, body: bytes) -> None:
        took_one.set()
        time.sleep(0.6)
        handler.answer(200, {}, b"ok")

    receiver.answers["/slow"] = slow
    endpoint = new_endpoint(acme, "/slow")
    Endpoint.objects.update(lane=128)
    bodies["n"] = {"leadId": "share_x", "lead": {"customerInfo": {"name": "Zenobia"}}}
    for _ in range(2):
        queue_one(endpoint, refs={"n": "n"})

    done = threading.Thread(target=dispatcher)
    done.start()
    assert took_one.wait(10)
    bodies["n"] = {"leadId": "share_x", "lead": {"market": "uae"}}
    done.join(20)

    first, second = receiver.at("/slow")
    assert b"Zenobia" in first.body
    assert b"Zenobia" not in second.body
    assert set(Delivery.objects.values_list("state", "attempts")) == {("sent", 1)}
