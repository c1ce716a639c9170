"""What an agent puts before the client: a partner by name, and a link to answer by."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from leads import oversight, services
from leads.sharing_form import SharingForm
from leads.views.lead_page import lead_page, new_link
from leads.views.staff import (
    actor_of,
    answered,
    attempted,
    lead_or_404,
    staff_only,
)
from portal.lib.access import Can, require
from portal.lib.errors import DomainError


@require_POST
@staff_only
def propose(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Ask the client about each partner chosen; without an address a link is shown to pass on."""
    lead = lead_or_404(request, lead_id)
    require(actor_of(request), Can.PROPOSE_PARTNER)
    form = SharingForm(request.POST, user=actor_of(request), lead=lead)
    refused = _ask_about_each(request, form) if form.is_valid() else {}
    if not form.is_valid() or refused:
        form.settle(refused)
        return lead_page(request, lead, status=422, sharing=form)
    if lead.email:
        return redirect("leads:lead_detail", lead_id=lead_id)
    return lead_page(request, lead, links=new_link(request, lead))


def _ask_about_each(request: HttpRequest, form: SharingForm) -> dict[str, DomainError]:
    """Make one service call for each partner; return who was refused and why."""
    refused: dict[str, DomainError] = {}
    for candidate in form.chosen:
        question = form.question_about(candidate.partner)
        call = partial(services.propose_partner, actor=actor_of(request), **question)
        made, refusal = attempted(call)
        if made:
            said = _("The client is asked about %(partner)s.") % {"partner": candidate.partner.name}
            messages.success(request, said)
        elif refusal:
            refused[str(candidate.partner.pk)] = refusal
    return refused


@require_POST
@staff_only
def take_back(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Take back the question about a partner."""
    found = oversight.proposal_for(user=actor_of(request), proposal_id=proposal_id)
    if found is None:
        raise Http404
    call = partial(services.withdraw_proposal, actor=actor_of(request), proposal_id=proposal_id)
    _done, refusal = attempted(call)
    said = _("The question about %(partner)s is taken back.") % {"partner": found.partner.name}
    return answered(request, str(found.lead_id), said, refusal)
