"""What came of a message, for those it was meant for."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# To its owner an address we never dial is one like any other that cannot be reached: the
# difference would tell what lies in our network.
UNREACHABLE = "connection_failed"
SHOWN_HEAD = 500  # characters of an answer: enough to recognise it
_HIDDEN = {"egress_blocked": UNREACHABLE}

_WORDS: dict[str, str | Promise] = {
    "timeout": gettext_lazy("No finished answer within the time allowed"),
    "dns_error": gettext_lazy("The host's name was not found"),
    "tls_error": gettext_lazy("The certificate or the TLS handshake was not accepted"),
    "connection_refused": gettext_lazy("Nobody listens at this address"),
    "connection_reset": gettext_lazy("The connection was cut"),
    "connection_failed": gettext_lazy("The address could not be reached"),
    "network_unreachable": gettext_lazy("The network could not be reached"),
    "redirect": gettext_lazy("Answered with a redirect, which is not followed"),
    "invalid_answer": gettext_lazy("The answer was not HTTP"),
    "challenge_not_echoed": gettext_lazy("Answered without the challenge"),
    "payload_cancelled": gettext_lazy("May not be sent any more"),
    "payload_too_large": gettext_lazy("Larger than 64 kB"),
    "build_failed": gettext_lazy("Could not be written; we look into it"),
    "not_sent": gettext_lazy("Could not be sent; we look into it"),
    "endpoint_disabled": gettext_lazy("The address was switched off"),
    "worker_lost": gettext_lazy("Our worker stopped meanwhile"),
}


def shown_error(error: str) -> str:
    """Return the class of a failure as its owner may see it."""
    return _HIDDEN.get(error, error)


def error_in_words(error: str) -> str:
    """Return what went wrong in words; nothing where nothing did."""
    if not error:
        return ""
    code = shown_error(error)
    if code.startswith("http_"):
        return _("Answered %(status)s") % {"status": code.removeprefix("http_")}
    return str(_WORDS.get(code, code))


def shown_head(head: str) -> str:
    """Return how an answer began as plain text, without control characters."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else "\ufffd" for char in head[:SHOWN_HEAD]
    )
