"""What partners claim, what is recorded, and where the money of their deals lies.

One SQL for all partners: the claims from the commissions, everything else from the entries of the
ledger. Currencies and who pays whom stay apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, CharField, F, Q, QuerySet, When
from django.db.models.functions import Coalesce

from commissions.ledger import ACCOUNTS, IS_PAID, PAYS, Stage
from commissions.models import Commission, ReconciliationItem
from commissions.periods import Period
from portal.lib import ids
from portal.lib.access import Actor

MONEY = ("claimed", "recorded", "accrued", "approved", "payable", "held", "paid", "owed_back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Where the deals of one partner stand, in one currency and direction.

    :param deals: how many closed, without those reversed
    :param claimed: what would move if the partner's claims were right
    :param recorded: what the ledger says is earned; it is accrued, approved (and not due yet),
        payable, held in dispute or paid, less what is owed back
    :param questions: open differences of the partner, whatever their currency
    :param due_on: by when the first of them has to be decided
    """

    partner_id: str
    partner: str
    currency: str
    direction: str
    deals: int
    claimed: Decimal
    recorded: Decimal
    accrued: Decimal
    approved: Decimal
    payable: Decimal
    held: Decimal
    paid: Decimal
    owed_back: Decimal
    questions: int
    due_on: dt.date | None

    @property
    def difference(self) -> Decimal:
        """What is claimed beyond what is recorded."""
        return self.claimed - self.recorded


# Read twice rather than kept: what is kept is read by one process alone, which takes twice as long.
_SQL = """
WITH deals AS NOT MATERIALIZED ({deals}),
questions AS (
  SELECT partner_id, count(*) AS questions, min(due_on) AS due_on FROM ({items}) AS item GROUP BY 1
),
claims AS (
  SELECT partner_id, claimed_in AS currency, direction, count(*) AS deals,
    sum(claimed_amount) AS claimed
  FROM deals WHERE status <> 'reversed' GROUP BY 1, 2, 3
),
steps AS (
  SELECT d.partner_id, e.currency, d.direction, e.debit, e.credit, sum(e.amount) AS amount
  FROM deals d JOIN commissions_ledgerentry e ON e.commission_id = d.id GROUP BY 1, 2, 3, 4, 5
),
money AS (
  SELECT partner_id, currency, direction, {stages}
  FROM (
    SELECT partner_id, currency, direction, account,
      amount * sign * CASE direction WHEN %s THEN 1 ELSE -1 END AS amount
    FROM steps, LATERAL (VALUES (debit, -1), (credit, 1)) AS leg (account, sign)
  ) AS leg GROUP BY 1, 2, 3
)
SELECT p.id, p.name, currency, direction, coalesce(deals, 0), coalesce(claimed, 0), {money},
  coalesce(questions, 0), due_on
FROM claims FULL JOIN money USING (partner_id, currency, direction)
LEFT JOIN questions USING (partner_id) JOIN partners_partner p ON p.id = partner_id
ORDER BY questions IS NULL, p.name, p.id, direction, currency
"""
_STAGES = (
    Stage.EARNED, Stage.ACCRUED, Stage.APPROVED, Stage.PAYABLE, Stage.HELD, Stage.PAID,
    Stage.OWED_BACK,
)  # fmt: skip


def figures_for(*, user: Actor, period: Period, search: str = "") -> list[Figures]:
    """Return the figures of the deals USER may see that closed in PERIOD, in one query.

    Partners with open differences come first.

    :param search: part of the partner's name
    """
    deals, deal_params = _compiled(_deals(user, period, search))
    items, item_params = _compiled(_questions(user, period, search))
    columns = ", ".join(
        f"sum(amount) FILTER (WHERE account IN (%s, %s)) AS {stage}" for stage in _STAGES
    )
    accounts = [ACCOUNTS[way][stage].value for stage in _STAGES for way in (PAYS, IS_PAID)]
    money = ", ".join(
        f"coalesce({'-' if stage in (Stage.EARNED, Stage.OWED_BACK) else ''}{stage}, 0)"
        for stage in _STAGES
    )
    sql = _SQL.format(deals=deals, items=items, stages=columns, money=money)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*deal_params, *item_params, *accounts, PAYS.value])
        return [_figures(row) for row in cursor.fetchall()]


def _figures(row: tuple[Any, ...]) -> Figures:
    partner_id, partner, currency, direction, deals, claimed, *rest = row
    recorded, accrued, approved, payable, held, paid, owed_back, questions, due_on = rest
    return Figures(
        partner_id=ids.encode("partner", partner_id),
        partner=partner,
        currency=currency,
        direction=direction,
        deals=deals,
        claimed=claimed,
        recorded=recorded,
        accrued=accrued,
        approved=approved,
        payable=payable,
        held=held,
        paid=paid,
        owed_back=owed_back,
        questions=questions,
        due_on=due_on,
    )


def _compiled(rows: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    sql, params = rows.query.sql_with_params()
    return sql, tuple(params)


def _deals(user: Actor, period: Period, search: str) -> QuerySet[Commission, Any]:
    """Return the narrow rows of the deals, each with the currency its claim is in."""
    deals = period.within(Commission.objects.visible_to(user), "closed_on")
    as_agreed = Q(claimed_currency="") | Q(claimed_currency=F("currency"))
    claimed_in = Case(
        When(as_agreed, then="settlement_currency"),
        default="claimed_currency",
        output_field=CharField(),
    )
    named = deals.filter(partner__name__icontains=search) if search else deals
    found: QuerySet[Commission, Any] = (
        named.annotate(claimed_in=claimed_in)
        .order_by()
        .values("id", "partner_id", "direction", "status", "claimed_amount", "claimed_in")
    )
    return found


def _questions(user: Actor, period: Period, search: str) -> QuerySet[ReconciliationItem, Any]:
    return (
        questions_for(user=user, period=period, search=search)
        .order_by()
        .values("partner_id", "due_on")
    )


def questions_for(*, user: Actor, period: Period, search: str = "") -> QuerySet[ReconciliationItem]:
    """Return the open differences USER may see about deals that closed, or are said to, in PERIOD.

    :param search: part of the partner's name
    """
    items = ReconciliationItem.objects.visible_to(user).filter(status="open")
    if period.first is not None:
        day = Coalesce("commission__closed_on", "claimed_on", "recorded_on")
        items = period.within(items.annotate(day=day), "day")
    return items.filter(partner__name__icontains=search) if search else items


def totals(figures: Iterable[Figures]) -> list[Figures]:
    """Return the sums of FIGURES by currency and direction."""
    sums: dict[tuple[str, str], dict[str, Any]] = {}
    for one in figures:
        found = sums.setdefault((one.direction, one.currency), dict.fromkeys(MONEY, Decimal(0)))
        for name in MONEY:
            found[name] += getattr(one, name)
        found["deals"] = found.get("deals", 0) + one.deals
    return [
        Figures(
            partner_id="",
            partner="",
            currency=currency,
            direction=direction,
            questions=0,
            due_on=None,
            **found,
        )
        for (direction, currency), found in sorted(sums.items(), key=lambda pair: pair[0])
    ]
