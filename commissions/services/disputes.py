"""Disputes about one commission: opened by either side, talked over, decided by somebody else."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commissions import dispute_mails
from commissions.ledger import standing_of
from commissions.models import Commission, Dispute, DisputeMessage
from commissions.services.booking import FourEyes, save_status, tell
from commissions.services.holding import SETTLED, hold, settle_at, unhold
from commissions.services.questions import ANSWER_WITHIN
from commissions.services.settling import locked_for
from events.models import Event
from portal.lib.access import PARTNER_ROLES, Actor, Can, require
from portal.lib.errors import Conflict, Malformed, NotFound
from portal.lib.ids import is_id
from portal.lib.money import fits

MOST_WORDS, MOST_IN_MESSAGE = 1000, 4000
LATEST_DUE = dt.timedelta(days=90)
Decision, Status = Dispute.Decision, Dispute.Status


def open_dispute(
    *,
    actor: Actor,
    commission_id: str,
    claimed_amount: Decimal,
    reason: str,
    due_on: dt.date | None = None,
) -> Dispute:
    """Dispute what is recorded for one commission; only the difference is held back.

    :param claimed_amount: what the commission should be, in the settlement currency
    :param reason: up to 1,000 characters; both sides read it
    :param due_on: by when it is to be decided; left out, within a fortnight
    :raises Conflict: if the commission was reversed or is disputed already
    :raises Malformed: if the amount is the one recorded or none, or no reason is given
    """
    with transaction.atomic():
        require(actor, Can.OPEN_DISPUTE)
        commission = _locked_commission(actor, commission_id)
        recorded = standing_of(commission).recorded
        _check_disputable(commission, recorded, claimed_amount)
        dispute = Dispute(
            commission=commission,
            partner_id=commission.partner_id,
            by_partner=actor.role in PARTNER_ROLES,
            opened_by=actor.actor_id,
            claimed_amount=claimed_amount,
            recorded_amount=recorded,
            currency=commission.settlement_currency,
            reason=_words(reason, MOST_WORDS),
            due_on=_checked_day(due_on),
        )
        dispute.save(force_insert=True)
        hold(actor, dispute, commission)
        save_status(commission)
        _tell(actor, Event.Kind.DISPUTE_OPENED, dispute, commission)
    return dispute


def answer(*, actor: Actor, dispute_id: str, text: str) -> DisputeMessage:
    """Write to the other side of an open dispute.

    :param text: up to 4,000 characters
    :raises Conflict: if it is decided or withdrawn
    """
    with transaction.atomic():
        require(actor, Can.OPEN_DISPUTE)
        dispute, commission = _locked(actor, dispute_id)
        message = DisputeMessage(
            dispute=dispute,
            partner_id=dispute.partner_id,
            by_partner=actor.role in PARTNER_ROLES,
            author=actor.actor_id,
            text=_words(text, MOST_IN_MESSAGE),
        )
        message.save(force_insert=True)
        data = {"message": str(message.pk)}
        _tell(actor, Event.Kind.DISPUTE_ANSWERED, dispute, commission, webhook=False, **data)
    return message


def decide(
    *,
    actor: Actor,
    dispute_id: str,
    decision: str,
    reason: str,
    amount: Decimal | None = None,
) -> Dispute:
    """Decide a dispute; what changes is booked, what was held goes on.

    Whoever changes the amount cannot approve what is added to it.

    :param decision: one of `upheld`, `partly` or `rejected`
    :param reason: up to 1,000 characters; both sides read it
    :param amount: for `partly`, between what is recorded and what is claimed
    :raises FourEyes: if ACTOR opened it
    :raises Conflict: if it is decided or withdrawn
    :raises Malformed: if the decision, the amount or the reason cannot be
    """
    with transaction.atomic():
        require(actor, Can.DECIDE_DISPUTE)
        dispute, commission = _locked(actor, dispute_id)
        if actor.actor_id == dispute.opened_by:
            raise FourEyes(_("You opened this dispute; somebody else has to decide it."))
        decided = _decided(dispute, commission, decision, amount)
        dispute.decision_reason = _words(reason, MOST_WORDS)
        changed = decided != dispute.recorded_amount
        if changed:
            settle_at(actor, dispute, commission, decided)
        unhold(actor, dispute, commission)
        dispute.decision, dispute.decided_amount = decision, decided
        dispute.decided_by = actor.actor_id
        _end(dispute, Status.DECIDED, "decision", "decided_amount", "decided_by", "decision_reason")
        save_status(commission, *(SETTLED if changed else ()))
        kind = Event.Kind.DISPUTE_DECIDED
        _tell(actor, kind, dispute, commission, decision=decision, changed=changed)
    return dispute


def withdraw(*, actor: Actor, dispute_id: str) -> Dispute:
    """Take a dispute back, by the side that opened it; what was held goes on as recorded.

    :raises Conflict: if the other side opened it, or it is decided or withdrawn
    """
    with transaction.atomic():
        require(actor, Can.OPEN_DISPUTE)
        dispute, commission = _locked(actor, dispute_id)
        if dispute.by_partner != (actor.role in PARTNER_ROLES):
            raise Conflict(_("Only the side that opened a dispute withdraws it."))
        unhold(actor, dispute, commission)
        _end(dispute, Status.WITHDRAWN)
        save_status(commission)
        _tell(actor, Event.Kind.DISPUTE_WITHDRAWN, dispute, commission)
    return dispute


def _check_disputable(commission: Commission, recorded: Decimal, claimed: Decimal) -> None:
    if commission.reversed_at is not None:
        raise Conflict(_("This commission was reversed."))
    if commission.disputes.filter(status=Status.OPEN).exists():
        raise Conflict(_("This commission is disputed already."))
    _check_amount(commission, claimed)
    if claimed == recorded:
        raise Malformed(_("That is what is recorded."))


def _decided(
    dispute: Dispute, commission: Commission, decision: str, amount: Decimal | None
) -> Decimal:
    """Return the amount that DECISION comes to."""
    claimed: Decimal = dispute.claimed_amount
    recorded: Decimal = dispute.recorded_amount
    if decision == Decision.UPHELD:
        return claimed
    if decision == Decision.REJECTED:
        return recorded
    if decision != Decision.PARTLY:
        raise Malformed(_("Say how it is decided."))
    if amount is None or not min(claimed, recorded) < amount < max(claimed, recorded):
        raise Malformed(_("In part: an amount between what is claimed and what is recorded."))
    _check_amount(commission, amount)
    return amount


def _check_amount(commission: Commission, amount: Decimal) -> None:
    currency = commission.settlement_currency
    if amount < 0 or not fits(amount, currency):
        raise Malformed(
            _("An amount of at least 0 with no smaller part than %(currency)s has.")
            % {"currency": currency}
        )


def _words(text: str, most: int) -> str:
    if not (said := text.strip()):
        raise Malformed(_("Say why."))
    if len(said) > most:
        raise Malformed(_("At most %(most)s characters.") % {"most": most})
    return said


def _checked_day(due_on: dt.date | None) -> dt.date:
    today = timezone.now().date()
    if due_on is None:
        return today + ANSWER_WITHIN
    if not today <= due_on <= today + LATEST_DUE:
        raise Malformed(_("A day from today on, within three months."))
    return due_on


def _locked_commission(actor: Actor, commission_id: str) -> Commission:
    seen = Commission.objects.visible_to(actor)
    if not (is_id("rev", commission_id) and seen.filter(pk=commission_id).exists()):
        raise NotFound(_("There is no such commission."))
    return locked_for(actor, commission_id)


def _locked(actor: Actor, dispute_id: str) -> tuple[Dispute, Commission]:
    """Lock what the dispute is about and then the dispute, if it is still open."""
    seen = Dispute.objects.visible_to(actor)
    found = seen.filter(pk=dispute_id).first() if is_id("dispute", dispute_id) else None
    if found is None:
        raise NotFound(_("There is no such dispute."))
    commission = locked_for(actor, str(found.commission_id))
    dispute = Dispute.objects.select_for_update(no_key=True).get(pk=dispute_id)
    if dispute.status != Status.OPEN:
        raise Conflict(_("This dispute has ended."))
    dispute.commission = commission
    return dispute, commission


def _end(dispute: Dispute, status: str, *fields: str) -> None:
    dispute.status, dispute.decided_at = status, timezone.now()
    dispute.save(update_fields=["status", "decided_at", *fields])


def _tell(
    actor: Actor,
    kind: str,
    dispute: Dispute,
    commission: Commission,
    *,
    webhook: bool = True,
    **data: Any,
) -> None:
    """Record what happened, and write to the people of the other side."""
    event = tell(actor, kind, commission, webhook=webhook, dispute=str(dispute.pk), **data)
    dispute_mails.queue(event, dispute, to_staff=actor.role in PARTNER_ROLES)
