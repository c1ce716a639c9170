"""Exports for accounting: the page that offers them, and the files."""

from __future__ import annotations

from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commissions import services
from commissions.accounting import EXPORTS, Rows
from commissions.export_forms import XLSX, ExportForm, open_to
from commissions.exports import csv_lines
from commissions.sheets import MIME, workbook
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
    return file_answer(rows, form.file_name(), kind)


def file_answer(rows: Rows, name: str, kind: str) -> HttpResponseBase:
    """Return ROWS as a file called NAME: CSV as it is read, or a workbook written beforehand."""
    if kind == XLSX:
        return FileResponse(workbook(rows), as_attachment=True, filename=name, content_type=MIME)
    return StreamingHttpResponse(
        csv_lines(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _page(request: StaffRequest, form: ExportForm, status: int = 200) -> HttpResponse:
    offered = [EXPORTS[name] for name in open_to(request.user)]
    context = {"form": form, "offered": offered}
    return render(request, "commissions/exports.html", context, status=status)
