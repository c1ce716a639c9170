"""What was sent to partners' systems, and what came of it: pages that are only read."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from events import signing
from events.health import health_of
from events.models import Delivery, Endpoint
from events.selectors import deliveries_for, tries_of
from portal.console.access import (
    ConsoleRequest,
    console_page,
    delivery_or_404,
    endpoint_or_404,
    endpoints_of,
    reading,
)
from portal.console.debugger import examine
from portal.console.finding import leads_of
from portal.console.forms import ChangeForm, DebugForm, DeliveryFilter, RecoverForm, RotateForm
from portal.console.verifiers import verifiers
from portal.lib.access import Can, may
from portal.lib.ids import is_id, tail
from portal.partner.access import page_or_first


@require_safe
@console_page
def overview(request: ConsoleRequest) -> HttpResponse:
    """List the endpoints with their health, and the latest messages as filtered."""
    endpoints, further = _addresses(request)
    form = DeliveryFilter(request.GET, endpoints=_offered(request, endpoints))
    context = {
        **_about(request),
        "endpoints": _with_health(endpoints),
        "further": further,
        "form": form,
        **_messages(request, form, deliveries_for(user=request.user)),
    }
    return render(request, f"webhooks/overview.html{_part(request)}", context)


@require_safe
@console_page
def endpoint(request: ConsoleRequest, endpoint_id: str) -> HttpResponse:
    """Show one endpoint: its health, its settings, what was sent to it."""
    return endpoint_page(request, endpoint_or_404(request, endpoint_id))


def endpoint_page(
    request: ConsoleRequest, shown: Endpoint, *, status: int = 200, **given: Any
) -> HttpResponse:
    """Render the page of the endpoint SHOWN, with forms or a new secret as GIVEN."""
    with reading(request):
        form = DeliveryFilter(request.GET, endpoints=[])
        messages = deliveries_for(user=request.user).filter(endpoint=shown)
        context = {
            **_about(request),
            "endpoint": shown,
            "health": health_of([shown])[shown.pk],
            "form": form,
            "change_form": ChangeForm(endpoint=shown),
            "public_key": signing.public_key_of(shown.signing_key) if shown.signing_key else "",
            "rotate_form": RotateForm(),
            "recover_form": RecoverForm(),
            **_messages(request, form, messages),
            **given,
        }
        return render(request, f"webhooks/endpoint.html{_part(request)}", context, status=status)


@require_safe
@console_page
def delivery(request: ConsoleRequest, delivery_id: str) -> HttpResponse:
    """Show one message: every attempt, and what came of it."""
    shown = delivery_or_404(request, delivery_id)
    context = {
        **_about(request),
        "delivery": shown,
        "mark": mark_of(shown),
        "lead": leads_of([shown], user=request.user).get(str(shown.pk)),
        "attempts": list(tries_of(shown)[:100]),
        "may_resend": _may_resend(request, shown),
    }
    return render(request, "webhooks/delivery.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@console_page
def debugger(request: HttpRequest) -> HttpResponse:
    """Say why a signature did not verify. What is typed is kept nowhere."""
    asked: Any = request
    with reading(asked):
        endpoints = _offered(asked, _addresses(asked)[0])
        form = DebugForm(
            request.POST or None,
            endpoints=endpoints,
            initial={"endpoint": asked.GET.get("endpoint")},
        )
        finding = None
        if form.is_valid():
            chosen = dict(form.cleaned_data)
            of = next(one for one in endpoints if one.pk == chosen["endpoint"])
            finding = examine(
                secrets=of.signing_secrets(),
                webhook_id=chosen["webhook_id"],
                timestamp=chosen["webhook_timestamp"],
                signature=chosen["webhook_signature"],
                body=chosen["body"],
            )
        context = {
            **_about(asked),
            "form": form,
            "finding": finding,
            "endpoints": endpoints,
            "verifiers": verifiers(),
        }
        wrong = request.method == "POST" and finding is None
        return render(request, "webhooks/debugger.html", context, status=422 if wrong else 200)


def _about(request: ConsoleRequest) -> dict[str, Any]:
    return {
        "oversight": request.oversight,
        "console": "webhook_oversight" if request.oversight else "webhooks",
        "may_manage": may(request.user, Can.MANAGE_ENDPOINTS),
    }


def _addresses(request: ConsoleRequest) -> tuple[list[Endpoint], str | None]:
    """Return one page of the addresses, the newest first, and the cursor of the next."""
    cursor = {"cursor": request.GET.get("addresses", "")}
    return page_or_first(endpoints_of(request), cursor, by="created_at")


def _offered(request: ConsoleRequest, endpoints: list[Endpoint]) -> list[Endpoint]:
    """Return ENDPOINTS to choose from, and the chosen one though it stands on another page."""
    chosen = request.POST.get("endpoint") or request.GET.get("endpoint")
    if not is_id("endpoint", chosen) or any(one.pk == chosen for one in endpoints):
        return endpoints
    return [*endpoints, *endpoints_of(request).filter(pk=chosen)]


def _with_health(endpoints: list[Endpoint]) -> list[tuple[Endpoint, Any]]:
    health = health_of(endpoints)
    return [(one, health[one.pk]) for one in endpoints]


def _messages(
    request: ConsoleRequest, form: DeliveryFilter, deliveries: QuerySet[Delivery]
) -> dict[str, Any]:
    found = form.narrow(deliveries, user=request.user)
    rows, following = page_or_first(found, request.GET, by="created_at")
    leads = leads_of(rows, user=request.user)
    return {
        "rows": [(row, mark_of(row), leads.get(str(row.pk)), tail(row.webhook_id)) for row in rows],
        "narrowed": any(request.GET.get(name) for name in form.fields),
        "next": following,
        "later": "cursor" in request.GET,
    }


def mark_of(delivery: Delivery) -> str:
    """Return the word of `portal.lib.marks` for how far DELIVERY came."""
    if delivery.state == Delivery.State.PENDING:
        return "retrying" if delivery.attempts > delivery.attempts_before else "waiting"
    return {Delivery.State.SENT: "delivered", Delivery.State.FAILED: "exhausted"}.get(
        Delivery.State(delivery.state), str(delivery.state)
    )


def _may_resend(request: ConsoleRequest, shown: Delivery) -> bool:
    final = shown.state in (Delivery.State.SENT, Delivery.State.FAILED)
    to = shown.endpoint
    receives = to is not None and to.enabled and to.verified and to.removed_at is None
    return final and receives and may(request.user, Can.MANAGE_ENDPOINTS)


def _part(request: ConsoleRequest) -> str:
    return "#rows" if request.htmx else ""
