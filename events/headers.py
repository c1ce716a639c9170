"""Headers a partner adds to its messages: what may stand in them, and that they replace none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache

from django.utils.translation import gettext as _

MOST = 10
LONGEST = 1024  # characters of a value
_NAME = re.compile(r"^[A-Za-z0-9-]{1,64}\Z")
_VALUE = re.compile(r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?\Z")
# Ours, those of the connection (RFC 9110 section 7.6.1), and those that say who asks from where.
_RESERVED = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "cookie",
        "cookie2",
        "date",
        "expect",
        "forwarded",
        "host",
        "http2-settings",
        "keep-alive",
        "max-forwards",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
        "x-real-ip",
    }
)
_RESERVED_BEGINNINGS = ("content-", "proxy-", "sec-", "webhook-", "x-forwarded-", "x-http-method")


class Refused(ValueError):
    """The headers may not be sent; the text says why and may be shown to their owner."""


def checked(headers: Mapping[str, str]) -> dict[str, str]:
    """Return HEADERS as they are sent, by their names.

    :raises Refused: if there are too many, one is not a header or may not be set
    """
    if len(headers) > MOST:
        raise Refused(_("There may be %(most)s headers.") % {"most": MOST})
    found: dict[str, str] = {}
    for name, value in headers.items():
        if not _NAME.match(name):
            raise Refused(_("A header's name has letters, digits and hyphens, at most 64."))
        if _is_reserved(name):
            raise Refused(_("The header %(name)s is not yours to set.") % {"name": name})
        if len(value) > LONGEST or not _VALUE.match(value):
            raise Refused(
                _("A header's value has visible ASCII characters, at most %(most)s.")
                % {"most": LONGEST}
            )
        if name.lower() in {known.lower() for known in found}:
            raise Refused(_("The header %(name)s is named twice.") % {"name": name})
        found[name] = value
    return found


def packed(headers: Mapping[str, str]) -> str:
    """Return HEADERS as an endpoint stores them; nothing where there are none."""
    return json.dumps(dict(headers), sort_keys=True) if headers else ""


@lru_cache(maxsize=4096)
def unpacked(stored: str) -> dict[str, str]:
    """Return the headers of STORED that may be sent, whatever was let in when they were stored."""
    given = json.loads(stored) if stored else {}
    return {name: value for name, value in given.items() if not _is_reserved(name)}


def _is_reserved(name: str) -> bool:
    folded = name.lower()
    return folded in _RESERVED or folded.startswith(_RESERVED_BEGINNINGS)
