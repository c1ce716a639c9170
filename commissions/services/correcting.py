"""Put a commission right: other figures, a sale that fell through, the wrong partner."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commissions.agreements import terms_of
from commissions.exchange import NoRate
from commissions.models import Commission, LedgerEntry, ReconciliationItem
from commissions.services.booking import (
    Deal,
    accrue,
    count_closed,
    lock_commission,
    save_status,
    tell,
    uncount_volume,
    undo,
    work_out,
    write_worth,
)
from commissions.services.closing import Claim, booked_of, confirm, record_closing, settle
from commissions.services.settling import locked_for
from commissions.terms import Base, Terms
from events.models import Event
from leads.models import Share
from leads.services.counting import take_out
from leads.services.resolving import lock_share
from partners.models import Partner
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Conflict, Malformed, NotFound
from portal.lib.ids import is_id
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
    count_closed(commission.share, commission, take_out)
    before = undo(actor, commission, LedgerEntry.Kind.REVERSAL, on=_today())
    uncount_volume(commission, before.recorded)
    worth = work_out(terms, commission.share, deal)
    write_worth(commission, worth, deal)
    commission.terms = terms.as_json()
    commission.hands = sorted({*commission.hands, actor.actor_id})
    commission.approved_by, commission.approved_at = "", None
    accrue(actor, commission, worth.earned)
    count_closed(commission.share, commission)
    save_status(commission, *_REBOOKED)
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
    if deal.closed_on > _today():
        raise Malformed(_("A deal cannot have been closed on a day to come."))
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
        reverse(actor, commission)
        items = commission.share.reconciliation_items.filter(status="open")
        settle(actor, items, ReconciliationItem.Resolution.OTHER, reason)
    return commission


def reverse(actor: Actor, commission: Commission) -> None:
    """Reverse a locked commission whole."""
    before = undo(actor, commission, LedgerEntry.Kind.REVERSAL, on=_today())
    uncount_volume(commission, before.recorded)
    count_closed(commission.share, commission, take_out)
    commission.reversed_at = timezone.now()
    commission.hands = sorted({*commission.hands, actor.actor_id} - {commission.approved_by})
    save_status(commission, "reversed_at", "hands")
    tell(actor, Event.Kind.COMMISSION_REVERSED, commission)


def settle_item(
    *,
    actor: Actor,
    item_id: str,
    resolution: str,
    reason: str = "",
    value: Decimal | None = None,
    percent: Decimal | None = None,
) -> ReconciliationItem:
    """Decide an open difference: as recorded, as the partner claims, or with other figures.

    The last one settled confirms the closing. Figures that change have to be approved by somebody
    else.

    :param value, percent: for other figures; in the deal's currency, and 15 for 15 %
    :raises Conflict: if it is settled already, or is about a second closing of the lead
    """
    with transaction.atomic():
        require(actor, Can.CORRECT_COMMISSION)
        item = _open_item_of(actor, item_id)
        commission = booked_of_share(str(item.share_id))
        if commission is None:
            raise Conflict(_("Nothing is booked for this closing; decide who closed the lead."))
        commission = locked_for(actor, str(commission.pk))
        item = _still_open(item)
        if resolution == ReconciliationItem.Resolution.CLAIM:
            value, percent = _claimed(item)
        elif resolution == ReconciliationItem.Resolution.RECORD:
            value = percent = None
        elif resolution != ReconciliationItem.Resolution.OTHER or (value, percent) == (None, None):
            raise Malformed(_("Say which figures are right."))
        if value is not None or percent is not None:
            why = reason or item.kind
            rebook(actor, commission, value=value, percent=percent, reason=why)
        settle(actor, ReconciliationItem.objects.filter(pk=item.pk), resolution, reason)
        tell(actor, Event.Kind.RECONCILIATION_SETTLED, commission, webhook=False, item=item.pk)
        _confirm_if_clear(actor, commission.share)
    item.refresh_from_db()
    return item


def book_as_agreed(*, actor: Actor, item_id: str) -> ReconciliationItem:
    """Settle a closing whose day had no exchange rate: book it in the currency agreed, now.

    At the rate of the closing day, which was imported since. Somebody else approves it.

    :raises Conflict: if there still is no rate, the question is another one, or settled already
    """
    with transaction.atomic():
        require(actor, Can.CORRECT_COMMISSION)
        item = _open_item_of(actor, item_id)
        booked = booked_of_share(str(item.share_id))
        if item.kind != ReconciliationItem.Kind.NO_RATE or booked is None:
            raise Conflict(_("This is no closing without an exchange rate."))
        commission = locked_for(actor, str(booked.pk))
        item = _still_open(item)
        agreed = terms_of(commission.share).currency
        terms = dataclasses.replace(commission.read_terms(), currency=agreed)
        try:
            rebook(actor, commission, terms=terms, reason=item.kind)
        except NoRate:
            raise Conflict(_("There still is no exchange rate of that day; import it.")) from None
        settled = ReconciliationItem.objects.filter(pk=item.pk)
        settle(actor, settled, ReconciliationItem.Resolution.OTHER)
        tell(actor, Event.Kind.RECONCILIATION_SETTLED, commission, webhook=False, item=item.pk)
        _confirm_if_clear(actor, commission.share)
    item.refresh_from_db()
    return item


def _claimed(item: ReconciliationItem) -> tuple[Decimal | None, Decimal | None]:
    if item.kind == ReconciliationItem.Kind.CURRENCY:
        raise Conflict(_("A share's currency stays; settle it with other figures."))
    differs = item.recorded_value is not None and item.claimed_value != item.recorded_value
    value = item.claimed_value if differs else None
    return value, (item.claimed_percent if item.kind == ReconciliationItem.Kind.RATE else None)


def decide_duplicate(*, actor: Actor, item_id: str, take_over: bool, reason: str) -> Share:
    """Decide a second closing of one lead: it stands instead of the first, or it does not.

    Taking over reverses what is booked for the first and books the second under its own terms.

    :param take_over: whether the second closing counts
    :param reason: why, for the record; no personal data
    :raises Conflict: if it is no second closing, or decided already
    """
    with transaction.atomic():
        require(actor, Can.CORRECT_COMMISSION)
        if not reason.strip():
            raise Malformed(_("Say why."))
        item = _open_item_of(actor, item_id)
        if item.kind != ReconciliationItem.Kind.DUPLICATE:
            raise Conflict(_("This is no second closing."))
        booked = booked_of(str(item.share.lead_id))
        _lock_partners({str(item.partner_id), str(booked.partner_id) if booked else ""})
        share = lock_share(item.share)
        item = _still_open(item)
        if take_over:
            _take_over(actor, share, item)
        resolution = ReconciliationItem.Resolution
        settle(
            actor,
            ReconciliationItem.objects.filter(pk=item.pk),
            resolution.CLAIM if take_over else resolution.RECORD,
            reason,
        )
    return share


def _take_over(actor: Actor, share: Share, item: ReconciliationItem) -> None:
    first = booked_of(str(share.lead_id))
    if first is not None:
        first = lock_commission(str(first.pk))
        reverse(actor, first)
        settle(actor, first.share.reconciliation_items.filter(status="open"), "other")
    claim = Claim(
        value=item.claimed_value,
        percent=item.claimed_percent,
        currency=item.claimed_currency,
        closed_on=item.claimed_on,
    )
    record_closing(actor, share, claim)


def _lock_partners(partner_ids: set[str]) -> None:
    wanted = sorted(partner_ids - {""})
    list(Partner.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))


def booked_of_share(share_id: str) -> Commission | None:
    """Return the commission booked for a share, unless it was reversed."""
    booked = Commission.objects.filter(share=share_id)
    return booked.exclude(status=Commission.Status.REVERSED).first()


def _open_item_of(actor: Actor, item_id: str) -> ReconciliationItem:
    visible = ReconciliationItem.objects.visible_to(actor).select_related("share")
    item = visible.filter(pk=item_id).first() if is_id("review", item_id) else None
    if item is None:
        raise NotFound(_("There is no such question."))
    return item


def _still_open(item: ReconciliationItem) -> ReconciliationItem:
    """Return ITEM as it is under the locks, if nobody settled it meanwhile."""
    fresh = ReconciliationItem.objects.select_for_update().get(pk=item.pk)
    if fresh.status != ReconciliationItem.Status.OPEN:
        raise Conflict(_("This question was settled already."))
    return fresh


def _confirm_if_clear(actor: Actor, share: Share) -> None:
    still_open = share.reconciliation_items.filter(status="open")
    if share.confirmed_at is None and not still_open.exists():
        confirm(actor, share)


def _today() -> dt.date:
    return timezone.now().date()
