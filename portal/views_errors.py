"""What went wrong outside every view: a page for people, a problem below /api/."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from portal.lib.problems import is_api, problem_page


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that Django itself refused (`handler400`)."""
    if is_api(request):
        return problem_page(400, "malformed", _("The request cannot be understood."))
    return render(request, "400.html", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours, telling nothing but the name of the request (`handler500`)."""
    if is_api(request):
        return problem_page(500, "server_error", _("Something broke on our side."))
    return render(request, "500.html", status=500)
