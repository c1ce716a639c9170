"""A partner reports a closing; the commission is booked at the terms agreed, once per lead."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commissions.models import Commission, ConfirmationLimit, ReconciliationItem
from commissions.services.booking import Deal, book, count_closed, wrong_day
from commissions.services.questions import answer_by, settle
from events.models import Event
from events.services import queue_mail, queue_webhooks, record_event, refusals_recorded
from leads.models import Share, ShareStatus
from leads.services import end_share, resolve_share, update_share
from leads.services.progress import move
from leads.services.resolving import live_shares_of, lock_share
from portal.lib.access import THE_SYSTEM, Actor, Can, require
from portal.lib.errors import Conflict, Malformed
from portal.lib.money import CURRENCIES, fits
from portal.lib.parsing import problem_at

_MISSING_OURS = ReconciliationItem.Kind.MISSING_OURS
# What confirming "as recorded" cannot decide: the booking follows the claim until somebody does.
_BY_FIGURES = (ReconciliationItem.Kind.VALUE, ReconciliationItem.Kind.DATE)


class ClosingDiffers(Conflict):
    """The lead is closed already, and not like this."""

    code = "illegal_transition"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a status report did. `under_review`: closed, but another partner's closing stands."""

    share: Share
    commission: Commission | None = None
    claim_differs: bool = False
    under_review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the partner says of the deal; value in the share's currency."""

    value: Decimal
    percent: Decimal | None
    currency: str
    closed_on: dt.date | None = None


def report_status(
    *,
    actor: Actor,
    reference: str,
    status: str,
    partner_id: str | None = None,
    agreement_value: Decimal | None = None,
    claimed_percent: Decimal | None = None,
    claimed_currency: str | None = None,
    closed_on: dt.date | None = None,
    notes: str = "",
    reason: str = "",
) -> Outcome:
    """Record a partner's report about its lead; `closed` books the commission.

    Reporting what is already recorded answers the same and records nothing.

    :param reference: the partner's `share_…`, or for staff the lead's id with PARTNER_ID
    :param agreement_value: price in the signed document, in the share's currency; for `closed`
    :param claimed_percent: a claim (15 means 15 %); the rate booked is the one frozen at sharing
    :param closed_on: the day of the signed document; left out, today (UTC)
    :raises Malformed: if a closing has no value, or one that cannot be an amount
    :raises IllegalTransition: if the status cannot follow the present one
    :raises ClosingDiffers: if the lead was closed with other figures
    """
    if status != ShareStatus.CLOSED:
        share = update_share(
            actor=actor,
            reference=reference,
            partner_id=partner_id,
            status=status,
            reason=reason,
            notes=notes,
        )
        return Outcome(share)
    claim = _claim_of(agreement_value, claimed_percent, claimed_currency, closed_on)
    with refusals_recorded(
        Event.Kind.PARTNER_COMMISSION_FAILED,
        actor=actor,
        # Of a partner its own id, not the one it names: a refusal is no story of a rival's.
        partner_id=actor.partner_id or partner_id,
        share_id=reference,
        lead_id=reference,
    ):
        return _close(actor, reference, partner_id, claim, notes)


def _claim_of(
    value: Decimal | None, percent: Decimal | None, currency: str | None, closed_on: dt.date | None
) -> Claim:
    if value is None:
        raise _bad("agreementValue", _("Say at what value the deal was closed."))
    if currency and currency not in CURRENCIES:
        raise _bad("currency", _("This currency is not one we book in."))
    if percent is not None and not 0 <= percent <= 100:
        raise _bad("commissionPercent", _("A percentage lies between 0 and 100."))
    if percent is not None and percent != percent.quantize(Decimal("0.0001")):
        raise _bad("commissionPercent", _("A percentage has at most four decimals."))
    return Claim(value=value, percent=percent, currency=currency or "", closed_on=closed_on)


