"""What came of a message, in templates."""

from __future__ import annotations

from django import template

from events.words import error_in_words, shown_error

register = template.Library()
register.filter("failure", error_in_words)
register.filter("failure_code", shown_error)


@register.filter
def in_hex(digest: bytes | memoryview | None) -> str:
    """Return a hash as it is usually written."""
    return bytes(digest or b"").hex()
