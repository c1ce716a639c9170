"""An agent answers a partner who asks to see more of a lead."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from leads import services
from leads.models import MoreRequest
from leads.requests import request_for
from leads.views.staff import actor_of, answered, attempted, staff_only


@require_POST
@staff_only
def forward(request: HttpRequest, request_id: str) -> HttpResponse:
    """Put the request before the client."""
    said = _("The client is asked whether %(partner)s may see it.")
    return _answered(request, request_id, services.forward_request, said)


@require_POST
@staff_only
def decline(request: HttpRequest, request_id: str) -> HttpResponse:
    """Say no without asking the client."""
    return _answered(
        request, request_id, services.decline_request, _("Declined. %(partner)s is told.")
    )


def _answered(
    request: HttpRequest, request_id: str, service: Callable[..., MoreRequest], said: str
) -> HttpResponse:
    asked = request_for(user=actor_of(request), request_id=request_id)
    if asked is None:
        raise Http404
    _done, refusal = attempted(partial(service, actor=actor_of(request), request_id=request_id))
    words = said % {"partner": asked.share.partner.name}
    return answered(request, str(asked.share.lead_id), words, refusal)
