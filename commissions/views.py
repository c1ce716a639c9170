"""Staff pages of figures: analytics, and the event log as lines."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from commissions import analytics_page as figures
from commissions.forms import AnalyticsFilter, EventFilter
from events import checkpoints
from events.selectors import event_lines
from partners.models import User
from portal.lib.access import Can, is_staff, may


class StaffRequest(HttpRequest):
    """A request of one of the company's own people."""

    user: User


def staff_page(
    right: Can,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Open a view to staff who have RIGHT; everybody else is told that it is not theirs.

    An address that names something does not tell others that there is such a thing.
    """

    def opened(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, **parts: str) -> HttpResponseBase:
            user = request.user
            if not (isinstance(user, User) and is_staff(user)):
                raise Http404 if parts else PermissionDenied
            if not may(user, right):
                raise PermissionDenied
            return view(request, **parts)

        return checked

    return opened


@require_safe
@staff_page(Can.SEE_ANALYTICS)
def analytics_page(request: StaffRequest) -> HttpResponse:
    """Show deals, revenue and commission: over time, by partner type and by partner."""
    form = AnalyticsFilter(request.GET)
    shown = figures.page(user=request.user, **form.chosen())
    return render(request, "commissions/analytics.html", {"form": form, **shown})


@require_safe
@staff_page(Can.SEE_ANALYTICS)
def events_jsonl(request: StaffRequest) -> HttpResponseBase:
    """Stream every event, or those of `kind`, `from` and `to`, one JSON object a line."""
    form = EventFilter(request.GET)
    if not form.is_valid():
        reasons = "\n".join(str(error) for errors in form.errors.values() for error in errors)
        return HttpResponse(reasons, status=400, content_type="text/plain; charset=utf-8")
    return StreamingHttpResponse(
        event_lines(user=request.user, **form.span()),
        content_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="events.jsonl"'},
    )


@require_safe
@staff_page(Can.EXPORT_AUDIT)
def checkpoints_jsonl(request: StaffRequest) -> HttpResponseBase:
    """Stream the signed checkpoints of the audit trail, one JSON object a line."""
    return StreamingHttpResponse(
        checkpoints.lines(user=request.user),
        content_type="application/x-ndjson",
        headers={"Content-Disposition": 'attachment; filename="checkpoints.jsonl"'},
    )
