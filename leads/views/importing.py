"""Leads from a file: look at what would come of it, then record it."""

from __future__ import annotations

import csv

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from leads import import_file, services
from leads.services import ImportReport
from leads.views.staff import actor_of, attempted, staff_only
from portal.lib.access import Can, require
from portal.lib.sheets import FileRefused


class ImportForm(forms.Form):
    """A file, and what to do with people we know."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy("UTF-8, with commas or semicolons; up to 2,000 rows and 1 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    skip_known = forms.BooleanField(
        label=gettext_lazy("Leave out people we know already"),
        required=False,
        initial=True,
        help_text=gettext_lazy("By email or phone, in the same market. Off: marked as duplicates."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def lead_import(request: HttpRequest) -> HttpResponse:
    """Check a file, or record its leads."""
    require(actor_of(request), Can.CAPTURE_LEAD)
    if request.method != "POST":
        return _page(request, ImportForm())
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    dry_run = request.POST.get("step") != "import"
    try:
        people = import_file.read_people(form.cleaned_data["file"].read(import_file.MAX_BYTES + 1))
    except FileRefused as refused:
        # To have found faults is what a check is for.
        return _page(request, form, refused=refused, status=200 if dry_run else 422)
    return _imported(request, form, people, dry_run=dry_run)


def _imported(
    request: HttpRequest, form: ImportForm, people: list[services.ImportRow], *, dry_run: bool
) -> HttpResponse:
    report, refusal = attempted(
        lambda: services.import_leads(
            actor=actor_of(request),
            people=people,
            skip_known=form.cleaned_data["skip_known"],
            dry_run=dry_run,
        )
    )
    if report is None:
        form.add_error("file", str(refusal))
        return _page(request, form, status=422)
    if dry_run:
        return _page(request, form, report=report)
    messages.success(request, _told(report))
    return redirect("leads:lead_list")


def _told(report: ImportReport) -> str:
    said = [
        ngettext("%(n)s lead recorded.", "%(n)s leads recorded.", report.recorded)
        % {"n": report.recorded}
    ]
    if report.known:
        said.append(_("%(n)s left out: known already.") % {"n": report.known})
    if report.suppressed:
        said.append(_("%(n)s left out: asked to be erased.") % {"n": report.suppressed})
    return " ".join(said)


def _page(
    request: HttpRequest,
    form: ImportForm,
    *,
    report: ImportReport | None = None,
    refused: FileRefused | None = None,
    status: int = 200,
) -> HttpResponse:
    faults = refused.faults if refused else ()
    context = {
        "form": form,
        "report": report,
        "faults": faults[: import_file.SHOWN_FAULTS],
        "fault_count": len(faults),
        "more": max(0, len(faults) - import_file.SHOWN_FAULTS),
        "columns": import_file.described(),
    }
    template = "leads/import.html"
    if getattr(request, "htmx", False):
        template += "#report"
    return render(request, template, context, status=status)


@require_safe
@staff_only
def import_template(request: HttpRequest) -> HttpResponse:
    """Hand out an empty file with every column."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="leads.csv"'
    csv.writer(response).writerow(import_file.COLUMNS)
    return response
