"""A partner confirms a deletion, or asks to see more of a lead."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from leads.models import DeletionTask
from leads.services import attest_deletion
from leads.services.more import ask_for_more
from portal.lib.errors import DomainError
from portal.partner.access import PartnerRequest, own_share, partner_page
from portal.partner.duty_forms import KeepingForm, MoreForm
from portal.partner.views import shown

Outcome = DeletionTask.Outcome
_SAID = {
    Outcome.DELETED: gettext_lazy("Thank you. The client can see that you deleted it."),
    Outcome.RETAINED: gettext_lazy("Noted. The client can see that you keep it, and why."),
}


@require_POST
@partner_page
def lead_attest(request: PartnerRequest, reference: str) -> HttpResponse:
    """Say that what was withdrawn is deleted."""
    own_share(request, reference)
    return _attested(request, reference, Outcome.DELETED)


@require_POST
@partner_page
def lead_keep(request: PartnerRequest, reference: str) -> HttpResponse:
    """Say that what was withdrawn must be kept, and why."""
    share = own_share(request, reference)
    form = KeepingForm(request.POST)
    if not form.is_valid():
        return shown(request, share, http_status=422, keeping=form)
    return _attested(request, reference, Outcome.RETAINED, form.cleaned_data["reason"])


def _attested(
    request: PartnerRequest, reference: str, outcome: Outcome, reason: str = ""
) -> HttpResponse:
    try:
        attest_deletion(
            actor=request.user,
            reference=reference,
            outcome=outcome,
            reason=reason,
            groups=request.POST.getlist("groups") or None,
        )
    except DomainError as refusal:
        return _refused(request, reference, refusal)
    return _done(request, reference, str(_SAID[outcome]))


@require_POST
@partner_page
def lead_ask(request: PartnerRequest, reference: str) -> HttpResponse:
    """Ask to see a group that is withheld."""
    share = own_share(request, reference)
    group = request.POST.get("group", "")
    form = MoreForm.about(group, request.POST)
    if not form.is_valid():
        return shown(request, share, http_status=422, typed={group: form})
    try:
        ask_for_more(actor=request.user, reference=reference, **form.cleaned_data)
    except DomainError as refusal:
        return _refused(request, reference, refusal)
    return _done(request, reference, _("Asked. The agent reads it first, then the client."))


def _done(request: PartnerRequest, reference: str, said: str) -> HttpResponse:
    messages.success(request, said)
    if not request.htmx:
        return redirect("partner:lead_detail", reference=reference)
    return shown(request, own_share(request, reference))


def _refused(request: PartnerRequest, reference: str, refusal: DomainError) -> HttpResponse:
    messages.error(request, str(refusal))
    return shown(request, own_share(request, reference), http_status=refusal.status)
