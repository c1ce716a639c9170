"""Serve the demo partner inbox on INBOX_PORT, loopback only."""

from __future__ import annotations

import json
import os
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from portal.inbox import journal, page

MAX_BODY = 65_536  # bytes
HOOKS = "/hooks/"
STYLE = (Path(__file__).parent / "inbox.css").read_bytes()
POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


class InboxServer(ThreadingHTTPServer):
    """Serves the inboxes whose secrets are in one file."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, secrets: Path) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.journal = journal.Journal()
        self.secrets = journal.Secrets(secrets)
        own = self.server_address[1]
        self.hosts = {f"127.0.0.1:{own}", f"localhost:{own}"}


class Handler(BaseHTTPRequestHandler):
    """One connection: webhooks by POST, the page and the journal by GET."""

    protocol_version = "HTTP/1.1"  # senders keep their connection
    server_version, sys_version = "PartnerInbox", ""
    timeout = 60
    disable_nagle_algorithm = True
    headers: Message

    @property
    def inbox(self) -> InboxServer:
        """The server this connection belongs to."""
        return cast(InboxServer, self.server)

    def do_GET(self) -> None:
        """Show what arrived."""
        address = urlsplit(self.path)
        if self.headers.get("Host") not in self.inbox.hosts:
            # A page elsewhere whose name was pointed at us must not read this one.
            self._answer_json(HTTPStatus.MISDIRECTED_REQUEST, {"error": "Not the host asked for."})
        elif address.path == "/":
            query = parse_qs(address.query)
            content = page.render(
                self.inbox.journal.arrivals(),
                name=query.get("name", [""])[0],
                follow="follow" in query,
            )
            self._answer(HTTPStatus.OK, "text/html; charset=utf-8", content.encode())
        elif address.path == "/journal.json":
            self._answer_json(HTTPStatus.OK, self.inbox.journal.as_json())
        elif address.path == "/inbox.css":
            self._answer(HTTPStatus.OK, "text/css; charset=utf-8", STYLE)
        else:
            self._answer_json(HTTPStatus.NOT_FOUND, {"error": "There is no such page."})

    def do_POST(self) -> None:
        """Take a webhook: 401 when its signature does not hold, 404 for an unknown inbox."""
        body = self._body()
        if body is None:
            return
        path = urlsplit(self.path).path
        name = path.removeprefix(HOOKS)
        secret = self.inbox.secrets.get(name) if path.startswith(HOOKS) else None
        if secret is None:
            self._answer_json(HTTPStatus.NOT_FOUND, {"error": "There is no such inbox."})
            return
        headers = {key.lower(): value for key, value in self.headers.items()}
        arrival = journal.receive(name=name, secret=secret, headers=headers, body=body)
        self.inbox.journal.add(arrival)
        if arrival.verified:
            self._answer_json(HTTPStatus.OK, journal.answer_to(arrival))
        else:
            self._answer_json(HTTPStatus.UNAUTHORIZED, {"error": arrival.refusal})

    def _body(self) -> bytes | None:
        """Return the body, None when it was refused for its length."""
        given = self.headers.get("Content-Length", "")
        if not (given.isascii() and given.isdigit()):
            status, error = HTTPStatus.LENGTH_REQUIRED, "Content-Length is missing."
        elif int(given) > MAX_BODY:
            status, error = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too long."
        else:
            return self.rfile.read(int(given))
        self.close_connection = True  # what follows is the unread body
        self._answer_json(status, {"error": error})
        return None

    def _answer_json(self, status: HTTPStatus, content: Any) -> None:
        self._answer(status, "application/json", json.dumps(content).encode())

    def _answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the page is the record."""


def main() -> None:
    """Serve until we are told to end."""
    data = Path(os.environ.get("PORTAL_DATA_DIR") or "var")
    with InboxServer(int(os.environ.get("INBOX_PORT") or 8001), data / "inbox/secrets.json") as it:
        it.serve_forever()


if __name__ == "__main__":
    main()
