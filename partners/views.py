"""The settings page: owners change it, members read it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from events import services as webhooks
from partners import selectors, services
from partners.forms import EndpointForm, ProposalForm, SettingsForm
from partners.licensing import day_in
from partners.models import Partner
from portal.lib.access import Can, may
from portal.lib.errors import DomainError, NotAllowed, NotFound
from portal.lib.scope import partner_scope

View = Callable[..., HttpResponse]


def owners_only_by_service(view: View) -> View:
    """Answer a service's "no right" with 403 and its "not found" with 404."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except NotFound as refusal:
            raise Http404(str(refusal)) from refusal

    return answered


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only_by_service
def settings(request: HttpRequest) -> HttpResponse:
    """Show the settings; save contact and capacity."""
    if request.method != "POST":
        return _page(request, "all")
    form = SettingsForm(request.POST, partner=_own_partner(request))
    if form.is_valid() and _done(
        form, lambda: services.update_settings(actor=_actor(request), **form.cleaned_data)
    ):
        messages.success(request, _("Saved."))
        return _page(request, "contact") if _by_htmx(request) else redirect("partners:settings")
    return _page(request, "contact", settings_form=form)


@require_POST
@owners_only_by_service
def propose_commission(request: HttpRequest) -> HttpResponse:
    """Propose another default commission."""
    _own_partner(request)
    form = ProposalForm(request.POST)
    if form.is_valid() and _done(
        form, lambda: services.propose_commission(actor=_actor(request), **form.cleaned_data)
    ):
        messages.success(request, _("Proposed. You will see here what we decide."))
        return _page(request, "commission") if _by_htmx(request) else redirect("partners:settings")
    return _page(request, "commission", proposal_form=form)


@require_POST
@owners_only_by_service
def add_endpoint(request: HttpRequest) -> HttpResponse:
    """Register a webhook address and show its secret, this once."""
    _own_partner(request)
    form = EndpointForm(request.POST)
    made: list[Any] = []
    if form.is_valid() and _done(
        form,
        lambda: made.append(webhooks.create_endpoint(actor=_actor(request), **form.cleaned_data)),
        field="url",
    ):
        return _page(request, "endpoints", created=made[0])
    return _page(request, "endpoints", endpoint_form=form)


@require_POST
@owners_only_by_service
def verify_endpoint(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    """Send the endpoint another challenge."""
    try:
        webhooks.request_verification(actor=_actor(request), endpoint_id=endpoint_id)
        messages.success(request, _("The challenge is on its way."))
    except webhooks.TooManyChallenges as refusal:
        messages.error(request, str(refusal))
    return _page(request, "endpoints") if _by_htmx(request) else redirect("partners:settings")


@require_POST
@owners_only_by_service
def remove_endpoint(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    """Take an endpoint out of use."""
    webhooks.remove_endpoint(actor=_actor(request), endpoint_id=endpoint_id)
    messages.success(request, _("Removed. Nothing is sent there any more."))
    return _page(request, "endpoints") if _by_htmx(request) else redirect("partners:settings")


def _actor(request: HttpRequest) -> Any:
    return request.user


def _by_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _own_partner(request: HttpRequest) -> Partner:
    """Return the partner of whoever asks; staff have none and nothing to set here."""
    actor = _actor(request)
    if actor.partner_id is None:
        raise PermissionDenied
    return get_object_or_404(Partner.objects.visible_to(actor), pk=actor.partner_id)


def _done(form: forms.Form, change: Callable[[], object], *, field: str | None = None) -> bool:
    """Run CHANGE; put what refuses it beside the field it is about, or beside FIELD."""
    try:
        change()
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        named = refusal.details.get("fields")
        errors = named if isinstance(named, dict) else {field: [str(refusal)]}
        for name, words in errors.items():
            form.add_error(name if name in form.fields else None, words)
        return False
    return True


def _page(request: HttpRequest, part: str, **given: Any) -> HttpResponse:
    """Render the page, or for htmx only PART of it; a form with errors makes it a 422."""
    with partner_scope(_own_partner(request).pk):
        return _read(request, part, **given)


def _read(request: HttpRequest, part: str, **given: Any) -> HttpResponse:
    """Read and render the page as its partner, who sees no other's rows."""
    partner = _own_partner(request)
    wrong = any(isinstance(value, forms.Form) and value.errors for value in given.values())
    whole = part == "all" or not _by_htmx(request)
    template = "partners/settings.html" + ("" if whole else f"#{part}")
    context = {
        "partner": partner,
        "proposal": selectors.latest_proposal(partner),
        "endpoints": selectors.endpoints_of(partner),
        "licences": partner.licences.all(),
        "today": day_in(partner.market, timezone.now()),
        "may_change": may(_actor(request), Can.CHANGE_SETTINGS),
        "may_manage_people": may(_actor(request), Can.MANAGE_PEOPLE),
        "may_manage_keys": may(_actor(request), Can.MANAGE_KEYS),
        "may_manage_endpoints": may(_actor(request), Can.MANAGE_ENDPOINTS),
        "settings_form": SettingsForm(partner=partner),
        "proposal_form": ProposalForm(),
        "endpoint_form": EndpointForm(),
        **given,
    }
    return render(request, template, context, status=422 if wrong else 200)
