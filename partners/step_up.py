"""Before something that matters: whoever sits here shows once more that it is they."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from partners.session_store import signed_in_within

View = Callable[..., Any]


def confirmed(view: View) -> View:
    """Let VIEW change something only for somebody who signed in, or confirmed it, just now.

    "Just now" is `ACCOUNT_REAUTHENTICATION_TIMEOUT` seconds ago at most. Looking is always free.
    What was sent is not kept: it may hold what should lie nowhere, and is quickly sent again.
    """

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method in ("GET", "HEAD") or _is_confirmed(request):
            return view(request, *args, **kwargs)
        return _ask(request)

    return asked


def _is_confirmed(request: HttpRequest) -> bool:
    recently = signed_in_within(request, settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
    return recently or did_recently_reauthenticate(request)


def _ask(request: HttpRequest) -> HttpResponse:
    """Lead to the page that asks, and from there back to the one this came from.

    A fragment leads the whole window there: a form for a password has no place in its middle.
    """
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    messages.info(request, _("Confirm that it is you, then do it once more."))
    methods = get_adapter().get_reauthentication_methods(request.user)
    # Only the path: nobody is led to another place than ours.
    back = urlencode({REDIRECT_FIELD_NAME: urlsplit(came_from).path or "/"})
    place = f"{methods[0]['url']}?{back}"
    if not request.headers.get("HX-Request"):
        return HttpResponseRedirect(place)
    answer = HttpResponse(status=403)
    answer["HX-Redirect"] = place
    return answer
