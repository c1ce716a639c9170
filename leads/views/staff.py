"""What the staff's pages have in common: who may open them, and the page of one lead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from leads import oversight, selectors, services, words
from leads.consent import client_safe_view
from leads.consent_words import consent_story, names_in
from leads.duplicates import duplicates_of
from leads.forms import AppointmentForm, ChoiceForm, WithdrawForm
from leads.models import Lead, Share
from leads.requests import requests_of
from leads.sharing_form import SharingForm
from leads.standing import is_explicit
from leads.timeline import timeline_of
from partners.licensing import TIME_ZONES
from partners.types import Market
from portal.lib import formats
from portal.lib.access import Actor, Can, is_staff, may
from portal.lib.errors import DomainError, NotAllowed, NotFound

View = Callable[..., HttpResponse]
T = TypeVar("T")
DUPLICATES_SHOWN = 10


def staff_only(view: View) -> View:
    """Let only staff in; an address that names something does not tell others that it exists.

    A refusal that is no part of a form becomes the page for it: 403 or 404.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_staff(actor_of(request)):
            raise Http404 if kwargs else PermissionDenied
        try:
            return view(request, *args, **kwargs)
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except NotFound as refusal:
            raise Http404(str(refusal)) from refusal

    return guarded


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks; the login middleware has let nobody through without an account."""
    user: Any = request.user
    return user  # type: ignore[no-any-return]


def lead_or_404(request: HttpRequest, lead_id: str) -> Lead:
    """Return the lead, or answer that there is none of yours."""
    lead = selectors.lead_for(user=actor_of(request), lead_id=lead_id)
    if lead is None:
        raise Http404
    return lead


def share_or_404(request: HttpRequest, share_id: str) -> Share:
    """Return the share, or answer that there is none of yours."""
    share = selectors.share_for(user=actor_of(request), reference=share_id)
    if share is None:
        raise Http404
    return share


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
    typed: dict[tuple[str, str], Any] | None = None,
    links: ClientLinks | None = None,
) -> HttpResponse:
    """Return the page of LEAD, or for htmx its content.

    :param sharing: the sharing form with what was typed
    :param typed: forms of single shares that were refused, by share and kind
    :param links: the client's links, shown this once
    """
    user = actor_of(request)
    shares = list(selectors.shares_of(user=user, lead=lead))
    told = words.in_full(client_safe_view(lead))
    decisions = selectors.decisions_of(user=user, lead=lead)
    if sharing is None and may(user, Can.SHARE_LEAD):
        sharing = SharingForm.opened(user=user, lead=lead, given=request.GET)
    context = {
        "lead": lead,
        "cards": words.cards_of(told),
        "wish": words.wish(told),
        "live_count": sum(share.is_live for share in shares),
        "answered": [s for s in shares if lead.needs_agent_since and s.status in _NEEDS_AGENT],
        "decisions": consent_story(decisions, names_in(decisions)),
        "zone": TIME_ZONES[Market(lead.market)].key,
        "timeline": timeline_of(user=user, lead=lead),
        "form": sharing,
        "may_share": may(user, Can.SHARE_LEAD),
        "links": links,
        "restricted_on": formats.date(lead.restricted_at),
        "erase_on": formats.date(lead.erase_after),
        "erased_on": formats.date(lead.erased_at),
        **_followed_up(user, lead, shares),
    }
    waiting = context["questions"] if lead.needs_agent_since else []
    context["unfinished"] = [question for question in waiting if question.needs_agent]
    context["shares"] = [_with_forms(share, lead, typed or {}, context) for share in shares]
    template = "leads/lead_detail.html"
    htmx: Any = getattr(request, "htmx", None)
    return render(request, f"{template}#lead" if htmx else template, context, status=status)


_NEEDS_AGENT = ("rejected", "expired")


def _followed_up(user: Actor, lead: Lead, shares: list[Share]) -> dict[str, Any]:
    """Return what is under way between the client, the partners and us."""
    return {
        "questions": oversight.questions_of(user=user, lead=lead),
        "requests": list(requests_of(user=user, lead=lead)),
        "duties": oversight.duties_of(user=user, lead=lead),
        "receipts": oversight.receipts_of(user=user, lead=lead),
        "client_told": oversight.client_told_of(user=user, lead=lead, shares=shares),
        "duplicates": list(duplicates_of(user=user, lead=lead)[:DUPLICATES_SHOWN]),
    }


def _with_forms(
    share: Share, lead: Lead, typed: dict[tuple[str, str], Any], context: dict[str, Any]
) -> dict[str, Any]:
    key = str(share.pk)
    return {
        "share": share,
        "sees": share.disclosed,
        "duties": context["duties"].get(key, []),
        "client_told": context["client_told"].get(key),
        "may_change": share.is_live or share.status == Share.Status.CLOSED,
        "choice_form": typed.get((key, "choice"))
        or ChoiceForm(share=share, explicit=is_explicit(lead)),
        "withdraw_form": typed.get((key, "withdraw")) or WithdrawForm(share=share),
        "appointment_form": typed.get((key, "appointment"))
        or AppointmentForm(share=share, market=lead.market),
    }


def attempted(call: Callable[[], T]) -> tuple[T | None, DomainError | None]:
    """Return what the service CALL returns, or its refusal if the page can show it.

    :raises NotAllowed, NotFound: which are no words in a form but pages of their own
    """
    try:
        return call(), None
    except (NotAllowed, NotFound):
        raise
    except DomainError as refusal:
        return None, refusal


def answered(
    request: HttpRequest, lead_id: str, said: str, refusal: DomainError | None = None
) -> HttpResponse:
    """Say what was done, or why it was refused, and return to the lead."""
    if refusal is None:
        messages.success(request, said)
    else:
        messages.error(request, str(refusal))
    return redirect("leads:lead_detail", lead_id=lead_id)
