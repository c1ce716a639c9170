"""A partner's commissions: the list, the same as CSV, and claims beside what is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commissions.exports import commission_rows
from commissions.files import file_answer
from commissions.models import Commission
from portal.lib.scope import partner_scope
from portal.partner import money, reconciling, rows
from portal.partner.access import PartnerRequest, page_or_first, partner_page
from portal.partner.reconciling import ReconciliationFilter


@require_safe
@partner_page
def commission_list(request: PartnerRequest) -> HttpResponse:
    """List the partner's commissions, newest first, with totals per currency."""
    status = request.GET.get("status", "")
    found = money.own_commissions(user=request.user, status=status)
    page, following = page_or_first(found, request.GET, by="recorded_at")
    template = "partner/commission_list.html"
    return render(
        request,
        f"{template}#rows" if request.htmx else template,
        {
            "rows": rows.commission_rows(page),
            "next": following,
            "status": status,
            "statuses": Commission.Status.choices,
            "later": "cursor" in request.GET,
            "totals": [] if request.htmx else money.totals(user=request.user),
            "pays": money.pays(request.partner),
        },
    )


@require_safe
@partner_page
def commissions_csv(request: PartnerRequest) -> StreamingHttpResponse:
    """Stream exactly the commissions the list shows under the same filter."""
    return file_answer(_rows(request, request.GET.get("status", "")), "commissions.csv")


@require_safe
@partner_page
def commissions_xlsx(request: PartnerRequest) -> StreamingHttpResponse:
    """Send the same as a workbook."""
    return file_answer(_rows(request, request.GET.get("status", "")), "commissions.xlsx")


def _rows(request: PartnerRequest, status: str) -> Iterator[list[Any]]:
    """Yield the rows in a scope of their own: they are read after the page's has ended."""
    with partner_scope(request.partner.pk):
        found = money.own_commissions(user=request.user, status=status)
        newest = found.order_by("-recorded_at", "-pk").iterator(chunk_size=1000)
        yield from commission_rows(newest)


@require_safe
@partner_page
def reconciliation(request: PartnerRequest) -> HttpResponse:
    """Show what the partner claimed beside what is recorded."""
    form = ReconciliationFilter(request.GET)
    wanted = form.chosen()
    found = reconciling.own_closings(user=request.user, wanted=wanted)
    page, following = page_or_first(found, request.GET, by="recorded_at")
    shown = {
        "form": form,
        "totals": reconciling.totals(user=request.user, period=wanted["period"]),
        "lines": reconciling.lines(page),
        "next": following,
        "filtered": form.narrows,
        "later": "cursor" in request.GET,
        "reviews": reconciling.reviews(user=request.user),
        "stated": reconciling.stated(user=request.user),
        "statements": reconciling.statements(user=request.user),
        "pays": money.pays(request.partner),
    }
    return render(request, "partner/reconciliation.html", shown)
