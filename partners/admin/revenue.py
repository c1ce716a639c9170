"""A partner's revenue entries, read-only. The app that books them lies above this one."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from partners.models import Partner
from portal.lib import formats
from portal.lib.access import Actor, Can, may

SHOWN = 25


def revenue_table(partner: Partner, *, user: Actor) -> SafeString:
    """Return the newest revenue entries of PARTNER that USER may see as a table."""
    entries: Any = getattr(partner, "commissions", None)
    newest: list[Any] = []
    if entries is not None and may(user, Can.SEE_REVENUE):
        newest = list(entries.visible_to(user).order_by("-recorded_at", "-pk")[:SHOWN])
    if not newest:
        return SafeString(_("Nothing yet."))
    heads = (_("Entry"), _("Lead"), _("Agreement value"), "%", _("Commission"), _("Recorded"))
    rows = (
        (
            entry.pk,
            entry.lead_id,
            formats.money(entry.agreement_value, entry.currency),
            formats.percent(entry.percent),
            formats.money(entry.amount, entry.currency),
            formats.exact_time(entry.recorded_at),
        )
        for entry in newest
    )
    cells = "<tr>" + "<td>{}</td>" * len(heads) + "</tr>"
    return format_html(
        "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>",
        format_html_join("", '<th scope="col">{}</th>', ((head,) for head in heads)),
        format_html_join("", cells, rows),
    )
