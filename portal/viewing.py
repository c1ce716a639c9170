"""The company's people see the portal as a partner does: announced, read-only, recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from leads.selectors import share_for
from leads.services import note_contact_seen
from leads.services.seeing import VIEWING
from partners.models import Partner, User
from portal.lib.access import Can, Role, is_staff, may
from portal.lib.problems import is_api

KEY = "viewing_as"
LASTS = timedelta(minutes=30)  # long enough to help somebody on the phone, too short to forget it
PORTAL = "/portal/"
RIGHTS = frozenset({Can.SEE_REVENUE})  # what a viewer is left: to look, also at the money


@dataclass(frozen=True, slots=True)
class Viewing:
    """Whose portal a member of the staff looks at."""

    staff: User
    partner: Partner

    @property
    def contact(self) -> bool:
        """Whether the own role shows clients' contact data; as a partner it shows no more."""
        return may(self.staff, Can.SEE_CONTACT)

    def as_partner(self) -> User:
        """Return who the partner's pages take the viewer for: a member who may do nothing."""
        seen_as = User(
            pk=self.staff.pk,
            email=self.staff.email,
            name=self.staff.name,
            role=Role.MEMBER,
            partner=self.partner,
        )
        extras: Any = seen_as
        extras.key_rights, extras.hides_contact = RIGHTS, not self.contact
        return seen_as


def may_view(user: Any) -> bool:
    """Return whether USER may see the portal as a partner; a team's people would see too much."""
    return is_staff(user) and may(user, Can.VIEW_AS_PARTNER) and not getattr(user, "team", "")


def begin(request: HttpRequest, partner: Partner) -> None:
    """Let the browser of REQUEST see PARTNER's portal for half an hour."""
    until = timezone.now() + LASTS
    request.session[KEY] = {"partner": str(partner.pk), "until": until.isoformat()}


def end(request: HttpRequest) -> str | None:
    """Stop it; return the id of the partner that was looked at, or None."""
    kept = request.session.pop(KEY, None)
    return str(kept["partner"]) if kept else None


def viewing_of(request: HttpRequest) -> Viewing | None:
    """Return what REQUEST looks at as a partner; None where it does not, or not any more."""
    kept = None if is_api(request) else request.session.get(KEY)
    if not kept:
        return None
    user = request.user
    if isinstance(user, User) and datetime.fromisoformat(kept["until"]) > timezone.now():
        partners = Partner.objects.visible_to(user).filter(pk=kept["partner"])
        if may_view(user) and (partner := partners.first()) is not None:
            return Viewing(staff=user, partner=partner)
    del request.session[KEY]
    return None


class ViewingMiddleware:
    """Below /portal/ a viewer is the partner's, may only look, and each look is written down."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        request.viewing = viewing = viewing_of(request)
        if viewing is None or not request.path.startswith(PORTAL):
            return self.get_response(request)
        request.user = viewing.as_partner()
        if request.method not in ("GET", "HEAD"):
            return render(request, "viewing_only.html", status=403)
        response = self.get_response(request)
        self._note(request, viewing, response)
        return response

    def _note(self, request: Any, viewing: Viewing, response: HttpResponseBase) -> None:
        """Record that the viewer saw the contact data of the lead whose page this is."""
        named = request.resolver_match.kwargs.get("reference") if request.resolver_match else None
        if not named or response.status_code != 200 or not viewing.contact:
            return
        share = share_for(user=request.user, reference=named)
        if share is not None and share.disclosed.contact:
            note_contact_seen(actor=viewing.staff, lead_ids=[share.lead_id], where=VIEWING)
