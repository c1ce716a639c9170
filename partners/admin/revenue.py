"""A partner's revenue entries, read-only. The app that books them lies above this one."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from partners.models import Partner
from portal.lib import formats

SHOWN = 25


def revenue_table(partner: Partner) -> SafeString:
    """Return the newest revenue entries of PARTNER as a table."""
    entries: Any = getattr(partner, "commissions", None)
    newest = list(entries.order_by("-recorded_at", "-pk")[:SHOWN]) if entries is not None else []
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
