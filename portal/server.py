"""How requests reach the threads of gunicorn: whole, so that a slow client holds none of them.

gunicorn's own thread worker reads a request in the thread that answers it: eight clients that send
a header a minute would hold all eight threads. Here the event loop collects what clients send, as a
proxy in front would, and a thread gets a request when it is there; what takes too long ends with
408. Answers and the bodies nobody announced are bounded by time as well.
"""

from __future__ import annotations

import contextlib
import json
import re
import selectors
import socket
import time
import uuid
from collections import deque
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from portal.lib.request_id import request_id_var

REQUEST_SECONDS = 10.0  # from the first moment to the last byte of a request
STALL_SECONDS = 10.0  # a thread waits for a client no longer than this, all its reads together
LINGER_SECONDS = 2.0  # for a client to take the end of an answer and close
LINGER_BYTES = 65_536
PIECE = 65_536
HEAD_BYTES = 65_536  # of a head; gunicorn refuses what is longer
# What pages take at most, a paper of evidence with its form; more is refused by its length.
WHOLE_BYTES = 5_065_536 + HEAD_BYTES
HELD_BYTES = 67_108_864  # of unfinished requests in one process
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*(?=\r\n)", re.I)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.I)
_EXPECT = re.compile(rb"\r\nexpect:", re.I)
# What is refused before any view sees it; the first kind that fits counts.
_REFUSED: tuple[tuple[type[Exception], int, str, str], ...] = (
    (errors.LimitRequestLine, 414, "uri_too_long", "The address is too long."),
    (
        errors.LimitRequestHeaders,
        431,
        "headers_too_large",
        "Headers are too many or too long.",
    ),
    (errors.InvalidResponseHeader, 500, "server_error", "Something broke on our side."),
    (errors.InvalidResponseHeaderName, 500, "server_error", "Something broke on our side."),
    (errors.ParseException, 400, "malformed", "This is not a request of HTTP/1.1."),
    (Exception, 500, "server_error", "Something broke on our side."),
)


def refusal(status: int, code: str, detail: str) -> bytes:
    """Return a whole answer, a problem like every other of the API, that ends the connection."""
    from portal.lib.problems import MEDIA_TYPE, problem  # noqa: PLC0415 - needs the settings

    body = json.dumps(problem(status, code, detail)).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nConnection: close\r\n"
        f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n"
    )
    return head.encode() + body


def is_whole(received: bytes | bytearray) -> bool:
    """Return whether a thread may have RECEIVED: a whole request, or one that is refused anyway."""
    end = received.find(_END)
    if end < 0:
        return len(received) > HEAD_BYTES
    head, body = bytes(received[: end + 2]), len(received) - end - len(_END)
    if _EXPECT.search(head):  # it waits to be asked for the body
        return True
    if _CHUNKED.search(head):
        return body > WHOLE_BYTES or (body > 0 and received.endswith(_END))
    length = _LENGTH.search(head)
    return length is None or body >= int(length[1]) or int(length[1]) > WHOLE_BYTES


class BoundedSocket(socket.socket):
    """A connection that nobody waits for without an end."""

    read_until = 0.0

    def setblocking(self, flag: bool) -> None:
        """Wait for STALL_SECONDS at most where gunicorn would wait for ever."""
        self.settimeout(STALL_SECONDS if flag else 0.0)

    def recv(self, *given: Any) -> bytes:
        """Read; in a thread, all of them together until `read_until`."""
        if self.gettimeout():
            left = self.read_until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.settimeout(min(left, STALL_SECONDS))
            try:
                return super().recv(*given)
            finally:
                self.settimeout(STALL_SECONDS)
        return super().recv(*given)


