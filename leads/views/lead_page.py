"""The page of one lead, which several of the agent's acts lead back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from leads import oversight, selectors, services, terms, words
from leads.consent import client_safe_view
from leads.consent_words import consent_story, names_in
from leads.duplicates import duplicates_of
from leads.forms import AppointmentForm, ChoiceForm, WithdrawForm
from leads.hiding import as_seen_by, without_homes, without_words
from leads.models import Lead, MoreRequest, Share
from leads.requests import requests_of
from leads.services.seeing import PAGE
from leads.sharing_form import SharingForm
from leads.standing import is_explicit
from leads.timeline import timeline_of
from leads.views.staff import actor_of
from partners.licensing import TIME_ZONES
from partners.types import Market
from portal.lib import formats
from portal.lib.access import Actor, Can, may

DUPLICATES_SHOWN = 10
_NEEDS_AGENT = (Share.Status.REJECTED, Share.Status.EXPIRED, Share.Status.REVOKED)
Typed = dict[tuple[str, str], Any]
"""Forms of single shares that were refused, by share and kind."""


@dataclass(frozen=True, slots=True)
class ClientLinks:
    """Where the client decides, and the everyday view without partners."""

    consent: str
    everyday: str


def new_link(request: HttpRequest, lead: Lead) -> ClientLinks:
    """Make a link for the lead's client and return both pages it opens."""
    token = services.issue_client_link(actor=actor_of(request), lead_id=str(lead.pk))
    return ClientLinks(
        consent=request.build_absolute_uri(reverse("client:consent_link", args=[token])),
        everyday=request.build_absolute_uri(reverse("client:link", args=[token])),
    )


def lead_page(
    request: HttpRequest,
    lead: Lead,
    *,
    status: int = 200,
    sharing: SharingForm | None = None,
    typed: Typed | None = None,
    links: ClientLinks | None = None,
) -> HttpResponse:
    """Return the page of LEAD, or for htmx its content.

    :param sharing: the sharing form with what was typed
    :param links: the client's links, shown this once
    """
    user = actor_of(request)
    lead = as_seen_by(user, lead)  # whoever hands it over has read it for an act, not to show it
    services.note_contact_seen(actor=user, lead_ids=[lead.pk], where=PAGE)
    may_share = may(user, Can.SHARE_LEAD)
    if sharing is None and may_share:
        sharing = SharingForm.opened(user=user, lead=lead, given=request.GET)
    context = {
        "lead": lead,
        "form": sharing,
        "may_share": may_share,
        "may_agree": may(user, Can.MANAGE_AGREEMENTS),
        "links": links,
        **_about(lead),
        **_story(user, lead, sharing),
        **_followed_up(user, lead),
        **_shared(user, lead, typed or {}),
    }
    template = "leads/lead_detail.html"
    htmx: Any = getattr(request, "htmx", None)
    return render(request, f"{template}#lead" if htmx else template, context, status=status)


def _about(lead: Lead) -> dict[str, Any]:
    """Return who the client is and what is wanted, and what may still be done with the lead."""
    told = words.in_full(client_safe_view(lead))
    return {
        "cards": words.cards_of(told),
        "wish": words.wish(told),
        "zone": TIME_ZONES[Market(lead.market)].key,
        "restricted_on": formats.date(lead.restricted_at),
        "erase_on": formats.date(lead.erase_after),
        "erased_on": formats.date(lead.erased_at),
    }


def _story(user: Actor, lead: Lead, form: SharingForm | None) -> dict[str, Any]:
    """Return what happened and what the client decided; FORM has read the decisions already."""
    decisions = form.decisions if form else selectors.decisions_of(user=user, lead=lead)
    decisions = without_words(user, decisions, "note")
    names = form.names if form else names_in(decisions)
    return {
        "decisions": consent_story(decisions, names),
        "timeline": timeline_of(user=user, lead=lead),
    }


def _followed_up(user: Actor, lead: Lead) -> dict[str, Any]:
    """Return what is under way between the client, the partners and us."""
    questions = oversight.questions_of(user=user, lead=lead)
    waiting = questions if lead.needs_agent_since else []
    requests = without_words(user, requests_of(user=user, lead=lead), "reason")
    return {
        "questions": questions,
        "unfinished": [question for question in waiting if question.needs_agent],
        "requests": requests,
        "unread": [asked for asked in requests if asked.status == MoreRequest.Status.ASKED],
        "receipts": oversight.receipts_of(user=user, lead=lead),
        "duplicates": [
            as_seen_by(user, other)
            for other in duplicates_of(user=user, lead=lead)[:DUPLICATES_SHOWN]
        ],
    }


def _shared(user: Actor, lead: Lead, typed: Typed) -> dict[str, Any]:
    """Return who has the lead, with what each owes and the forms for it."""
    shares = without_words(user, selectors.shares_of(user=user, lead=lead), "reason", "notes")
    duties = oversight.duties_of(user=user, lead=lead)
    told = oversight.client_told_of(user=user, lead=lead, shares=shares)
    items = []
    for share in shares:
        share.lead = lead
        without_homes(user, share.appointments.all())
        without_words(user, duties.get(str(share.pk), []), "reason")
        facts = {
            "duties": duties.get(str(share.pk), []),
            "client_told": told[str(share.pk)],
            "terms": terms.in_words(share.terms, share.currency) if share.terms else [],
        }
        items.append(facts | _with_forms(share, typed))
    return {
        "shares": items,
        "answered": [s for s in shares if lead.needs_agent_since and s.status in _NEEDS_AGENT],
    }


def _with_forms(share: Share, typed: Typed) -> dict[str, Any]:
    key, market = str(share.pk), share.lead.market
    return {
        "share": share,
        "sees": share.disclosed,
        "may_change": share.is_live or share.status == Share.Status.CLOSED,
        "choice_form": typed.get((key, "choice"))
        or ChoiceForm(share=share, explicit=is_explicit(share.lead)),
        "withdraw_form": typed.get((key, "withdraw")) or WithdrawForm(share=share),
        "appointment_form": typed.get((key, "appointment"))
        or AppointmentForm(share=share, market=market),
    }
