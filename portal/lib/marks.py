"""Small pieces of HTML that every surface draws the same way: icons, dots, bars, times.

Plain functions that return safe strings: the template tags of `portal_ui` call them, and so may
Python code that formats the rows of a hot table. Nothing here needs an inline style.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from lucide import _render_icon as render_icon

from portal.lib import formats

Tone = str
"""neutral, info, good, warn or bad: what a colour means, never which colour it is."""

# One table for every state a page can name: its word and its tone.
STATES: dict[str, tuple[str | Promise, Tone]] = {
    # shares
    "sent": (_("Sent"), "warn"),
    "accepted": (_("Accepted"), "info"),
    "in_progress": (_("In progress"), "info"),
    "closed": (_("Closed"), "good"),
    "rejected": (_("Rejected"), "bad"),
    "expired": (_("Expired"), "neutral"),
    "withdrawn": (_("Withdrawn"), "neutral"),
    "revoked": (_("Revoked"), "bad"),
    # partners, endpoints, licences
    "active": (_("Active"), "good"),
    "inactive": (_("Inactive"), "neutral"),
    "suspended": (_("Suspended"), "bad"),
    "verified": (_("Verified"), "good"),
    "unverified": (_("Not verified"), "warn"),
    "enabled": (_("Enabled"), "good"),
    "disabled": (_("Disabled"), "bad"),
    "working": (_("Working"), "good"),
    "failing": (_("Failing"), "bad"),
    "paused": (_("Paused, then tried again"), "warn"),
    "valid": (_("Valid"), "good"),
    # deliveries
    "queued": (_("Queued"), "neutral"),
    "waiting": (_("Waiting"), "neutral"),
    "sending": (_("Sending"), "info"),
    "retrying": (_("Trying again"), "warn"),
    "delivered": (_("Delivered"), "good"),
    "failed": (_("Failed"), "bad"),
    "cancelled": (_("Cancelled"), "neutral"),
    "exhausted": (_("Given up"), "bad"),
    # commissions and reconciliation
    "pending": (_("Pending"), "warn"),
    "under_review": (_("Under review"), "warn"),
    "approved": (_("Approved"), "info"),
    "confirmed": (_("Confirmed"), "good"),
    "payable": (_("Payable"), "info"),
    "paid": (_("Paid"), "good"),
    "disputed": (_("Disputed"), "bad"),
    "reversed": (_("Reversed"), "bad"),
    "open": (_("Open"), "warn"),
    "resolved": (_("Resolved"), "good"),
    # consent
    "given": (_("Given"), "good"),
    "refused": (_("Refused"), "bad"),
    "asked": (_("Asked"), "info"),
    "forwarded": (_("Put before the client"), "info"),
    "declined": (_("Declined"), "bad"),
}

# Steps of one journey differ by shape too, for those who do not see the colour.
_SHAPES = {"sent": "ring", "pending": "ring", "waiting": "ring", "queued": "ring"}
_SHAPES |= {"accepted": "half", "expired": "ring", "withdrawn": "ring", "inactive": "ring"}


def icon(name: str, size: int = 20) -> SafeString:
    """Return the Lucide icon NAME as decorative SVG of SIZE pixels.

    :raises IconDoesNotExist: if Lucide has no icon of that name
    """
    return _icon(str(name), int(size))


@lru_cache(maxsize=256)
def _icon(name: str, size: int) -> SafeString:
    drawn = render_icon(name, size, **{"class": "icon", "aria-hidden": "true"})
    return mark_safe(drawn)  # noqa: S308 -- a drawing from the package, no input in it


def status_dot(value: str, label: str | Promise = "") -> SafeString:
    """Return a coloured dot with the word of state VALUE, or with LABEL instead."""
    return _status_dot(str(value), str(label), get_language() or "")


@lru_cache(maxsize=512)
def _status_dot(value: str, label: str, _language: str) -> SafeString:
    word, tone = STATES.get(value, (value.replace("_", " ").capitalize(), "neutral"))
    return dot(label or word, tone, _SHAPES.get(value, "full"))


def dot(word: str | Promise, tone: Tone = "neutral", shape: str = "full") -> SafeString:
    """Return WORD behind a dot of TONE; SHAPE is full, half or ring."""
    return format_html(
        '<span class="status" data-tone="{}" data-shape="{}">{}</span>', tone, shape, word
    )


def when(moment: dt.datetime | None, now: dt.datetime | None = None) -> SafeString:
    """Return MOMENT as words relative to NOW, with the exact time on hover and for machines."""
    if moment is None:
        return SafeString(formats.NOTHING)
    zone = timezone.get_current_timezone_name()
    opening = _time_tag(moment, zone, get_language() or "")
    words = formats.relative_time(moment, now)
    return mark_safe(f"{opening}{words}</time>")  # noqa: S308 -- our own words and figures


@lru_cache(maxsize=4096)
def _time_tag(moment: dt.datetime, _zone: str, _language: str) -> str:
    # A page repeats its times on every reload; zone and language decide the words of the title.
    exact = formats.exact_time(moment)
    return format_html(
        '<time datetime="{}" title="{}">', moment.isoformat(timespec="seconds"), exact
    )


def capacity_bar(used: int | None, total: int | None) -> SafeString:
    """Return a meter of USED out of TOTAL places with its figures, coloured by how full it is."""
    used, total = used or 0, total or 0
    tone = "bad" if used >= total else "warn" if used >= total * 0.8 else "good"
    share = formats.percent(round(100 * used / total)) if total else formats.NOTHING
    words = gettext("%(used)s of %(total)s places used") % {"used": used, "total": total}
    return format_html(
        '<span class="capacity"><progress class="bar" data-tone="{}" max="{}" value="{}"'
        ' aria-label="{}"></progress><span class="capacity-figures">{}/{}'
        ' <span class="muted">({})</span></span></span>',
        tone,
        total or 1,
        min(used, total),
        words,
        used,
        total,
        share,
    )


def badge(word: object, tone: Tone = "neutral") -> SafeString:
    """Return WORD on a small plate of TONE, for types, counts and markets."""
    return format_html('<span class="badge" data-tone="{}">{}</span>', tone, word)


def or_nothing(value: object) -> SafeString:
    """Return VALUE escaped, or a dash where there is none."""
    if value is None or value == "":
        return SafeString(formats.NOTHING)
    return conditional_escape(str(value)) if not isinstance(value, SafeString) else value
