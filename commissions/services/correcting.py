"""Put a commission right: other figures, or a sale that fell through."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commissions.models import Commission, Correction, LedgerEntry, ReconciliationItem
from commissions.services.booking import (
    Deal,
    accrue,
    count_closed,
    save_status,
    tell,
    uncount_volume,
    undo,
    work_out,
    write_worth,
    wrong_day,
)
from commissions.services.holding import follow
from commissions.services.questions import settle
from commissions.services.settling import locked_for
from commissions.terms import Base, Terms
from events.models import Event
from leads.services.counting import take_out
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Conflict, Malformed
from portal.lib.money import fits


def correct(
    *,
    actor: Actor,
    commission_id: str,
    value: Decimal | None = None,
    percent: Decimal | None = None,
    closed_on: dt.date | None = None,
    reason: str,
) -> Commission:
    """Book a commission anew with other figures; the first booking is reversed, never edited.

    Whoever corrects it cannot approve it. What was paid stays paid: if too much was, the rest is
    owed back and set off against what falls due next.

    :param value: another agreement value, in the currency of the deal
    :param percent: another rate, 15 for 15 %, instead of what the terms say
    :param reason: why, for the record; no personal data
    :raises Conflict: if it was reversed
    :raises Malformed: if a figure cannot be
    """
    with transaction.atomic():
        require(actor, Can.CORRECT_COMMISSION)
        commission = locked_for(actor, commission_id)
        if commission.reversed_at is not None:
            raise Conflict(_("This commission was reversed."))
        rebook(actor, commission, value=value, percent=percent, closed_on=closed_on, reason=reason)
    return commission


def rebook(
    actor: Actor,
    commission: Commission,
    *,
    value: Decimal | None = None,
    percent: Decimal | None = None,
    closed_on: dt.date | None = None,
    terms: Terms | None = None,
    reason: str = "",
) -> None:
    """Reverse a locked commission and book it with the figures given; the others stay.

    :param terms: instead of those it was booked under
    """
    deal = Deal(
        value=commission.agreement_value if value is None else value,
        closed_on=closed_on or commission.closed_on,
    )
    terms = _checked(terms or commission.read_terms(), commission, deal, percent, reason)
    figures = _figures(commission)
    count_closed(commission.share, commission, take_out)
    before = undo(actor, commission, LedgerEntry.Kind.REVERSAL, on=_today())
    uncount_volume(commission, before.recorded)
    worth = work_out(terms, commission.share, deal)
    write_worth(commission, worth, deal)
    commission.terms = terms.as_json()
    of_rate = worth.rate.hands if worth.rate else frozenset()
    commission.hands = sorted({*commission.hands, *of_rate, actor.actor_id})
    commission.approved_by, commission.approved_at = "", None
    accrue(actor, commission, worth.earned)
    count_closed(commission.share, commission)
    follow(actor, commission)
    save_status(commission, *_REBOOKED)
    _keep(actor, commission, Correction.Kind.CORRECTED, figures, reason)
    tell(actor, Event.Kind.COMMISSION_CORRECTED, commission, reason=bool(reason))


_REBOOKED = (
    "agreement_value",
    "closed_on",
    "percent",
    "amount",
    "settlement_currency",
    "settled_amount",
    "partner_part",
    "platform_part",
    "exchange_rate",
    "exchange_day",
    "exchange_source",
    "terms",
    "hands",
    "approved_by",
    "approved_at",
)


def _checked(
    terms: Terms, commission: Commission, deal: Deal, percent: Decimal | None, reason: str
) -> Terms:
    """Return TERMS as DEAL is booked under, or say what cannot be."""
    if not reason.strip():
        raise Malformed(_("Say why it is corrected."))
    if deal.value <= 0 or not fits(deal.value, commission.currency):
        raise Malformed(
            _("A value above 0 with at most 12 digits and no smaller part than %(currency)s has.")
            % {"currency": commission.currency}
        )
    if why := wrong_day(commission.share, deal.closed_on):
        raise Malformed(why)
    if percent is None:
        return terms
    if not 0 < percent <= 100:
        raise Malformed(_("A rate lies above 0 and is at most 100 %."))
    base = terms.base if terms.base in (Base.SERVICE_VALUE,) else Base.AGREEMENT_VALUE
    return dataclasses.replace(terms, percent=percent, tiers=(), base=base)


def claw_back(*, actor: Actor, commission_id: str, reason: str) -> Commission:
    """Reverse a commission whole: the sale was cancelled, or should not have been booked.

    Whatever was paid of it is owed back and set off against what falls due next; the payment
    stays as it is. The deal no longer counts as closed in the partner's figures.

    :param reason: why, for the record; no personal data
    :raises Conflict: if it was reversed already
    """
    with transaction.atomic():
        require(actor, Can.CORRECT_COMMISSION)
        commission = locked_for(actor, commission_id)
        if not reason.strip():
            raise Malformed(_("Say why it is reversed."))
        if commission.reversed_at is not None:
            raise Conflict(_("This commission was reversed already."))
        reverse(actor, commission, reason)
        items = commission.share.reconciliation_items.filter(status="open")
        settle(actor, items, ReconciliationItem.Resolution.OTHER, reason)
    return commission


def reverse(actor: Actor, commission: Commission, reason: str) -> None:
    """Reverse a locked commission whole.

    :param reason: why, for the record; no personal data
    """
    figures = _figures(commission)
    before = undo(actor, commission, LedgerEntry.Kind.REVERSAL, on=_today())
    uncount_volume(commission, before.recorded)
    count_closed(commission.share, commission, take_out)
    commission.reversed_at = timezone.now()
    commission.hands = sorted({*commission.hands, actor.actor_id} - {commission.approved_by})
    follow(actor, commission)
    save_status(commission, "reversed_at", "hands")
    _keep(actor, commission, Correction.Kind.REVERSED, figures, reason)
    tell(actor, Event.Kind.COMMISSION_REVERSED, commission)


def _figures(commission: Commission) -> dict[str, str]:
    """Return what COMMISSION says now; nothing of one that is reversed."""
    if commission.reversed_at is not None:
        return {}
    return {
        "value": str(commission.agreement_value),
        "percent": str(commission.percent),
        "closedOn": commission.closed_on.isoformat(),
        "amount": str(commission.amount),
    }


def _keep(
    actor: Actor, commission: Commission, kind: str, before: dict[str, str], reason: str
) -> None:
    Correction.objects.create(
        commission=commission,
        kind=kind,
        before=before,
        after=_figures(commission),
        reason=reason.strip()[:500],
        made_by=actor.actor_id,
    )


def booked_of_share(share_id: str) -> Commission | None:
    """Return the commission booked for a share, unless it was reversed."""
    booked = Commission.objects.filter(share=share_id)
    return booked.exclude(status=Commission.Status.REVERSED).first()


def _today() -> dt.date:
    return timezone.now().date()
