"""What belongs to no app: the way home and the health of the process."""

from __future__ import annotations

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from events.selectors import oldest_due_seconds
from portal.lib.access import Role, is_staff
from portal.lib.signatures import public_keys


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Send each role to where its work is."""
    if not is_staff(request.user):  # type: ignore[arg-type]
        return redirect("partner:dashboard")
    if request.user.role == Role.FINANCE:  # type: ignore[union-attr]
        return redirect("commissions:reconciliation")
    return redirect("leads:lead_list")


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process runs."""
    return JsonResponse({"ok": True})


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer whether database and Redis are there, and how long the oldest due delivery waits."""
    report: dict[str, object] = {"database": False, "redis": False, "oldestDueSeconds": None}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        report["database"] = True
        report["oldestDueSeconds"] = oldest_due_seconds()
    except DatabaseError:
        pass
    try:
        redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5
        ).ping()
        report["redis"] = True
    except redis.RedisError:
        pass
    ready = bool(report["database"])
    return JsonResponse({"ok": ready, **report}, status=200 if ready else 503)


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def jwks(request: HttpRequest) -> HttpResponse:
    """Answer the keys with which anybody can check a receipt (RFC 7517)."""
    return JsonResponse(public_keys())


@login_not_required
def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an address that is none, or none of yours."""
    return render(request, "404.html", status=404)
