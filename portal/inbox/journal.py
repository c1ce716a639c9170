"""What arrived, and whether it was signed by whom we share a secret with."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from partner_portal import NotSigned, verify

KEPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One webhook as it came in.

    :param seen: how often this `webhook-id` arrived; retries repeat it
    :param refusal: why it was not believed; empty when it was
    """

    id: str
    name: str
    type: str
    received_at: str
    verified: bool
    refusal: str
    body: Any
    seen: int = 1


class Secrets:
    """The secret of each inbox by name, read again whenever the file changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = 0
        self._secrets: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> str | None:
        """Return the secret of inbox NAME, None if there is no such inbox."""
        with self._lock:
            try:
                changed_at = self._path.stat().st_mtime_ns
                if changed_at != self._read_at:
                    self._secrets = json.loads(self._path.read_text())
                    self._read_at = changed_at
            except (FileNotFoundError, ValueError):
                pass  # not written yet, or just now: what we knew still holds
            return self._secrets.get(name)


class Journal:
    """The last arrivals, newest first, in memory only."""

    def __init__(self) -> None:
        self._arrivals: OrderedDict[tuple[str, str, bool], Arrival] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, arrival: Arrival) -> None:
        """Keep ARRIVAL; one that repeats an id counts on and keeps its newest content."""
        key = (arrival.name, arrival.id, arrival.verified)
        with self._lock:
            before = self._arrivals.pop(key, None)
            self._arrivals[key] = replace(arrival, seen=before.seen + 1) if before else arrival
            while len(self._arrivals) > KEPT:
                self._arrivals.popitem(last=False)

    def arrivals(self) -> list[Arrival]:
        """Return what is kept, newest first."""
        with self._lock:
            return list(reversed(self._arrivals.values()))

    def as_json(self) -> list[dict[str, Any]]:
        """Return the same as plain values."""
        return [asdict(arrival) for arrival in self.arrivals()]


def receive(*, name: str, secret: str, headers: Mapping[str, str], body: bytes) -> Arrival:
    """Check BODY against the signature in HEADERS and describe the result."""
    refusal = _refusal(secret, headers, body)
    try:
        content = json.loads(body)
    except ValueError:
        content, refusal = body.decode(errors="replace"), refusal or "The body is not JSON."
    kind = content.get("type") if isinstance(content, dict) else None
    return Arrival(
        id=headers.get("webhook-id", "")[:100],
        name=name,
        type=kind if isinstance(kind, str) else "",
        received_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        verified=not refusal,
        refusal=refusal,
        body=content,
    )


def _refusal(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return why the signature does not hold, nothing if it does."""
    try:
        verify(body, headers, secret)
    except NotSigned as reason:
        return str(reason)
    return ""


def answer_to(arrival: Arrival) -> dict[str, Any]:
    """Return what to answer a believed ARRIVAL with: a challenge is echoed."""
    if arrival.type == "webhook.verify":
        data = arrival.body.get("data")
        if isinstance(data, dict):
            return {"challenge": data.get("challenge")}
    return {"ok": True}
