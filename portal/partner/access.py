"""Whose pages these are, and the one way to a share on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase

from leads.models import Share
from leads.selectors import share_for
from leads.services import note_contact_told
from leads.services.seeing import PARTNER
from partners.models import Partner, User
from portal.lib.access import PARTNER_ROLES
from portal.lib.errors import Malformed
from portal.lib.paging import page_of
from portal.lib.scope import partner_scope

R = TypeVar("R")
SAFE = ("GET", "HEAD")


class PartnerRequest(HttpRequest):
    """A request of somebody who belongs to a partner."""

    user: User
    htmx: Any
    partner: Partner
    told_contact: list[Share]  # whose clients' contact data the answer shows


def partner_page(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Open VIEW to owners and members only; `request.partner` is theirs.

    A page that is only read runs whole in their scope, rendering included. Which contact data it
    shows is recorded after that and before it is answered; viewing as the partner records its own.
    """

    @wraps(view)
    def checked(request: HttpRequest, **parts: str) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User) or user.role not in PARTNER_ROLES or user.partner is None:
            raise PermissionDenied
        theirs = cast("PartnerRequest", request)
        theirs.partner, theirs.told_contact = user.partner, []
        with partner_scope(user.partner.pk) if request.method in SAFE else nullcontext():
            response = view(theirs, **parts)
        if getattr(request, "viewing", None) is None:
            note_contact_told(actor=user, shares=theirs.told_contact, where=PARTNER)
        return response

    return checked


def own_scope(request: PartnerRequest) -> AbstractContextManager[None]:
    """Return the scope for what is read before and after a change; a read has it already."""
    return nullcontext() if request.method in SAFE else partner_scope(request.partner.pk)


def own_share(request: PartnerRequest, reference: str) -> Share:
    """Return the share REFERENCE names, with lead and partner.

    :raises Http404: if there is none, or none of theirs; both look the same
    """
    with own_scope(request):
        share = share_for(user=request.user, reference=reference)
    if share is None:
        raise Http404
    if getattr(request.user, "hides_contact", False):  # staff who look as the partner (viewing)
        share.shares_contact = False
    return share


def page_or_first(
    rows: QuerySet[Any, R], params: Mapping[str, str], *, by: str
) -> tuple[list[R], str | None]:
    """Return a page of ROWS and the next cursor; with a cursor that is none, the first page."""
    cursor = {"cursor": params["cursor"]} if params.get("cursor") else {}
    try:
        return page_of(rows, cursor, by=by)
    except Malformed:
        return page_of(rows, {}, by=by)
