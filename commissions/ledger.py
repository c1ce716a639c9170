"""How money moves between the accounts of a partner; what each commission stands at.

A commission's money goes through stages, one account each. The ledger keeps every step as a debit
and a credit; where a commission stands is the sum of its steps and nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from django.db import connection
from django.db.models import QuerySet, Sum

from commissions.models import Account, Commission, LedgerEntry
from partners.types import Direction
from portal.lib import ids, rows
from portal.lib.access import Actor

ZERO = Decimal(0)


class Stage(StrEnum):
    """Where money of a commission lies."""

    EARNED = "earned"  # the cost, or the income, itself
    ACCRUED = "accrued"  # booked, waiting to be approved
    APPROVED = "approved"  # waiting for its milestone or holding period
    PAYABLE = "payable"
    HELD = "held"  # in dispute
    OWED_BACK = "owed_back"  # paid and then reversed; below zero while it is owed
    PAID = "paid"


PAYS, IS_PAID = Direction.PLATFORM_PAYS_PARTNER, Direction.PARTNER_PAYS_PLATFORM
ACCOUNTS: Mapping[str, Mapping[Stage, Account]] = {
    PAYS: {
        Stage.EARNED: Account.COMMISSION_EXPENSE,
        Stage.ACCRUED: Account.ACCRUED_COMMISSION,
        Stage.APPROVED: Account.APPROVED_COMMISSION,
        Stage.PAYABLE: Account.PARTNER_PAYABLE,
        Stage.HELD: Account.DISPUTED_PAYABLE,
        Stage.OWED_BACK: Account.CLAWBACK_RECEIVABLE,
        Stage.PAID: Account.BANK_CLEARING,
    },
    IS_PAID: {
        Stage.EARNED: Account.COMMISSION_INCOME,
        Stage.ACCRUED: Account.ACCRUED_INCOME,
        Stage.APPROVED: Account.APPROVED_INCOME,
        Stage.PAYABLE: Account.DEVELOPER_RECEIVABLE,
        Stage.HELD: Account.DISPUTED_RECEIVABLE,
        Stage.OWED_BACK: Account.REFUND_PAYABLE,
        Stage.PAID: Account.BANK_CLEARING,
    },
}
# Not paid yet, in the order in which a reversal or a dispute takes from them.
OPEN_STAGES = (Stage.ACCRUED, Stage.APPROVED, Stage.PAYABLE)


def move(
    commission: Commission,
    kind: str,
    source: Stage,
    target: Stage,
    amount: Decimal,
    *,
    actor: Actor,
    on: dt.date,
    reverses: str | None = None,
    reference: str = "",
) -> LedgerEntry:
    """Move AMOUNT, in the settlement currency, of a locked commission from SOURCE to TARGET.

    Where the platform is paid, debit and credit are the other way round.

    :param on: the day it counts for
    :param reverses: the entry that this one undoes
    """
    accounts = ACCOUNTS[commission.direction]
    debit, credit = accounts[source], accounts[target]
    if commission.direction == IS_PAID:
        debit, credit = credit, debit
    entry = LedgerEntry(
        commission_id=commission.pk,
        partner_id=commission.partner_id,
        kind=kind,
        debit=debit,
        credit=credit,
        amount=amount,
        currency=commission.settlement_currency,
        exchange_rate=commission.exchange_rate,
        booked_on=on,
        reverses_id=reverses,
        reference=reference,
        recorded_by=actor.actor_id,
    )
    rows.insert([entry])
    return entry


@dataclass(frozen=True, slots=True)
class Standing:
    """What lies at each stage, in one currency."""

    at: Mapping[Stage, Decimal] = field(default_factory=dict)

    def __getitem__(self, stage: Stage) -> Decimal:
        return self.at.get(stage, ZERO)

    @property
    def recorded(self) -> Decimal:
        """What the deal earned after all corrections."""
        return -self[Stage.EARNED]

    @property
    def open(self) -> Decimal:
        """What is neither paid nor held."""
        return sum((self[stage] for stage in OPEN_STAGES), ZERO)

    @property
    def settled(self) -> Decimal:
        """What was paid, or set off against a debt."""
        return self.recorded - self.open - self[Stage.HELD]


def standing_of(commission: Commission) -> Standing:
    """Return where the money of COMMISSION lies, as its entries say."""
    return standings([commission])[str(commission.pk)]


_SUMS = """
SELECT commission_id, debit, credit, sum(amount) FROM commissions_ledgerentry
WHERE commission_id = ANY(%s) GROUP BY 1, 2, 3
"""


def standings(commissions: Iterable[Commission]) -> dict[str, Standing]:
    """Return where the money of each of COMMISSIONS lies, in one query."""
    directions = {str(c.pk): c.direction for c in commissions}
    sums: dict[str, dict[Stage, Decimal]] = {pk: {} for pk in directions}
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [[ids.decode("rev", pk) for pk in directions]])
        for uuid, debit, credit, amount in cursor.fetchall():
            pk = ids.encode("rev", uuid)
            _add(sums[pk], directions[pk], debit, credit, amount)
    return {pk: Standing(found) for pk, found in sums.items()}


def totals(entries: QuerySet[LedgerEntry]) -> dict[tuple[str, str], Standing]:
    """Return where all the money of ENTRIES lies, by direction and currency, in one query."""
    grouped = entries.order_by().values_list("currency", "debit", "credit")
    sums: dict[tuple[str, str], dict[Stage, Decimal]] = {}
    for currency, debit, credit, amount in grouped.annotate(sum=Sum("amount")):
        # No account but the bank's is used in both directions, and no entry has that one twice.
        direction = PAYS if {debit, credit} <= _STAGE_OF[PAYS].keys() else IS_PAID
        _add(sums.setdefault((direction, currency), {}), direction, debit, credit, amount)
    return {key: Standing(found) for key, found in sums.items()}


def _add(
    sums: dict[Stage, Decimal], direction: str, debit: str, credit: str, amount: Decimal
) -> None:
    source, target = stages(direction, debit, credit)
    sums[source] = sums.get(source, ZERO) - amount
    sums[target] = sums.get(target, ZERO) + amount


_STAGE_OF = {
    direction: {account.value: stage for stage, account in accounts.items()}
    for direction, accounts in ACCOUNTS.items()
}


def stages(direction: str, debit: str, credit: str) -> tuple[Stage, Stage]:
    """Return from which stage to which an entry of these accounts moved."""
    of = _STAGE_OF[direction]
    source, target = of[debit], of[credit]
    return (source, target) if direction == PAYS else (target, source)


def debt_of(partner_id: str, direction: str, currency: str) -> Decimal:
    """Return what has to be paid back in CURRENCY by whoever was paid, as all entries say."""
    account = ACCOUNTS[direction][Stage.OWED_BACK]
    entries = LedgerEntry.objects.filter(partner=partner_id, currency=currency)
    debited = entries.filter(debit=account).aggregate(sum=Sum("amount"))["sum"] or ZERO
    credited = entries.filter(credit=account).aggregate(sum=Sum("amount"))["sum"] or ZERO
    return debited - credited if direction == PAYS else credited - debited


def status_of(standing: Standing, *, disputed: bool) -> str:
    """Return the one word that STANDING of a commission that is not reversed comes to."""
    if disputed or standing[Stage.HELD] > 0:
        return Commission.Status.DISPUTED
    if standing[Stage.ACCRUED] > 0:
        return Commission.Status.PENDING
    if standing[Stage.PAYABLE] > 0:
        return Commission.Status.PAYABLE
    if standing[Stage.APPROVED] > 0:
        return Commission.Status.APPROVED
    return Commission.Status.PAID