def _bad(field: str, detail: str) -> Malformed:
    return Malformed(detail, errors=[problem_at(f"#/{field}", detail, "invalid")])


@transaction.atomic
def _close(
    actor: Actor, reference: str, partner_id: str | None, claim: Claim, notes: str
) -> Outcome:
    require(actor, Can.CLOSE_LEAD)
    share = lock_share(resolve_share(actor, reference, partner_id))
    if claim.value <= 0 or not fits(claim.value, share.currency):
        raise _bad(
            "agreementValue",
            _("A value above 0 with at most 12 digits and no smaller part than %(currency)s has.")
            % {"currency": share.currency},
        )
    if share.status == ShareStatus.CLOSED:
        return _repeated(share, claim)
    if claim.closed_on and (why := wrong_day(share, claim.closed_on)):
        raise _bad("closingDate", why)
    # The lead is locked, so nobody books it meanwhile.
    booked_already = booked_of(str(share.lead_id)) is not None
    move(actor, share, ShareStatus.CLOSED, notes=notes)
    if booked_already:
        _put_in_question(share, claim, ReconciliationItem.Kind.DUPLICATE)
        return Outcome(share, claim_differs=_differs(claim, share), under_review=True)
    commission = record_closing(actor, share, claim)
    return Outcome(share, commission, claim_differs=commission.claim_differs)


def booked_of(lead_id: str) -> Commission | None:
    """Return the commission booked for a lead, unless it was reversed."""
    booked = Commission.objects.filter(lead=lead_id)
    return booked.exclude(status=Commission.Status.REVERSED).first()


def record_closing(actor: Actor, share: Share, claim: Claim) -> Commission:
    """Book a locked closed share, tell its partner, and confirm it where nothing is in question."""
    closed = share.closed_at or timezone.now()
    deal = Deal(value=claim.value, closed_on=claim.closed_on or closed.date())
    commission, lacks_rate = book(
        actor, share, deal, claimed_percent=claim.percent, claimed_currency=claim.currency
    )
    count_closed(share, commission)
    _tell(actor, share, commission)
    stated = share.reconciliation_items.filter(status="open", kind=_MISSING_OURS)
    settle(actor, stated, ReconciliationItem.Resolution.CLAIM)
    kinds = _differences(share, claim)
    if lacks_rate:
        kinds.append(ReconciliationItem.Kind.NO_RATE)
    for kind in kinds:
        _put_in_question(share, claim, kind, commission)
    if not kinds and _confirms_itself(share, claim.value):
        confirm(actor, share)
    return commission


def _confirms_itself(share: Share, value: Decimal) -> bool:
    """Return whether a closing of VALUE needs nobody to look; where no limit is set, none does."""
    limits = ConfirmationLimit.objects.filter(
        market=share.lead.market, currency=share.currency, amount__lt=value
    )
    return not limits.exists()


def _repeated(share: Share, claim: Claim) -> Outcome:
    """Answer a closing that is recorded already, if it is the same one."""
    commission = share.commissions.order_by("-recorded_at", "-pk").first()
    if commission is None:
        item = share.reconciliation_items.filter(kind=ReconciliationItem.Kind.DUPLICATE)[0]
        recorded = Claim(
            value=item.claimed_value, percent=item.claimed_percent, currency=item.claimed_currency
        )
    else:
        recorded = Claim(
            value=commission.claimed_value,
            percent=commission.claimed_percent,
            currency=commission.claimed_currency,
        )
    if _agreed(claim, share) != _agreed(recorded, share):
        raise ClosingDiffers(
            _("This lead was closed already, with other figures."), current=share.status
        )
    return Outcome(
        share,
        commission,
        claim_differs=_differs(recorded, share),
        under_review=commission is None,
    )


def _agreed(claim: Claim, share: Share) -> Claim:
    """Return CLAIM with what it leaves out read as the terms of the share, without its day."""
    return Claim(
        value=claim.value,
        percent=share.commission_percent if claim.percent is None else claim.percent,
        currency=claim.currency or share.currency,
    )


