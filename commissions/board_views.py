"""The reconciliation pages of finance: figures, open differences, commissions to approve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from commissions import board, desk, services
from commissions.board_forms import BoardFilter, CommissionFilter, DifferenceFilter
from commissions.selectors import open_disputes
from commissions.views import StaffRequest, staff_page
from leads.selectors import share_for
from leads.services import note_contact_seen
from leads.services.seeing import LIST
from portal.lib.access import Can, may
from portal.lib.errors import DomainError, Malformed
from portal.lib.paging import page_of


def back_to(page: str, request: StaffRequest) -> HttpResponseRedirect:
    """Send whoever acted in a list back to it, under the filters that stand in the address."""
    query = request.GET.urlencode()
    return HttpResponseRedirect(reverse(f"commissions:{page}") + (f"?{query}" if query else ""))


def done(request: StaffRequest, act: Callable[[], Any], said: str) -> HttpResponseRedirect:
    """Do ACT about a difference, and show the list again with SAID or why it was refused."""
    try:
        act()
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return back_to("differences", request)


def _page(rows: Any, request: StaffRequest, **order: Any) -> tuple[list[Any], str | None]:
    """Return the page the address names; the first one for an address cut short."""
    try:
        return page_of(rows, request.GET, **order)
    except Malformed:
        return page_of(rows, {}, **order)


def _number(request: StaffRequest) -> int:
    given = request.GET.get("page", "1")
    return max(int(given), 1) if given.isascii() and given.isdigit() and len(given) < 6 else 1


@require_safe
@staff_page(Can.SEE_REVENUE)
def reconciliation(request: StaffRequest) -> HttpResponse:
    """Show claimed, recorded, approved, payable, paid and held by partner and period."""
    form = BoardFilter(request.GET)
    wanted = form.chosen()
    first = board.first_differences(user=request.user, wanted=wanted)
    note_contact_seen(actor=request.user, lead_ids=board.named(first), where=LIST)
    shown = {
        "form": form,
        "period": wanted["period"],
        "filtered": form.narrows,
        **board.figures_page(user=request.user, wanted=wanted, number=_number(request)),
        "differences": first,
        "disputed": open_disputes(user=request.user),
        "may_import": may(request.user, Can.IMPORT_STATEMENT),
        "may_import_rates": may(request.user, Can.IMPORT_RATES),
        "may_agree": may(request.user, Can.MANAGE_AGREEMENTS),
    }
    return render(request, "commissions/reconciliation.html", shown)


@require_safe
@staff_page(Can.SEE_REVENUE)
def differences(request: StaffRequest) -> HttpResponse:
    """List the open differences, those to be decided first at the top."""
    form = DifferenceFilter(request.GET)
    wanted = form.chosen()
    found = board.differences_for(user=request.user, wanted=wanted)
    page, following = _page(found, request, by="created_at", oldest_first=True)
    rows = board.difference_rows(user=request.user, items=page)
    note_contact_seen(actor=request.user, lead_ids=board.named(rows), where=LIST)
    shown = {
        "form": form,
        "partner": board.partner_named(user=request.user, partner_id=wanted["partner"]),
        "differences": rows,
        "filtered": form.narrows,
        "next": following,
        "later": "cursor" in request.GET,
        "colleagues": board.colleagues(user=request.user),
        "disputed": open_disputes(user=request.user),
        "may_confirm": may(request.user, Can.CONFIRM_CLOSING),
    }
    return render(request, "commissions/differences.html", shown)


@require_safe
@staff_page(Can.SEE_REVENUE)
def commission_list(request: StaffRequest) -> HttpResponse:
    """List commissions, newest first, to look into and to approve those ticked."""
    form = CommissionFilter(request.GET)
    wanted = form.chosen()
    page, following = _page(
        board.listed(user=request.user, wanted=wanted), request, by="recorded_at"
    )
    shown = {
        "form": form,
        "partner": board.partner_named(user=request.user, partner_id=wanted["partner"]),
        "rows": board.commission_rows(page),
        "filtered": form.narrows,
        "next": following,
        "later": "cursor" in request.GET,
        "disputed": open_disputes(user=request.user),
        "may_approve": may(request.user, Can.APPROVE_COMMISSION),
    }
    return render(request, "commissions/commission_list.html", shown)


@require_POST
@staff_page(Can.CORRECT_COMMISSION)
def assign(request: StaffRequest, item: str) -> HttpResponse:
    """Give a difference to somebody, to whoever asks, or back to nobody."""
    if desk.item_for(user=request.user, item_id=item) is None:
        raise Http404
    owner = request.POST.get("owner", "")
    return done(
        request,
        lambda: services.assign_item(actor=request.user, item_id=item, owner_id=owner),
        _("Given to somebody.") if owner else _("Nobody's any more."),
    )


@require_POST
@staff_page(Can.CONFIRM_CLOSING)
def confirm_closing(request: StaffRequest, reference: str) -> HttpResponse:
    """Confirm a closing as recorded; the lead's other live shares end."""
    if share_for(user=request.user, reference=reference) is None:
        raise Http404
    return done(
        request,
        lambda: services.confirm_closing(actor=request.user, reference=reference),
        _("Closing confirmed as recorded."),
    )
