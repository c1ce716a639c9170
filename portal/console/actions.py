"""What owners and staff do about an endpoint or a message. Each is one call of a service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from events import services
from partners.step_up import confirmed
from portal.console.access import ConsoleRequest, address, console_action, endpoint_or_404, reading
from portal.console.forms import ChangeForm, RecoverForm, RotateForm
from portal.console.views import endpoint_page
from portal.lib.errors import DomainError, NotAllowed, NotFound

Action = Callable[..., HttpResponse]


def told(view: Action) -> Action:
    """Take back to the endpoint, and say there why, when a service refuses."""

    @wraps(view)
    def answered(request: ConsoleRequest, endpoint_id: str) -> HttpResponse:
        try:
            return view(request, endpoint_id)
        except (NotAllowed, NotFound):
            raise
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return _back(request, endpoint_id)

    return answered


def _back(request: ConsoleRequest, endpoint_id: str) -> HttpResponseRedirect:
    return redirect(address(request, "endpoint", endpoint_id))


@require_POST
@console_action
@confirmed
def change(request: ConsoleRequest, endpoint_id: str) -> HttpResponse:
    """Change where and what we send; a new address has to prove itself first."""
    with reading(request):
        endpoint = endpoint_or_404(request, endpoint_id)
    form = ChangeForm(request.POST, endpoint=endpoint)
    if form.is_valid() and _done(
        form,
        lambda: services.change_endpoint(
            actor=request.user, endpoint_id=endpoint_id, **form.changes()
        ),
    ):
        messages.success(request, _("Saved."))
        return _back(request, endpoint_id)
    return endpoint_page(request, endpoint, status=422, change_form=form)


@require_POST
@console_action
@confirmed
@told
def rotate(request: ConsoleRequest, endpoint_id: str) -> HttpResponse:
    """Make a new secret and show it to its owner, this once; staff never see one."""
    if request.oversight:
        raise PermissionDenied
    form = RotateForm(request.POST)
    with reading(request):
        endpoint = endpoint_or_404(request, endpoint_id)
    if not form.is_valid():
        return endpoint_page(request, endpoint, status=422, rotate_form=form)
    rotated = services.rotate_secret(
        actor=request.user,
        endpoint_id=endpoint_id,
        overlap=timedelta(hours=form.cleaned_data["overlap_hours"]),
    )
    return endpoint_page(request, rotated, secret=rotated.secret)


@require_POST
@console_action
@confirmed
@told
def signing_key(request: ConsoleRequest, endpoint_id: str) -> HttpResponse:
    """Begin to sign with Ed25519 as well, or stop it."""
    if "remove" in request.POST:
        services.remove_signing_key(actor=request.user, endpoint_id=endpoint_id)
        messages.success(request, _("Messages are signed with the secret only."))
    else:
        services.make_signing_key(actor=request.user, endpoint_id=endpoint_id)
        messages.success(request, _("Messages carry a v1a signature as well."))
    return _back(request, endpoint_id)


@require_POST
@console_action
@told
def test(request: ConsoleRequest, endpoint_id: str) -> HttpResponse:
    """Send made-up data through the same pipeline."""
    services.send_test(actor=request.user, endpoint_id=endpoint_id)
    messages.success(request, _("A test is on its way. What comes of it stands below."))
    return _back(request, endpoint_id)


@require_POST
@console_action
@told
def recover(request: ConsoleRequest, endpoint_id: str) -> HttpResponse:
    """Send once more what was given up."""
    form = RecoverForm(request.POST)
    if not form.is_valid():
        with reading(request):
            endpoint = endpoint_or_404(request, endpoint_id)
        return endpoint_page(request, endpoint, status=422, recover_form=form)
    since = timezone.now() - timedelta(hours=form.cleaned_data["hours"])
    number = services.recover(actor=request.user, endpoint_id=endpoint_id, since=since)
    if number:
        said = ngettext(
            "%(number)s message is sent once more.",
            "%(number)s messages are sent once more.",
            number,
        )
        messages.success(request, said % {"number": number})
    else:
        messages.info(request, _("Nothing was given up in this time."))
    return _back(request, endpoint_id)


@require_POST
@console_action
@told
def verify(request: ConsoleRequest, endpoint_id: str) -> HttpResponse:
    """Send another challenge; an endpoint that was switched off starts again from its proof."""
    services.request_verification(actor=request.user, endpoint_id=endpoint_id)
    messages.success(request, _("The challenge is on its way."))
    return _back(request, endpoint_id)


@require_POST
@console_action
@told
def disable(request: ConsoleRequest, endpoint_id: str) -> HttpResponse:
    """Switch the endpoint off."""
    services.change_endpoint(actor=request.user, endpoint_id=endpoint_id, enabled=False)
    messages.success(request, _("Switched off. Nothing is sent there."))
    return _back(request, endpoint_id)


@require_POST
@console_action
@confirmed
def remove(request: ConsoleRequest, endpoint_id: str) -> HttpResponse:
    """Take the endpoint out of use for good."""
    services.remove_endpoint(actor=request.user, endpoint_id=endpoint_id)
    messages.success(request, _("Removed. Nothing is sent there any more."))
    return redirect(address(request, "overview"))


@require_POST
@console_action
def resend(request: ConsoleRequest, delivery_id: str) -> HttpResponse:
    """Send one message again, under the same webhook-id."""
    try:
        services.resend_delivery(actor=request.user, delivery_id=delivery_id)
        messages.success(request, _("On its way again."))
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect(address(request, "delivery", delivery_id))


def _done(form: forms.Form, change: Callable[[], Any]) -> bool:
    """Run CHANGE; put what refuses it beside the field it is about."""
    try:
        change()
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        field = {"unknown_event_type": "event_types", "headers_refused": "headers"}
        form.add_error(field.get(refusal.code, "url"), str(refusal))
        return False
    return True