def _differs(claim: Claim, share: Share) -> bool:
    """Return whether CLAIM names another rate or currency than the share's."""
    return _agreed(claim, share) != Claim(
        value=claim.value, percent=share.commission_percent, currency=share.currency
    )


def _differences(share: Share, claim: Claim) -> list[str]:
    """Return in what CLAIM differs from what was agreed."""
    kinds: list[str] = []
    if claim.percent is not None and claim.percent != share.commission_percent:
        kinds.append(ReconciliationItem.Kind.RATE)
    if claim.currency not in ("", share.currency):
        kinds.append(ReconciliationItem.Kind.CURRENCY)
    return kinds


def _put_in_question(
    share: Share, claim: Claim, kind: str, commission: Commission | None = None
) -> None:
    ReconciliationItem.objects.create(
        share=share,
        partner_id=share.partner_id,
        commission=commission,
        kind=kind,
        claimed_value=claim.value,
        claimed_percent=claim.percent,
        claimed_currency=claim.currency,
        claimed_on=claim.closed_on,
        recorded_value=commission.agreement_value if commission else None,
        recorded_on=commission.closed_on if commission else None,
        recorded_percent=share.commission_percent,
        recorded_currency=share.currency,
        due_on=answer_by(),
    )


def _tell(actor: Actor, share: Share, commission: Commission) -> None:
    event = record_event(
        Event.Kind.PARTNER_COMMISSION_RECORDED,
        actor=actor,
        partner_id=str(share.partner_id),
        lead_id=str(share.lead_id),
        share_id=str(share.pk),
        commission=str(commission.pk),
        claim_differs=commission.claim_differs,
    )
    refs = {"share": str(share.pk), "commission": str(commission.pk)}
    queue_webhooks(
        event,
        "commission.recorded",
        partner_id=str(share.partner_id),
        refs=refs,
        endpoint_id=share.endpoint_id,
    )
    if share.partner.contact_email:
        queue_mail(event, "commission_recorded", refs=refs)


def confirm_closing(*, actor: Actor, reference: str) -> Share:
    """Confirm a closing as recorded; it settles what is open and ends the other live shares.

    :raises Conflict: if the share holds no commission to confirm, or our papers say another value
        or day than is booked
    """
    with transaction.atomic():
        require(actor, Can.CONFIRM_CLOSING)
        share = lock_share(resolve_share(actor, reference))
        booked = share.commissions.exclude(status=Commission.Status.REVERSED)
        if not booked.exists():
            raise Conflict(_("There is no commission of this share to confirm."))
        if share.confirmed_at is None:
            still_open = share.reconciliation_items.filter(status="open")
            if still_open.filter(kind__in=_BY_FIGURES).exists():
                raise Conflict(_("Its value or day is in question: settle that first."))
            settle(actor, still_open, ReconciliationItem.Resolution.RECORD)
            confirm(actor, share)
    return share


def confirm(actor: Actor, share: Share) -> None:
    """Stamp a locked closing and end the lead's other live shares, without telling who won."""
    share.confirmed_at = timezone.now()
    share.save(update_fields=["confirmed_at"])
    lead = share.lead
    lead.collaboration_outcomes.append(
        {
            "partner": str(share.partner_id),
            "outcome": ShareStatus.CLOSED,
            "reason": "",
            "at": share.confirmed_at.isoformat(),
        }
    )
    lead.save(update_fields=["collaboration_outcomes"])
    record_event(
        Event.Kind.CLOSING_CONFIRMED,
        actor=actor,
        partner_id=str(share.partner_id),
        lead_id=str(share.lead_id),
        share_id=str(share.pk),
    )
    for other in live_shares_of(lead, but=share):
        other.lead = lead
        end_share(THE_SYSTEM, other, "lead closed")  # whoever acted works for the winner, perhaps
