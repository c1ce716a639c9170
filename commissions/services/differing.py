"""What a statement puts in question: each difference once, whatever is imported how often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from commissions.matching import Deal, Found, Match
from commissions.models import ReconciliationItem, Statement
from commissions.services.questions import answer_by, settle
from events.models import Event
from events.services import record_event
from leads.models import Share
from portal.lib import rows
from portal.lib.access import Actor

Kind = ReconciliationItem.Kind
TOGETHER = 250  # events of one message to the database
# What of a claim a question is about; the same claim about the same lead is asked once.
_ABOUT = {
    Kind.VALUE: ("claimed_value",),
    Kind.RATE: ("claimed_percent",),
    Kind.DATE: ("claimed_on",),
    Kind.CURRENCY: ("claimed_currency",),
}
_STATED = ("reference", "claimed_value", "claimed_currency", "claimed_on")


def ask(actor: Actor, statement: Statement, found: Found) -> int:
    """Open what was never asked, and settle what the statement answers; return how many are opened.

    The partner is locked, so nobody settles meanwhile.
    """
    wanted = [*_of_lines(statement, found.matches), *_of_missing(statement, found.missing_theirs)]
    before = list(
        ReconciliationItem.objects.filter(partner=statement.partner_id).select_related("statement")
    )
    _settle_answered(actor, statement, found, wanted, before)
    asked = {_key(item) for item in before}
    open_ = {(item.share_id, item.kind) for item in before if item.share_id and _is_open(item)}
    fresh: list[ReconciliationItem] = []
    for item in wanted:
        if _key(item) not in asked and (item.share_id, item.kind) not in open_:
            asked.add(_key(item))
            fresh.append(item)
    rows.insert(fresh)
    _tell(actor, Event.Kind.RECONCILIATION_OPENED, fresh)
    return len(fresh)


def _is_open(item: ReconciliationItem) -> bool:
    return item.status == ReconciliationItem.Status.OPEN


def _key(item: ReconciliationItem) -> tuple[Any, ...]:
    """Return what makes two questions the same one."""
    about = _ABOUT.get(Kind(item.kind), ()) if item.share_id else _STATED
    return (item.kind, item.share_id, *(getattr(item, name) for name in about))


def _of_lines(statement: Statement, matches: Iterable[Match]) -> Iterator[ReconciliationItem]:
    for one in matches:
        for outcome in one.differences:
            if outcome == Kind.DUPLICATE:
                continue  # it is stated twice, which is a question about nothing we recorded
            line = one.line
            yield ReconciliationItem(
                **_given(statement, one.deal, outcome),
                share_id=one.share_id or None,
                claimed_value=line.value,
                claimed_percent=one.percent if outcome == Kind.RATE else line.percent,
                claimed_currency=line.currency,
                claimed_on=line.closed_on,
                reference="" if one.share_id else line.reference,
            )


def _of_missing(statement: Statement, deals: Iterable[Deal]) -> Iterator[ReconciliationItem]:
    for deal in deals:
        yield ReconciliationItem(
            **_given(statement, deal, Kind.MISSING_THEIRS), share_id=deal.share_id
        )


def _given(statement: Statement, deal: Deal | None, kind: str) -> dict[str, Any]:
    given: dict[str, Any] = {
        "partner_id": statement.partner_id,
        "statement": statement,
        "kind": kind,
        "due_on": answer_by(),
    }
    if deal is not None:
        given |= {
            "commission_id": deal.commission_id,
            "recorded_value": deal.value,
            "recorded_percent": deal.percent,
            "recorded_currency": deal.currency,
            "recorded_on": deal.closed_on,
        }
    return given


def _settle_answered(
    actor: Actor,
    statement: Statement,
    found: Found,
    wanted: Iterable[ReconciliationItem],
    before: Iterable[ReconciliationItem],
) -> None:
    """Settle what earlier statements put in question and this one states as it is recorded."""
    stated = {one.share_id for one in found.matches if one.deal is not None}
    asked = {(item.share_id, item.kind) for item in wanted if item.share_id}
    said = {_key(item) for item in wanted}
    answered = [
        item
        for item in before
        if _is_open(item)
        and item.statement is not None
        and (
            (item.share_id in stated and (item.share_id, item.kind) not in asked)
            or (_same_period(item.statement, statement) and _key(item) not in said)
        )
    ]
    items = ReconciliationItem.objects.filter(pk__in=[item.pk for item in answered])
    settle(actor, items, ReconciliationItem.Resolution.RECORD)
    for item in answered:
        item.status = ReconciliationItem.Status.SETTLED
    _tell(actor, Event.Kind.RECONCILIATION_SETTLED, answered)


def _same_period(one: Statement, other: Statement) -> bool:
    return (one.period_from, one.period_to) == (other.period_from, other.period_to)


def _tell(actor: Actor, kind: str, items: list[ReconciliationItem]) -> None:
    """Record what happened to each of ITEMS that is about a lead, in the lead's own story."""
    about = [item for item in items if item.share_id]
    shares = Share.objects.filter(pk__in={item.share_id for item in about})
    leads = dict(shares.values_list("pk", "lead_id"))
    for start in range(0, len(about), TOGETHER):
        with rows.together():
            for item in about[start : start + TOGETHER]:
                record_event(
                    kind,
                    actor=actor,
                    partner_id=str(item.partner_id),
                    lead_id=str(leads[item.share_id]),
                    share_id=str(item.share_id),
                    item=str(item.pk),
                    difference=item.kind,
                )
