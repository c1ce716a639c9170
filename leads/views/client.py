"""The client's everyday view of the own request, behind a link and without an account."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from leads import selectors, words
from leads.consent import client_safe_view

COOKIE = "client_lead"
SALT = "leads.client"
PATH = "/c/"
OPEN_SECONDS = 30 * 60

View = Callable[..., HttpResponse]


def _private(view: View) -> View:
    """Keep the page out of search engines and its address out of other sites' logs."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return answered


@login_not_required
@require_safe
@_private
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Swap the link for a short cookie, so that the token leaves the address bar."""
    if (link_id := selectors.link_of_token(token)) is None:
        return _unavailable(request)
    response = redirect("client:lead")
    response.set_signed_cookie(
        COOKIE,
        link_id,
        salt=SALT,
        max_age=OPEN_SECONDS,
        path=PATH,
        secure=settings.SECURE_ORIGIN,
        httponly=True,
        samesite="Lax",
    )
    return response


@login_not_required
@require_safe
@_private
def lead(request: HttpRequest) -> HttpResponse:
    """Show the client the own request."""
    opened = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=OPEN_SECONDS)
    found = selectors.client_lead(link_id=opened or "")
    if found is None:
        return _unavailable(request)
    view = client_safe_view(found)
    told = words.in_full(view)
    context = {
        "view": view,
        "contact": words.contact_facts(told),
        "budget": words.budget_facts(told),
        "wishes": words.requirement_facts(told),
        "csrf_token": "",
    }
    return render(request, "client/lead.html", context)


def _unavailable(request: HttpRequest) -> HttpResponse:
    """Answer every link that opens nothing with the same bytes: wrong, old or never made.

    The page has no form, so it needs no token against forgery, which would differ each time.
    """
    return render(request, "client/unavailable.html", {"csrf_token": ""}, status=404)
