"""Dashboard and leads of a partner's people. Closing books the commission."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from commissions.analytics import months_for
from commissions.forms import ClosingForm, RejectionForm
from commissions.selectors import metrics_for
from commissions.services import report_status
from leads.models import Share, ShareStatus
from portal.lib.access import Can, may
from portal.lib.errors import DomainError
from portal.partner import crm, duties, figures, lead_page, rows
from portal.partner.access import PartnerRequest, own_scope, own_share, page_or_first, partner_page

SHOWN_WAITING = 5
LEAD = "partner/lead_detail.html"


@require_safe
@partner_page
def dashboard(request: PartnerRequest) -> HttpResponse:
    """Answer in one look: what needs me, how am I doing, what am I owed."""
    partner, user = request.partner, request.user
    metrics = metrics_for(user=user, partner=partner)
    months = months_for(user=user, months=figures.SHOWN_MONTHS)
    return render(
        request,
        "partner/dashboard.html",
        {
            "partner": partner,
            "metrics": metrics,
            "figures": figures.nine(metrics, partner.direction),
            "waiting": rows.waiting_rows(user=user, limit=SHOWN_WAITING + 1),
            "shown_waiting": SHOWN_WAITING,
            "may_work": may(user, Can.WORK_LEAD),
            "owing": duties.owing(user=user),
            "comparisons": figures.comparisons(months),
            "pictures": figures.pictures(months, figures.commission_title(partner.direction)),
        },
    )


@require_safe
@partner_page
def lead_list(request: PartnerRequest) -> HttpResponse:
    """List the partner's leads, newest first, ended ones included; filtered by status."""
    status, owed = request.GET.get("status", ""), "to_delete" in request.GET
    found = rows.lead_rows(user=request.user, status=status, owed=owed)
    page, following = page_or_first(found, request.GET, by="shared_at")
    return render(
        request,
        "partner/lead_list.html#rows" if request.htmx else "partner/lead_list.html",
        {
            "rows": rows.as_rows(page, user=request.user),
            "next": following,
            "status": status,
            "owed": owed,
            "statuses": ShareStatus.choices,
            "unknown": bool(status) and status not in ShareStatus.values,
            "later": "cursor" in request.GET,
            "systems": crm.SYSTEMS.items(),
        },
    )


@require_safe
@partner_page
def lead_detail(request: PartnerRequest, reference: str) -> HttpResponse:
    """Show what is disclosed of a lead, what can be done now and what happened."""
    return shown(request, own_share(request, reference))


@require_POST
@partner_page
def lead_accept(request: PartnerRequest, reference: str) -> HttpResponse:
    """Accept the lead at the terms shown."""
    return _reported(request, own_share(request, reference), status=ShareStatus.ACCEPTED)


@require_POST
@partner_page
def lead_start(request: PartnerRequest, reference: str) -> HttpResponse:
    """Say that work on the lead began."""
    return _reported(request, own_share(request, reference), status=ShareStatus.IN_PROGRESS)


@require_POST
@partner_page
def lead_reject(request: PartnerRequest, reference: str) -> HttpResponse:
    """Reject the lead or give it back, with the reason."""
    share = own_share(request, reference)
    form = RejectionForm(request.POST)
    if not form.is_valid():
        return shown(request, share, http_status=422, rejection=form)
    return _reported(request, share, status=ShareStatus.REJECTED, **form.cleaned_data)


@require_POST
@partner_page
def lead_close(request: PartnerRequest, reference: str) -> HttpResponse:
    """Close the deal at the value signed."""
    share = own_share(request, reference)
    form = ClosingForm(request.POST, share=share)
    if not form.is_valid():
        return shown(request, share, http_status=422, closing=form)
    return _reported(request, share, status=ShareStatus.CLOSED, **form.cleaned_data)


def _reported(request: PartnerRequest, share: Share, **report: Any) -> HttpResponse:
    """Report through the service; answer with the page as things stand then."""
    reference = str(share.pk)
    try:
        outcome = report_status(actor=request.user, reference=reference, **report)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return shown(request, own_share(request, reference), http_status=refusal.status)
    messages.success(request, lead_page.said(outcome))
    if not request.htmx:
        return redirect("partner:lead_detail", reference=reference)
    return shown(request, own_share(request, reference))


def shown(
    request: PartnerRequest, share: Share, http_status: int = 200, **forms: Any
) -> HttpResponse:
    """Return the page of SHARE, or for htmx its content; FORMS come back with their errors."""
    template = f"{LEAD}#lead" if request.htmx else LEAD
    with own_scope(request):
        context = lead_page.lead_page(user=request.user, share=share, **forms)
        request.told_contact = [share] if context["tells_contact"] else []
        return render(request, template, context, status=http_status)
