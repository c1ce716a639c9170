"""Where somebody can go from every page: what their rights open, and nothing else."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.lib.access import PARTNER_ROLES, STAFF_ROLES, Can, may


class NavEntry(NamedTuple):
    """One place to go from anywhere; RIGHT opens it, None everybody of its side.

    What lies BESIDE it belongs to it, under addresses of its own.
    """

    path: str
    label: str | Promise
    icon: str
    right: Can | None = None
    beside: tuple[str, ...] = ()


# At most seven of each, because more is a list to read instead of a place to know.
STAFF = (
    NavEntry("/leads/", _("Leads"), "users-round", Can.SEE_LEADS),
    NavEntry("/admin/partners/partner/", _("Partners"), "handshake", Can.OPEN_ADMINISTRATION),
    NavEntry("/leads/deletions/", _("Deletions"), "eraser", Can.SEE_LEADS),
    NavEntry("/analytics/", _("Analytics"), "chart-column", Can.SEE_ANALYTICS),
    NavEntry(
        "/reconciliation/",
        _("Reconciliation"),
        "scale",
        Can.SEE_REVENUE,
        ("/disputes/", "/agreements/"),
    ),
    NavEntry("/analytics/audit/", _("Audit"), "scroll-text", Can.SEE_AUDIT),
    NavEntry("/admin/", _("Admin"), "shield-check", Can.OPEN_ADMINISTRATION),
)
PARTNER = (
    NavEntry("/portal/", _("Dashboard"), "layout-dashboard"),
    NavEntry("/portal/leads/", _("Leads"), "users-round"),
    NavEntry(
        "/portal/commissions/",
        _("Commissions"),
        "hand-coins",
        Can.SEE_REVENUE,
        ("/portal/disputes/", "/portal/agreements/"),
    ),
    NavEntry("/portal/reconciliation/", _("Reconciliation"), "scale", Can.SEE_REVENUE),
    NavEntry("/portal/settings/", _("Settings"), "settings"),
)


def entries_for(user: Any) -> tuple[NavEntry, ...]:
    """Return the places USER may open; none for whoever has not signed in."""
    role = getattr(user, "role", "")
    side = STAFF if role in STAFF_ROLES else PARTNER if role in PARTNER_ROLES else ()
    return tuple(entry for entry in side if entry.right is None or may(user, entry.right))


def current_path(entries: tuple[NavEntry, ...], path: str) -> str:
    """Return the path of the entry that fits PATH best, or nothing."""
    below = [(place, entry.path) for entry in entries for place in (entry.path, *entry.beside)]
    fitting = [(len(place), entry) for place, entry in below if path.startswith(place)]
    return max(fitting, default=(0, ""))[1]
