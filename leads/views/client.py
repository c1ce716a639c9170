"""How a client gets in without an account, and its everyday view of the own request.

A link is swapped for a short cookie, so that the token leaves the address bar. The cookie opens the
everyday view, which knows no partner, and the consent page (`leads.views.consent`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import ceil
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from leads import selectors, words
from leads.capture_limits import wait_of_address, wait_of_network
from leads.client_forms import LostLinkForm
from leads.consent import client_safe_view
from leads.models import Lead
from leads.services.links import ask_for_links
from partners.licensing import TIME_ZONES
from partners.types import Market

COOKIE = "client_lead"
SALT = "leads.client"
PATH = "/c/"
OPEN_SECONDS = 30 * 60

View = Callable[..., HttpResponse]


def private(view: View) -> View:
    """Keep the page out of search engines, and an address with a token from everybody.

    A page whose address holds none tells it to ourselves: a browser that may not would send its
    forms from nowhere, and they would be refused as forged.
    """

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Referrer-Policy"] = "no-referrer" if "token" in kwargs else "same-origin"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return answered


def client_page(view: View) -> View:
    """Open VIEW to whoever came by a link; it gets the link's lead, in the time of its market."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        cookie = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=OPEN_SECONDS)
        found = selectors.client_lead(link_id=cookie or "")
        if found is None:
            return _look_again() if request.headers.get("HX-Request") else unavailable(request)
        with timezone.override(TIME_ZONES[Market(found.market)]):
            return view(request, found, *args, **kwargs)

    return login_not_required(private(opened))


@login_not_required
@require_safe
@private
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Swap the link to the everyday view for the cookie."""
    return _swapped(request, token, "client:lead")


@login_not_required
@require_safe
@private
def consent_link(request: HttpRequest, token: str) -> HttpResponse:
    """Swap the link to the consent page for the cookie."""
    return _swapped(request, token, "client:consent")


def _swapped(request: HttpRequest, token: str, page: str) -> HttpResponse:
    if (link_id := selectors.link_of_token(token)) is None:
        return unavailable(request)
    response = redirect(page)
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


@require_safe
@client_page
def lead(request: HttpRequest, found: Lead) -> HttpResponse:
    """Show the client the own request."""
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


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@private
def lost(request: HttpRequest) -> HttpResponse:
    """Send a new link to the address the client names, if it is one we know.

    The answer is the same for every address: whether it is one is looked up later.
    """
    form = LostLinkForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"form": form}
        return render(request, "client/lost.html", context, status=422 if form.is_bound else 200)
    email = form.cleaned_data["email"]
    if wait := wait_of_network(request, "lost link"):
        form.add_error(None, _("Too many links were asked for from here. Try again later."))
        response = render(request, "client/lost.html", {"form": form}, status=429)
        response["Retry-After"] = str(ceil(wait))
        return response
    if not wait_of_address(email, "lost link"):
        ask_for_links(email=email)
    return render(request, "client/lost.html", {"sent": True, "csrf_token": ""})


def _look_again() -> HttpResponse:
    """Have htmx load the whole page, so that a part which asks again and again ends with it."""
    response = HttpResponse(status=204)
    response["HX-Refresh"] = "true"
    return response


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer every link that opens nothing with the same bytes: wrong, old or never made.

    The page has no form, so it needs no token against forgery, which would differ each time.
    """
    return render(request, "client/unavailable.html", {"csrf_token": ""}, status=404)
