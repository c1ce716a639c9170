"""What the staff's pages have in common: who may open them, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from leads import selectors
from leads.models import Lead, Share
from portal.lib.access import Actor, is_staff
from portal.lib.errors import DomainError, NotAllowed, NotFound

View = Callable[..., HttpResponse]
T = TypeVar("T")


def staff_only(view: View) -> View:
    """Let only staff in; an address that names something does not tell others that it exists.

    A refusal that is no part of a form becomes the page for it: 403 or 404.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_staff(actor_of(request)):
            raise Http404 if kwargs else PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except NotFound as refusal:
            raise Http404(str(refusal)) from refusal

    return guarded


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks; the login middleware has let nobody through without an account."""
    user: Any = request.user
    return user  # type: ignore[no-any-return]


def lead_or_404(request: HttpRequest, lead_id: str) -> Lead:
    """Return the lead, or answer that there is none of yours."""
    lead = selectors.lead_for(user=actor_of(request), lead_id=lead_id)
    if lead is None:
        raise Http404
    return lead


def share_or_404(request: HttpRequest, share_id: str) -> Share:
    """Return the share, or answer that there is none of yours."""
    share = selectors.share_for(user=actor_of(request), reference=share_id)
    if share is None:
        raise Http404
    return share


def attempted(call: Callable[[], T]) -> tuple[T | None, DomainError | None]:
    """Return what the service CALL returns, or its refusal if the page can show it.

    :raises NotAllowed, NotFound: which are no words in a form but pages of their own
    """
    try:
        return call(), None
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        return None, refusal


def answered(
    request: HttpRequest, lead_id: str, said: str, refusal: DomainError | None = None
) -> HttpResponse:
    """Say what was done, or why it was refused, and return to the lead."""
    if refusal is None:
        messages.success(request, said)
    else:
        messages.error(request, str(refusal))
    return redirect("leads:lead_detail", lead_id=lead_id)
