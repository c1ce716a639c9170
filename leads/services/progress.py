"""Move a share along: accepted, in progress, rejected, expired, withdrawn, revoked."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import queue_mail, queue_webhooks, record_event
from leads.actors import require_own
from leads.errors import ReasonRequired
from leads.models import TRANSITIONS, Share, ShareStatus
from leads.services.counting import count
from leads.services.resolving import lock_lead, lock_share, resolve_share
from leads.services.settling import settle_requests
from portal.lib.access import PARTNER_SYSTEM, THE_SYSTEM, Actor, Can, require
from portal.lib.errors import IllegalTransition, Malformed

_EVENT_OF = {
    ShareStatus.ACCEPTED: Event.Kind.SHARE_ACCEPTED,
    ShareStatus.IN_PROGRESS: Event.Kind.SHARE_IN_PROGRESS,
    ShareStatus.REJECTED: Event.Kind.SHARE_REJECTED,
    ShareStatus.WITHDRAWN: Event.Kind.SHARE_WITHDRAWN,
    ShareStatus.EXPIRED: Event.Kind.SHARE_EXPIRED,
    ShareStatus.REVOKED: Event.Kind.SHARE_REVOKED,
    ShareStatus.CLOSED: Event.Kind.SHARE_CLOSED,
}
# After these another partner has to be found.
_NEEDS_AGENT = (ShareStatus.REJECTED, ShareStatus.EXPIRED, ShareStatus.REVOKED)
# What a partner, or staff on its behalf, may report here; closing is `commissions.services`.
REPORTABLE = (ShareStatus.ACCEPTED, ShareStatus.IN_PROGRESS, ShareStatus.REJECTED)


def update_share(
    *,
    actor: Actor,
    reference: str,
    status: str,
    partner_id: str | None = None,
    reason: str = "",
    notes: str = "",
) -> Share:
    """Record what the partner says of its lead: accepted, in progress or rejected.

    Reporting the status it has changes nothing.

    :param reference: the partner's `share_…`, or for staff the lead's id with PARTNER_ID
    :raises IllegalTransition: if the status cannot follow the present one
    :raises ReasonRequired: if a rejection says neither reason nor notes
    """
    with transaction.atomic():
        require(actor, Can.WORK_LEAD)
        share = lock_share(resolve_share(actor, reference, partner_id))
        if share.status == status:
            return share
        if status not in REPORTABLE:
            raise illegal(share, status)
        if status == ShareStatus.REJECTED and not (reason.strip() or notes.strip()):
            raise ReasonRequired(_("Say why the lead is rejected."))
        reason = reason.strip() or (notes.strip() if status == ShareStatus.REJECTED else "")
        move(actor, share, status, reason=reason, notes=notes)
    return share


def withdraw_share(*, actor: Actor, reference: str, reason: str = "") -> Share:
    """Take the lead back from the partner, who sees nothing of it any more.

    :raises IllegalTransition: if the share has ended
    """
    with transaction.atomic():
        require(actor, Can.WITHDRAW_SHARE)
        share = lock_share(resolve_share(actor, reference))
        move(actor, share, ShareStatus.WITHDRAWN, reason=reason or _("Withdrawn by the agent"))
    return share


def expire_shares(*, actor: Actor = THE_SYSTEM, limit: int = 500) -> int:
    """End the shares nobody answered within `SHARE_EXPIRES_AFTER_DAYS`; return how many."""
    require(actor, Can.EXPIRE_SHARE)
    too_old = timezone.now() - timedelta(days=settings.SHARE_EXPIRES_AFTER_DAYS)
    unanswered = Share.objects.visible_to(actor).filter(
        status=ShareStatus.SENT, shared_at__lt=too_old
    )
    ended = 0
    for share in unanswered.order_by("shared_at")[:limit]:
        with transaction.atomic():
            fresh = lock_share(share)
            if fresh.status == ShareStatus.SENT:
                move(actor, fresh, ShareStatus.EXPIRED, reason=_("Not answered in time"))
                ended += 1
    return ended


def mark_seen(*, actor: Actor, lead_id: str) -> None:
    """Take the lead off the list of those a partner's answer put there."""
    with transaction.atomic():
        require(actor, Can.SHARE_LEAD)
        lead = lock_lead(lead_id)
        require_own(actor, lead)
        lead.needs_agent_since = None
        lead.save(update_fields=["needs_agent_since"])