class Connection(TConn):  # type: ignore[misc]
    """A client, and what it has sent of its next request."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        self.received = bytearray()
        super().__init__(cfg, BoundedSocket(fileno=sock.detach()), client, server)

    def hand_over(self) -> None:
        """Let the parser, in a thread, find what was received."""
        self.init()
        self.sock.read_until = time.monotonic() + STALL_SECONDS
        self.parser.unreader.unread(bytes(self.received))
        self.received.clear()
        self.data_ready = True


class WholeRequestsWorker(ThreadWorker):  # type: ignore[misc]
    """A thread worker whose threads get whole requests."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = 0  # bytes of unfinished requests
        self.lingering: deque[Connection] = deque()

    # --- the event loop ---------------------------------------------------------------------
    def accept(self, listener: Any) -> None:
        """Take a new connection and wait for its request."""
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            sock, client = listener.accept()
            self.nr_conns += 1
            self._await(Connection(self.cfg, sock, client, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: Any) -> None:
        """Wait for the rest of another request on a kept connection."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await(conn)

    def _await(self, conn: Connection) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + REQUEST_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(
            conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn)
        )

    def on_pending_socket_readable(self, conn: Connection, client: Any) -> None:
        """Take what has come; with the last of it a thread takes over."""
        try:
            piece = conn.sock.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        conn.received += piece
        self.held += len(piece)
        if not piece or self.held > HELD_BYTES:
            self._stop_waiting(conn)
            self._drop(conn)
        elif is_whole(conn.received):
            self._stop_waiting(conn)
            self.enqueue_req(conn)

    def _stop_waiting(self, conn: Connection) -> None:
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        self.held -= len(conn.received)

    def finish_request(self, conn: Connection, done: Any) -> None:
        """Keep the connection for another request, or let it end without waiting for it here."""
        try:
            kept = not done.cancelled() and done.result()
        except Exception:  # noqa: BLE001 - it was logged where it happened
            kept = False
        if not kept:
            self._linger(conn)
        elif early := conn.parser.unreader.take_buffered():
            conn.received += early
            self.held += len(early)
            self._await(conn)
            if is_whole(conn.received):
                self._stop_waiting(conn)
                self.enqueue_req(conn)
        else:
            conn.sock.setblocking(False)
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            self.poller.register(
                conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn)
            )

    def _linger(self, conn: Connection) -> None:
        """Say that nothing follows, and give the client a moment to read (RFC 9112, 9.6)."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._discard, conn))
        except (OSError, ValueError):  # the client was quicker
            self._drop(conn)
            return
        conn.lingered = 0
        conn.timeout = time.monotonic() + LINGER_SECONDS
        self.lingering.append(conn)

    def _discard(self, conn: Connection, _client: Any) -> None:
        piece = b""
        with contextlib.suppress(OSError):
            piece = conn.sock.recv(PIECE)
        conn.lingered += len(piece)
        if not piece or conn.lingered > LINGER_BYTES:
            self.lingering.remove(conn)
            self.poller.unregister(conn.sock)
            self._drop(conn)

    def murder_pending(self) -> None:
        """End what took too long: requests with 408, closed connections without a word."""
        now = time.monotonic()
        while self.pending_conns and self.pending_conns[0].timeout <= now:
            conn = self.pending_conns[0]
            self._stop_waiting(conn)
            if conn.received:
                with contextlib.suppress(OSError):
                    request_id_var.set(uuid.uuid4().hex)
                    conn.sock.send(refusal(408, "too_slow", "The request did not arrive in time."))
            self._linger(conn)
        while self.lingering and self.lingering[0].timeout <= now:
            conn = self.lingering.popleft()
            self.poller.unregister(conn.sock)
            self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close()

    # --- the threads ------------------------------------------------------------------------
    def handle(self, conn: Connection) -> Any:
        """Answer a request that has come."""
        conn.hand_over()
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Refuse what is no request by a problem; gunicorn would by a page, and log who asked."""
        _kind, status, code, detail = next(row for row in _REFUSED if isinstance(exc, row[0]))
        request_id_var.set(uuid.uuid4().hex)
        told = {"status": status, "error": type(exc).__name__}
        self.log.warning(
            "refused before any view", extra=told, exc_info=exc if status == 500 else None
        )
        with contextlib.suppress(OSError):
            client.sendall(refusal(status, code, detail))
