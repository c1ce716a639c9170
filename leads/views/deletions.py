"""Staff pursue the deletions that partners owe, and stop new leads to those who do not answer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from leads.deletions import ATTESTED, OPEN, OVERDUE, deletions_for
from leads.hiding import as_seen_by, without_words
from leads.services import note_contact_seen
from leads.services.seeing import LIST
from leads.views.staff import actor_of, staff_only
from partners.models import Partner
from partners.services import set_status
from portal.lib.access import Can, may, require
from portal.lib.errors import Malformed
from portal.lib.paging import page_of

STATES = (
    (OVERDUE, gettext_lazy("Overdue")),
    (OPEN, gettext_lazy("Open")),
    (ATTESTED, gettext_lazy("Answered")),
)
Status = Partner.Status


@require_safe
@staff_only
def deletion_list(request: HttpRequest) -> HttpResponse:
    """List what partners have to delete: first what is due longest, or what was answered last."""
    user = actor_of(request)
    require(user, Can.SEE_LEADS)
    state = request.GET.get("state", OVERDUE)
    state = state if state in dict(STATES) else OVERDUE
    page, following = _page(request, state)
    note_contact_seen(actor=user, lead_ids=[task.share.lead_id for task in page], where=LIST)
    context = {
        "tasks": page,
        "next": following,
        "later": "cursor" in request.GET,
        "state": state,
        "states": STATES,
        "may_stop": may(user, Can.MANAGE_PARTNERS),
    }
    fragment = "#rows" if getattr(request, "htmx", False) else ""
    return render(request, f"leads/deletion_list.html{fragment}", context)


def _page(request: HttpRequest, state: str) -> tuple[list[Any], str | None]:
    tasks = deletions_for(user=actor_of(request), state=state)
    answered = state == ATTESTED
    by = "attested_at" if answered else "due_at"
    try:
        page, following = page_of(tasks, request.GET, by=by, oldest_first=not answered)
    except Malformed as refusal:
        raise Http404(str(refusal)) from refusal
    user = actor_of(request)
    for task in page:
        as_seen_by(user, task.share.lead)
    return without_words(user, page, "reason"), following


@require_POST
@staff_only
def stop(request: HttpRequest, partner_id: str) -> HttpResponse:
    """Let the partner get no new leads; those it has go on."""
    said = _("%(partner)s gets no new leads any more.")
    return _changed(request, partner_id, Status.ACTIVE, Status.INACTIVE, said)


@require_POST
@staff_only
def resume(request: HttpRequest, partner_id: str) -> HttpResponse:
    """Let the partner get new leads again."""
    said = _("%(partner)s may get new leads again.")
    return _changed(request, partner_id, Status.INACTIVE, Status.ACTIVE, said)


def _changed(
    request: HttpRequest, partner_id: str, before: str, after: str, said: str
) -> HttpResponse:
    """Move the partner from BEFORE to AFTER; one that is suspended stays so."""
    user = actor_of(request)
    require(user, Can.MANAGE_PARTNERS)
    partner = Partner.objects.visible_to(user).filter(pk=partner_id).first()
    if partner is None:
        raise Http404
    if partner.status in (before, after):
        set_status(actor=user, partner_id=partner_id, status=after)
        messages.success(request, said % {"partner": partner.name})
    else:
        refusal = _("%(partner)s is suspended; an admin decides about it on its own page.")
        messages.error(request, refusal % {"partner": partner.name})
    return redirect("leads:deletion_list")
