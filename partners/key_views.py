"""The API keys of a partner: its owners make, limit, rotate and revoke them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from partners import selectors, services
from partners.key_forms import KeyForm, NewKeyForm, RotateForm
from partners.models import ApiKey, Partner, User
from partners.services import NewKey
from partners.views import _done, owners_only_by_service
from portal.lib.access import Can, may
from portal.lib.errors import Conflict
from portal.lib.scope import partner_scope


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only_by_service
def keys(request: HttpRequest) -> HttpResponse:
    """Show the keys; make one and show its secret, this once."""
    owner, partner = _owner(request)
    if request.method != "POST":
        return _list_page(request, owner)
    form, made = NewKeyForm(request.POST), list[NewKey]()
    if form.is_valid() and _done(form, lambda: made.append(_issued(owner, partner, form))):
        return _list_page(request, owner, made=made[0])
    return _list_page(request, owner, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only_by_service
def key(request: HttpRequest, key_id: str) -> HttpResponse:
    """Show one key; change what limits it."""
    owner, partner = _owner(request)
    with partner_scope(str(partner.pk)):
        found = _own_key(owner, key_id)
    if request.method != "POST":
        return _key_page(request, owner, found)
    form = KeyForm(request.POST, key=found)
    if form.is_valid() and _done(
        form, lambda: services.change_key(actor=owner, key_id=key_id, rules=form.rules())
    ):
        messages.success(request, _("Saved."))
        return redirect("partners:key", key_id)
    return _key_page(request, owner, found, form=form)


@require_POST
@owners_only_by_service
def rotate(request: HttpRequest, key_id: str) -> HttpResponse:
    """Make the key that takes its place and show the secret, this once."""
    owner, partner = _owner(request)
    form = RotateForm(request.POST)
    if not form.is_valid():
        with partner_scope(str(partner.pk)):
            found = _own_key(owner, key_id)
        return _key_page(request, owner, found, rotate_form=form)
    overlap = timedelta(hours=form.cleaned_data["overlap_hours"])
    try:
        made = services.rotate_key(actor=owner, key_id=key_id, overlap=overlap)
    except Conflict as refusal:
        messages.error(request, str(refusal))
        return redirect("partners:key", key_id)
    return _list_page(request, owner, made=made)


@require_POST
@owners_only_by_service
def revoke(request: HttpRequest, key_id: str) -> HttpResponse:
    """End a key at once."""
    owner, _partner = _owner(request)
    services.revoke_key(actor=owner, key_id=key_id)
    messages.success(request, _("Revoked. It opens nothing any more."))
    return redirect("partners:keys")


def _issued(owner: User, partner: Partner, form: NewKeyForm) -> NewKey:
    rules = form.rules()
    made, secret = services.issue_key(
        actor=owner,
        partner=partner,
        name=rules.name,
        scopes=rules.scopes,
        networks=rules.networks,
        expires_at=rules.expires_at,
        signed=form.cleaned_data["signed"],
    )
    return NewKey(key=made, secret=secret)


def _owner(request: HttpRequest) -> tuple[User, Partner]:
    user: Any = request.user
    if user.partner is None or not may(user, Can.MANAGE_KEYS):
        raise PermissionDenied
    return user, user.partner


def _own_key(owner: User, key_id: str) -> ApiKey:
    """Return the key; another's looks like none.

    :raises Http404: if there is none
    """
    found = selectors.keys_of(user=owner).filter(pk=key_id).first()
    if found is None:
        raise Http404
    return found


def _list_page(
    request: HttpRequest, owner: User, *, form: NewKeyForm | None = None, made: NewKey | None = None
) -> HttpResponse:
    with partner_scope(str(owner.partner_id)):
        found = list(selectors.keys_of(user=owner))
        context = {
            "keys": [one for one in found if one.is_in_use],
            "ended": [one for one in found if not one.is_in_use],
            "form": form or NewKeyForm(),
            "made": made,
        }
        return render(request, "keys/list.html", context, status=422 if form else 200)


def _key_page(
    request: HttpRequest, owner: User, found: ApiKey, **wrong: forms.Form
) -> HttpResponse:
    """Show the key; with WRONG, a form that was refused, it is a 422."""
    with partner_scope(str(owner.partner_id)):
        context = {
            "key": found,
            "form": KeyForm(key=found),
            "rotate_form": RotateForm(),
            "replaced_by": selectors.keys_of(user=owner).filter(replaces=found).first(),
            **wrong,
        }
        return render(request, "keys/key.html", context, status=422 if wrong else 200)
