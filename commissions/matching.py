"""Match the lines of a partner's statement with what we booked: pure, no database.

A line is matched by the lead it names; one that names none by its day and value, if one deal alone
fits it and it alone fits the deal. Nothing is ever guessed.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from commissions.models import StatementLine
from portal.lib.money import HUNDRED

Outcome, Hint = StatementLine.Outcome, StatementLine.Hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A deal as the partner states it; VALUE and AMOUNT in CURRENCY.

    :param number: the row in the file
    :param names: what may name one of our leads: a `share_…`, a `rev_…`, or six characters
    """

    number: int
    value: Decimal
    currency: str
    names: str = ""
    reference: str = ""
    closed_on: dt.date | None = None
    percent: Decimal | None = None
    amount: Decimal | None = None

    @property
    def said(self) -> tuple[object, ...]:
        """All it says, to find a line that stands there twice."""
        given = (self.names, self.reference, self.closed_on, self.value, self.currency)
        return (*given, self.percent, self.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """A commission as it is booked; AMOUNTS are what a partner may state as the commission."""

    share_id: str
    commission_id: str
    closed_on: dt.date
    value: Decimal
    percent: Decimal
    currency: str
    amounts: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """What still agrees: DAYS between two days, PERCENT of the booked value between two values."""

    days: int
    percent: Decimal

    def same_day(self, one: dt.date, other: dt.date) -> bool:
        return abs((one - other).days) <= self.days

    def same_value(self, stated: Decimal, booked: Decimal) -> bool:
        return abs(stated - booked) * HUNDRED <= booked * self.percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a line was found to be.

    :param deal: what it is about, if it is booked
    :param share_id: the lead it names, booked or not
    :param differences: outcomes, worst first; none where it agrees
    :param percent: the rate it comes to, where that differs
    :param hint: why it is not in our records
    """

    line: Line
    deal: Deal | None = None
    share_id: str = ""
    differences: tuple[str, ...] = ()
    percent: Decimal | None = None
    hint: str = ""

    @property
    def outcome(self) -> str:
        """The word for the line: its worst difference, or that it agrees."""
        return self.differences[0] if self.differences else Outcome.MATCHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All lines in their order, and the deals that the statement does not hold."""

    matches: tuple[Match, ...]
    missing_theirs: tuple[Deal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What we know of the partner.

    :param named: the share that each name stands for; "" for an id that is none of the partner's.
        What only looks like a name stands not in it
    :param deals: the deals of named shares, by share
    :param of_period: those of the statement's period: a statement has to hold each of them
    :param nearby: those a line without a name may be about
    :param reversed: shares whose commission was reversed
    """

    named: Mapping[str, str]
    deals: Mapping[str, Deal]
    of_period: Sequence[Deal]
    nearby: Sequence[Deal]
    reversed: frozenset[str] = frozenset()


def match(lines: Iterable[Line], records: Records, tolerance: Tolerance) -> Found:
    """Match LINES with RECORDS.

    A deal that an ambiguous line may be about is not reported as missing: whoever settles the line
    looks at it.
    """
    lines = list(lines)
    repeated = _repeated(lines)
    found: dict[int, Match] = {}
    taken: set[str] = set()
    for line in lines:
        if line.number in repeated:
            found[line.number] = Match(line=line, differences=(Outcome.DUPLICATE,))
        elif line.names in records.named:
            found[line.number] = _by_name(line, records, tolerance, taken)
    unnamed = [line for line in lines if line.number not in found]
    free = [deal for deal in records.nearby if deal.share_id not in taken]
    fitting = {
        line.number: [deal for deal in free if _fits(line, deal, tolerance)] for line in unnamed
    }
    wanted = Counter(deal.share_id for deals in fitting.values() for deal in deals)
    spared: set[str] = set()
    for line in unnamed:
        found[line.number] = _by_figures(line, fitting[line.number], wanted, tolerance)
        spared.update(deal.share_id for deal in fitting[line.number])
    missing = [d for d in records.of_period if d.share_id not in taken | spared]
    return Found(matches=tuple(found[line.number] for line in lines), missing_theirs=tuple(missing))


def _repeated(lines: Sequence[Line]) -> set[int]:
    """Return the numbers of lines that say all that one further up says."""
    rows: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for line in lines:
        rows[line.said].append(line.number)
    return {number for numbers in rows.values() for number in numbers[1:]}


def _by_name(line: Line, records: Records, tolerance: Tolerance, taken: set[str]) -> Match:
    share_id = records.named[line.names]
    missing = (Outcome.MISSING_OURS,)
    if not share_id:
        return Match(line=line, differences=missing, hint=Hint.NO_SUCH)
    if share_id in taken:
        return Match(line=line, share_id=share_id, differences=(Outcome.DUPLICATE,))
    taken.add(share_id)
    deal = records.deals.get(share_id)
    if deal is None:
        hint = Hint.REVERSED if share_id in records.reversed else Hint.NOT_CLOSED
        return Match(line=line, share_id=share_id, differences=missing, hint=hint)
    return _compared(line, deal, tolerance)


def _fits(line: Line, deal: Deal, tolerance: Tolerance) -> bool:
    return (
        line.closed_on is not None
        and line.currency == deal.currency
        and tolerance.same_day(line.closed_on, deal.closed_on)
        and tolerance.same_value(line.value, deal.value)
    )


def _by_figures(
    line: Line, deals: Sequence[Deal], wanted: Mapping[str, int], tolerance: Tolerance
) -> Match:
    if len(deals) == 1 and wanted[deals[0].share_id] == 1:
        return _compared(line, deals[0], tolerance)
    hint = Hint.AMBIGUOUS if deals else Hint.NOTHING
    return Match(line=line, differences=(Outcome.MISSING_OURS,), hint=hint)


def _compared(line: Line, deal: Deal, tolerance: Tolerance) -> Match:
    """Return in what LINE differs from DEAL; in two currencies only that is compared."""
    percent = None
    if line.currency != deal.currency:
        differences: list[str] = [Outcome.CURRENCY]
    else:
        differences = []
        if not tolerance.same_value(line.value, deal.value):
            differences.append(Outcome.VALUE)
        percent = _other_percent(line, deal, tolerance)
        if percent is not None:
            differences.append(Outcome.RATE)
    if line.closed_on and not tolerance.same_day(line.closed_on, deal.closed_on):
        differences.append(Outcome.DATE)
    return Match(
        line=line,
        deal=deal,
        share_id=deal.share_id,
        differences=tuple(differences),
        percent=percent,
    )


def _other_percent(line: Line, deal: Deal, tolerance: Tolerance) -> Decimal | None:
    """Return the rate LINE comes to if it is another than DEAL's: stated, or by its amount."""
    if line.percent is not None and line.percent != deal.percent:
        return line.percent
    if line.amount is None or any(tolerance.same_value(line.amount, a) for a in deal.amounts):
        return None
    percent = round(line.amount * HUNDRED / line.value, 4)
    return None if percent == deal.percent else percent
