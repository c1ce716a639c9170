"""Receiving what the portal sends: Standard Webhooks 1.0.0, verified, answered, each once.

No framework is needed: hand the raw body and the headers to :func:`verify` or a :class:`Receiver`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLERANCE = 300  # seconds a message may be old, or ahead
REMEMBERED = 10_000  # ids, so that what is sent again is handled once
MAX_BODY = 65_536  # bytes; the portal sends no more
CHALLENGE = "webhook.verify"


class NotSigned(Exception):
    """The message was not signed by the portal with this secret, or is too old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message whose signature holds.

    :ivar id: the `webhook-id`, the same when it is sent again
    :ivar type: `lead.shared`, `lead.revoked`, …
    :ivar timestamp: when it happened, RFC 3339
    """

    id: str
    type: str
    timestamp: str
    data: dict[str, Any]


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secrets: str | Iterable[str],
    *,
    tolerance: int = TOLERANCE,
    now: float | None = None,
) -> Message:
    """Return the message if it was signed with one of SECRETS.

    :param body: the raw bytes, before anything parsed them
    :param secrets: `whsec_…`; while you rotate, the new and the old
    :raises NotSigned: if not, or if it is older than TOLERANCE seconds
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        webhook_id = lowered["webhook-id"]
        timestamp = lowered["webhook-timestamp"]
        signatures = lowered["webhook-signature"]
    except KeyError as missing:
        raise NotSigned(f"The header {missing} is missing.") from missing
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        raise NotSigned("webhook-timestamp is not a number of seconds.")
    if abs((time.time() if now is None else now) - int(timestamp)) > tolerance:
        raise NotSigned("The message is too old, or a clock is wrong.")
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    wanted = [
        hmac.digest(_key(secret), signed, hashlib.sha256)
        for secret in ([secrets] if isinstance(secrets, str) else secrets)
    ]
    if not any(hmac.compare_digest(a, b) for a in wanted for b in _given(signatures)):
        raise NotSigned("No signature fits.")
    return _message(webhook_id, body)


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("A secret looks like whsec_ and base64.") from error


def _given(signatures: str) -> list[bytes]:
    given = []
    for part in signatures.split(" "):
        version, _comma, encoded = part.partition(",")
        if version == "v1":
            try:
                given.append(base64.b64decode(encoded, validate=True))
            except (ValueError, binascii.Error):
                continue
    return given


def _message(webhook_id: str, body: bytes) -> Message:
    try:
        content = json.loads(body)
        return Message(
            id=webhook_id,
            type=str(content["type"]),
            timestamp=str(content["timestamp"]),
            data=dict(content["data"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise NotSigned("The body is signed, and not a message we know.") from error


Handler = Callable[[Message], None]


class Receiver:
    """Verifies, answers challenges, and hands each message on once.

    .. code-block:: python

        receiver = Receiver(secret)

        @receiver.on("lead.shared")
        def shared(message):
            portal.accept(message.data["leadId"])

        status, answer = receiver.handle(request.body, request.headers)

    Answer 500 when a handler raises: the portal then sends the message again. Ids are remembered
    in this process only; with several, let the handler drop an id it knows in its own transaction.
    """

    def __init__(self, *secrets: str, tolerance: int = TOLERANCE) -> None:
        self._secrets, self._tolerance = secrets, tolerance
        self._handlers: dict[str, Handler] = {}
        self._remembered: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def on(self, *types: str) -> Callable[[Handler], Handler]:
        """Let a function handle messages of TYPES; without any, all that no other handles."""

        def register(handler: Handler) -> Handler:
            for type_ in types or ("",):
                self._handlers[type_] = handler
            return handler

        return register

    def handle(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Return status and JSON to answer with."""
        try:
            message = verify(body, headers, self._secrets, tolerance=self._tolerance)
        except NotSigned as reason:
            return 401, {"error": str(reason)}
        if message.type == CHALLENGE:
            return 200, {"challenge": message.data.get("challenge")}
        if self._known(message.id):
            return 200, {"ok": True, "repeated": True}
        handler = self._handlers.get(message.type) or self._handlers.get("")
        try:
            if handler is not None:
                handler(message)
        except BaseException:
            self._forget(message.id)
            raise
        return 200, {"ok": True}

    def _known(self, webhook_id: str) -> bool:
        with self._lock:
            if webhook_id in self._remembered:
                return True
            self._remembered[webhook_id] = None
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
            return False

    def _forget(self, webhook_id: str) -> None:
        with self._lock:
            self._remembered.pop(webhook_id, None)


def serve(receiver: Receiver, *, port: int, host: str = "127.0.0.1") -> ThreadingHTTPServer:
    """Return a small server for trying things out; call `serve_forever()` on it.

    In production let your framework or a proxy in front take the requests, with TLS.
    """

    class Hook(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY:
                self.close_connection = True
                self._answer(413, {"error": "The body is too long, or of unknown length."})
                return
            body = self.rfile.read(int(length))
            try:
                status, told = receiver.handle(body, dict(self.headers.items()))
            except Exception as error:  # noqa: BLE001 - told as 500, so that it is sent again
                self.log_error("a handler failed: %r", error)
                status, told = 500, {"error": "The handler failed."}
            self._answer(status, told)

        def _answer(self, status: int, told: dict[str, Any]) -> None:
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing of what went well."""

    server = ThreadingHTTPServer((host, port), Hook)
    server.daemon_threads = True
    return server
