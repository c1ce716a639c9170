"""Decide what is in question: whose figures count, and which of two closings."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from commissions.agreements import terms_of
from commissions.exchange import NoRate
from commissions.models import Commission, ReconciliationItem
from commissions.services.booking import lock_commission, tell
from commissions.services.closing import Claim, booked_of, confirm, record_closing
from commissions.services.correcting import booked_of_share, rebook, reverse
from commissions.services.questions import open_item_of, settle, still_open
from commissions.services.settling import locked_for
from events.models import Event
from events.services import record_event
from leads.models import Share
from leads.services.resolving import lock_share
from partners.models import Partner
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Conflict, Malformed

Kind, Resolution = ReconciliationItem.Kind, ReconciliationItem.Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is to be booked; None where it stays as it is."""

    value: Decimal | None = None
    percent: Decimal | None = None
    closed_on: dt.date | None = None

    def but_as_booked(self, commission: Commission) -> Figures:
        """Return only those of the figures that are booked otherwise."""
        booked = (commission.agreement_value, commission.percent, commission.closed_on)
        given = (self.value, self.percent, self.closed_on)
        value, percent, closed_on = (
            None if one == other else one for one, other in zip(given, booked, strict=True)
        )
        return Figures(value=value, percent=percent, closed_on=closed_on)  # type: ignore[arg-type]


NOTHING = Figures()


def settle_item(
    *,
    actor: Actor,
    item_id: str,
    resolution: str,
    reason: str = "",
    value: Decimal | None = None,
    percent: Decimal | None = None,
    closed_on: dt.date | None = None,
) -> ReconciliationItem:
    """Decide an open difference: as recorded, as the partner claims, or with other figures.

    The last one settled confirms the closing. Figures that change have to be approved by somebody
    else. That a deal is stated which is none of ours is settled by saying why.

    :param value, percent, closed_on: for other figures; in the deal's currency, and 15 for 15 %
    :raises Conflict: if it is settled already, or is about a second closing of the lead
    :raises Malformed: if nothing, or nothing possible, is said to be right
    """
    other = Figures(value=value, percent=percent, closed_on=closed_on)
    with transaction.atomic():
        require(actor, Can.CORRECT_COMMISSION)
        item = open_item_of(actor, item_id)
        if item.kind == Kind.MISSING_OURS:
            _settle_missing(actor, item, resolution, reason)
        else:
            _settle(actor, item, resolution, reason, other)
    item.refresh_from_db()
    return item


def _settle(
    actor: Actor, item: ReconciliationItem, resolution: str, reason: str, other: Figures
) -> None:
    commission = booked_of_share(str(item.share_id))
    if commission is None:
        raise Conflict(_("Nothing is booked for this closing; decide who closed the lead."))
    commission = locked_for(actor, str(commission.pk))
    item = still_open(item)
    figures = _decided(item, resolution, other).but_as_booked(commission)
    if figures != NOTHING:
        _keep_hands(commission, item, resolution)
        rebook(
            actor,
            commission,
            value=figures.value,
            percent=figures.percent,
            closed_on=figures.closed_on,
            reason=reason or item.kind,
        )
    settle(actor, ReconciliationItem.objects.filter(pk=item.pk), resolution, reason)
    tell(actor, Event.Kind.RECONCILIATION_SETTLED, commission, webhook=False, item=item.pk)
    _confirm_if_clear(actor, commission.share)


def _decided(item: ReconciliationItem, resolution: str, other: Figures) -> Figures:
    """Return the figures that RESOLUTION says are right."""
    if resolution == Resolution.RECORD:
        return Figures(
            value=item.recorded_value if item.kind == Kind.VALUE else None,
            closed_on=item.recorded_on if item.kind == Kind.DATE else None,
        )
    if resolution == Resolution.CLAIM:
        return _claimed(item)
    if resolution != Resolution.OTHER or other == NOTHING:
        raise Malformed(_("Say which figures are right."))
    return other


