"""Let every share of a lead follow what its client allows, and tell whoever has to know."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy

from events.models import Event
from events.services import queue_webhooks, record_event
from leads.groups import Groups
from leads.models import (
    DISCLOSING,
    ConsentDecision,
    DeletionTask,
    Lead,
    Proposal,
    Share,
    ShareStatus,
)
from leads.services.preferences import allowed, recompute
from leads.services.progress import move
from leads.services.recalling import (
    ask_deletion,
    cancel_messages,
    denied,
    keep_regiven,
    owed,
)
from leads.services.settling import settle_requests
from portal.lib.access import Actor

WITHDRAWN, ERASED = DeletionTask.Cause.WITHDRAWN, DeletionTask.Cause.ERASED
_REASONS = {
    WITHDRAWN: gettext_lazy("The client withdrew consent"),
    ERASED: gettext_lazy("The client's details were erased"),
}


def apply(actor: Actor, lead: Lead, event: Event | None, *, cause: str) -> None:
    """Recompute every share of a locked lead and tell its partner, in the caller's transaction.

    Who received something the client takes back is asked to delete it, also where the share has
    ended. A live share of which nothing is left is revoked. Nobody has to delete what is merely
    restricted, and nothing is revoked by that.

    :param event: what happened, named by the events of the shares; None if nothing new did
    :param cause: `withdrawn` for decisions of the client, `erased`, `restricted` or `lifted`
    """
    of_lead = Share.objects.select_for_update(no_key=True, of=("self",)).select_related("partner")
    shares = list(of_lead.filter(lead=lead).order_by("pk"))
    decisions = list(lead.decisions.all()) if shares else []
    for share in shares:
        share.lead = lead
        _follow(actor, share, decisions, event, cause)
    if cause == ERASED:
        Proposal.objects.filter(lead=lead, status=Proposal.Status.OPEN).update(
            status=Proposal.Status.CANCELLED, decided_at=timezone.now()
        )


def _follow(
    actor: Actor, share: Share, decisions: list[ConsentDecision], event: Event | None, cause: str
) -> None:
    before = share.disclosed
    recompute(share, decisions)
    due = owed(share, before, _taken(share, decisions, cause))
    if _is_over(share, decisions, cause, due):
        move(actor, share, ShareStatus.REVOKED, reason=str(_REASONS[DeletionTask.Cause(cause)]))
    after = share.disclosed
    if before and not after:
        cancel_messages(share)
    keep_regiven(share)
    settle_requests(share)
    if due:
        _recall(actor, share, due, event, cause)
    if any(after[group] and not before[group] for group in after) or (before != after and not due):
        _tell_change(actor, share, event)


def _taken(share: Share, decisions: list[ConsentDecision], cause: str) -> Groups:
    """Return the groups of which the client wants no copy left with this partner."""
    if cause == ERASED:
        return Groups.everything()
    return denied(share, decisions) if cause == WITHDRAWN else Groups.none()


def _is_over(share: Share, decisions: list[ConsentDecision], cause: str, due: Groups) -> bool:
    """Return whether nothing is left of a live share because the client takes it back."""
    if not share.is_live or cause not in (WITHDRAWN, ERASED):
        return False
    return cause == ERASED or (bool(due) and not allowed(share, decisions))


def _recall(actor: Actor, share: Share, groups: Groups, event: Event | None, cause: str) -> None:
    """Ask the partner to delete GROUPS."""
    task = ask_deletion(share, groups, cause=cause)
    asked = record_event(
        Event.Kind.DELETION_ASKED,
        actor=actor,
        partner_id=str(share.partner_id),
        lead_id=str(share.lead_id),
        share_id=str(share.pk),
        groups=list(share.disclosed),
        withdrawn=list(groups),
        task=str(task.pk),
        cause=str(task.cause),
        due_at=task.due_at,
        because=str(event.pk) if event else None,
    )
    queue_webhooks(
        asked,
        "lead.revoked",
        partner_id=str(share.partner_id),
        refs={"share": str(share.pk), "deletion": str(task.pk)},
        endpoint_id=share.endpoint_id,
        mails=["lead_revoked"] if share.partner.contact_email else [],
    )


def _tell_change(actor: Actor, share: Share, event: Event | None) -> None:
    """Tell the partner that it sees more or less of the lead."""
    if share.status not in DISCLOSING:
        return
    changed = record_event(
        Event.Kind.SHARE_PREFS_UPDATED,
        actor=actor,
        partner_id=str(share.partner_id),
        lead_id=str(share.lead_id),
        share_id=str(share.pk),
        groups=list(share.disclosed),
        because=str(event.pk) if event else None,
    )
    queue_webhooks(
        changed,
        "lead.consent_updated",
        partner_id=str(share.partner_id),
        refs={"share": str(share.pk)},
        endpoint_id=share.endpoint_id,
        mails=["lead_consent_updated"] if share.partner.contact_email else [],
    )
