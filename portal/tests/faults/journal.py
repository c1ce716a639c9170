"""The partner's side of a fault run: what came in, when, and what was answered."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook

from events.tests.receiver import Handler, Receiver
from portal.tests.faults.seed import SECRET


@dataclass(frozen=True, slots=True)
class Entry:
    """One message that came in. `error`: why its signature or its time was not believed."""

    webhook_id: str
    path: str
    type: str
    data: dict[str, Any]
    at: float
    status: int
    error: str


@dataclass
class Journal:
    """Writes down each message before it is answered. Paths say how: see `answers`."""

    receiver: Receiver
    entries: list[Entry] = field(default_factory=list)
    late: float = 0.0  # seconds the late path takes for a message it sees first
    _seen: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    PATHS = ("/steady", "/slow", "/fitful", "/late")

    def listen(self) -> None:
        """Let each path answer in its way."""
        ways: dict[str, Callable[[int], tuple[float, int]]] = {
            "/steady": lambda _seen: (0.0, 200),
            "/slow": lambda _seen: (0.3, 200),
            # Half of all fail first, so that something waits for a second try whatever happens.
            "/fitful": lambda seen: (0.0, 503 if seen == 1 else 200),
            "/late": lambda seen: (self.late if seen == 1 else 0.0, 200),
        }
        for path, way in ways.items():
            self.receiver.answers[path] = lambda handler, body, way=way: self._take(
                handler, body, way
            )

    def of(self, webhook_id: str) -> list[Entry]:
        """Return every time WEBHOOK_ID came in."""
        return [entry for entry in self.entries if entry.webhook_id == webhook_id]

    def _take(self, handler: Handler, body: bytes, way: Callable[[int], tuple[float, int]]) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        at, error = time.time(), ""
        try:
            Webhook(SECRET).verify(body, headers)
        except Exception as refused:  # noqa: BLE001 - told by the account
            error = f"{refused}"
        told = json.loads(body)
        with self._lock:
            webhook_id = headers["webhook-id"]
            if webhook_id not in self._seen:  # every second one is as if it had come before
                self._seen[webhook_id] = len(self._seen) % 2 if handler.path == "/fitful" else 0
            self._seen[webhook_id] += 1
            seconds, status = way(self._seen[webhook_id])
            self.entries.append(
                Entry(webhook_id, handler.path, told["type"], told["data"], at, status, error)
            )
        time.sleep(seconds)
        handler.answer(status, {}, b"{}")
