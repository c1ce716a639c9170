"""The people of a partner: who they are, inviting, removing; and accepting an invitation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners import selectors, services
from partners.models import Invitation
from partners.people_forms import AcceptForm, InviteForm
from partners.services.invitations import InvitationEnded
from partners.views import _done, owners_only_by_service
from portal.lib.access import Can, may
from portal.lib.errors import Conflict
from portal.lib.scope import partner_scope

COOKIE = "invitation"
SALT = "partners.invitation"
PATH = "/accounts/invitation/"
OPEN_SECONDS = 30 * 60
BACKEND = "partners.backends.PortalBackend"


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only_by_service
def people(request: HttpRequest) -> HttpResponse:
    """Show the partner's people and its open invitations; invite somebody."""
    if request.method != "POST":
        return _page(request)
    form = InviteForm(request.POST)
    user: Any = request.user
    if form.is_valid() and _done(
        form, lambda: services.invite(actor=user, **form.cleaned_data), field="email"
    ):
        messages.success(request, _("An invitation was sent."))
        return redirect("partners:people")
    return _page(request, form)


@require_POST
@owners_only_by_service
def remove(request: HttpRequest, user_id: str) -> HttpResponse:
    """Shut somebody of the own partner out."""
    return _changed(request, services.remove_member, _("Removed."), user_id=user_id)


@require_POST
@owners_only_by_service
def role(request: HttpRequest, user_id: str) -> HttpResponse:
    """Make somebody an owner or a member."""
    given = {"user_id": user_id, "role": request.POST.get("role", "")}
    return _changed(request, services.change_role, _("Saved."), **given)


@require_POST
@owners_only_by_service
def resend(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Send another link; the old one ends."""
    done = _("Another invitation was sent. The old link has ended.")
    return _changed(request, services.resend, done, invitation_id=invitation_id)


@require_POST
@owners_only_by_service
def take_back(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """End an invitation."""
    return _changed(request, services.take_back, _("Taken back."), invitation_id=invitation_id)


@login_not_required
@require_safe
def invitation_link(request: HttpRequest, token: str) -> HttpResponse:
    """Swap the link for a short cookie, so that the token leaves the address bar; use up nothing.

    A mail scanner that opens the link changes nothing by it.
    """
    response: HttpResponse
    if (found := selectors.invitation_of_token(token)) is None:
        response = render(request, "account/invitation_ended.html", status=410)
    else:
        response = redirect("invitation")
        response.set_signed_cookie(
            COOKIE,
            str(found.pk),
            salt=SALT,
            max_age=OPEN_SECONDS,
            path=PATH,
            secure=settings.SECURE_ORIGIN,
            httponly=True,
            samesite="Lax",
        )
    response["Referrer-Policy"] = "no-referrer"
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """Ask for name and password; the POST makes the account and signs in."""
    cookie = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=OPEN_SECONDS)
    found = selectors.good_invitation(invitation_id=cookie or "")
    if found is None:
        return render(request, "account/invitation_ended.html", status=410)
    form = AcceptForm(request.POST or None)
    try:
        if form.is_valid() and _done(form, lambda: _accept(request, found, form.cleaned_data)):
            response: HttpResponse = redirect("home")
            response.delete_cookie(COOKIE, path=PATH)
            return response
    except InvitationEnded:
        return render(request, "account/invitation_ended.html", status=410)
    context = {"form": form, "invitation": found, "platform": settings.PLATFORM_LEGAL_NAME}
    return render(request, "account/invitation.html", context, status=422 if form.errors else 200)


@require_safe
def pulse(request: HttpRequest) -> HttpResponse:
    """Answer an open page that its reader is still let in; nothing is written."""
    return HttpResponse(status=204)


def _accept(request: HttpRequest, found: Invitation, given: dict[str, Any]) -> None:
    user = services.accept(invitation_id=str(found.pk), **given)
    login(request, user, backend=BACKEND)


def _changed(
    request: HttpRequest, change: Callable[..., object], done: str, **given: str
) -> HttpResponse:
    """Run the service CHANGE; say DONE, or why not."""
    try:
        change(actor=request.user, **given)
    except Conflict as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("partners:people")


def _page(request: HttpRequest, form: InviteForm | None = None) -> HttpResponse:
    """Read and render the page as its partner, who sees no other's rows."""
    user: Any = request.user
    if user.partner_id is None or not may(user, Can.MANAGE_PEOPLE):
        raise PermissionDenied
    with partner_scope(user.partner_id):
        context = {
            "people": selectors.people_of(user=user),
            "invitations": selectors.open_invitations(user=user),
            "form": form or InviteForm(),
            "platform": settings.PLATFORM_LEGAL_NAME,
        }
        return render(request, "partners/people.html", context, status=422 if form else 200)
