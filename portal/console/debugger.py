"""Why a signature did or did not verify, step by step, without showing any secret."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from events import signing

TOLERANCE = 300  # seconds, as the libraries of Standard Webhooks allow


@dataclass(kw_only=True)
class Finding:
    """What the debugger found: the string that was signed, whether it fits, and what is wrong."""

    signed: str
    fits: bool = False
    notes: list[str] = field(default_factory=list)


def examine(
    *,
    secrets: list[str],
    webhook_id: str,
    timestamp: str,
    signature: str,
    body: str,
    now: float | None = None,
) -> Finding:
    """Check SIGNATURE as a receiver would, and say what differs.

    :param secrets: those the endpoint signs with at present, the newest first
    :param timestamp: the header's text, seconds since 1970
    """
    finding = Finding(signed=f"{webhook_id}.{timestamp}.{body}")
    if not timestamp.isascii() or not timestamp.isdigit():
        finding.notes.append(_("webhook-timestamp is a whole number of seconds since 1970."))
        return finding
    given = _given(signature, finding)
    body_now, seconds = body.encode(), int(timestamp)
    for place, secret in enumerate(secrets):
        if _matches(secret, webhook_id, seconds, body_now, given):
            finding.fits = True
            if place:
                finding.notes.append(
                    _("It fits the secret before the last rotation: take the new one soon.")
                )
            break
    else:
        finding.notes += _why_not(secrets, webhook_id, seconds, body, given)
    age = (time.time() if now is None else now) - seconds
    if abs(age) > TOLERANCE:
        finding.notes.append(
            _(
                "The message is %(minutes)s minutes old. Receivers refuse more than five,"
                " so check your clock if it was new when it arrived."
            )
            % {"minutes": round(abs(age) / 60)}
        )
    return finding


def _given(signature: str, finding: Finding) -> list[bytes]:
    """Return the `v1` signatures of the header, noting what cannot be one."""
    given = []
    for part in signature.split():
        version, _comma, encoded = part.partition(",")
        if version == "v1a":
            finding.notes.append(_("v1a is checked with the public key, not here."))
            continue
        try:
            if version != "v1":
                raise ValueError
            given.append(base64.b64decode(encoded, validate=True))
        except (ValueError, binascii.Error):
            finding.notes.append(_("A signature looks like “v1,” and base64. One part does not."))
    return given


def _matches(secret: str, webhook_id: str, timestamp: int, body: bytes, given: list[bytes]) -> bool:
    wanted = signing.key_of(secret).hmac(f"{webhook_id}.{timestamp}.".encode(), body)
    return any(hmac.compare_digest(wanted, one) for one in given)


# What commonly happens to a body on its way into somebody's program.
_ALTERED: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("trimmed", str.strip),
    ("newline", lambda body: body + "\n"),
    ("carriage", lambda body: body.replace("\r\n", "\n")),
    ("compact", lambda body: json.dumps(json.loads(body), separators=(",", ":"))),
    (
        "compact",
        lambda body: json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False),
    ),
)


def _why_not(
    secrets: list[str], webhook_id: str, timestamp: int, body: str, given: list[bytes]
) -> list[str]:
    if not given:
        return [_("There is no v1 signature to compare with.")]
    for what, alter in _ALTERED:
        try:
            altered = alter(body).encode()
        except (ValueError, RecursionError):
            continue
        if any(_matches(secret, webhook_id, timestamp, altered, given) for secret in secrets):
            return [_said(what)]
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return [_("The body is not whole: it is no JSON. Paste it from the first { to the last }.")]
    return [
        _("It fits no secret of this address. The body may differ, or the secret is another's."),
        _("Verify the raw bytes, before any framework has parsed them."),
    ]


def _said(what: str) -> str:
    if what == "compact":
        return _(
            "It fits once the JSON is written as we send it: the body was parsed and written again"
            " before it was verified. Verify the raw bytes."
        )
    return _(
        "It fits but for blanks or line ends at its edges: take the raw bytes, not a trimmed text."
    )
