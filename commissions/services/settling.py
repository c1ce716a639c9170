"""From booked to paid: approval by a second pair of eyes, falling due, payment, set-off."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from commissions.ledger import Stage, debt_of, move, standing_of
from commissions.models import Commission, Instalment, LedgerEntry, ReconciliationItem
from commissions.services.booking import (
    FourEyes,
    due_amount,
    lock_commission,
    save_status,
    tell,
)
from events.models import Event
from leads.actors import require_own
from portal.lib.access import THE_SYSTEM, Actor, Can, require
from portal.lib.errors import Conflict, DomainError, Malformed
from portal.lib.money import fits

MOST_AT_ONCE = 200
# Kept in the ledger for good, so it must not be a sentence about somebody.
_REFERENCE = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9 ./_:+-]{0,79}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Refused:
    """A commission that was not approved with the others, and why."""

    commission_id: str
    reason: str


def approve(*, actor: Actor, commission_id: str) -> Commission:
    """Approve what a confirmed closing earned; what has fallen due becomes payable at once.

    Approving what is approved changes nothing. What a dispute holds stays held.

    :raises FourEyes: if ACTOR entered or changed its rate or an amount of it
    :raises Conflict: while the closing is not confirmed or in question, and once it is reversed
    """
    with transaction.atomic():
        require(actor, Can.APPROVE_COMMISSION)
        commission = locked_for(actor, commission_id)
        waiting = standing_of(commission)[Stage.ACCRUED]
        if is_approved(commission, waiting):
            return commission
        _check_approvable(actor, commission)
        commission.approved_by, commission.approved_at = actor.actor_id, timezone.now()
        if waiting > 0:
            kind = LedgerEntry.Kind.APPROVAL
            move(commission, kind, Stage.ACCRUED, Stage.APPROVED, waiting, actor=actor, on=_today())
        release(actor, commission)
        save_status(commission, "approved_by", "approved_at")
        tell(actor, Event.Kind.COMMISSION_APPROVED, commission)
    return commission


def approve_many(*, actor: Actor, commission_ids: Sequence[str]) -> list[Refused]:
    """Approve each of COMMISSION_IDS that can be, each by itself; return those that cannot.

    :raises Malformed: if there are more than `MOST_AT_ONCE`
    """
    require(actor, Can.APPROVE_COMMISSION)
    if len(commission_ids) > MOST_AT_ONCE:
        raise Malformed(_("At most %(most)s at a time.") % {"most": MOST_AT_ONCE})
    refused = []
    for commission_id in sorted(set(commission_ids)):
        try:
            approve(actor=actor, commission_id=commission_id)
        except DomainError as refusal:
            refused.append(Refused(commission_id, str(refusal)))
    return refused


def is_approved(commission: Commission, waiting: Decimal) -> bool:
    """Return whether COMMISSION stands approved; a dispute may leave a part that is WAITING."""
    return commission.approved_at is not None and commission.reversed_at is None and not waiting


def _check_approvable(actor: Actor, commission: Commission) -> None:
    if commission.reversed_at is not None:
        raise Conflict(_("This commission was reversed."))
    if commission.share.confirmed_at is None:
        raise Conflict(_("The closing has to be confirmed first."))
    # Another partner's closing of the lead is a question about this one too.
    items = ReconciliationItem.objects.filter(share__lead=commission.lead_id)
    if items.filter(status=ReconciliationItem.Status.OPEN).exists():
        raise Conflict(_("There is an open question about this closing."))
    if actor.actor_id in commission.hands:
        raise FourEyes(
            _("You entered or changed a rate or an amount of it; somebody else has to approve it.")
        )


def meet_milestone(*, actor: Actor, commission_id: str, number: int, met_on: dt.date) -> Commission:
    """Record that a milestone was met on MET_ON; after the holding period its part is payable.

    :raises Conflict: if it was met already, or the commission was reversed
    :raises Malformed: if there is no such milestone, or the day is still to come
    """
    with transaction.atomic():
        require(actor, Can.SETTLE_COMMISSION)
        commission = locked_for(actor, commission_id)
        if met_on > _today():
            raise Malformed(_("A milestone cannot have been met on a day to come."))
        if commission.reversed_at is not None:
            raise Conflict(_("This commission was reversed."))
        milestone = commission.instalments.filter(number=number).first()
        if milestone is None:
            raise Malformed(_("There is no such milestone."))
        if milestone.met_on is not None:
            raise Conflict(_("This milestone was met already."))
        milestone.met_on, milestone.met_by = met_on, actor.actor_id
        milestone.due_on = met_on + dt.timedelta(days=commission.read_terms().holding_days)
        milestone.save(update_fields=["met_on", "met_by", "due_on"])
        release(actor, commission)
        save_status(commission)
        tell(actor, Event.Kind.MILESTONE_MET, commission, number=number)
    return commission


def release_due(*, actor: Actor = THE_SYSTEM, limit: int = 1_000) -> int:
    """Make payable what was approved and has fallen due since; return for how many commissions."""
    require(actor, Can.SETTLE_COMMISSION)
    due = _unreleased(Instalment.objects.visible_to(actor).filter(due_on__lte=_today()))
    found = due.order_by("due_on").values_list("commission_id", flat=True).distinct()[:limit]
    released = 0
    for commission_id in list(dict.fromkeys(found)):
        with transaction.atomic():
            commission = lock_commission(str(commission_id))
            if release(actor, commission):
                save_status(commission)
                tell(actor, Event.Kind.COMMISSION_DUE, commission)
                released += 1
    return released


def _unreleased(due: QuerySet[Instalment]) -> QuerySet[Instalment]:
    """Return those of DUE that nothing has been released for since.

    Approval releases what is due on its day, and a release all that is due on its own; so what was
    released once does not come up every hour and crowd out what falls due now. What is payable,
    disputed or waits for approval in part has a rest that goes on falling due.
    """
    status, kinds = Commission.Status, LedgerEntry.Kind
    entries = LedgerEntry.objects.filter(commission=OuterRef("commission"))
    releases = entries.filter(kind=kinds.RELEASE, booked_on__gte=OuterRef("due_on"))
    partly = Q(commission__approved_at=None) & Exists(entries.filter(kind=kinds.APPROVAL))
    return due.filter(
        ~Exists(releases),
        partly | Q(commission__approved_at__date__lt=F("due_on")),
        commission__status__in=(status.PENDING, status.APPROVED, status.PAYABLE, status.DISPUTED),
    )


def release(actor: Actor, commission: Commission) -> bool:
    """Make payable what of the approved amount has fallen due, and set a debt off against it.

    What is held in dispute takes no part: the milestones are parts of the rest.
    """
    standing = standing_of(commission)
    undisputed = standing.recorded - standing[Stage.HELD]
    # Deals rated anew may leave less than nothing of this one.
    not_due = max(undisputed - due_amount(commission, undisputed, _today()), Decimal(0))
    amount = standing[Stage.APPROVED] - min(standing[Stage.APPROVED], not_due)
    if amount > 0:
        kind = LedgerEntry.Kind.RELEASE
        move(commission, kind, Stage.APPROVED, Stage.PAYABLE, amount, actor=actor, on=_today())
    return set_off(actor, commission) or amount > 0


def set_off(actor: Actor, commission: Commission) -> bool:
    """Use what is payable of COMMISSION to pay back what is owed; the partner is locked."""
    payable = standing_of(commission)[Stage.PAYABLE]
    owed = debt_of(str(commission.partner_id), commission.direction, commission.settlement_currency)
    amount = min(payable, owed)
    if amount > 0:
        kind = LedgerEntry.Kind.OFFSET
        move(commission, kind, Stage.PAYABLE, Stage.OWED_BACK, amount, actor=actor, on=_today())
    return amount > 0


def record_payment(
    *, actor: Actor, commission_id: str, amount: Decimal, paid_on: dt.date, reference: str
) -> Commission:
    """Record that AMOUNT, in the settlement currency, was paid by the bank on PAID_ON.

    The same reference again for the same commission changes nothing.

    :param reference: the bank's, up to 80 characters
    :raises Conflict: if less than that is payable, or the reference was used for another amount
    :raises Malformed: if the amount, the day or the reference cannot be
    """
    with transaction.atomic():
        require(actor, Can.SETTLE_COMMISSION)
        commission = locked_for(actor, commission_id)
        currency, reference = commission.settlement_currency, reference.strip()
        if amount <= 0 or not fits(amount, currency):
            raise Malformed(
                _("An amount above 0 with no smaller part than %(currency)s has.")
                % {"currency": currency}
            )
        if paid_on > _today():
            raise Malformed(_("A payment cannot have been made on a day to come."))
        if not _REFERENCE.match(reference):
            raise Malformed(
                _("Give the bank's reference: up to 80 letters, digits and ./-_:+, with a digit.")
            )
        kind = LedgerEntry.Kind.PAYMENT
        same = commission.entries.filter(kind=kind, reference=reference).first()
        if same is not None:
            if same.amount != amount:
                raise Conflict(_("Another amount was recorded under this reference."))
            return commission
        if amount > standing_of(commission)[Stage.PAYABLE]:
            raise Conflict(_("Not so much of this commission is payable."))
        move(
            commission,
            kind,
            Stage.PAYABLE,
            Stage.PAID,
            amount,
            actor=actor,
            on=paid_on,
            reference=reference,
        )
        save_status(commission)
        tell(actor, Event.Kind.COMMISSION_PAID, commission)
    return commission


def locked_for(actor: Actor, commission_id: str) -> Commission:
    """Lock a commission that ACTOR may see.

    :raises NotFound: if it may see none of that id
    """
    commission = lock_commission(commission_id)
    require_own(actor, commission.share.lead)
    return commission


def _today() -> dt.date:
    return timezone.now().date()
