"""A receiver as quick as Python allows: answers 200 and notes when what came. A process of its own.

`python -m benchmarks.receiver [SECONDS]` prints its port and answers each message after SECONDS.
`GET /` is answered with the number of messages so far, `GET /times` with when each id came first,
in seconds of the machine's monotonic clock. A message to a path that begins with `/hang` is noted
and never answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Receiver(asyncio.Protocol):
    """Reads requests by their Content-Length and keeps the connection."""

    seconds = 0.0
    received = 0
    times: dict[str, float] = {}

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            if head.startswith(b"GET"):
                self._tell(head)
                self.buffer = rest
                continue
            lower = head.lower()
            length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self._note(lower)
            if not head.startswith(b"POST /hang"):
                self._answer()

    def _note(self, head: bytes) -> None:
        Receiver.received += 1
        webhook_id = head.split(b"webhook-id:")[1].split(b"\r\n")[0].strip().decode()
        Receiver.times.setdefault(webhook_id, time.monotonic())

    def _answer(self) -> None:
        if Receiver.seconds:
            asyncio.get_running_loop().call_later(Receiver.seconds, self.transport.write, OK)
        else:
            self.transport.write(OK)

    def _tell(self, head: bytes) -> None:
        told: object = Receiver.received
        if head.startswith(b"GET /times"):
            told, Receiver.times = Receiver.times, {}
        body = json.dumps(told).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


async def serve(seconds: float) -> None:
    """Listen on a free loopback port until the process is ended."""
    Receiver.seconds = seconds
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Receiver, "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def running(seconds: float = 0.0) -> Iterator[int]:
    """Run a receiver that takes SECONDS and yield its port; ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.receiver", str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)


def received(port: int) -> int:
    """Return how many messages the receiver at PORT got."""
    return int(_asked(port, "/"))


def times(port: int) -> dict[str, float]:
    """Return when each message came to PORT since the last call, by its webhook-id."""
    found: dict[str, float] = json.loads(_asked(port, "/times"))
    return found


def _asked(port: int, path: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port)) as probe:
        probe.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += probe.recv(65_536)
        head, _, body = answer.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += probe.recv(1_048_576)
    return body


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
