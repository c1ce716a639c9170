"""Starting and stopping to see the portal as a partner does."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leads.views.staff import actor_of, staff_only
from partners.models import Partner
from partners.services import start_viewing, stop_viewing
from portal import viewing
from portal.lib.access import Can, require

SHOWN = 200


@require_safe
@staff_only
def choose(request: HttpRequest) -> HttpResponse:
    """List the partners whose portal may be looked at."""
    user = actor_of(request)
    if not viewing.may_view(user):
        raise PermissionDenied
    query = request.GET.get("q", "").replace("\x00", "").strip()
    partners = Partner.objects.visible_to(user).filter(name__icontains=query).order_by("name")
    if market := getattr(user, "market", ""):
        partners = partners.filter(market=market)
    context = {"partners": partners[:SHOWN], "q": query}
    return render(request, "viewing_choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def start(request: HttpRequest, partner_id: str) -> HttpResponse:
    """Ask once, then see the portal as the partner does."""
    user = actor_of(request)
    require(user, Can.VIEW_AS_PARTNER)
    if request.method == "POST":
        viewing.begin(request, start_viewing(actor=user, partner_id=partner_id))
        return redirect("partner:dashboard")
    partner = Partner.objects.visible_to(user).filter(pk=partner_id).first()
    if partner is None:
        raise Http404
    return render(request, "viewing_start.html", {"partner": partner})


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Be oneself again."""
    if (partner_id := viewing.end(request)) is None:
        raise PermissionDenied
    stop_viewing(actor=actor_of(request), partner_id=partner_id)
    return redirect("home")