def move(
    actor: Actor,
    share: Share,
    status: str,
    *,
    reason: str = "",
    notes: str = "",
    at: datetime | None = None,
) -> Event:
    """Write one legal step of a locked share, count it and tell whoever has to know.

    :raises IllegalTransition: if the table in `leads.models.TRANSITIONS` has no such step
    """
    if status not in TRANSITIONS[share.status]:
        raise illegal(share, status)
    now = at or timezone.now()
    before, share.status, share.updated_at = share.status, status, now
    changed = ["status", "updated_at"]
    if reason:
        share.reason = reason[:500]
        changed.append("reason")
    if notes.strip():
        share.notes = notes.strip()
        changed.append("notes")
    changed += _stamp(share, status, now)
    share.save(update_fields=changed)
    if not share.is_live:
        settle_requests(share)
    event = record_event(
        _EVENT_OF[ShareStatus(status)],
        actor=actor,
        partner_id=str(share.partner_id),
        lead_id=str(share.lead_id),
        share_id=str(share.pk),
        before=before,
    )
    _tell(actor, share, event)
    return event


def end_share(actor: Actor, share: Share, reason: str) -> Event:
    """Withdraw a locked live share for a reason of ours."""
    return move(actor, share, ShareStatus.WITHDRAWN, reason=reason)


def illegal(share: Share, wanted: str) -> IllegalTransition:
    """Return the refusal of a step that is not in the table."""
    if wanted not in ShareStatus.values:
        raise Malformed(_("There is no such status."))
    return IllegalTransition(
        _("A lead that is %(now)s cannot become %(wanted)s.")
        % {
            "now": share.get_status_display().lower(),
            "wanted": ShareStatus(wanted).label.lower(),
        },
        current=share.status,
    )


def _stamp(share: Share, status: str, now: datetime) -> list[str]:
    """Set the times and daily figures that belong to STATUS; return the columns changed."""
    if status == ShareStatus.ACCEPTED:
        share.accepted_at = now
        seconds = round((now - share.shared_at).total_seconds())
        count(share, now, accepted=1, response_seconds=seconds)
        return ["accepted_at"]
    if status == ShareStatus.REJECTED:
        count(share, now, rejected=1)
    if status == ShareStatus.CLOSED:
        share.closed_at = now
        return ["closed_at"]
    return []


def _tell(actor: Actor, share: Share, event: Event) -> None:
    refs = {"share": str(share.pk)}
    by_its_system = actor.role == PARTNER_SYSTEM and actor.partner_id == share.partner_id
    # Whoever revokes tells the partner with `lead.revoked`.
    if not by_its_system and share.status != ShareStatus.REVOKED:
        queue_webhooks(
            event,
            "lead.updated",
            partner_id=str(share.partner_id),
            refs=refs,
            endpoint_id=share.endpoint_id,
        )
    if share.status in _NEEDS_AGENT:
        _put_before_agent(share)
        queue_mail(event, "share_needs_agent", refs=refs)


def _put_before_agent(share: Share) -> None:
    """Note how the collaboration ended and put the lead on top of its agent's list."""
    lead = share.lead
    lead.needs_agent_since = share.updated_at
    lead.collaboration_outcomes.append(
        {
            "partner": str(share.partner_id),
            "outcome": share.status,
            "reason": share.reason,
            "at": share.updated_at.isoformat(),
        }
    )
    lead.save(update_fields=["needs_agent_since", "collaboration_outcomes"])
