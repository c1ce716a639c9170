"""Slow clients and a flood from one key leave the others quick: on the real server."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from partners.services import issue_key
from portal.lib.access import THE_SYSTEM
from portal.server import HEAD_BYTES, WHOLE_BYTES, is_whole
from portal.tests.live import LivePortal

SLOW = 150  # connections; the server has 8 threads
QUICK_SECONDS = 1.5  # for a page of the health check, on a busy machine


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\ncontent-length:3\r\n\r\nabc", True),
        (b"POST / HTTP/1.1\r\nContent-Length: nonsense\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (WHOLE_BYTES + 1), True),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", False),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", True),
        (b"x" * HEAD_BYTES, False),
        (b"x" * (HEAD_BYTES + 1), True),
    ],
)
def test_what_a_thread_gets(received: bytes, whole: bool) -> None:
    assert is_whole(received) == whole


def took(url: str, **headers: str) -> float:
    started = time.monotonic()
    with (
        contextlib.suppress(urllib.error.HTTPError),
        urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer,
    ):
        answer.read()
    return time.monotonic() - started


@contextlib.contextmanager
def connected(live: LivePortal, number: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", live.port), timeout=30))
            for _each in range(number)
        ]


def send(clients: list[socket.socket], text: bytes) -> None:
    for client in clients:
        with contextlib.suppress(OSError):
            client.sendall(text)


def exchange(live: LivePortal, *pieces: bytes) -> bytes:
    """Send PIECES with a pause between them; return all that is answered."""
    with connected(live, 1) as (client,):
        for piece in pieces:
            client.sendall(piece)
            time.sleep(0.05)
        found = b""
        while piece := client.recv(65536):
            found += piece
        return found


def problem_in(answer: bytes) -> dict[str, Any]:
    """Return the problem ANSWER is, which says of itself that it is one."""
    head, _blank, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json\r\n" in head
    found: dict[str, Any] = json.loads(body)
    assert (found["ok"], found["status"]) == (False, int(head.split()[1]))
    return found


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
class TestSlowClients:
    def dripping(self, clients: list[socket.socket], until: threading.Event) -> None:
        while not until.wait(1):
            send(clients, b"X")

    @pytest.mark.parametrize(
        "sent",
        [
            b"",
            b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
            b"POST /api/partner-update HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\n",
        ],
        ids=["silent", "dripping head", "dripping body"],
    )
    def test_hold_up_nobody(self, live: LivePortal, sent: bytes) -> None:
        until = threading.Event()
        with connected(live, SLOW) as clients:
            send(clients, sent)
            dripping = threading.Thread(target=self.dripping, args=(clients if sent else [], until))
            dripping.start()
            times = [took(f"{live.origin}/healthz") for _each in range(20)]
            until.set()
            dripping.join()
        assert sorted(times)[17] < QUICK_SECONDS, times

    def test_who_does_not_read_the_answer_holds_up_nobody(self, live: LivePortal) -> None:
        asked = b"GET /api/docs/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        with connected(live, 40) as clients:
            send(clients, asked)
            took(f"{live.origin}/healthz")  # behind them
            times = [took(f"{live.origin}/healthz") for _each in range(20)]
        assert sorted(times)[17] < QUICK_SECONDS, times

    def test_end_after_ten_seconds(self, live: LivePortal) -> None:
        started = time.monotonic()
        answer = exchange(live, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")

        assert answer.startswith(b"HTTP/1.1 408 ")
        assert problem_in(answer)["code"] == "too_slow"
        assert 9 < time.monotonic() - started < 16

    def test_a_request_in_pieces_is_answered(self, live: LivePortal) -> None:
        head = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        answer = exchange(live, head[:9], head[9:], b"Connection: close\r\n", b"\r\n")

        assert answer.startswith(b"HTTP/1.1 200 ")

    def test_two_requests_at_once_get_two_answers(self, live: LivePortal) -> None:
        one = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

        assert exchange(live, one + one[:20], one[20:] + last).count(b"HTTP/1.1 200 ") == 3

    def test_chunks_and_expectations(self, live: LivePortal, acme: Any) -> None:
        _key, secret = issue_key(actor=THE_SYSTEM, partner=acme)
        head = (
            b"POST /api/webhook-endpoints HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nAuthorization: Bearer " + secret.encode() + b"\r\n"
        )
        body = b'{"url": "https://hooks.example.com/portal"}'
        chunks = b"%x\r\n%s\r\n" % (len(body), body)

        answer = exchange(live, head + b"Transfer-Encoding: chunked\r\n\r\n", chunks, b"0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        expecting = b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        answer = exchange(live, head + expecting, body)
        assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 409 ")
        announced = b"Content-Length: %d\r\n\r\n" % (WHOLE_BYTES * 2)
        assert exchange(live, head + announced).startswith(b"HTTP/1.1 413 ")


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
class TestWhatNoViewSees:
    @pytest.mark.parametrize(
        ("sent", "status", "code"),
        [
            (b"GET /api/leads?cursor=%s HTTP/1.1\r\n\r\n" % (b"A" * 5000), 414, "uri_too_long"),
            (b"GET / HTTP/1.1\r\nX: %s\r\n\r\n" % (b"A" * 9000), 431, "headers_too_large"),
            (b"GET / HTTP/1.1\r\n%s\r\n" % (b"X: 1\r\n" * 101), 431, "headers_too_large"),
            (b"Nonsense\r\n\r\n", 400, "malformed"),
            (b"GET / HTTP/1.1\r\nX Y: 1\r\n\r\n", 400, "malformed"),
            (b"GET / HTTP/3.0\r\n\r\n", 400, "malformed"),
        ],
    )
    def test_is_refused_by_a_problem(
        self, live: LivePortal, sent: bytes, status: int, code: str
    ) -> None:
        found = problem_in(exchange(live, sent))

        assert (found["status"], found["code"]) == (status, code)
        assert len(found["requestId"]) == 32
        assert found["requestId"] in live.said()  # and can be looked for

    def test_lines_stand_once_and_name_no_address(self, live: LivePortal) -> None:
        took(
            f"{live.origin}/api/leads?limit=1", **{"X-Request-Id": "told-once", "User-Agent": "Odd"}
        )
        exchange(live, b"Nonsense\r\n\r\n")

        said = (live.folder / "web.log").read_text()

        assert said.count("told-once") == 1
        assert said.count("Listening at") == 1
        assert "Odd" not in said
        assert "ip=" not in said
        assert "GET /api" not in said


@pytest.mark.proof
@pytest.mark.django_db(transaction=True)
def test_a_flood_from_one_key_leaves_the_others_quick(
    live: LivePortal, acme: Any, rival: Any
) -> None:
    keys = [issue_key(actor=THE_SYSTEM, partner=partner)[1] for partner in (acme, rival)]
    flooding, calm = ({"Authorization": f"Bearer {secret}"} for secret in keys)
    address, until = f"{live.origin}/api/leads", threading.Event()

    def flood() -> None:
        while not until.is_set():
            took(address, **flooding)

    threads = [threading.Thread(target=flood) for _each in range(30)]
    each: Callable[[], float] = lambda: took(address, **calm)  # noqa: E731
    for thread in threads:
        thread.start()
    try:
        times = sorted(each() for _number in range(40))
    finally:
        until.set()
        for thread in threads:
            thread.join()
    assert times[37] < 2 * QUICK_SECONDS, times
