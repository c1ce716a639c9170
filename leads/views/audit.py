"""Who saw or got what, when: the staff's pages about the audit trail."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from leads import who_saw
from leads.audit_forms import AuditFilter
from leads.views.staff import actor_of, lead_or_404, staff_only
from portal.lib.access import Can, may, require
from portal.lib.errors import Malformed
from portal.lib.paging import page_of


@require_safe
@staff_only
def trail(request: HttpRequest) -> HttpResponse:
    """List what was recorded, newest first, as filtered."""
    user = actor_of(request)
    require(user, Can.SEE_AUDIT)
    form = AuditFilter(request.GET, user=user)
    chosen = form.chosen()
    try:
        page, following = page_of(who_saw.trail_for(user=user, **chosen), request.GET, by="at")
    except Malformed as refusal:
        raise Http404(str(refusal)) from refusal
    context = {
        "form": form,
        "looks_left_out": not (chosen["looks"] or chosen["kind"]),
        "days": who_saw.looks_by_day(user=user, **chosen) if "cursor" not in request.GET else [],
        "lines": who_saw.lines_of(user=user, events=page),
        "next": following,
        "may_export": may(user, Can.EXPORT_AUDIT),
        "may_view": may(user, Can.VIEW_AS_PARTNER) and not getattr(user, "team", ""),
    }
    fragment = "#rows" if getattr(request, "htmx", False) else ""
    return render(request, f"leads/audit.html{fragment}", context)


@require_safe
@staff_only
def of_lead(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Show who saw or got what of one lead."""
    user, lead = actor_of(request), lead_or_404(request, lead_id)
    context = {
        "lead": lead,
        "holders": who_saw.holders_of(user=user, lead=lead),
        "looks": who_saw.looks_at(user=user, lead=lead),
    }
    return render(request, "leads/audit_lead.html", context)
