"""A partner's system on loopback that behaves as its path says, and notes what it got."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Got:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    peer: tuple[str, int]

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """What arrived. `answers` maps a path to (status, headers, body) or to a function."""

    got: list[Got] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    port: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/ok") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Got]:
        return [got for got in self.got if got.path == path]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.got.append(Got(self.path, headers, body, time.time(), self.client_address))
        how = self.receiver.answers.get(self.path, (200, {}, b"ok"))
        with contextlib.suppress(OSError):
            how(self, body) if callable(how) else self.answer(*how)

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def echo(handler: Handler, body: bytes) -> None:
    """Answer a challenge as the contract says."""
    challenge = json.loads(body)["data"]["challenge"]
    handler.answer(200, {}, json.dumps({"challenge": challenge}).encode())


def hang(handler: Handler, body: bytes) -> None:
    """Accept and never answer."""
    handler.receiver.stop.wait(30)
    handler.close_connection = True


def drip(handler: Handler, body: bytes) -> None:
    """Answer one byte of a header at a time."""
    for char in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
        if handler.receiver.stop.wait(0.05):
            return
        handler.wfile.write(bytes([char]))
        handler.wfile.flush()


def drip_body(handler: Handler, body: bytes) -> None:
    """Answer at once and never finish the answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.flush()
    while not handler.receiver.stop.wait(0.1):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def endless(handler: Handler, body: bytes) -> None:
    """Answer with more than anybody wants to read."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**10))
    handler.end_headers()
    while not handler.receiver.stop.is_set():
        handler.wfile.write(b"x" * 65536)


def bomb(handler: Handler, body: bytes) -> None:
    """Answer with a small body that would unpack to a large one."""
    packed = gzip.compress(b"\0" * 20_000_000)
    handler.answer(200, {"Content-Encoding": "gzip"}, packed)


def reset(handler: Handler, body: bytes) -> None:
    """Hang up without a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def nonsense(handler: Handler, body: bytes) -> None:
    """Answer something that is not HTTP."""
    handler.wfile.write(b"220 mail.example ESMTP\r\n\r\n")
    handler.wfile.flush()
    handler.close_connection = True


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: the other side hangs up on purpose."""


@contextlib.contextmanager
def receiving(tls: Any = None) -> Any:
    """Run a receiver until the block ends; with the ssl context TLS if given."""
    receiver = Receiver()
    handler = type("Bound", (Handler,), {"receiver": receiver})
    server = Server(("127.0.0.1", 0), handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stop.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
