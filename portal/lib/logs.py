"""How log lines are written: one line each, as text or as JSON, and nothing personal in them.

What a line says is made safe here, whoever logs: links' tokens, addresses of people, numbers that
may be phones and query strings are left out, and of an error its type and place are told but not
its text, which may quote what somebody sent or stored.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from portal.lib.request_id import request_id_var

# Whoever reads these could open the client's page or take over an account.
_TOKEN = re.compile(r"(/c/|/enquire/return/|/password/reset/key/|/invitation/)[^/\s?]{8,}")
_QUERY = re.compile(r"(?<=[\w/-])\?[^\s'\"]+")
_EMAIL = re.compile(r"[^\s/@<>'\",;:=]+(?:@|%40)[^\s/@<>'\",;:]+")
_PHONE = re.compile(r"(?<![\w.:-])(?!\d{4}-\d\d-\d\d)(?:\+|00)?\d(?:[ ().-]?\d){6,14}(?![\w.:-])")
# What ends a line or moves the cursor in some reader: controls and Unicode's own line ends.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# What a logger may tell beside its message, and what it is called in JSON.
FIELDS = {
    "method": "method",
    "route": "route",
    "status": "status",
    "ms": "ms",
    "key_id": "keyId",
    "delivery_id": "deliveryId",
    "webhook_id": "webhookId",
    "endpoint_id": "endpointId",
    "attempt": "attempt",
    "error": "error",
}


class OneLine(logging.Formatter):
    """Write a message as one line, so that nobody can make up a line by what they send.

    An error's place keeps its lines, each behind a bar: it never looks like a message.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return RECORD as a line of text."""
        said = [f"{key}={_safe(str(value))}" for key, value in _given(record).items()]
        head = f"{_time(record)} {record.levelname} {record.name} [{request_id_var.get()}]"
        lines = [" ".join([head, _message(record), *said])]
        return "\n".join([*lines, *(f"| {line}" for line in _places(record))])


class JsonLine(logging.Formatter):
    """Write a message as one JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return RECORD as a line of JSON."""
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "requestId": request_id_var.get(),
        }
        for name, value in _given(record).items():
            line[FIELDS[name]] = _safe(value) if isinstance(value, str) else value
        if places := list(_places(record)):
            line["exception"] = places
        return json.dumps(line, ensure_ascii=False, default=lambda other: type(other).__name__)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _given(record: logging.LogRecord) -> dict[str, Any]:
    found = {name: getattr(record, name, None) for name in FIELDS}
    return {name: value for name, value in found.items() if value not in (None, "")}


def _message(record: logging.LogRecord) -> str:
    if isinstance(record.args, dict) and record.exc_info:  # Celery quotes the error's text
        error = record.exc_info[1]
        record.args = record.args | {"exc": type(error).__name__}
    return _safe(record.getMessage())


def _safe(text: str) -> str:
    text = _QUERY.sub("?…", _TOKEN.sub(r"\1…", text))
    return _visible(_PHONE.sub("…", _EMAIL.sub("…", text)))


def _visible(line: str) -> str:
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], line)


def _places(record: logging.LogRecord) -> Iterator[str]:
    """Yield the error of RECORD and what caused it: each its type and where it passed."""
    error = record.exc_info[1] if record.exc_info else None
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        state = getattr(error, "sqlstate", None)  # PostgreSQL's own code, such as 23505
        yield f"{type(error).__module__}.{type(error).__qualname__}{f' {state}' if state else ''}"
        for entry in traceback.format_tb(error.__traceback__):
            yield from (_visible(line) for line in entry.splitlines())
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
