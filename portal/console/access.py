"""Who may open the console, and whose endpoints and deliveries it shows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from events.models import Delivery, Endpoint
from events.selectors import deliveries_for
from partners.models import User
from portal.lib.access import Can, is_staff, may, require
from portal.lib.errors import NotAllowed, NotFound
from portal.lib.scope import partner_scope

OWN, OVERSIGHT = "webhooks", "webhook_oversight"
SAFE = ("GET", "HEAD")


class ConsoleRequest(HttpRequest):
    """A request for a page of the console. `oversight`: staff look at everybody's."""

    user: User
    htmx: Any
    oversight: bool


def console_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open VIEW to owners for their own, and to staff in the oversight.

    A partner's page that is only read runs whole in its scope, rendering included.
    """

    @wraps(view)
    def checked(request: HttpRequest, **parts: str) -> HttpResponse:
        asked = cast("ConsoleRequest", request)
        match = request.resolver_match
        asked.oversight = match is not None and match.namespace == OVERSIGHT
        right = Can.SEE_ANALYTICS if asked.oversight else Can.MANAGE_ENDPOINTS
        if is_staff(asked.user) != asked.oversight or not may(asked.user, right):
            raise PermissionDenied
        try:
            with reading(asked) if request.method in SAFE else nullcontext():
                return view(asked, **parts)
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except NotFound as refusal:
            raise Http404(str(refusal)) from refusal

    return checked


def console_action(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open VIEW to those of the console who may also change something."""

    @wraps(view)
    def checked(request: ConsoleRequest, **parts: str) -> HttpResponse:
        require(request.user, Can.MANAGE_ENDPOINTS)
        return view(request, **parts)

    return console_page(checked)


def reading(request: ConsoleRequest) -> AbstractContextManager[None]:
    """Return the scope for what a page reads."""
    partner_id = request.user.partner_id
    return nullcontext() if request.oversight or not partner_id else partner_scope(partner_id)


def address(request: ConsoleRequest, name: str, *args: object) -> str:
    """Return the address NAME in the console REQUEST belongs to."""
    return reverse(f"{OVERSIGHT if request.oversight else OWN}:{name}", args=args)


def endpoints_of(request: ConsoleRequest) -> QuerySet[Endpoint]:
    """Return the endpoints whoever asks may see."""
    return Endpoint.objects.visible_to(request.user).kept().select_related("partner")


def endpoint_or_404(request: ConsoleRequest, endpoint_id: str) -> Endpoint:
    """Return the endpoint; another's looks like none.

    :raises Http404: if there is none
    """
    found = endpoints_of(request).filter(pk=endpoint_id).first()
    if found is None:
        raise Http404
    return found


def delivery_or_404(request: ConsoleRequest, delivery_id: str) -> Delivery:
    """Return the message; another's looks like none.

    :raises Http404: if there is none
    """
    found = deliveries_for(user=request.user).filter(pk=delivery_id).first()
    if found is None:
        raise Http404
    return found
