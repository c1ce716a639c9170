"""The receiver's half of Standard Webhooks, against its published vector and another's code."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator

import pytest
import requests
from standardwebhooks import Webhook

from partner_portal import Message, NotSigned, Receiver, verify
from partner_portal.webhooks import serve

SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "A" * 32
BODY = b'{"type":"lead.shared","timestamp":"2026-11-23T08:00:00Z","data":{"leadId":"share_1"}}'
NOW = 1_700_000_000


def signed(
    body: bytes = BODY, *, secret: str = SECRET, at: int = NOW, webhook_id: str = "msg_1"
) -> dict[str, str]:
    moment = dt.datetime.fromtimestamp(at, dt.UTC)
    return {
        "Webhook-Id": webhook_id,
        "Webhook-Timestamp": str(at),
        "Webhook-Signature": Webhook(secret).sign(webhook_id, moment, body.decode()),
    }


def test_the_published_vector_is_signed_right() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    with pytest.raises(NotSigned, match="not a message we know"):  # past the signature
        verify(b'{"test": 2432232314}', headers, SECRET, now=1614265330)
    with pytest.raises(NotSigned, match="No signature fits"):
        verify(b'{"test": 2432232315}', headers, SECRET, now=1614265330)


def test_what_anothers_code_signed_is_read() -> None:
    message = verify(BODY, signed(), SECRET, now=NOW)
    assert message == Message(
        id="msg_1",
        type="lead.shared",
        timestamp="2026-11-23T08:00:00Z",
        data={"leadId": "share_1"},
    )


def test_either_secret_fits_while_one_is_rotated() -> None:
    both = signed(secret=OTHER)
    both["Webhook-Signature"] += " " + signed()["Webhook-Signature"]
    assert verify(BODY, both, SECRET, now=NOW).id == "msg_1"
    assert verify(BODY, signed(), [OTHER, SECRET], now=NOW).id == "msg_1"


@pytest.mark.parametrize("late", [301, -301])
def test_what_is_too_old_or_ahead_is_refused(late: int) -> None:
    with pytest.raises(NotSigned, match="clock"):
        verify(BODY, signed(), SECRET, now=NOW + late)


@pytest.mark.parametrize(
    "change",
    [
        {"Webhook-Id": "msg_2"},
        {"Webhook-Timestamp": str(NOW + 1)},
        {"Webhook-Timestamp": "soon"},
        {"Webhook-Timestamp": "9" * 30},
        {"Webhook-Signature": "v1,***"},
        {"Webhook-Signature": "v1a,AAAA"},
        {"Webhook-Signature": ""},
        {"Webhook-Signature": "sha256=00"},
    ],
)
def test_whatever_was_altered_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(NotSigned):
        verify(BODY, signed() | change, SECRET, now=NOW)


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_missing_header_is_refused(name: str) -> None:
    headers = signed()
    del headers[name]
    with pytest.raises(NotSigned, match="missing"):
        verify(BODY, headers, SECRET, now=NOW)


@pytest.mark.parametrize("body", [b"[]", b"{}", b"\xff", b'{"type":1}', b"null"])
def test_a_signed_body_that_is_no_message_is_refused(body: bytes) -> None:
    headers = signed(body) if body != b"\xff" else signed()
    with pytest.raises(NotSigned):
        verify(body, headers, SECRET, now=NOW)


def test_a_secret_that_is_none_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        verify(BODY, signed(), "whsec_?", now=NOW)


class TestReceiver:
    @pytest.fixture
    def got(self) -> list[Message]:
        return []

    @pytest.fixture
    def receiver(self, got: list[Message]) -> Receiver:
        receiver = Receiver(SECRET, tolerance=10**10)
        receiver.on("lead.shared")(got.append)
        return receiver

    def test_hands_on_once_whatever_is_sent_again(
        self, receiver: Receiver, got: list[Message]
    ) -> None:
        assert receiver.handle(BODY, signed()) == (200, {"ok": True})
        assert receiver.handle(BODY, signed(at=NOW + 9))[1] == {"ok": True, "repeated": True}
        assert [message.id for message in got] == ["msg_1"]

    def test_echoes_a_challenge(self, receiver: Receiver) -> None:
        body = b'{"type":"webhook.verify","timestamp":"x","data":{"challenge":"abc"}}'
        assert receiver.handle(body, signed(body)) == (200, {"challenge": "abc"})

    def test_answers_401_to_whoever_holds_no_secret(
        self, receiver: Receiver, got: list[Message]
    ) -> None:
        assert receiver.handle(BODY, signed(secret=OTHER))[0] == 401
        assert got == []

    def test_takes_a_message_again_that_it_could_not_handle(self) -> None:
        turns = iter([True, False])
        receiver = Receiver(SECRET, tolerance=10**10)

        @receiver.on()
        def fails_once(message: Message) -> None:
            if next(turns):
                raise OSError

        with pytest.raises(OSError):  # noqa: PT011 - raised above
            receiver.handle(BODY, signed())
        assert receiver.handle(BODY, signed()) == (200, {"ok": True})

    def test_what_nobody_handles_is_taken(self) -> None:
        assert Receiver(SECRET, tolerance=10**10).handle(BODY, signed())[0] == 200


class TestServe:
    @pytest.fixture
    def origin(self) -> Iterator[str]:
        receiver = Receiver(SECRET, tolerance=10**10)

        @receiver.on("lead.shared")
        def fails(message: Message) -> None:
            raise OSError

        server = serve(receiver, port=0)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()
        server.server_close()

    def test_answers_over_a_socket(self, origin: str) -> None:
        body = json.dumps({"type": "other", "timestamp": "x", "data": {}}).encode()
        with requests.Session() as session:
            assert session.post(origin, data=body, headers=signed(body)).status_code == 200
            assert (
                session.post(origin, data=BODY, headers=signed(webhook_id="2")).status_code == 500
            )
            assert session.post(origin, data=BODY).status_code == 401
            assert session.post(origin, data=b"x" * 70_000).status_code == 413
