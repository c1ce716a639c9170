"""Finance's page of exchange rates."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from commissions import rate_files, rates_page, services
from commissions.rate_forms import RateQuestion, RatesFile, RatesFilter
from commissions.views import StaffRequest, staff_page
from portal.lib.access import Can
from portal.lib.sheets import FileRefused


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Can.IMPORT_RATES)
def rates(request: StaffRequest) -> HttpResponse:
    """Show the rates held and which one applies on a day, or take in a file of them."""
    if request.method != "POST":
        return _page(request, RatesFile())
    form = RatesFile(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        quotes = rate_files.read_quotes(form.cleaned_data["file"].read(rate_files.MAX_BYTES + 1))
    except FileRefused as refused:
        return _page(request, form, refused=refused, status=422)
    report = services.import_rates(actor=request.user, quotes=quotes)
    if report.differing:
        return _page(request, RatesFile(), report=report)
    messages.success(request, _told(report))
    return redirect("commissions:rates")


def _told(report: services.RatesReport) -> str:
    said = ngettext("%(n)s rate added.", "%(n)s rates added.", report.added) % {"n": report.added}
    if report.known:
        said += " " + _("%(n)s were held already.") % {"n": report.known}
    return said


def _page(
    request: StaffRequest,
    form: RatesFile,
    *,
    refused: FileRefused | None = None,
    report: services.RatesReport | None = None,
    status: int = 200,
) -> HttpResponse:
    filters, question = RatesFilter(request.GET), RateQuestion()
    if "rate-on" in request.GET:
        question = RateQuestion(request.GET)
    most = rate_files.SHOWN_FAULTS
    context: dict[str, Any] = {
        "form": form,
        "filters": filters,
        "question": question,
        "answer": rates_page.applying(**question.asked()) if question.is_valid() else None,
        "faults": refused.faults[:most] if refused else (),
        "more": max(0, len(refused.faults) - most) if refused else 0,
        "report": report,
        "told": _told(report) if report else "",
        "differing": report.differing[:most] if report else (),
        **rates_page.standing(user=request.user),
        **rates_page.listed(user=request.user, **filters.chosen()),
    }
    return render(request, "commissions/rates.html", context, status=status)
