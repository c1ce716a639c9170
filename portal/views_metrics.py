"""Figures for whoever watches over the portal: staff, and Prometheus by its token."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from events import metrics
from partners.models import User
from portal.lib.access import Can, is_staff, may

BEARER = "Bearer "


@login_not_required  # it asks for the token first
@require_safe
def show(request: HttpRequest) -> HttpResponseBase:
    """Answer every figure in the text format of Prometheus."""
    if given := request.headers.get("Authorization", ""):
        if not _is_the_token(given):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    elif not isinstance(request.user, User):
        return redirect_to_login(request.path)
    elif not (is_staff(request.user) and may(request.user, Can.SEE_ANALYTICS)):
        raise PermissionDenied
    try:
        return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)
    except DatabaseError:
        return HttpResponse(status=503)


def _is_the_token(given: str) -> bool:
    token = settings.METRICS_TOKEN
    return bool(token) and constant_time_compare(given, f"{BEARER}{token}")
