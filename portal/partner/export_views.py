"""A partner's leads as CSV for its CRM."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import Http404, StreamingHttpResponse
from django.views.decorators.http import require_safe

from commissions.exports import csv_lines
from portal.lib.scope import partner_scope
from portal.partner import crm, rows
from portal.partner.access import PartnerRequest, partner_page


@require_safe
@partner_page
def leads_csv(request: PartnerRequest) -> StreamingHttpResponse:
    """Stream exactly the leads the list shows under the same filter, as one CRM reads them."""
    system = request.GET.get("format", "plain")
    if system not in crm.FORMATS:
        raise Http404
    request.told_contact = rows.telling_contact(user=request.user, **_filter(request))
    return StreamingHttpResponse(
        _lines(request, system),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="leads-{system}.csv"'},
    )


def _filter(request: PartnerRequest) -> dict[str, Any]:
    return {"status": request.GET.get("status", ""), "owed": "to_delete" in request.GET}


def _lines(request: PartnerRequest, system: str) -> Iterator[str]:
    """Yield the lines in a scope of their own: they are read after the page's has ended."""
    with partner_scope(request.partner.pk):
        found = rows.lead_rows(user=request.user, **_filter(request))
        newest = found.order_by("-shared_at", "-pk").iterator(chunk_size=1000)
        shown = (row | rows.nameless(request.user) for row in newest)
        yield from csv_lines(crm.csv_rows(shown, system))
