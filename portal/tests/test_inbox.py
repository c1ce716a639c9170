"""The demo partner inbox, over real HTTP, with signatures made by our own hand."""

import base64
import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.inbox.__main__ import InboxServer
from portal.inbox.journal import KEPT

KEY = b"0123456789abcdef01234567"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[InboxServer]:
    """An inbox named acme."""
    secrets = tmp_path / "secrets.json"
    secrets.write_text(json.dumps({"acme": SECRET}))
    with InboxServer(0, secrets) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(
    inbox: InboxServer,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", inbox.server_address[1], timeout=10)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


def signed(body: bytes, *, message: str = "msg_1") -> dict[str, str]:
    at = str(int(time.time()))
    digest = hmac.digest(KEY, b".".join([message.encode(), at.encode(), body]), hashlib.sha256)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": message, "webhook-timestamp": at, "webhook-signature": signature}


def send(
    inbox: InboxServer,
    kind: str,
    *,
    message: str = "msg_1",
    name: str = "acme",
    **data: object,
) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"type": kind, "timestamp": "2026-11-22T20:00:00Z", "data": data}).encode()
    headers = signed(body, message=message)
    status, _, answer = ask(inbox, "POST", f"/hooks/{name}", body=body, headers=headers)
    return status, json.loads(answer)


def journal(inbox: InboxServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ask(inbox, "GET", "/journal.json")[2])
    return found


def test_a_challenge_is_echoed(inbox: InboxServer) -> None:
    assert send(inbox, "webhook.verify", challenge="abc") == (200, {"challenge": "abc"})


def test_a_repeated_id_is_counted_not_listed_twice(inbox: InboxServer) -> None:
    for _ in range(3):
        assert send(inbox, "lead.shared", leadId="share_1")[0] == 200

    (arrival,) = journal(inbox)
    assert (arrival["id"], arrival["type"], arrival["seen"]) == ("msg_1", "lead.shared", 3)
    assert arrival["verified"]


def test_only_the_last_are_kept(inbox: InboxServer) -> None:
    for number in range(KEPT + 3):
        send(inbox, "lead.shared", message=f"msg_{number}")

    kept = journal(inbox)
    assert (len(kept), kept[0]["id"]) == (KEPT, f"msg_{KEPT + 2}")


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,a,b"},
        {"webhook-signature": "v1,not base64"},
        {"webhook-signature": "v1,\xe9"},
        {"webhook-signature": ""},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "now"},
        {"webhook-id": "another"},
    ],
)
def test_what_is_not_signed_by_the_portal_is_refused(
    inbox: InboxServer, changed: dict[str, str]
) -> None:
    body = b'{"type": "webhook.verify", "data": {"challenge": "abc"}}'

    status, _, answer = ask(inbox, "POST", "/hooks/acme", body=body, headers=signed(body) | changed)

    assert status == 401
    assert b"abc" not in answer
    assert [arrival["verified"] for arrival in journal(inbox)] == [False]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[1", b"null", b'"text"', b"[]", b"{}"])
def test_strange_bodies_do_no_harm(inbox: InboxServer, body: bytes) -> None:
    status, _, _ = ask(inbox, "POST", "/hooks/acme", body=body, headers=signed(body))

    assert status in (200, 401)
    assert ask(inbox, "GET", "/")[0] == 200


def test_unknown_inboxes_and_pages_are_not_found(inbox: InboxServer) -> None:
    assert send(inbox, "lead.shared", name="rival")[0] == 404
    assert ask(inbox, "POST", "/acme", body=b"{}")[0] == 404
    assert ask(inbox, "GET", "/hooks/acme")[0] == 404
    assert journal(inbox) == []


def test_too_long_a_body_is_refused_unread(inbox: InboxServer) -> None:
    assert ask(inbox, "POST", "/hooks/acme", headers={"Content-Length": "99999999"})[0] == 413
    assert ask(inbox, "POST", "/hooks/acme", headers={"Transfer-Encoding": "chunked"})[0] == 411


def test_a_new_secret_is_used_at_once(inbox: InboxServer, tmp_path: Path) -> None:
    send(inbox, "lead.shared")
    (tmp_path / "secrets.json").write_text(json.dumps({"acme": SECRET, "rival": SECRET}))

    assert send(inbox, "lead.shared", name="rival")[0] == 200


def test_the_page_shows_and_escapes_what_came(inbox: InboxServer) -> None:
    send(
        inbox, "lead.shared", message="msg_<b>", leadId="<script>alert(1)</script>", name_ar="محمد"
    )

    status, headers, page = ask(inbox, "GET", "/?name=acme&follow=1")

    assert status == 200
    assert b"lead.shared" in page
    assert "محمد" in page.decode()
    assert b"<script" not in page
    assert b"<b>" not in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert ask(inbox, "GET", "/inbox.css")[1]["Content-Type"] == "text/css; charset=utf-8"


def test_a_name_pointed_at_us_cannot_read_the_page(inbox: InboxServer) -> None:
    assert ask(inbox, "GET", "/journal.json", headers={"Host": "evil.example"})[0] == 421
