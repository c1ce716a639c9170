"""Partners' statements: taken in from a file, listed, and line by line."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from commissions import services, statement_pages
from commissions.statement_file import MAX_BYTES
from commissions.statement_pages import StatementForm
from commissions.views import StaffRequest, staff_page
from portal.lib.access import Can
from portal.lib.errors import DomainError, Malformed
from portal.lib.paging import page_of
from portal.lib.sheets import Fault, FileRefused

LINES = 100
SHOWN_FAULTS = 100


@require_safe
@staff_page(Can.IMPORT_STATEMENT)
def statement_list(request: StaffRequest) -> HttpResponse:
    """List the statements that partners handed in, newest first."""
    found = statement_pages.statements_for(user=request.user)
    try:
        page, following = page_of(found, request.GET, by="imported_at")
    except Malformed:
        page, following = page_of(found, {}, by="imported_at")
    shown = {
        "rows": statement_pages.statement_rows(page),
        "next": following,
        "later": "cursor" in request.GET,
    }
    return render(request, "commissions/statements.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Can.IMPORT_STATEMENT)
def statement_new(request: StaffRequest) -> HttpResponse:
    """Take in a partner's statement."""
    if request.method != "POST":
        return _form(request, StatementForm(user=request.user))
    form = StatementForm(request.POST, request.FILES, user=request.user)
    if not form.is_valid():
        return _form(request, form, status=422)
    return _imported(request, form)


def _imported(request: StaffRequest, form: StatementForm) -> HttpResponse:
    given = form.cleaned_data
    try:
        done = services.import_statement(
            actor=request.user,
            partner_id=str(given["partner"].pk),
            first=given["first"],
            last=given["last"],
            content=given["file"].read(MAX_BYTES + 1),
            file_name=given["file"].name,
        )
    except FileRefused as refused:
        return _form(request, form, faults=refused.faults, status=422)
    except DomainError as refusal:
        form.add_error("last", str(refusal))
        return _form(request, form, status=422)
    if not done.is_new:
        messages.info(request, _("This file was taken in before; here is what came of it."))
    return redirect("commissions:statement", statement=done.statement.pk)


def _form(
    request: StaffRequest, form: StatementForm, *, faults: Sequence[Fault] = (), status: int = 200
) -> HttpResponse:
    shown = {
        "form": form,
        "faults": faults[:SHOWN_FAULTS],
        "fault_count": len(faults),
        "more": max(0, len(faults) - SHOWN_FAULTS),
        "columns": statement_pages.described(),
    }
    return render(request, "commissions/statement_new.html", shown, status=status)


@require_safe
@staff_page(Can.IMPORT_STATEMENT)
def statement(request: StaffRequest, statement: str) -> HttpResponse:
    """Show a statement: every line with what it was found to be, and what it does not hold."""
    found = statement_pages.statement_for(user=request.user, statement_id=statement)
    if found is None:
        raise Http404
    lines = statement_pages.lines_of(user=request.user, statement=found)
    page = Paginator(lines, LINES).get_page(request.GET.get("page"))
    shown = {
        "statement": found,
        "period": statement_pages.period_words(found),
        "agree": statement_pages.agreement(found),
        "lines": statement_pages.line_rows(page),
        "page": page,
        **statement_pages.missing_in(user=request.user, statement=found),
    }
    return render(request, "commissions/statement.html", shown)
