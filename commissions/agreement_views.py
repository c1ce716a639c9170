"""Staff pages about agreements: who has which, and offering terms."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commissions import services
from commissions.agreement_forms import OfferForm, TermsForm, unusual
from commissions.models import Agreement, AgreementVersion
from commissions.services.agreements import TermsRefused
from commissions.views import StaffRequest, staff_page
from portal.lib.access import Can
from portal.lib.errors import DomainError, Malformed
from portal.lib.paging import page_of


@require_safe
@staff_page(Can.MANAGE_AGREEMENTS)
def agreement_list(request: StaffRequest) -> HttpResponse:
    """List the agreements, newest first, with their latest version."""
    found = Agreement.objects.visible_to(request.user).select_related("partner")
    found = found.prefetch_related("versions")
    try:
        page, following = page_of(found, request.GET, by="created_at")
    except Malformed:
        page, following = page_of(found, {}, by="created_at")
    shown = {"agreements": page, "next": following, "later": "cursor" in request.GET}
    return render(request, "commissions/agreements.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Can.MANAGE_AGREEMENTS)
def agreement_new(request: StaffRequest) -> HttpResponse:
    """Offer a partner an agreement."""
    given = {name: request.GET[name] for name in ("partner", "lead") if name in request.GET}
    form = OfferForm(request.POST or None, user=request.user, initial=given)
    if form.is_valid():
        partner = form.cleaned_data["partner"]
        draft = form.draft(partner)
        try:
            version = services.agreements.offer(
                actor=request.user,
                partner_id=str(partner.pk),
                draft=draft,
                title=form.cleaned_data["title"],
                project=form.cleaned_data["project"],
                lead_id=form.cleaned_data["lead"],
            )
        except DomainError as refusal:
            _refuse(form, refusal)
        else:
            return _offered(request, version)
    status = 422 if request.method == "POST" else 200
    return render(request, "commissions/agreement_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Can.MANAGE_AGREEMENTS)
def agreement(request: StaffRequest, agreement: str) -> HttpResponse:
    """Show an agreement with its versions; offer other terms under it."""
    found = _agreement(request, agreement)
    latest = found.versions.order_by("-number").first()
    form = TermsForm.starting_from(request.POST or None, latest)
    if form.is_valid():
        try:
            version = services.agreements.offer_version(
                actor=request.user, agreement_id=str(found.pk), draft=form.draft(found.partner)
            )
        except DomainError as refusal:
            _refuse(form, refusal)
        else:
            return _offered(request, version)
    shown = {"agreement": found, "versions": found.versions.order_by("-number"), "form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "commissions/agreement.html", shown, status=status)


@require_POST
@staff_page(Can.MANAGE_AGREEMENTS)
def withdraw(request: StaffRequest, version: str) -> HttpResponse:
    """Take an offer back that nobody has accepted."""
    visible = AgreementVersion.objects.visible_to(request.user)
    found = visible.filter(pk=version).first()
    if found is None:
        raise Http404
    try:
        services.agreements.withdraw(actor=request.user, version_id=version)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The offer was taken back."))
    return redirect("commissions:agreement", agreement=found.agreement_id)


@require_POST
@staff_page(Can.MANAGE_AGREEMENTS)
def end(request: StaffRequest, agreement: str) -> HttpResponse:
    """End an agreement for leads shared from now on."""
    found = _agreement(request, agreement)
    services.agreements.end(actor=request.user, agreement_id=str(found.pk))
    messages.success(request, _("Ended. Leads shared before keep their terms."))
    return redirect("commissions:agreement", agreement=found.pk)


def _agreement(request: StaffRequest, agreement: str) -> Agreement:
    visible = Agreement.objects.visible_to(request.user).select_related("partner")
    found = visible.filter(pk=agreement).first()
    if found is None:
        raise Http404
    return found


def _refuse(form: TermsForm, refusal: DomainError) -> None:
    fields: Any = refusal.details.get("fields", {}) if isinstance(refusal, TermsRefused) else {}
    form.refuse(fields, str(refusal))


def _offered(request: StaffRequest, version: AgreementVersion) -> HttpResponse:
    if warning := unusual(version.partner, version.read_terms()):
        messages.warning(request, warning)
    messages.success(request, _("Offered. The partner's owner was written to."))
    return redirect("commissions:agreement", agreement=version.agreement_id)
