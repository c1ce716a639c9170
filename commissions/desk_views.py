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

from commissions import desk, dispute_desk, services
from commissions.board_views import back_to, done
from commissions.changes import changes_of
from commissions.desk_forms import (
    CorrectionForm,
    DecisionForm,
    DismissalForm,
    MilestoneForm,
    PapersForm,
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


def commission_or_404(request: StaffRequest, commission: str) -> Commission:
    """Return the commission named, if it is one of theirs to see."""
    found = desk.commission_for(user=request.user, commission_id=commission)
    if found is None:
        raise Http404
    return found


def _item(request: StaffRequest, item: str) -> ReconciliationItem:
    found = desk.item_for(user=request.user, item_id=item)
    if found is None:
        raise Http404
    return found


def commission_with(
    request: StaffRequest, commission: Commission, wrong: forms.Form | None = None
) -> HttpResponse:
    """Show the page of COMMISSION; WRONG is a form that was refused."""
    shown = desk.commission_page(user=request.user, commission=commission, wrong=wrong)
    shown["changes"] = changes_of(user=request.user, commission=commission)
    shown |= dispute_desk.of_commission(user=request.user, commission=commission, wrong=wrong)
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


def _acted(
    request: StaffRequest,
    commission: Commission,
    form: forms.Form,
    service: Callable[..., Any],
    said: str,
) -> HttpResponse:
    """Give SERVICE what FORM holds about COMMISSION, or show the form with what is wrong."""
    if not form.is_valid():
        return commission_with(request, commission, form)
    given = {"actor": request.user, "commission_id": str(commission.pk), **form.cleaned_data}
    return _done(request, commission, lambda: service(**given), said)


@require_safe
@staff_page(Can.SEE_REVENUE)
def commission_page(request: StaffRequest, commission: str) -> HttpResponse:
    """Show one commission: terms, claim and record, differences, ledger, and what can be done."""
    return commission_with(request, commission_or_404(request, commission))


@require_POST
@staff_page(Can.APPROVE_COMMISSION)
def approve(request: StaffRequest, commission: str) -> HttpResponse:
    """Approve what a closing earned."""
    found = commission_or_404(request, commission)
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
        return back_to("commission_list", request)
    number = len(set(wanted)) - len(refused)
    if number:
        said = ngettext("%(number)s commission approved.", "%(number)s approved.", number)
        messages.success(request, said % {"number": number})
    for one in refused:
        reference = one.commission_id[-6:].upper()
        messages.error(request, f"{reference}: {one.reason}")
    return back_to("commission_list", request)


@require_POST
@staff_page(Can.CORRECT_COMMISSION)
def correct(request: StaffRequest, commission: str) -> HttpResponse:
    """Book a commission anew with other figures."""
    found = commission_or_404(request, commission)
    form = CorrectionForm(request.POST, commission=found)
    return _acted(
        request, found, form, services.correct, _("Corrected. Somebody else has to approve it.")
    )


@require_POST
@staff_page(Can.CORRECT_COMMISSION)
def claw_back(request: StaffRequest, commission: str) -> HttpResponse:
    """Reverse a commission whole."""
    found = commission_or_404(request, commission)
    form = ReversalForm(request.POST)
    return _acted(
        request, found, form, services.claw_back, _("Reversed. What was paid is owed back.")
    )


@require_POST
@staff_page(Can.SETTLE_COMMISSION)
def pay(request: StaffRequest, commission: str) -> HttpResponse:
    """Record what the bank paid."""
    found = commission_or_404(request, commission)
    form = PaymentForm(request.POST, commission=found)
    said = _("Payment recorded.")
    return _acted(request, found, form, services.record_payment, said)


@require_POST
@staff_page(Can.SETTLE_COMMISSION)
def meet_milestone(request: StaffRequest, commission: str) -> HttpResponse:
    """Record that a milestone was met."""
    found = commission_or_404(request, commission)
    form = MilestoneForm(request.POST)
    said = _("Milestone recorded.")
    return _acted(request, found, form, services.meet_milestone, said)


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
        return commission_with(request, commission_or_404(request, str(commission.pk)), form)
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
def book_as_agreed(request: StaffRequest, item: str) -> HttpResponse:
    """Book a closing in the currency agreed, now that its day has a rate."""
    found = _item(request, item)
    commission = services.booked_of_share(str(found.share_id))
    if commission is None:
        raise Http404
    return _done(
        request,
        commission,
        lambda: services.book_as_agreed(actor=request.user, item_id=str(found.pk)),
        _("Booked in the currency agreed. Somebody else has to approve it."),
    )


@require_POST
@staff_page(Can.CORRECT_COMMISSION)
def decide(request: StaffRequest, item: str) -> HttpResponse:
    """Decide which of two closings of one lead counts."""
    found = _item(request, item)
    form = DecisionForm(request.POST, item=found)
    if not form.is_valid():
        messages.error(request, _("Say why this closing counts or does not."))
        return back_to("differences", request)
    given = form.cleaned_data
    return done(
        request,
        lambda: services.decide_duplicate(
            actor=request.user,
            item_id=str(found.pk),
            take_over=given["take_over"] == "yes",
            reason=given["reason"],
        ),
        _("Decided which closing counts."),
    )


@require_POST
@staff_page(Can.CORRECT_COMMISSION)
def dismiss(request: StaffRequest, item: str) -> HttpResponse:
    """Settle that a partner states a deal which is none of ours."""
    found = _item(request, item)
    form = DismissalForm(request.POST, item=found)
    if not form.is_valid():
        messages.error(request, _("Say why this deal is none of ours."))
        return back_to("differences", request)
    return done(
        request,
        lambda: services.settle_item(
            actor=request.user,
            item_id=str(found.pk),
            resolution=ReconciliationItem.Resolution.RECORD,
            reason=form.cleaned_data["reason"],
        ),
        _("The difference is settled."),
    )


@require_POST
@staff_page(Can.CONFIRM_CLOSING)
def record(request: StaffRequest, commission: str) -> HttpResponse:
    """Record what our own papers say of the deal."""
    found = commission_or_404(request, commission)
    form = PapersForm(request.POST, commission=found)
    return _acted(
        request,
        found,
        form,
        services.record_deal,
        _("Recorded. Where the claim differs, it is in question now."),
    )
