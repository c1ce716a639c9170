"""What a dispute does to the money: it holds the disputed part, and a decision moves no more."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal

from django.utils import timezone

from commissions import dispute_mails
from commissions.ledger import OPEN_STAGES, Stage, move, stages, standing_of
from commissions.models import Commission, Dispute, LedgerEntry
from commissions.services.booking import count_closed, tell, uncount_volume
from commissions.services.settling import release
from commissions.terms import Base
from events.models import Event
from leads.services.counting import take_out
from portal.lib.access import Actor
from portal.lib.money import rounded

ZERO = Decimal(0)
# What `settle_at` changes.
SETTLED = (
    "percent",
    "amount",
    "settled_amount",
    "partner_part",
    "platform_part",
    "terms",
    "hands",
    "approved_by",
    "approved_at",
)


def hold(actor: Actor, dispute: Dispute, commission: Commission) -> None:
    """Keep what DISPUTE puts in question of a locked commission from being paid.

    Whoever claims more than is recorded questions nothing of what is; then nothing is held.
    """
    standing = standing_of(commission)
    left = min(dispute.recorded_amount - dispute.claimed_amount, standing.open)
    for stage in OPEN_STAGES:
        part = min(standing[stage], left)
        if part > 0:
            _step(actor, commission, LedgerEntry.Kind.HOLD, stage, Stage.HELD, part, dispute)
            left -= part


def unhold(actor: Actor, dispute: Dispute, commission: Commission) -> None:
    """Put what is still held of a locked commission back where it came from.

    What had not been approved waits for that again; what has fallen due meanwhile is payable.
    """
    left = standing_of(commission)[Stage.HELD]
    holds = commission.entries.filter(kind=LedgerEntry.Kind.HOLD, reference=str(dispute.pk))
    for entry in holds.order_by("-recorded_at", "-pk"):
        part = min(entry.amount, left)
        if part > 0:
            source, _held = stages(commission.direction, entry.debit, entry.credit)
            kind = LedgerEntry.Kind.UNHOLD
            _step(actor, commission, kind, Stage.HELD, source, part, dispute, reverses=entry.pk)
            left -= part
    release(actor, commission)


def settle_at(actor: Actor, dispute: Dispute, commission: Commission, amount: Decimal) -> None:
    """Book a locked commission at AMOUNT, in the settlement currency, from now on.

    Only the difference moves: what was paid and approved up to AMOUNT stays so. What is added
    waits for the approval of somebody else than ACTOR; what is taken off comes out of what is held
    first, and what was paid beyond it is owed back. The caller saves the fields in `SETTLED`.
    """
    count_closed(commission.share, commission, take_out)
    recorded = standing_of(commission).recorded
    uncount_volume(commission, recorded)
    _write(commission, amount)
    count_closed(commission.share, commission)
    commission.hands = sorted({*commission.hands, actor.actor_id})
    if amount > recorded:
        commission.approved_by, commission.approved_at = "", None
        more, kind = amount - recorded, LedgerEntry.Kind.ACCRUAL
        _step(actor, commission, kind, Stage.EARNED, Stage.ACCRUED, more, dispute)
        return
    # Who approved more has approved what is left.
    commission.hands = [hand for hand in commission.hands if hand != commission.approved_by]
    _take_off(actor, dispute, commission, recorded - amount)


def _write(commission: Commission, amount: Decimal) -> None:
    """Set what COMMISSION says it is worth: a fee of AMOUNT, at the exchange rate it was booked."""
    currency = commission.settlement_currency
    terms = dataclasses.replace(
        commission.read_terms(),
        base=Base.FLAT,
        flat=amount,
        percent=ZERO,
        tiers=(),
        cap=None,
        partner_share=None,
        currency=currency,
    )
    rate = commission.exchange_rate or Decimal(1)
    earned = terms.earned(commission.agreement_value * rate, currency)
    commission.terms, commission.percent = terms.as_json(), earned.percent
    commission.settled_amount = earned.amount
    commission.partner_part, commission.platform_part = earned.partner_part, earned.platform_part
    commission.amount = rounded(earned.amount / rate, commission.currency, terms.rounding)


def _take_off(actor: Actor, dispute: Dispute, commission: Commission, left: Decimal) -> None:
    standing = standing_of(commission)
    for stage in (Stage.HELD, *OPEN_STAGES):
        part = min(standing[stage], left)
        if part > 0:
            kind = LedgerEntry.Kind.REVERSAL
            _step(actor, commission, kind, stage, Stage.EARNED, part, dispute)
            left -= part
    if left > 0:
        kind = LedgerEntry.Kind.CLAWBACK
        _step(actor, commission, kind, Stage.OWED_BACK, Stage.EARNED, left, dispute)


def follow(actor: Actor, commission: Commission) -> None:
    """Let an open dispute follow what became of its locked commission.

    After a correction it is about the figure recorded now. Once that is what was claimed, or the
    commission is reversed, nothing is left to decide: it has been overtaken.
    """
    open_one = commission.disputes.filter(status=Dispute.Status.OPEN)
    dispute = open_one.select_for_update(no_key=True).first()
    if dispute is None:
        return
    recorded = standing_of(commission).recorded
    if commission.reversed_at is None and recorded != dispute.claimed_amount:
        dispute.recorded_amount = recorded
        dispute.save(update_fields=["recorded_amount"])
        hold(actor, dispute, commission)
        return
    dispute.status, dispute.decision = Dispute.Status.DECIDED, Dispute.Decision.OVERTAKEN
    dispute.decided_amount, dispute.decided_at = recorded, timezone.now()
    dispute.save(update_fields=["status", "decision", "decided_amount", "decided_at"])
    kind, data = Event.Kind.DISPUTE_DECIDED, {"dispute": str(dispute.pk), "changed": False}
    event = tell(actor, kind, commission, webhook=False, decision=dispute.decision, **data)
    dispute_mails.queue(event, dispute, to_staff=False)


def _step(
    actor: Actor,
    commission: Commission,
    kind: str,
    source: Stage,
    target: Stage,
    amount: Decimal,
    dispute: Dispute,
    reverses: str | None = None,
) -> None:
    move(
        commission,
        kind,
        source,
        target,
        amount,
        actor=actor,
        on=_today(),
        reverses=reverses,
        reference=str(dispute.pk),
    )


def _today() -> dt.date:
    return timezone.now().date()
