"""What every answer gets: a request id, safe headers, and a login where one is needed."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

import redis
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequired
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from partners.licensing import TIME_ZONES
from partners.types import Market
from portal.lib.problems import is_api, problem_page
from portal.lib.request_id import request_id_var

log = logging.getLogger("portal.requests")

GetResponse = Callable[[HttpRequest], HttpResponseBase]
_SAFE_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")


class RequestIdMiddleware:
    """Name each request; the name stands in the log, the event, the answer and the problem."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _SAFE_ID.match(given) else uuid.uuid4().hex
        # Stays until the thread's next request: Django logs a refusal after all middleware.
        request_id_var.set(request_id)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class RequestLogMiddleware:
    """Log each answer: the name of its address, never the address itself."""

    QUIET = ("healthz", "readyz", "metrics", "pulse")  # asked every few seconds by machines

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        response = self.get_response(request)
        match = request.resolver_match
        if is_api(request) or (match and match.view_name not in self.QUIET):
            told = {
                "method": request.method,
                "route": match.view_name if match else "-",
                "status": response.status_code,
                "ms": round((time.monotonic() - began) * 1000),
                # The API's own request puts it here.
                "key_id": getattr(getattr(request, "auth", None), "pk", None),
            }
            log.info("answered", extra=told)
        return response


class EdgeHeadersMiddleware:
    """Headers Django has no setting for. Nothing personal is kept by a browser or a proxy.

    A static file says itself how long it may be kept; whatever does not is kept nowhere.
    """

    HEADERS = {
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
        # Django's own middleware says this too, but not where it refuses the host itself.
        "X-Content-Type-Options": "nosniff",
    }

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response.setdefault(name, value)
        if response.get("Content-Type", "").startswith("text/html"):
            patch_vary_headers(response, ["HX-Request"])
        return response


class RequestLimitsMiddleware:
    """Refuse, before anything of it is read, what no page of ours asks for.

    The API, which takes less still, says so itself (`portal.lib.parsing`).
    """

    METHODS = ("GET", "HEAD", "POST")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_api(request):
            return self.get_response(request)
        if request.method not in self.METHODS:
            return HttpResponseNotAllowed(self.METHODS)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > self._most(request):
            return render(request, "413.html", status=413)
        return self.get_response(request)

    @staticmethod
    def _most(request: HttpRequest) -> int:
        """Return how much may be sent: a paper is longer than anything else people send."""
        takes_paper = request.path.endswith("/evidence/")
        most: int = settings.EVIDENCE_REQUEST_BYTES if takes_paper else settings.MAX_REQUEST_BYTES
        return most


class RedisDownMiddleware:
    """Without Redis sign-in cannot be limited, so it fails closed with 503; work goes on."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, redis.ConnectionError | redis.TimeoutError):
            response: HttpResponse = (
                problem_page(503, "unavailable", _("Try again in a moment."))
                if is_api(request)
                else render(request, "503.html", status=503)
            )
            response["Retry-After"] = "30"
            return response
        return None


class LoginRequiredMiddleware(DjangoLoginRequired):
    """Every page is private unless it says otherwise; a fragment is told to go to the login."""

    def handle_no_permission(self, request, view_func):  # type: ignore[no-untyped-def]
        if getattr(request, "htmx", False):
            response = HttpResponse(status=401)
            response["HX-Redirect"] = reverse("account_login")
            return response
        return super().handle_no_permission(request, view_func)


class ReaderTimeZoneMiddleware:
    """Partners read times as in their market; whoever works for both reads UTC, and it says so."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # The API speaks RFC 3339 in UTC and needs no session.
        partner = None if is_api(request) else getattr(request.user, "partner", None)
        with timezone.override(TIME_ZONES[Market(partner.market)] if partner else None):
            return self.get_response(request)
