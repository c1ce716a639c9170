"""The client's consent page: who got what, and every say the client has in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leads import documents, notices, receipts, retention, services
from leads.actors import ClientActor
from leads.client_forms import (
    AnswerForm,
    CopyForm,
    DecisionForm,
    ErasureWishForm,
    OwnCorrectionForm,
    StopForm,
)
from leads.consent_page import consent_page, receipt_of
from leads.models import Lead, Notice
from leads.recipients import recipients_of
from leads.views.client import client_page
from portal.lib.errors import DomainError, NotAllowed, NotFound

PAGES = ["GET", "HEAD", "POST"]


@require_safe
@client_page
def page(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Show what is held, who got what, and what the client can change."""
    context = consent_page(lead) | {"notice": _shown(lead)}
    return render(request, "client/consent.html", context)


@require_safe
@client_page
def parties(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Show the recipients anew, while messages are followed to their end."""
    if not request.headers.get("HX-Request"):
        return redirect("client:consent")
    return render(request, "client/parties.html", consent_page(lead))


@require_POST
@client_page
def decide(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Allow or stop one group, for everybody or for one partner."""
    form = _valid(DecisionForm(request.POST))
    call = partial(_decide, lead, form.wishes())
    given = form.cleaned_data["given"] == "yes"
    return _done(request, call, _("Allowed from now on.") if given else _stopped())


@require_http_methods(PAGES)
@client_page
def stop(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Stop everything with everybody, after saying once what that does; or with one partner."""
    if request.method == "POST":
        form = _valid(StopForm(request.POST))
        return _done(request, partial(_decide, lead, form.wishes()), _stopped())
    names = sorted({found.name for found in recipients_of(lead) if found.ever})
    return render(request, "client/stop.html", {"names": names})


@require_POST
@client_page
def answer_proposal(request: HttpRequest, lead: Lead, proposal_id: str) -> HttpResponse:
    """Say yes or no to a partner the agent proposes."""
    form = _valid(AnswerForm(request.POST))
    chosen = form.chosen()
    if form.given and chosen is None:
        messages.error(request, _("Tick what this partner may see, or say no."))
        return redirect("client:consent")
    call = partial(services.answer_proposal, proposal_id=proposal_id, groups=chosen)
    said = _("It may see what you ticked.") if chosen else _("You said no. It gets nothing.")
    return _done(request, partial(call, actor=_client(lead), notice=_notice(lead)), said)


@require_POST
@client_page
def answer_request(request: HttpRequest, lead: Lead, request_id: str) -> HttpResponse:
    """Say yes or no to a partner that asks to see more."""
    form = _valid(AnswerForm(request.POST))
    call = partial(services.answer_request, request_id=request_id, given=form.given)
    said = _("Allowed from now on.") if form.given else _("You said no. It does not get it.")
    return _done(request, partial(call, actor=_client(lead), notice=_notice(lead)), said)


@require_POST
@client_page
def restrict(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Stop every use for now, without taking anything back."""
    said = _("Paused. Nobody sees anything of you until you say so.")
    return _done(request, _for(services.restrict_lead, lead), said)


@require_POST
@client_page
def lift(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Go on as before the pause."""
    said = _("We go on. Partners see again what you allowed.")
    return _done(request, _for(services.lift_restriction, lead), said)


@require_http_methods(PAGES)
@client_page
def correct(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Let the client put the own details right."""
    form = OwnCorrectionForm(request.POST if request.method == "POST" else None, lead=lead)
    if form.is_valid():
        try:
            services.correct_lead(actor=_client(lead), **form.arguments())
        except DomainError as refusal:
            _show(form, refusal)
        else:
            messages.success(request, _("Corrected. Partners who see it are told."))
            return redirect("client:consent")
    context = {"form": form, "parts": form.parts()}
    return render(request, "client/correct.html", context, status=422 if form.is_bound else 200)


@require_POST
@client_page
def copy(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Hand over everything that is held, as data or on paper."""
    form = _valid(CopyForm(request.POST)).cleaned_data["form"]
    held = services.take_copy(actor=_client(lead), lead_id=str(lead.pk), form=form)
    if form == "pdf":
        return _download(documents.export_pdf(held), "application/pdf", "my-details.pdf")
    written = json.dumps(held, ensure_ascii=False, indent=1).encode()
    return _download(written, "application/json", "my-details.json")


@require_safe
@client_page
def receipt(request: HttpRequest, lead: Lead, receipt_id: str, form: str) -> HttpResponse:
    """Hand over one receipt."""
    found = receipt_of(lead, receipt_id)
    if found is None:
        raise Http404
    if form == "pdf":
        return _download(documents.receipt_pdf(found), "application/pdf", "receipt.pdf")
    written = json.dumps(receipts.as_file(found), ensure_ascii=False, indent=1).encode()
    return _download(written, "application/json", "receipt.json")


@require_http_methods(PAGES)
@client_page
def erase(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Say what erasing does, what is kept and why; do it once the client says it means it."""
    form = ErasureWishForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        asked = services.ask_erasure(actor=_client(lead), lead_id=str(lead.pk))
        return render(request, "client/erased.html", {"until": asked.erase_after})
    if lead.erasure_asked_at is not None:
        return redirect("client:consent")
    names = sorted({found.name for found in recipients_of(lead) if found.ever})
    context = {"form": form, "until": _kept_until(lead), "names": names, "has_email": lead.email}
    return render(request, "client/erase.html", context, status=422 if form.is_bound else 200)


# --- between the page and the services -----------------------------------------------------------
def _client(lead: Lead) -> ClientActor:
    return ClientActor(str(lead.pk))


def _for(service: Callable[..., Any], lead: Lead) -> Callable[[], Any]:
    return partial(service, actor=_client(lead), lead_id=str(lead.pk))


def _shown(lead: Lead) -> notices.ShownNotice:
    return notices.current(lead.market, notices.PAGE, get_language() or notices.LANGUAGE)


def _notice(lead: Lead) -> Notice:
    """Keep the words the client had before its eyes."""
    return notices.remember(_shown(lead))


def _decide(lead: Lead, wishes: list[services.Wish]) -> None:
    services.decide(actor=_client(lead), lead_id=str(lead.pk), wishes=wishes, notice=_notice(lead))


def _stopped() -> str:
    return _("Stopped. Whoever got it is told to delete it.")


def _valid(form: Any) -> Any:
    """Return a form whose values the page itself wrote, or answer that there is no such thing."""
    if not form.is_valid():
        raise Http404
    return form


def _done(request: HttpRequest, call: Callable[[], Any], said: str) -> HttpResponse:
    """Do it, say what came of it and return to the page."""
    try:
        call()
    except (NotAllowed, NotFound) as refusal:
        raise Http404 from refusal
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("client:consent")


def _show(form: OwnCorrectionForm, refusal: DomainError) -> None:
    errors: Any = refusal.details.get("errors", [])
    form.show(errors) if errors else form.add_error(None, str(refusal))


def _kept_until(lead: Lead) -> Any:
    """Return until when the law keeps an erased client's details; None where it does not."""
    if lead.erase_after is not None:
        return lead.erase_after
    kept = retention.minimum_kept(lead.market)
    return timezone.now() + kept if kept else None


def _download(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
