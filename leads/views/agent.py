"""The agent's pages: the inbox, a new lead, one lead."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import push_url

from leads import selectors, services, words
from leads.consent import client_safe_view
from leads.forms import InboxFilter, LeadForm
from leads.hiding import as_seen_by, sees_contact
from leads.models import Lead
from leads.services.seeing import LIST
from leads.views.lead_page import lead_page, new_link
from leads.views.staff import (
    actor_of,
    answered,
    attempted,
    lead_or_404,
    staff_only,
)
from portal.lib.access import Can, may, require
from portal.lib.errors import Malformed
from portal.lib.paging import page_of


@require_safe
@staff_only
def lead_list(request: HttpRequest) -> HttpResponse:
    """List the leads, newest first, as filtered."""
    filters = InboxFilter(request.GET)
    user = actor_of(request)
    leads = selectors.leads_for(user=user, **filters.chosen())
    try:
        page, following = page_of(leads, request.GET, by="created_at")
    except Malformed as refusal:
        raise Http404(str(refusal)) from refusal
    named = [lead.pk for lead in page if lead.name]
    services.note_contact_seen(actor=user, lead_ids=named, where=LIST)
    context = {
        "rows": [_row(as_seen_by(user, lead)) for lead in page],
        "next": following,
        "count": selectors.counted(leads),
        "filters": filters,
        "filtered": bool(filters.address()),
        "may_capture": may(user, Can.CAPTURE_LEAD),
        "sees_contact": sees_contact(user),
    }
    template = "leads/lead_list.html"
    if not _asked_by_htmx(request):
        return render(request, template, context)
    rows = render(request, f"{template}#rows", context)
    return push_url(rows, _address(filters, request.GET.get("cursor", "")))


def _asked_by_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _address(filters: InboxFilter, cursor: str) -> str:
    """Return the page's address with only the filters in use."""
    given = filters.address() | ({"cursor": cursor} if cursor else {})
    return reverse("leads:lead_list") + (f"?{urlencode(given)}" if given else "")


def _row(lead: Lead) -> dict[str, Any]:
    told = words.in_full(client_safe_view(lead))
    return {
        "lead": lead,
        "wish": words.wish(told),
        "budget": words.budget(told),
        "shares": list(lead.shares.all()),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def lead_new(request: HttpRequest) -> HttpResponse:
    """Record a lead as an agent types it."""
    require(actor_of(request), Can.CAPTURE_LEAD)
    form = LeadForm(request.POST or None)
    lead = _captured(request, form) if request.method == "POST" and form.is_valid() else None
    if lead is None:
        status = 422 if request.method == "POST" else 200
        return render(request, "leads/lead_new.html", {"form": form}, status=status)
    messages.success(request, _("The lead is recorded."))
    return redirect("leads:lead_detail", lead_id=lead.pk)


def _captured(request: HttpRequest, form: LeadForm) -> Lead | None:
    """Record the lead; None where it is refused, and the form says why."""
    lead, refusal = attempted(
        lambda: services.capture_lead(
            actor=actor_of(request),
            market=form.cleaned_data["market"],
            draft=form.draft(),
            client_consent=form.client_consent(),
            method=form.cleaned_data["client_method"] or "form",
        )
    )
    if refusal is not None:
        form.add_error(None, str(refusal))
    return lead


@require_safe
@staff_only
def lead_detail(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Show everything about a lead, and the form that shares it."""
    return lead_page(request, lead_or_404(request, lead_id))


@require_POST
@staff_only
def seen(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Take the lead off the list of those that need the agent."""
    services.mark_seen(actor=actor_of(request), lead_id=lead_id)
    return answered(request, lead_id, _("Marked as seen."))


@require_POST
@staff_only
def client_link(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Make a link for the client and show it this once."""
    lead = lead_or_404(request, lead_id)
    links, refusal = attempted(partial(new_link, request, lead))
    if refusal is not None:
        return answered(request, lead_id, "", refusal)
    return lead_page(request, lead, links=links)


@require_POST
@staff_only
def send_link(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Send the client a new link to the lead's own address."""
    lead_or_404(request, lead_id)
    call = partial(services.send_client_link, actor=actor_of(request), lead_id=lead_id)
    _done, refusal = attempted(call)
    return answered(request, lead_id, _("A new link is on its way to the client."), refusal)
