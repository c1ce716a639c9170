"""Exports for accounting: the page that offers them, and the files."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commissions import services
from commissions.accounting import EXPORTS
from commissions.export_forms import ExportForm, open_to
from commissions.files import file_answer
from commissions.views import StaffRequest, staff_page
from portal.lib.access import Can


@require_safe
@staff_page(Can.SEE_REVENUE)
def exports(request: StaffRequest) -> HttpResponse:
    """Offer the exports, with the filters of the page that leads here."""
    return _page(request, ExportForm(initial=request.GET.dict(), user=request.user))


@require_safe
@staff_page(Can.SEE_REVENUE)
def export_file(request: StaffRequest) -> HttpResponseBase:
    """Send one export as a file."""
    form = ExportForm(request.GET, user=request.user)
    if not form.is_valid():
        return _page(request, form, status=422)
    what, kind = form.cleaned_data["what"], form.cleaned_data["format"]
    rows = services.take_export(actor=request.user, what=what, form=kind, chosen=form.chosen())
    return file_answer(rows, form.file_name())


def _page(request: StaffRequest, form: ExportForm, status: int = 200) -> HttpResponse:
    offered = [EXPORTS[name] for name in open_to(request.user)]
    context = {"form": form, "offered": offered}
    return render(request, "commissions/exports.html", context, status=status)
