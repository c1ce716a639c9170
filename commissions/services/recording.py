"""What the company's own papers say of a closed deal, beside what the partner claims."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from commissions.ledger import Stage, standing_of
from commissions.models import Commission, ReconciliationItem
from commissions.services.booking import tell, wrong_day
from commissions.services.questions import open_question, settle
from commissions.services.settling import locked_for
from commissions.tolerance import tolerance
from events.models import Event
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Conflict, Malformed
from portal.lib.money import CURRENCIES, fits

Kind = ReconciliationItem.Kind


def record_deal(
    *, actor: Actor, commission_id: str, value: Decimal, closed_on: dt.date, currency: str = ""
) -> Commission:
    """Record what our own papers say of a deal; where the claim differs, a question is opened.

    What is booked stays until the question is settled, and nothing is confirmed by it. What was
    recorded before is replaced, and a question it opened that is none any more is settled.

    :param value: the price in the signed document, in CURRENCY
    :param currency: of the document; empty: the deal's
    :raises Conflict: if the commission was reversed or some of it is paid
    :raises Malformed: if a figure cannot be
    """
    with transaction.atomic():
        require(actor, Can.CONFIRM_CLOSING)
        commission = locked_for(actor, commission_id)
        currency = currency or commission.currency
        _check(commission, value, closed_on, currency)
        commission.papers_value, commission.papers_on = value, closed_on
        commission.papers_currency = currency
        commission.papers_by, commission.papers_at = actor.actor_id, timezone.now()
        commission.save(update_fields=_PAPERS)
        kinds = differences(commission)
        _ask(actor, commission, kinds)
        found = Event.Kind.DEAL_RECORDED
        tell(actor, found, commission, webhook=False, differs=bool(kinds))
    return commission


_PAPERS = ("papers_value", "papers_on", "papers_currency", "papers_by", "papers_at")


def _check(commission: Commission, value: Decimal, closed_on: dt.date, currency: str) -> None:
    if commission.reversed_at is not None:
        raise Conflict(_("This commission was reversed."))
    if standing_of(commission)[Stage.PAID] > 0:
        raise Conflict(_("Some of it is paid already: correct it instead."))
    if currency not in CURRENCIES:
        raise Malformed(_("This currency is not one we book in."))
    if value <= 0 or not fits(value, currency):
        raise Malformed(
            _("A value above 0 with at most 12 digits and no smaller part than %(currency)s has.")
            % {"currency": currency}
        )
    if why := wrong_day(commission.share, closed_on):
        raise Malformed(why)


def differences(commission: Commission) -> list[str]:
    """Return in what our papers differ from the claim; values of two currencies do not compare.

    Papers name the value to the last minor unit, so only days have a tolerance here.
    """
    if commission.papers_value is None or commission.papers_on is None:
        return []
    kinds: list[str] = []
    if commission.papers_currency != commission.currency:
        kinds.append(Kind.CURRENCY)
    elif commission.claimed_value != commission.papers_value:
        kinds.append(Kind.VALUE)
    if not tolerance().same_day(commission.claimed_on, commission.papers_on):
        kinds.append(Kind.DATE)
    return kinds


def _ask(actor: Actor, commission: Commission, kinds: list[str]) -> None:
    """Open a question for each of KINDS, or bring an open one to what is recorded now."""
    recorded = {
        "recorded_value": commission.papers_value,
        "recorded_currency": commission.papers_currency,
        "recorded_on": commission.papers_on,
    }
    asked = commission.share.reconciliation_items.filter(status="open")
    by_papers = asked.filter(kind__in=(Kind.VALUE, Kind.DATE), statement=None)
    settle(actor, by_papers.exclude(kind__in=kinds), ReconciliationItem.Resolution.RECORD)
    for kind in kinds:
        if asked.filter(kind=kind).update(**recorded):
            continue
        open_question(
            actor,
            str(commission.lead_id),
            share=commission.share,
            partner_id=commission.partner_id,
            commission=commission,
            kind=kind,
            claimed_value=commission.claimed_value,
            claimed_percent=commission.claimed_percent,
            claimed_currency=commission.claimed_currency or commission.currency,
            claimed_on=commission.claimed_on,
            recorded_percent=commission.percent,
            **recorded,
        )
