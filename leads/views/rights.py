"""An agent acts for a client who uses its rights: correct, stop, restrict, erase."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from leads import retention, selectors, services
from leads.documents import export_pdf
from leads.models import Lead
from leads.recipients import recipients_of
from leads.rights_forms import CorrectionForm, ErasureForm, WithdrawalForm
from leads.services.consent import decide
from leads.services.erasure import same_person
from leads.services.seeing import PAGE
from leads.views.staff import actor_of, answered, attempted, lead_or_404, staff_only
from portal.lib.access import Can, require
from portal.lib.errors import DomainError


@require_POST
@staff_only
def copy(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Hand over everything that is held about the client, to pass on: as a PDF, or as data."""
    form = "json" if request.POST.get("form") == "json" else "pdf"
    held = services.take_copy(actor=actor_of(request), lead_id=lead_id, form=form)
    if form == "json":
        response: HttpResponse = JsonResponse(held, json_dumps_params={"indent": 2})
    else:
        response = HttpResponse(export_pdf(held), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{lead_id}.{form}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def correct(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Put details of the lead right; partners that see them are told."""
    lead = lead_or_404(request, lead_id)
    require(actor_of(request), Can.CORRECT_LEAD)
    form = CorrectionForm(_typed(request), lead=lead)
    if form.is_valid():
        call = partial(services.correct_lead, actor=actor_of(request))
        _done, refusal = attempted(partial(call, **form.arguments()))
        if refusal is None:
            return answered(request, lead_id, _("The details are corrected."))
        _show(form, refusal)
    return _page(request, "leads/rights_correct.html", lead, form)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def withdraw_consent(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Record that the client took consent back, in the client's name."""
    lead = lead_or_404(request, lead_id)
    require(actor_of(request), Can.RECORD_WITHDRAWAL)
    shares = list(selectors.shares_of(user=actor_of(request), lead=lead))
    form = WithdrawalForm(_typed(request), lead=lead, shares=shares)
    if form.is_valid():
        call = partial(decide, actor=actor_of(request))
        _done, refusal = attempted(partial(call, **form.arguments()))
        said = _("Recorded. What was withdrawn is not shown to anybody any more.")
        return answered(request, lead_id, said, refusal)
    return _page(request, "leads/rights_withdraw.html", lead, form)


@require_POST
@staff_only
def restrict(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Stop every use of the lead until it is lifted."""
    return _done(request, lead_id, services.restrict_lead, _("The lead is restricted."))


@require_POST
@staff_only
def lift(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Let the lead be used again as far as the client's decisions go."""
    return _done(request, lead_id, services.lift_restriction, _("The restriction is lifted."))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def erase(request: HttpRequest, lead_id: str) -> HttpResponse:
    """Say what erasing does, and do it once the agent confirms that the client asked."""
    lead = lead_or_404(request, lead_id)
    require(actor_of(request), Can.ERASE_LEAD)
    form = ErasureForm(_typed(request))
    if form.is_valid():
        said = _("Everything is stopped, and everybody who got something is told to delete it.")
        return _done(request, lead_id, services.ask_erasure, said)
    return _page(request, "leads/rights_erase.html", lead, form, **_consequences(request, lead))


def _typed(request: HttpRequest) -> Any:
    """Return what was sent, also where nothing was ticked; None where the page is only opened."""
    return request.POST if request.method == "POST" else None


def _consequences(request: HttpRequest, lead: Lead) -> dict[str, Any]:
    """Return who would be told, what else goes, and when."""
    kept = retention.minimum_kept(lead.market)
    same = Lead.objects.visible_to(actor_of(request)).filter(same_person(lead))
    others = same.filter(erased_at__isnull=True).exclude(pk=lead.pk)
    return {
        "partners": sorted({found.name for found in recipients_of(lead) if found.ever}),
        "others": list(others.order_by("created_at", "pk")),
        "until": timezone.now() + kept if kept else None,
    }


def _done(
    request: HttpRequest, lead_id: str, service: Callable[..., Lead], said: str
) -> HttpResponse:
    _lead, refusal = attempted(partial(service, actor=actor_of(request), lead_id=lead_id))
    return answered(request, lead_id, said, refusal)


def _show(form: CorrectionForm, refusal: DomainError) -> None:
    errors: Any = refusal.details.get("errors", [])
    form.show(errors) if errors else form.add_error(None, str(refusal))


def _page(
    request: HttpRequest, template: str, lead: Lead, form: Any, **context: Any
) -> HttpResponse:
    """Show the form of a right, with what was typed where it was refused."""
    services.note_contact_seen(actor=actor_of(request), lead_ids=[lead.pk], where=PAGE)
    context |= {"form": form, "lead": lead}
    return render(request, template, context, status=422 if form.is_bound else 200)
