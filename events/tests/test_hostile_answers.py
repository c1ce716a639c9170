"""Receivers that mean us harm: each exchange ends in time, reads little, goes nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from events import http, words
from events.tests import receiver as behaviour
from events.tests.dialling import posted
from events.tests.receiver import Handler, receiving

DEADLINE = 1  # seconds


def sends(head: bytes, again: Callable[[int], bytes]) -> Callable[[Handler, bytes], None]:
    """Return how to answer with HEAD and then with what AGAIN makes, without an end."""

    def answer(handler: Handler, body: bytes) -> None:
        handler.wfile.write(head)
        number = 0
        while not handler.receiver.stop.is_set():
            handler.wfile.write(again(number))
            number += 1

    return answer


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "header lines": (sends(OK, lambda n: b"X-%d: %s\r\n" % (n, b"y" * 4000)), "invalid_answer"),
    "one header line": (sends(OK + b"X: ", lambda n: b"y" * 65_536), "invalid_answer"),
    "a status line": (sends(b"HTTP/1.1 200 ", lambda n: b"y" * 65_536), "invalid_answer"),
    "interim answers": (sends(b"", lambda n: b"HTTP/1.1 100 Continue\r\n\r\n" * 99), "timeout"),
    "a chunk's extension": (sends(CHUNKED + b"5;", lambda n: b"y" * 65_536), "timeout"),
    "trailers": (
        sends(CHUNKED + b"0\r\n", lambda n: b"X-%d: %s\r\n" % (n, b"y" * 4000)),
        "invalid_answer",
    ),
    "small chunks": (sends(CHUNKED, lambda n: b"1\r\nx\r\n" * 999), ""),
    "a body": (behaviour.endless, ""),
    "a body without a length": (sends(OK + b"\r\n", lambda n: b"x" * 65_536), ""),
    "a small body that unpacks to a large one": (behaviour.bomb, ""),
    "a header, byte by byte": (behaviour.drip, "timeout"),
    "a body, byte by byte": (behaviour.drip_body, "timeout"),
    "nothing": (behaviour.hang, "timeout"),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_it_ends_in_time_and_little_is_read(what, settings):
    settings.WEBHOOK_DEADLINE_SECONDS = DEADLINE
    how, error = ENDLESS[what]
    with receiving() as receiver:
        receiver.answers["/ok"] = how
        began = time.monotonic()
        [answer] = posted(receiver.url())
        took = time.monotonic() - began

    assert answer.error == error
    assert took < DEADLINE + 2
    assert len(answer.head) <= http.ANSWER_BYTES


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
@pytest.mark.parametrize("to", ["http://10.0.0.1/", "//169.254.169.254/", "/elsewhere", "x:y"])
def test_no_redirect_is_followed(status, to, settings, dialled):
    with receiving() as receiver:
        receiver.answers["/ok"] = (status, {"Location": to, "Refresh": f"0; url={to}"}, b"")
        [answer] = posted(receiver.url())

    assert (answer.error, answer.status) == ("redirect", status)
    assert len(receiver.got) == len(dialled) == 1


def test_no_alternative_service_is_used(settings, dialled):
    with receiving() as receiver:
        receiver.answers["/ok"] = (
            200,
            {"Alt-Svc": 'h2="10.0.0.1:443"', "Connection": "close"},
            b"",
        )
        posted(receiver.url(), times=2)

    assert {address[:2] for address in dialled} == {("127.0.0.1", receiver.port)}


def test_an_owner_is_not_told_that_an_address_lies_in_our_network():
    blocked, failed = "egress_blocked", "connection_failed"
    assert words.shown_error(blocked) == words.shown_error(failed) == failed
    assert words.error_in_words(blocked) == words.error_in_words(failed)


def test_what_is_shown_of_a_failure_names_no_address(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_LOOPBACK = False
    [answer] = posted("https://10.9.8.7/")

    assert "10.9.8.7" not in repr(answer)
    assert answer.head == b""
