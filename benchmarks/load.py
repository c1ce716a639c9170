"""A small load generator: a few keep-alive connections, one request at a time on each.

It shares the two cores with what it measures, equally for the portal and its floor.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Measured:
    """What one stretch of load showed; times in milliseconds."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    bad: dict[int, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def run(port: int, requests: Iterator[bytes], *, seconds: float, connections: int = 8) -> Measured:
    """Send REQUESTS to a loopback PORT for SECONDS over CONNECTIONS; 200 is what is expected."""
    lock = threading.Lock()
    measured = Measured()
    begin = time.perf_counter()
    end = begin + seconds

    def work() -> None:
        times: list[float] = []
        bad: dict[int, int] = {}
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while time.perf_counter() < end:
                with lock:
                    request = next(requests)
                sent = time.perf_counter()
                connection.sendall(request)
                status = _answer(connection)
                times.append((time.perf_counter() - sent) * 1000)
                if status != 200:
                    bad[status] = bad.get(status, 0) + 1
        with lock:
            measured.times += times
            for status, number in bad.items():
                measured.bad[status] = measured.bad.get(status, 0) + number

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    measured.seconds = time.perf_counter() - begin
    return measured


def _answer(connection: socket.socket) -> int:
    """Read one answer whole and return its status."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(connection)
    else:
        length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += _more(connection)
    return int(head[9:12])


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the server closed the connection")
    return data


def post(path: str, body: bytes, **headers: str) -> bytes:
    """Return the bytes of a JSON POST."""
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"{told}Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(path: str, **headers: str) -> bytes:
    """Return the bytes of a GET."""
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{told}\r\n".encode()
