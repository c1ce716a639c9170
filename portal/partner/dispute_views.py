"""A partner's commission line by line, its disputes, and the papers that prove them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from commissions import ledger, services
from commissions.dispute_forms import MessageForm, OpeningForm, PaperForm
from commissions.dispute_story import paper_of
from commissions.dispute_views import download
from commissions.models import Commission, Dispute
from commissions.selectors import commission_of
from portal.lib.errors import DomainError, NotAllowed
from portal.partner import commission_page
from portal.partner.access import PartnerRequest, own_scope, own_share, partner_page
from portal.partner.views import shown as lead_with


@require_safe
@partner_page
def commission(request: PartnerRequest, commission: str) -> HttpResponse:
    """Show one commission: what is earned, where it lies, under which terms and claims."""
    return _commission_with(request, _commission(request, commission))


@require_POST
@partner_page
def dispute_open(request: PartnerRequest, commission: str) -> HttpResponse:
    """Dispute what is recorded for a commission."""
    found = _commission(request, commission)
    with own_scope(request):
        recorded = ledger.standing_of(found).recorded
    form = OpeningForm(request.POST, recorded=recorded, currency=found.settlement_currency)
    if not form.is_valid():
        return _commission_with(request, found, form)
    opened = _done(
        request,
        lambda: services.disputes.open_dispute(
            actor=request.user, commission_id=str(found.pk), **form.cleaned_data
        ),
        _("Disputed. The platform is told; everything that is not in question goes on."),
    )
    if opened is None:
        return redirect("partner:commission", commission=found.pk)
    return redirect("partner:dispute", dispute=opened.pk)


@require_safe
@partner_page
def dispute(request: PartnerRequest, dispute: str) -> HttpResponse:
    """Show one dispute: claim and record, what was said, and how it was decided."""
    return _dispute_with(request, _dispute(request, dispute))


@require_POST
@partner_page
def dispute_answer(request: PartnerRequest, dispute: str) -> HttpResponse:
    """Write to the platform about a dispute."""
    found, form = _dispute(request, dispute), MessageForm(request.POST)
    if not form.is_valid():
        return _dispute_with(request, found, form)
    _done(
        request,
        lambda: services.disputes.answer(
            actor=request.user, dispute_id=str(found.pk), **form.cleaned_data
        ),
        _("Sent."),
    )
    return redirect("partner:dispute", dispute=found.pk)


@require_POST
@partner_page
def dispute_withdraw(request: PartnerRequest, dispute: str) -> HttpResponse:
    """Take back a dispute that the partner opened."""
    found = _dispute(request, dispute)
    _done(
        request,
        lambda: services.disputes.withdraw(actor=request.user, dispute_id=str(found.pk)),
        _("Withdrawn. What was held goes on as recorded."),
    )
    return redirect("partner:dispute", dispute=found.pk)


@require_POST
@partner_page
def paper_add(request: PartnerRequest, reference: str) -> HttpResponse:
    """Hand in a paper about a closing, or about a dispute over it."""
    share = own_share(request, reference)
    with own_scope(request):
        booked = commission_of(user=request.user, share=share)
    form = PaperForm(request.POST, request.FILES)
    if not form.is_valid():
        if booked is None:
            return lead_with(request, share, http_status=422, adding=form)
        return _commission_with(request, _commission(request, str(booked.pk)), form)
    added = _done(
        request,
        lambda: services.evidence.add_evidence(
            actor=request.user, reference=reference, **form.paper()
        ),
        _("Kept. The platform can read it too."),
    )
    if added is not None and added.dispute_id:
        return redirect("partner:dispute", dispute=added.dispute_id)
    if booked is None:
        return redirect("partner:lead_detail", reference=reference)
    return redirect("partner:commission", commission=booked.pk)


@require_safe
@partner_page
def paper(request: PartnerRequest, evidence: str) -> HttpResponse:
    """Download a paper; who looks as the partner does not, it may name the client."""
    if hasattr(request.user, "hides_contact"):
        raise PermissionDenied
    found = paper_of(user=request.user, evidence_id=evidence)
    if found is not None and not found.by_partner:
        request.told_contact = [found.share]
    return download(found)


def _commission(request: PartnerRequest, commission: str) -> Commission:
    with own_scope(request):
        found = commission_page.commission_for(user=request.user, commission_id=commission)
    if found is None:
        raise Http404
    return found


def _dispute(request: PartnerRequest, dispute: str) -> Dispute:
    with own_scope(request):
        found = commission_page.own_disputes(user=request.user).filter(pk=dispute).first()
    if found is None:
        raise Http404
    return found


def _commission_with(
    request: PartnerRequest, commission: Commission, wrong: forms.Form | None = None
) -> HttpResponse:
    with own_scope(request):
        shown = commission_page.commission_page(
            user=request.user, commission=commission, wrong=wrong
        )
        status = 200 if wrong is None else 422
        return render(request, "partner/commission.html", shown, status=status)


def _dispute_with(
    request: PartnerRequest, dispute: Dispute, wrong: forms.Form | None = None
) -> HttpResponse:
    with own_scope(request):
        shown = commission_page.dispute_page(user=request.user, dispute=dispute, wrong=wrong)
        status = 200 if wrong is None else 422
        return render(request, "partner/dispute.html", shown, status=status)


def _done(request: PartnerRequest, act: Callable[[], Any], said: str) -> Any:
    """Do ACT and say SAID, or why it was refused; return what it made, or None."""
    try:
        made = act()
    except DomainError as refusal:
        if isinstance(refusal, NotAllowed):
            raise PermissionDenied from refusal
        messages.error(request, str(refusal))
        return None
    messages.success(request, said)
    return made
