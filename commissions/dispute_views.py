"""Finance's disputes: the list, one of them, and the papers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from commissions import dispute_desk, ledger, services
from commissions.desk_views import commission_or_404, commission_with
from commissions.dispute_forms import DatedOpeningForm, DecisionForm, MessageForm, PaperForm
from commissions.dispute_story import paper_of
from commissions.models import Dispute, Evidence
from commissions.selectors import open_disputes
from commissions.views import StaffRequest, staff_page
from leads.selectors import share_for
from leads.services import note_contact_seen
from leads.services.seeing import LIST
from portal.lib.access import Can
from portal.lib.errors import DomainError, Malformed
from portal.lib.paging import page_of

ALL = "all"


@require_safe
@staff_page(Can.SEE_REVENUE)
def dispute_list(request: StaffRequest) -> HttpResponse:
    """List disputes: the open ones by their deadline, others by the day they were opened."""
    status = request.GET.get("status", "")
    if status not in (ALL, *Dispute.Status.values):
        status = Dispute.Status.OPEN
    page, following = _listed(request, status)
    shown = {
        "rows": dispute_desk.rows(page),
        "disputed": open_disputes(user=request.user),
        "next": following,
        "later": "cursor" in request.GET,
        "status": status,
        "statuses": [*Dispute.Status.choices, (ALL, _("All"))],
    }
    return render(request, "commissions/disputes.html", shown)


def _listed(request: StaffRequest, status: str) -> tuple[list[Dispute], str | None]:
    """Return a page of the disputes in STATUS and the next cursor."""
    waiting = status == Dispute.Status.OPEN
    found = dispute_desk.disputes_for(user=request.user, status="" if status == ALL else status)
    order: dict[str, Any] = {"by": "due_at" if waiting else "opened_at", "oldest_first": waiting}
    try:
        return page_of(found, request.GET, **order)
    except Malformed:
        return page_of(found, {}, **order)


@require_safe
@staff_page(Can.SEE_REVENUE)
def dispute(request: StaffRequest, dispute: str) -> HttpResponse:
    """Show one dispute: claim and record, its story, and what can be done."""
    return _page(request, _dispute(request, dispute))


@require_POST
@staff_page(Can.OPEN_DISPUTE)
def open_dispute(request: StaffRequest, commission: str) -> HttpResponse:
    """Dispute what is recorded for a commission."""
    found = commission_or_404(request, commission)
    recorded = ledger.standing_of(found).recorded
    form = DatedOpeningForm(request.POST, recorded=recorded, currency=found.settlement_currency)
    if not form.is_valid():
        return commission_with(request, found, form)
    try:
        opened = services.disputes.open_dispute(
            actor=request.user, commission_id=str(found.pk), **form.cleaned_data
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("commissions:commission", commission=found.pk)
    messages.success(request, _("Disputed. Only the difference is held back."))
    return redirect("commissions:dispute", dispute=opened.pk)


@require_POST
@staff_page(Can.OPEN_DISPUTE)
def answer(request: StaffRequest, dispute: str) -> HttpResponse:
    """Write to the partner about a dispute."""
    found, form = _dispute(request, dispute), MessageForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    return _done(
        request,
        found,
        lambda: services.disputes.answer(
            actor=request.user, dispute_id=str(found.pk), **form.cleaned_data
        ),
        _("Sent."),
    )


@require_POST
@staff_page(Can.DECIDE_DISPUTE)
def decide(request: StaffRequest, dispute: str) -> HttpResponse:
    """Decide a dispute that somebody else opened."""
    found = _dispute(request, dispute)
    form = DecisionForm(request.POST, dispute=found)
    if not form.is_valid():
        return _page(request, found, form)
    return _done(
        request,
        found,
        lambda: services.disputes.decide(
            actor=request.user, dispute_id=str(found.pk), **form.cleaned_data
        ),
        _("Decided. What was added to the amount waits for somebody else's approval."),
    )


@require_POST
@staff_page(Can.OPEN_DISPUTE)
def withdraw(request: StaffRequest, dispute: str) -> HttpResponse:
    """Take back a dispute that finance opened."""
    found = _dispute(request, dispute)
    return _done(
        request,
        found,
        lambda: services.disputes.withdraw(actor=request.user, dispute_id=str(found.pk)),
        _("Withdrawn. What was held goes on."),
    )


@require_POST
@staff_page(Can.ADD_EVIDENCE)
def add_paper(request: StaffRequest, reference: str) -> HttpResponse:
    """Hand in a paper about the closing of a share, or about a dispute over it."""
    share = share_for(user=request.user, reference=reference)
    booked = share and share.commissions.order_by("-recorded_at", "-pk").first()
    if not booked:
        raise Http404
    form = PaperForm(request.POST, request.FILES)
    if not form.is_valid():
        return commission_with(request, commission_or_404(request, str(booked.pk)), form)
    try:
        added = services.evidence.add_evidence(
            actor=request.user, reference=reference, **form.paper()
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Kept."))
        if added.dispute_id:
            return redirect("commissions:dispute", dispute=added.dispute_id)
    return redirect("commissions:commission", commission=booked.pk)


@require_safe
@staff_page(Can.SEE_REVENUE)
def paper(request: StaffRequest, evidence: str) -> HttpResponse:
    """Download a paper, on the record."""
    found = paper_of(user=request.user, evidence_id=evidence)
    if found is not None:
        services.evidence.note_read(actor=request.user, paper=found)
    return download(found)


def download(found: Evidence | None) -> HttpResponse:
    """Return a paper to be kept, never to be shown as a page of ours.

    :raises Http404: if there is none
    """
    if found is None:
        raise Http404
    headers = {
        "Content-Disposition": content_disposition_header(True, found.file_name),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return HttpResponse(bytes(found.content), content_type=found.content_type, headers=headers)


def _dispute(request: StaffRequest, dispute: str) -> Dispute:
    found = dispute_desk.dispute_for(user=request.user, dispute_id=dispute)
    if found is None:
        raise Http404
    return found


def _page(request: StaffRequest, dispute: Dispute, wrong: forms.Form | None = None) -> HttpResponse:
    shown = dispute_desk.dispute_page(user=request.user, dispute=dispute, wrong=wrong)
    lead = dispute.commission.lead
    note_contact_seen(actor=request.user, lead_ids=[lead.pk] if lead.name else [], where=LIST)
    status = 200 if wrong is None else 422
    return render(request, "commissions/dispute.html", shown, status=status)


def _done(
    request: StaffRequest, dispute: Dispute, act: Callable[[], Any], said: str
) -> HttpResponse:
    """Do ACT and show DISPUTE again, with SAID or with why it was refused."""
    try:
        act()
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("commissions:dispute", dispute=dispute.pk)
