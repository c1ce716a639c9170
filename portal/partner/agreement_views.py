"""A partner's agreements: what was offered, what was agreed, and the owner's answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from commissions import services
from commissions.models import AgreementVersion
from commissions.terms_words import in_words
from partners.step_up import confirmed
from portal.lib.access import Can, may
from portal.lib.errors import DomainError, NotAllowed
from portal.partner.access import PartnerRequest, own_scope, page_or_first, partner_page


@require_safe
@partner_page
def agreement_list(request: PartnerRequest) -> HttpResponse:
    """List the terms offered to the partner, newest first."""
    found = AgreementVersion.objects.visible_to(request.user).select_related("agreement")
    page, following = page_or_first(found, request.GET, by="entered_at")
    shown = {"versions": page, "next": following, "later": "cursor" in request.GET}
    return render(request, "partner/agreements.html", shown)


@require_safe
@partner_page
def agreement(request: PartnerRequest, version: str) -> HttpResponse:
    """Show one version: the terms in words and the text that is agreed to."""
    found = _own(request, version)
    waits = not (found.accepted_at or found.withdrawn_at or found.agreement.ended_at)
    shown = {
        "version": found,
        "sentences": in_words(found.read_terms(), "", you=True),
        "may_answer": waits and may(request.user, Can.ACCEPT_AGREEMENT),
        "waits": waits,
    }
    return render(request, "partner/agreement.html", shown)


@require_POST
@partner_page
@confirmed
def accept(request: PartnerRequest, version: str) -> HttpResponse:
    """Accept the text that was read, as the partner's owner."""
    found = _own(request, version)
    return _answered(
        request,
        found,
        lambda: services.agreements.accept(
            actor=request.user,
            version_id=str(found.pk),
            text_hash=request.POST.get("text_hash", ""),
        ),
        _("Agreed. Leads shared from now on come under these terms."),
    )


@require_POST
@partner_page
def decline(request: PartnerRequest, version: str) -> HttpResponse:
    """Decline an offer; what was agreed before goes on."""
    found = _own(request, version)
    return _answered(
        request,
        found,
        lambda: services.agreements.decline(actor=request.user, version_id=str(found.pk)),
        _("Declined. What was agreed before goes on."),
    )


def _own(request: PartnerRequest, version: str) -> AgreementVersion:
    with own_scope(request):
        visible = AgreementVersion.objects.visible_to(request.user).select_related("agreement")
        found = visible.filter(pk=version).first()
    if found is None:
        raise Http404
    return found


def _answered(
    request: PartnerRequest, version: AgreementVersion, act: Callable[[], Any], said: str
) -> HttpResponse:
    try:
        act()
    except DomainError as refusal:
        if isinstance(refusal, NotAllowed):
            raise PermissionDenied from refusal
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("partner:agreement", version=version.pk)