def _claimed(item: ReconciliationItem) -> Figures:
    if item.kind == Kind.CURRENCY:
        raise Conflict(_("A share's currency stays; settle it with other figures."))
    if item.kind == Kind.MISSING_THEIRS:
        raise Conflict(_("If there was no such deal, reverse its commission."))
    return Figures(
        value=item.claimed_value if item.kind == Kind.VALUE else None,
        percent=item.claimed_percent if item.kind == Kind.RATE else None,
        closed_on=item.claimed_on if item.kind == Kind.DATE else None,
    )


def _keep_hands(commission: Commission, item: ReconciliationItem, resolution: str) -> None:
    """Count who entered our papers among those who may not approve what is booked from them."""
    if resolution == Resolution.RECORD and commission.papers_by and item.statement_id is None:
        commission.hands = sorted({*commission.hands, commission.papers_by})


def _settle_missing(actor: Actor, item: ReconciliationItem, resolution: str, reason: str) -> None:
    if resolution != Resolution.RECORD:
        raise Malformed(_("A deal that is not closed with us is booked by closing its lead."))
    if not reason.strip():
        raise Malformed(_("Say why."))
    _lock_partners({str(item.partner_id)})
    item = still_open(item)
    settle(actor, ReconciliationItem.objects.filter(pk=item.pk), resolution, reason)
    share = item.share
    record_event(
        Event.Kind.RECONCILIATION_SETTLED,
        actor=actor,
        partner_id=str(item.partner_id),
        lead_id=str(share.lead_id) if share else None,
        share_id=str(share.pk) if share else None,
        item=str(item.pk),
    )


def book_as_agreed(*, actor: Actor, item_id: str) -> ReconciliationItem:
    """Settle a closing whose day had no exchange rate: book it in the currency agreed, now.

    At the rate of the closing day, which was imported since. Somebody else approves it.

    :raises Conflict: if there still is no rate, the question is another one, or settled already
    """
    with transaction.atomic():
        require(actor, Can.CORRECT_COMMISSION)
        item = open_item_of(actor, item_id)
        booked = booked_of_share(str(item.share_id))
        if item.kind != Kind.NO_RATE or booked is None:
            raise Conflict(_("This is no closing without an exchange rate."))
        commission = locked_for(actor, str(booked.pk))
        item = still_open(item)
        agreed = terms_of(commission.share).currency
        terms = dataclasses.replace(commission.read_terms(), currency=agreed)
        try:
            rebook(actor, commission, terms=terms, reason=item.kind)
        except NoRate:
            raise Conflict(_("There still is no exchange rate of that day; import it.")) from None
        settle(actor, ReconciliationItem.objects.filter(pk=item.pk), Resolution.OTHER)
        tell(actor, Event.Kind.RECONCILIATION_SETTLED, commission, webhook=False, item=item.pk)
        _confirm_if_clear(actor, commission.share)
    item.refresh_from_db()
    return item


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
        item = open_item_of(actor, item_id)
        if item.kind != Kind.DUPLICATE or item.share is None:
            raise Conflict(_("This is no second closing."))
        booked = booked_of(str(item.share.lead_id))
        _lock_partners({str(item.partner_id), str(booked.partner_id) if booked else ""})
        share = lock_share(item.share)
        item = still_open(item)
        if take_over:
            _take_over(actor, share, item, reason)
        resolution = Resolution.CLAIM if take_over else Resolution.RECORD
        settle(actor, ReconciliationItem.objects.filter(pk=item.pk), resolution, reason)
    return share


def _take_over(actor: Actor, share: Share, item: ReconciliationItem, reason: str) -> None:
    first = booked_of(str(share.lead_id))
    if first is not None:
        first = lock_commission(str(first.pk))
        reverse(actor, first, reason)
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


def _confirm_if_clear(actor: Actor, share: Share) -> None:
    left = share.reconciliation_items.filter(status=ReconciliationItem.Status.OPEN)
    if share.confirmed_at is None and not left.exists():
        confirm(actor, share)
