"""Close what partners asked for once it is moot."""

from __future__ import annotations

from django.utils import timezone

from leads.models import MoreRequest, Share

Status = MoreRequest.Status


def settle_requests(share: Share) -> None:
    """Close the open requests of a locked share that has ended or shows the group by now."""
    open_ = MoreRequest.objects.filter(share=share, status__in=MoreRequest.OPEN)
    if not share.is_live:
        open_.update(status=Status.CANCELLED, answered_at=timezone.now())
    elif seen := list(share.effective):
        open_.filter(group__in=seen).update(status=Status.GIVEN, answered_at=timezone.now())
