"""Book what a deal earned, and everything that follows from one amount becoming another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from commissions.agreements import terms_of
from commissions.exchange import NoRate, Rate, rate_on
from commissions.ledger import OPEN_STAGES, Stage, Standing, move, standing_of, status_of
from commissions.models import Commission, Dispute, Instalment, LedgerEntry, TierVolume
from commissions.terms import Earned, Terms, Volume
from events.models import Event
from events.services import queue_webhooks, record_event
from leads.models import Share
from leads.services.counting import count
from leads.services.resolving import lock_lead
from partners.licensing import TIME_ZONES
from partners.models import Partner
from partners.types import Market
from portal.lib import ids, rows
from portal.lib.access import Actor
from portal.lib.errors import Conflict, NotFound
from portal.lib.money import HUNDRED, apportioned, percentage_of, rounded

ZERO = Decimal(0)
# Deals are reported late and shares recorded late, but not by as much: that is a mistyped year.
OLDEST_CLOSING = dt.timedelta(days=365)

Change = Callable[..., None]


class FourEyes(Conflict):
    """Whoever entered or changed a rate or an amount does not approve it."""

    code = "four_eyes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """A closed deal as it is booked: its value in the share's currency and its day."""

    value: Decimal
    closed_on: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a deal comes to: in the currency of the deal, and settled."""

    amount: Decimal
    percent: Decimal
    currency: str
    earned: Earned
    rate: Rate | None


def wrong_day(share: Share, day: dt.date) -> str:
    """Return why a deal of SHARE cannot have been signed on DAY, or nothing where it can.

    Days are those of the market: there the partner's clock may be ahead of UTC.
    """
    zone = TIME_ZONES[Market(share.lead.market)]
    if day > timezone.localdate(timezone=zone):
        return _("A deal cannot have been closed on a day to come.")
    if day < timezone.localdate(share.shared_at, zone) - OLDEST_CLOSING:
        return _("That is long before the lead was shared. Look at the year.")
    return ""


def lock_commission(commission_id: str) -> Commission:
    """Lock the partner, the lead, the share and then the commission; return it with them.

    :raises NotFound: if there is none
    """
    found = Commission.objects.filter(pk=commission_id) if ids.is_id("rev", commission_id) else None
    if found is None or (row := found.values("partner_id", "lead_id", "share_id").first()) is None:
        raise NotFound(_("There is no such commission."))
    partner = Partner.objects.select_for_update(no_key=True).get(pk=row["partner_id"])
    lead = lock_lead(str(row["lead_id"]))
    share = Share.objects.select_for_update(no_key=True).get(pk=row["share_id"])
    commission = Commission.objects.select_for_update(no_key=True).get(pk=commission_id)
    share.partner, share.lead = partner, lead
    commission.partner, commission.lead, commission.share = partner, lead, share
    return commission


def book(
    actor: Actor,
    share: Share,
    deal: Deal,
    *,
    claimed_percent: Decimal | None,
    claimed_currency: str,
) -> tuple[Commission, bool]:
    """Book DEAL of a locked share under the terms frozen on it.

    :returns: the commission, and whether the rate to the currency agreed is missing; then it is
        booked in the currency of the deal, for finance to put right
    """
    terms, lacks_rate = _with_rate(terms_of(share), share.currency, deal.closed_on)
    worth = work_out(terms, share, deal)
    hands = {*terms.entered_by}
    if actor.partner_id is None:
        hands.add(actor.actor_id)  # staff who enter a value for the partner
    hands |= worth.rate.hands if worth.rate else set()
    commission = Commission(
        lead=share.lead,
        share=share,
        partner_id=share.partner_id,
        currency=share.currency,
        direction=share.direction,
        terms=terms.as_json(),
        claimed_value=deal.value,
        claimed_percent=claimed_percent,
        claimed_currency=claimed_currency,
        claimed_on=deal.closed_on,
        recorded_by=actor.actor_id,
        recorded_at=share.closed_at or timezone.now(),
        hands=sorted(hands),
    )
    write_worth(commission, worth, deal)
    commission.claimed_amount = _claimed_amount(commission, terms)
    rows.insert([commission])
    rows.insert(_instalments(commission, terms))
    accrue(actor, commission, worth.earned)
    return commission, lacks_rate


def _with_rate(terms: Terms, currency: str, day: dt.date) -> tuple[Terms, bool]:
    if terms.currency in ("", currency):
        return terms, False
    try:
        rate_on(currency, terms.currency, day)
    except NoRate:
        return replace(terms, currency=currency), True
    return terms, False


def work_out(terms: Terms, share: Share, deal: Deal) -> Worth:
    """Return what DEAL comes to under TERMS, counting it to the volume of its period."""
    currency = terms.currency or share.currency
    rate = rate_on(share.currency, currency, deal.closed_on) if currency != share.currency else None
    value = deal.value if rate is None else deal.value * rate.rate
    volume = _lock_volume(terms, share, currency, deal.closed_on)
    before = Volume(value=volume.value, booked=volume.booked) if volume else None
    earned = terms.earned(value, currency, before)
    if volume is not None:
        booked = terms.moved(earned.amount, currency) + earned.rerated
        _count_volume(volume, rounded(value, currency), booked)
    amount = earned.amount
    if rate is not None:
        amount = _in_deal_currency(terms, deal.value, share.currency, earned, rate)
    return Worth(amount=amount, percent=earned.percent, currency=currency, earned=earned, rate=rate)


def _claimed_amount(commission: Commission, terms: Terms) -> Decimal:
    """Return what one side would pay the other if the claim were right, in `claim_currency`."""
    percent = commission.claimed_percent
    if commission.claimed_currency not in ("", commission.currency):
        rate = commission.percent if percent is None else percent
        return percentage_of(commission.claimed_value, rate, commission.claimed_currency)
    if percent is None or percent == commission.share.commission_percent:
        return commission.moved
    currency = commission.settlement_currency
    value = commission.claimed_value * (commission.exchange_rate or 1)
    return terms.moved(percentage_of(value, percent, currency, terms.rounding), currency)


def _in_deal_currency(
    terms: Terms, value: Decimal, currency: str, earned: Earned, rate: Rate
) -> Decimal:
    """Return the amount as partners see it beside the value: value × rate where that is it."""
    if earned.percent == terms.percent:
        return percentage_of(value, earned.percent, currency, terms.rounding)
    return rounded(earned.amount / rate.rate, currency, terms.rounding)


def write_worth(commission: Commission, worth: Worth, deal: Deal) -> None:
    """Set what COMMISSION says it is worth; the ledger is written elsewhere."""
    commission.agreement_value, commission.closed_on = deal.value, deal.closed_on
    commission.percent, commission.amount = worth.percent, worth.amount
    commission.settlement_currency = worth.currency
    commission.settled_amount = worth.earned.amount
    commission.partner_part = worth.earned.partner_part
    commission.platform_part = worth.earned.platform_part
    if worth.rate is None:
        commission.exchange_rate = commission.exchange_day = None
        commission.exchange_source = ""
    else:
        commission.exchange_rate, commission.exchange_day = worth.rate.rate, worth.rate.day
        commission.exchange_source = worth.rate.source[:200]


def accrue(actor: Actor, commission: Commission, earned: Earned) -> None:
    """Write what COMMISSION earns into the ledger, as waiting to be approved."""
    on = commission.closed_on
    if commission.moved > 0:
        kind = LedgerEntry.Kind.ACCRUAL
        move(commission, kind, Stage.EARNED, Stage.ACCRUED, commission.moved, actor=actor, on=on)
    if earned.rerated:
        _rerate(actor, commission, earned.rerated)


def _rerate(actor: Actor, commission: Commission, difference: Decimal) -> None:
    """Book what the deals before earn more or less at the rate reached, beside this one."""
    kind, on = LedgerEntry.Kind.RERATING, commission.closed_on
    moved = abs(difference)
    if difference > 0:
        move(commission, kind, Stage.EARNED, Stage.ACCRUED, moved, actor=actor, on=on)
        return
    # They earned too much: out of this deal as far as it goes, the rest is owed back.
    here = min(moved, commission.moved)
    for source, part in ((Stage.ACCRUED, here), (Stage.OWED_BACK, moved - here)):
        if part > 0:
            move(commission, kind, source, Stage.EARNED, part, actor=actor, on=on)


def _instalments(commission: Commission, terms: Terms) -> list[Instalment]:
    """Return when it falls due; a closed deal without milestones has met the only condition."""
    held = dt.timedelta(days=terms.holding_days)
    met = commission.closed_on if not terms.milestones else None
    return [
        Instalment(
            commission=commission,
            number=number,
            condition=milestone.condition[:200],
            percent=milestone.percent,
            met_on=met,
            due_on=met + held if met else None,
        )
        for number, milestone in enumerate(terms.instalments(), start=1)
    ]


def _lock_volume(terms: Terms, share: Share, currency: str, day: dt.date) -> TierVolume | None:
    if not terms.counts_volume:
        return None
    key = {
        "agreement_id": terms.agreement,
        "period": terms.period_of(day),
        "currency": currency,
    }
    TierVolume.objects.bulk_create(
        [TierVolume(partner_id=share.partner_id, **key)], ignore_conflicts=True
    )
    return TierVolume.objects.select_for_update().get(**key)


def _count_volume(volume: TierVolume, value: Decimal, booked: Decimal) -> None:
    TierVolume.objects.filter(pk=volume.pk).update(
        value=F("value") + value, booked=F("booked") + booked
    )


def uncount_volume(commission: Commission, recorded: Decimal) -> None:
    """Take a deal that is reversed out of the volume of its period.

    :param recorded: what the ledger says it earned
    """
    terms = commission.read_terms()
    if not terms.counts_volume:
        return
    volume = _lock_volume(
        terms, commission.share, commission.settlement_currency, commission.closed_on
    )
    if volume is not None:
        rate = commission.exchange_rate or Decimal(1)
        value = rounded(commission.agreement_value * rate, commission.settlement_currency)
        _count_volume(volume, -value, -recorded)


def undo(actor: Actor, commission: Commission, kind: str, *, on: dt.date) -> Standing:
    """Take back everything COMMISSION has earned; what was paid is owed back from now on.

    At the exchange rate of the first entry, since the ledger is in the currency of the settlement.

    :returns: where it stood before
    """
    before = standing_of(commission)
    first = (
        commission.entries.filter(kind=LedgerEntry.Kind.ACCRUAL).order_by("-recorded_at").first()
    )
    undone = first.pk if first else None
    left = before.recorded
    for stage in (*OPEN_STAGES, Stage.HELD):
        part = min(before[stage], left)
        if part > 0:
            move(commission, kind, stage, Stage.EARNED, part, actor=actor, on=on, reverses=undone)
            left -= part
    if left:
        kind = LedgerEntry.Kind.CLAWBACK
        steps = (Stage.OWED_BACK, Stage.EARNED)
        source, target = steps if left > 0 else steps[::-1]
        move(commission, kind, source, target, abs(left), actor=actor, on=on, reverses=undone)
    return before


def parts_due(commission: Commission, instalments: list[Instalment], on: dt.date) -> Decimal:
    """Return how many percent of COMMISSION have fallen due by ON."""
    return sum((i.percent for i in instalments if i.due_on and i.due_on <= on), ZERO)


def due_amount(commission: Commission, recorded: Decimal, on: dt.date) -> Decimal:
    """Return how much of RECORDED has fallen due by ON; the parts add up to it."""
    instalments = list(commission.instalments.order_by("number"))
    weights = [instalment.percent for instalment in instalments]
    if not weights or recorded <= 0 or parts_due(commission, instalments, on) == HUNDRED:
        return max(recorded, ZERO)
    parts = apportioned(recorded, weights, commission.settlement_currency)
    pairs = zip(instalments, parts, strict=True)
    return sum((part for i, part in pairs if i.due_on and i.due_on <= on), ZERO)


def save_status(commission: Commission, *fields: str) -> None:
    """Set the status that the ledger comes to, and save it with FIELDS."""
    if commission.reversed_at is not None:
        commission.status = Commission.Status.REVERSED
    else:
        disputed = commission.disputes.filter(status=Dispute.Status.OPEN).exists()
        waiting = commission.approved_at is None
        found = status_of(standing_of(commission), disputed=disputed)
        if waiting and found == Commission.Status.PAID:
            found = Commission.Status.PENDING  # nothing is left of it, or it earned nothing
        commission.status = found
    commission.save(update_fields=["status", *fields])


def count_closed(share: Share, commission: Commission, change: Change = count) -> None:
    """Add a closed deal to the partner's figures of its day, or with `take_out` take it out."""
    accepted = share.accepted_at
    if share.closed_at is None or accepted is None:
        raise AssertionError("a closed share was accepted and closed")
    change(
        share,
        commission.recorded_at,
        closed=1,
        revenue=commission.agreement_value,
        commission=commission.amount,
        close_seconds=round((share.closed_at - accepted).total_seconds()),
    )


def tell(
    actor: Actor, kind: str, commission: Commission, *, webhook: bool = True, **data: Any
) -> Event:
    """Record what happened to COMMISSION, and send its partner its new state."""
    event = record_event(
        kind,
        actor=actor,
        partner_id=str(commission.partner_id),
        lead_id=str(commission.lead_id),
        share_id=str(commission.share_id),
        commission=str(commission.pk),
        **data,
    )
    if webhook:
        queue_webhooks(
            event,
            "commission.updated",
            partner_id=str(commission.partner_id),
            refs={"share": str(commission.share_id), "commission": str(commission.pk)},
            endpoint_id=commission.share.endpoint_id,
        )
    return event
