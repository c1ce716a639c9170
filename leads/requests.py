"""What partners ask to see, as the partner, the agent and the client read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from leads.models import LIVE, Lead, MoreRequest, Share
from portal.lib.access import Actor
from portal.lib.ids import is_id


def requests_of(*, user: Actor, lead: Lead) -> QuerySet[MoreRequest]:
    """Return what partners asked to see of LEAD, with share and partner, newest first."""
    requests = MoreRequest.objects.visible_to(user).select_related("share__partner")
    return requests.filter(share__lead=lead)


def request_for(*, user: Actor, request_id: str) -> MoreRequest | None:
    """Return the request with its share and partner, or None where USER may see none of that id."""
    if not is_id("more", request_id):
        return None
    requests = MoreRequest.objects.visible_to(user).select_related("share__partner")
    return requests.filter(pk=request_id).first()


def requests_of_share(*, user: Actor, share: Share) -> dict[str, MoreRequest]:
    """Return the newest request of SHARE's partner for each group it asked for."""
    found: Iterable[MoreRequest] = MoreRequest.objects.visible_to(user).filter(share=share)
    newest: dict[str, MoreRequest] = {}
    for request in found:
        newest.setdefault(request.group, request)
    return newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as its client reads it: who asks for which group, and what for."""

    id: str
    partner: str
    group: str
    reason: str
    asked_at: datetime


def requests_for_client(lead: Lead) -> list[Asked]:
    """Return the requests that wait for LEAD's client, the oldest first.

    The caller has let the client in by a link to this lead; no other reader may see them.
    """
    waiting = MoreRequest.objects.filter(
        share__lead=lead, share__status__in=LIVE, status=MoreRequest.Status.FORWARDED
    )
    return [
        Asked(
            id=str(request.pk),
            partner=request.share.partner.name,
            group=request.group,
            reason=request.reason,
            asked_at=request.asked_at,
        )
        for request in waiting.select_related("share__partner").order_by("asked_at", "pk")
    ]
