"""Finance's desk: the page of one commission, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from commissions import desk, services
from commissions.desk_forms import (
    CorrectionForm,
    DecisionForm,
    MilestoneForm,
    PaymentForm,
    ReversalForm,
    SettlingForm,
)
from commissions.models import Commission, ReconciliationItem
from commissions.views import StaffRequest, staff_page
from leads.services import note_contact_seen
from leads.services.seeing import LIST
from portal.lib.access import Can
from portal.lib.errors import DomainError
from portal.lib.ids import is_id


def _commission(request: StaffRequest, commission: str) -> Commission:
    found = desk.commission_for(user=request.user, commission_id=commission)
    if found is None:
        raise Http404
    return found


def _item(request: StaffRequest, item: str) -> ReconciliationItem:
    found = desk.item_for(user=request.user, item_id=item)
    if found is None:
        raise Http404
    return found


def _page(
    request: StaffRequest, commission: Commission, wrong: forms.Form | None = None
) -> HttpResponse:
    shown = desk.commission_page(user=request.user, commission=commission, wrong=wrong)
    named = [commission.lead_id] if commission.lead.name else []
    note_contact_seen(actor=request.user, lead_ids=named, where=LIST)
    return render(
        request, "commissions/commission.html", shown, status=200 if wrong is None else 422
    )


def _done(
    request: StaffRequest, commission: Commission, act: Callable[[], Any], said: str
) -> HttpResponse:
    """Do ACT and show the page of COMMISSION again, with SAID or with why it was refused."""
    try:
        act()
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("commissions:commission", commission=commission.pk)


@require_safe
@staff_page(Can.SEE_REVENUE)
def commission_page(request: StaffRequest, commission: str) -> HttpResponse:
    """Show one commission: terms, claim and record, differences, ledger, and what can be done."""
    return _page(request, _commission(request, commission))


@require_POST
@staff_page(Can.APPROVE_COMMISSION)
def approve(request: StaffRequest, commission: str) -> HttpResponse:
    """Approve what a closing earned."""
    found = _commission(request, commission)
    return _done(
        request,
        found,
        lambda: services.approve(actor=request.user, commission_id=str(found.pk)),
        _("Approved. What has fallen due is payable."),
    )


@require_POST
@staff_page(Can.APPROVE_COMMISSION)
def approve_many(request: StaffRequest) -> HttpResponse:
    """Approve those ticked in the list; say of each that could not be, why."""
    wanted = [one for one in request.POST.getlist("commission") if is_id("rev", one)]
    try:
        refused = services.approve_many(actor=request.user, commission_ids=wanted)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("commissions:reconciliation")
    number = len(set(wanted)) - len(refused)
    if number:
        said = ngettext("%(number)s commission approved.", "%(number)s approved.", number)
        messages.success(request, said % {"number": number})
    for one in refused:
        reference = one.commission_id[-6:].upper()
        messages.error(request, f"{reference}: {one.reason}")
    return redirect("commissions:reconciliation")


@require_POST
@staff_page(Can.CORRECT_COMMISSION)
def correct(request: StaffRequest, commission: str) -> HttpResponse:
    """Book a commission anew with other figures."""
    found = _commission(request, commission)
    form = CorrectionForm(request.POST, commission=found)
    if not form.is_valid():
        return _page(request, found, form)
    return _done(
        request,
        found,
        lambda: services.correct(
            actor=request.user, commission_id=str(found.pk), **form.cleaned_data
        ),
        _("Corrected. Somebody else has to approve it."),
    )


@require_POST
@staff_page(Can.CORRECT_COMMISSION)
def claw_back(request: StaffRequest, commission: str) -> HttpResponse:
    """Reverse a commission whole."""
    found = _commission(request, commission)
    form = ReversalForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    return _done(
        request,
        found,
        lambda: services.claw_back(
            actor=request.user, commission_id=str(found.pk), reason=form.cleaned_data["reason"]
        ),
        _("Reversed. What was paid is owed back."),
    )


@require_POST
@staff_page(Can.SETTLE_COMMISSION)
def pay(request: StaffRequest, commission: str) -> HttpResponse:
    """Record what the bank paid."""
    found = _commission(request, commission)
    form = PaymentForm(request.POST, commission=found)
    if not form.is_valid():
        return _page(request, found, form)
    return _done(
        request,
        found,
        lambda: services.record_payment(
            actor=request.user, commission_id=str(found.pk), **form.cleaned_data
        ),
        _("Payment recorded."),
    )


@require_POST
@staff_page(Can.SETTLE_COMMISSION)
def meet_milestone(request: StaffRequest, commission: str) -> HttpResponse:
    """Record that a milestone was met."""
    found = _commission(request, commission)
    form = MilestoneForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    return _done(
        request,
        found,
        lambda: services.meet_milestone(
            actor=request.user, commission_id=str(found.pk), **form.cleaned_data
        ),
        _("Milestone recorded."),
    )


@require_POST
@staff_page(Can.CORRECT_COMMISSION)
def settle(request: StaffRequest, item: str) -> HttpResponse:
    """Settle a difference as recorded, as claimed, or with other figures."""
    found = _item(request, item)
    commission = services.booked_of_share(str(found.share_id))
    if commission is None:
        raise Http404
    form = SettlingForm(request.POST, item=found)
    if not form.is_valid():
        return _page(request, _commission(request, str(commission.pk)), form)
    return _done(
        request,
        commission,
        lambda: services.settle_item(
            actor=request.user, item_id=str(found.pk), **form.cleaned_data
        ),
        _("The difference is settled."),
    )


@require_POST
@staff_page(Can.CORRECT_COMMISSION)
def decide(request: StaffRequest, item: str) -> HttpResponse:
    """Decide which of two closings of one lead counts."""
    found = _item(request, item)
    form = DecisionForm(request.POST, item=found)
    if not form.is_valid():
        messages.error(request, _("Say why this closing counts or does not."))
        return redirect("commissions:reconciliation")
    try:
        services.decide_duplicate(
            actor=request.user,
            item_id=str(found.pk),
            take_over=form.cleaned_data["take_over"] == "yes",
            reason=form.cleaned_data["reason"],
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Decided which closing counts."))
    return redirect("commissions:reconciliation")
