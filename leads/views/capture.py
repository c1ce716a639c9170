"""The public form of each market, on a page of its own and inside other sites' pages.

Its posts need no cookie and carry none: `leads.form_token` says why that is safe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from math import ceil
from typing import Any

from csp.constants import NONE
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from leads import notices, services
from leads.capture_forms import EnquiryForm
from leads.capture_limits import wait_of_address, wait_of_network
from leads.enquiry_mail import read_return_token
from leads.form_token import new_token, read_token
from leads.notices import ShownNotice
from portal.lib.errors import Malformed

MAX_BODY = 65_536  # bytes; the longest form somebody can type is far shorter
View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for the form: of which market, and whether inside another site's page."""

    request: HttpRequest
    market: str
    framed: bool

    @property
    def notice(self) -> ShownNotice:
        return notices.current(self.market, notices.FORM, get_language() or notices.LANGUAGE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a form was not taken, and the form to show again with all that was typed."""

    form: EnquiryForm
    said: str | Promise = ""
    status: int = 422
    token: str = ""  # the token to go on with; left out, a new one
    wait: float = 0.0  # seconds


def _framed(view: View) -> View:
    """Let the sites of CAPTURE_EMBED_ORIGINS, and only those, show the page inside theirs."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        allowed = {"frame-ancestors": settings.CAPTURE_EMBED_ORIGINS or [NONE]}
        answer: HttpResponse = csp_replace(allowed)(view)(request, *args, **kwargs)  # type: ignore[assignment]
        return answer

    return xframe_options_exempt(answered)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, market: str) -> HttpResponse:
    """Show the form, or take it."""
    return _answer(Asked(request, market, framed=False))


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@_framed
def embedded_form(request: HttpRequest, market: str) -> HttpResponse:
    """Show the form inside another site's page, or take it."""
    return _answer(Asked(request, market, framed=True))


@login_not_required
@require_safe
def thanks(request: HttpRequest, market: str) -> HttpResponse:
    """Say what happens next. It looks the same whatever came of the form."""
    return _page(Asked(request, market, framed=False), "capture/thanks.html")


@login_not_required
@require_safe
@_framed
def embedded_thanks(request: HttpRequest, market: str) -> HttpResponse:
    """Say what happens next, inside another site's page."""
    return _page(Asked(request, market, framed=True), "capture/thanks.html")


@csrf_exempt  # whoever has the address may do what it is for, and nobody else has it
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def welcome_back(request: HttpRequest, token: str) -> HttpResponse:
    """Let a person who was erased be recorded again, after asking once."""
    read = read_return_token(token)
    if read is not None and request.method == "POST":
        services.welcome_back(hashes=read.hashes)
    context = {
        "market": read.market if read else "",
        "done": request.method == "POST",
        "csrf_token": "",
    }
    response = render(request, "capture/return.html", context, status=200 if read else 404)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _answer(asked: Asked) -> HttpResponse:
    if asked.request.method != "POST":
        return _form_page(asked, Refusal(EnquiryForm(market=asked.market), status=200))
    refusal = _taken(asked)
    if refusal is not None:
        return _form_page(asked, refusal)
    name = "capture:embed_thanks" if asked.framed else "capture:thanks"
    return redirect(name, market=asked.market)


def _taken(asked: Asked) -> Refusal | None:
    """Take the form that was sent, or return why not.

    What a machine sent is taken without a word and recorded nowhere.
    """
    if _length(asked.request) > MAX_BODY:
        return Refusal(EnquiryForm(market=asked.market), _("That was too much text."), 413)
    sent = EnquiryForm(asked.request.POST, market=asked.market)
    if wait := wait_of_network(asked.request):
        return _later(sent, wait, asked.request.POST.get("token", ""))
    if sent.by_machine:
        return None
    return _handed_in(asked, sent, asked.request.POST.get("token", ""))


def _handed_in(asked: Asked, sent: EnquiryForm, token: str) -> Refusal | None:
    read = read_token(asked.market, token)
    if read is None:
        said = _("This form was open for too long. Look it over, choose again and send it.")
        return Refusal(sent.without_choices(), said)
    if read.notice_sha256 != asked.notice.sha256:
        said = _("What we tell you about your details has changed. Read it, choose and send again.")
        return Refusal(sent.without_choices(), said)
    if read.age < settings.CAPTURE_MIN_SECONDS:
        return Refusal(sent, _("That was very quick. Look it over, then send it."), token=token)
    if not sent.is_valid():
        return Refusal(sent, token=token)
    if wait := wait_of_address(sent.cleaned_data["email"]):
        return _later(sent, wait, token)
    return _recorded(asked, sent, read.lead_id, token)


def _recorded(asked: Asked, sent: EnquiryForm, lead_id: str, token: str) -> Refusal | None:
    try:
        services.capture_from_form(
            lead_id=lead_id,
            market=asked.market,
            draft=sent.draft(),
            consent=sent.consent(),
            shown_notice=asked.notice,
        )
    except Malformed as refusal:
        return Refusal(sent, str(refusal), token=token)
    return None


def _later(sent: EnquiryForm, wait: float, token: str) -> Refusal:
    minutes = ceil(wait / 60)
    said = ngettext(
        "Too many requests came from here. All you typed is kept on this page: send it again "
        "in %(minutes)s minute.",
        "Too many requests came from here. All you typed is kept on this page: send it again "
        "in %(minutes)s minutes.",
        minutes,
    ) % {"minutes": minutes}
    return Refusal(sent, said, 429, token, wait)


def _length(request: HttpRequest) -> int:
    given = request.META.get("CONTENT_LENGTH") or "0"
    return int(given) if given.isdecimal() else 0


def _form_page(asked: Asked, shown: Refusal) -> HttpResponse:
    context = {
        "form": shown.form,
        "parts": shown.form.parts(),
        "said": shown.said,
        "notice": asked.notice,
        "token": shown.token or new_token(asked.market, asked.notice.sha256),
    }
    response = _page(asked, "capture/form.html", context, status=shown.status)
    if shown.wait:
        response["Retry-After"] = str(ceil(shown.wait))
    return response


def _page(
    asked: Asked, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    # Without this the page would set the cookie of a protection it does not use.
    own = {
        "market": asked.market,
        "framed": asked.framed,
        "privacy_email": settings.PRIVACY_EMAIL,
        "csrf_token": "",
    }
    return render(asked.request, template, {**(context or {}), **own}, status=status)
