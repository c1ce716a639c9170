"""The receipts of a client's decisions, for the staff to look up and pass on."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from leads import documents, oversight, receipts
from leads.models import Receipt
from leads.views.staff import actor_of, lead_or_404, staff_only


@require_safe
@staff_only
def receipt_json(request: HttpRequest, lead_id: str, receipt_id: str) -> HttpResponse:
    """Give the receipt as data, with the signature that proves it."""
    receipt = _receipt_or_404(request, lead_id, receipt_id)
    response = JsonResponse(receipts.as_file(receipt))
    return _download(response, f"{receipt.pk}.json")


@require_safe
@staff_only
def receipt_pdf(request: HttpRequest, lead_id: str, receipt_id: str) -> HttpResponse:
    """Give the receipt on paper."""
    receipt = _receipt_or_404(request, lead_id, receipt_id)
    response = HttpResponse(documents.receipt_pdf(receipt), content_type="application/pdf")
    return _download(response, f"{receipt.pk}.pdf")


def _receipt_or_404(request: HttpRequest, lead_id: str, receipt_id: str) -> Receipt:
    lead = lead_or_404(request, lead_id)
    receipt = oversight.receipt_for(user=actor_of(request), lead=lead, receipt_id=receipt_id)
    if receipt is None:
        raise Http404
    return receipt


def _download(response: HttpResponse, name: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
