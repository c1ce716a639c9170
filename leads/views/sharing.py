"""What an agent does with a lead and its partners: share, change consent, withdraw, appoint."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from leads import services
from leads.errors import NotAsked
from leads.forms import AppointmentForm, ChoiceForm, WithdrawForm
from leads.models import Share
from leads.sharing_form import SharingForm
from leads.standing import is_explicit
from leads.timeline import groups_in_words
from leads.views.lead_page import lead_page
from leads.views.staff import (
    actor_of,
    answered,
    attempted,
    lead_or_404,
    share_or_404,
    staff_only,
)
from portal.lib.access import Can, require
from portal.lib.errors import DomainError


@require_POST
@staff_only
def share(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Share the lead with each partner chosen; those who are refused stay in the form."""
    lead = lead_or_404(request, lead_id)
    require(actor_of(request), Can.SHARE_LEAD)
    form = SharingForm(request.POST, user=actor_of(request), lead=lead)
    refused = _share_with_each(request, form) if form.is_valid() else {}
    if form.is_valid() and not refused:
        return redirect("leads:lead_detail", lead_id=lead_id)
    form.settle(refused)
    return lead_page(request, lead, status=422, sharing=form)


def _share_with_each(request: HttpRequest, form: SharingForm) -> dict[str, DomainError]:
    """Make one service call for each partner; return who was refused and why.

    Where only the client can say yes and has not been asked, the form offers to ask instead.
    """
    refused: dict[str, DomainError] = {}
    for candidate in form.chosen:
        if form.must_ask(candidate):
            refused[str(candidate.partner.pk)] = NotAsked(_("Ask the client first."))
            continue
        call = partial(services.share_lead, actor=actor_of(request), notice=form.notice)
        made, refusal = attempted(partial(call, **form.call_for(candidate.partner)))
        if made:
            messages.success(request, _said(made))
        elif refusal:
            refused[str(candidate.partner.pk)] = refusal
    return refused


def _said(made: Share) -> str:
    said = _("Shared with %(partner)s: %(groups)s.") % {
        "partner": made.partner.name,
        "groups": groups_in_words(made.effective),
    }
    if not made.withheld:
        return said
    told = ", ".join(f"{groups_in_words([group])} ({why})" for group, why in made.withheld.items())
    return said + " " + _("Withheld: %(groups)s.") % {"groups": told}


@require_POST
@staff_only
def preview(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Show the sharing form as it stands after a change. Nothing is shared."""
    lead = lead_or_404(request, lead_id)
    require(actor_of(request), Can.SHARE_LEAD)
    if "reset" in request.POST:
        form = SharingForm.opened(user=actor_of(request), lead=lead, given=request.GET)
    else:
        form = SharingForm.following(user=actor_of(request), lead=lead, given=request.POST)
    if getattr(request, "htmx", False):
        return render(request, "leads/share_form.html", {"form": form, "lead": lead})
    return lead_page(request, lead, sharing=form)


@require_POST
@staff_only
def share_preferences(request: HttpRequest, share_id: str) -> HttpResponse:
    """Change what one partner sees."""
    found = share_or_404(request, share_id)
    require(actor_of(request), Can.SHARE_LEAD)
    form = ChoiceForm(request.POST, share=found, explicit=is_explicit(found.lead))
    if form.is_valid():
        call = partial(services.change_preferences, actor=actor_of(request), reference=share_id)
        changed, refusal = attempted(partial(call, notice=form.notice, **form.arguments()))
        if changed:
            return answered(request, str(found.lead_id), _sees(changed))
        form.add_error(None, str(refusal))
    return lead_page(request, found.lead, status=422, typed={(share_id, "choice"): form})


def _sees(changed: Share) -> str:
    return _("%(partner)s now sees: %(groups)s.") % {
        "partner": changed.partner.name,
        "groups": groups_in_words(changed.effective),
    }


@require_POST
@staff_only
def withdraw(request: HttpRequest, share_id: str) -> HttpResponse:
    """Take the lead back from one partner."""
    found = share_or_404(request, share_id)
    require(actor_of(request), Can.WITHDRAW_SHARE)
    form = WithdrawForm(request.POST, share=found)
    if form.is_valid():
        call = partial(services.withdraw_share, actor=actor_of(request), reference=share_id)
        _done, refusal = attempted(partial(call, reason=form.cleaned_data["reason"]))
        said = _("Withdrawn from %(partner)s.") % {"partner": found.partner.name}
        return answered(request, str(found.lead_id), said, refusal)
    return lead_page(request, found.lead, status=422, typed={(share_id, "withdraw"): form})


@require_POST
@staff_only
def appointment(request: HttpRequest, share_id: str) -> HttpResponse:
    """Tell one partner about a viewing or a meeting."""
    found = share_or_404(request, share_id)
    require(actor_of(request), Can.SHARE_APPOINTMENT)
    form = AppointmentForm(request.POST, share=found, market=found.lead.market)
    if form.is_valid():
        call = partial(services.share_appointment, actor=actor_of(request), reference=share_id)
        told = partial(call, partner_id=str(found.partner_id), draft=form.draft())
        _done, refusal = attempted(told)
        said = _("%(partner)s is told about the appointment.") % {"partner": found.partner.name}
        return answered(request, str(found.lead_id), said, refusal)
    return lead_page(request, found.lead, status=422, typed={(share_id, "appointment"): form})
