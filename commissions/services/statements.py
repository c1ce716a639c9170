"""Take in a partner's statement: every line is matched, every difference put in question once."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from commissions.matching import Deal, Found, Line, Records, Tolerance, match
from commissions.models import Commission, Statement, StatementLine
from commissions.services.differing import ask
from commissions.statement_file import read_statement
from commissions.tolerance import tolerance
from events.models import Event
from events.services import record_event
from leads.models import Share
from partners.models import Partner
from partners.types import CURRENCY_OF_MARKET, Market
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Malformed, NotFound
from portal.lib.ids import is_id

Outcome = StatementLine.Outcome
LONGEST = dt.timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The statement, and whether it is new: the same file again is answered by the first."""

    statement: Statement
    is_new: bool


def import_statement(
    *,
    actor: Actor,
    partner_id: str,
    first: dt.date,
    last: dt.date,
    content: bytes,
    file_name: str,
) -> Imported:
    """Take in a statement of what a partner closed from FIRST to LAST, or nothing of it.

    Each difference becomes a question with a day to answer it by, once: neither the same statement
    again nor a corrected one asks what was asked before. What a corrected statement no longer
    states otherwise is settled.

    :param content: a CSV or XLSX file
    :raises FileRefused: with every row and column that cannot be read
    :raises Malformed: if the period cannot be
    :raises NotFound: if there is no such partner
    """
    require(actor, Can.IMPORT_STATEMENT)
    if not first <= last <= first + LONGEST:
        raise Malformed(_("A statement is about a day to a year, from the first day to the last."))
    within = tolerance()
    with transaction.atomic():
        partner = _locked(actor, partner_id)
        file_hash = hashlib.sha256(content).hexdigest()
        known = partner.statements.filter(file_hash=file_hash).first()
        if known is not None:
            return Imported(statement=known, is_new=False)
        lines = _read(partner, content, first, last, within)
        statement = Statement.objects.create(
            partner=partner,
            period_from=first,
            period_to=last,
            file_name=file_name[-200:],
            file_hash=file_hash,
            imported_by=actor.actor_id,
        )
        found = match(lines, _records(statement, lines, within), within)
        _keep(statement, found)
        asked = ask(actor, statement, found)
        record_event(
            Event.Kind.STATEMENT_IMPORTED,
            actor=actor,
            partner_id=str(partner.pk),
            statement=str(statement.pk),
            lines=len(found.matches),
            agree=sum(one.outcome == Outcome.MATCHED for one in found.matches),
            asked=asked,
        )
    return Imported(statement=statement, is_new=True)


def _locked(actor: Actor, partner_id: str) -> Partner:
    visible = Partner.objects.visible_to(actor).select_for_update(no_key=True)
    partner = visible.filter(pk=partner_id).first() if is_id("partner", partner_id) else None
    if partner is None:
        raise NotFound(_("There is no such partner."))
    return partner


def _read(
    partner: Partner, content: bytes, first: dt.date, last: dt.date, within: Tolerance
) -> list[Line]:
    around = dt.timedelta(days=within.days)
    return read_statement(
        content,
        currency=CURRENCY_OF_MARKET[Market(partner.market)],
        first=first - around,
        last=last + around,
    )


def _records(statement: Statement, lines: Sequence[Line], within: Tolerance) -> Records:
    """Return what we know of the partner as far as LINES may be about it."""
    booked = Commission.objects.filter(partner=statement.partner_id)
    named = _named(statement.partner_id, [line.names for line in lines if line.names])
    stands = booked.exclude(status=Commission.Status.REVERSED)
    around = dt.timedelta(days=within.days)
    nearby = _deals(
        stands.filter(
            closed_on__range=(statement.period_from - around, statement.period_to + around)
        )
    )
    elsewhere = set(
        StatementLine.objects.filter(statement__partner=statement.partner_id, share__isnull=False)
        .exclude(statement__period_from=statement.period_from)
        .values_list("share_id", flat=True)
    )
    shares = [share_id for share_id in named.values() if share_id]
    reversed_ = booked.filter(share__in=shares, status=Commission.Status.REVERSED)
    return Records(
        named=named,
        deals={deal.share_id: deal for deal in _deals(stands.filter(share__in=shares))},
        of_period=[
            deal
            for deal in nearby
            if statement.period_from <= deal.closed_on <= statement.period_to
            and deal.share_id not in elsewhere
        ],
        nearby=nearby,
        reversed=frozenset(map(str, reversed_.values_list("share_id", flat=True))),
    )


def _named(partner_id: str, names: Sequence[str]) -> dict[str, str]:
    """Return the share each of NAMES stands for; of short forms only those that fit one alone."""
    shares = Share.objects.filter(partner=partner_id)
    given = [name for name in names if is_id("share", name)]
    found = {str(pk): str(pk) for pk in shares.filter(pk__in=given).values_list("pk", flat=True)}
    by_commission = Commission.objects.filter(
        partner=partner_id, pk__in=[name for name in names if is_id("rev", name)]
    )
    found |= {str(pk): str(share) for pk, share in by_commission.values_list("pk", "share_id")}
    short = {name for name in names if "_" not in name}
    if short:
        fitting: dict[str, list[str]] = {}
        for pk in shares.filter(closed_at__isnull=False).values_list("pk", flat=True):
            fitting.setdefault(str(pk)[-6:].upper(), []).append(str(pk))
        found |= {one: fitting[one][0] for one in short if len(fitting.get(one, ())) == 1}
    return {name: "" for name in names if "_" in name} | found


def _deals(commissions: QuerySet[Commission]) -> list[Deal]:
    return [
        Deal(
            share_id=str(booked.share_id),
            commission_id=str(booked.pk),
            closed_on=booked.closed_on,
            value=booked.agreement_value,
            percent=booked.percent,
            currency=booked.currency,
            amounts=_amounts(booked),
        )
        for booked in commissions.order_by("closed_on", "pk")
    ]


def _amounts(booked: Commission) -> tuple[Any, ...]:
    """Return what may be stated as the commission: all of it, or what one side pays the other."""
    if booked.settlement_currency == booked.currency:
        return (booked.amount, booked.moved)
    return (booked.amount,)


def _keep(statement: Statement, found: Found) -> None:
    StatementLine.objects.bulk_create(
        [
            StatementLine(
                statement=statement,
                number=one.line.number,
                reference=one.line.reference,
                share_id=one.share_id or None,
                closed_on=one.line.closed_on,
                value=one.line.value,
                percent=one.line.percent,
                amount=one.line.amount,
                currency=one.line.currency,
                outcome=one.outcome,
                hint=one.hint,
            )
            for one in found.matches
        ],
        batch_size=1_000,
    )
