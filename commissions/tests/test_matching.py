"""Lines of a statement and what they are found to be: nothing is ever guessed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from commissions.matching import Deal, Found, Hint, Line, Outcome, Records, Tolerance, match

DAY = dt.date(2026, 11, 10)
WITHIN = Tolerance(days=3, percent=Decimal("0.01"))
DEAL = Deal(
    share_id="share_a",
    commission_id="rev_a",
    closed_on=DAY,
    value=Decimal(1_000_000),
    percent=Decimal(15),
    currency="AED",
    amounts=(Decimal(150_000),),
)
OTHER = replace(DEAL, share_id="share_b", commission_id="rev_b", value=Decimal(2_000_000))


def line(number: int = 2, **given: Any) -> Line:
    said: dict[str, Any] = {"value": Decimal(1_000_000), "currency": "AED", "closed_on": DAY}
    return Line(number=number, **said | given)


def found(*lines: Line, booked: tuple[Deal, ...] = (DEAL, OTHER), **records: Any) -> Found:
    known = {
        "named": {deal.share_id: deal.share_id for deal in booked},
        "deals": {deal.share_id: deal for deal in booked},
        "of_period": booked,
        "nearby": booked,
    }
    return match(lines, Records(**known | records), WITHIN)


def outcomes(result: Found) -> list[tuple[str, str]]:
    return [(one.outcome, one.hint) for one in result.matches]


class TestByName:
    @pytest.mark.parametrize(
        ("said", "differences"),
        [
            ({}, ()),
            ({"percent": Decimal(15), "amount": Decimal(150_000)}, ()),
            ({"value": Decimal(1_000_100)}, ()),  # within a hundredth of a percent
            ({"closed_on": None}, ()),
            ({"closed_on": DAY + dt.timedelta(days=3)}, ()),
            ({"closed_on": DAY + dt.timedelta(days=4)}, (Outcome.DATE,)),
            ({"value": Decimal(1_000_101)}, (Outcome.VALUE,)),
            ({"percent": Decimal("15.0001")}, (Outcome.RATE,)),
            ({"amount": Decimal(200_000)}, (Outcome.RATE,)),
            ({"percent": Decimal(15), "amount": Decimal(200_000)}, (Outcome.RATE,)),
            ({"currency": "USD", "percent": Decimal(20)}, (Outcome.CURRENCY,)),
            (
                {
                    "value": Decimal(900_000),
                    "percent": Decimal(20),
                    "closed_on": dt.date(2026, 1, 1),
                },
                (Outcome.VALUE, Outcome.RATE, Outcome.DATE),
            ),
        ],
    )
    def test_in_what_it_differs(self, said: Any, differences: Any) -> None:
        one = found(line(names="share_a", **said)).matches[0]
        assert one.differences == differences
        assert one.outcome == (differences[0] if differences else Outcome.MATCHED)
        assert one.share_id == "share_a"

    def test_the_rate_is_what_the_amount_comes_to(self) -> None:
        one = found(line(names="share_a", amount=Decimal(200_000))).matches[0]
        assert one.percent == 20

    def test_an_amount_in_proportion_to_another_value_is_no_other_rate(self) -> None:
        said = {"value": Decimal(2_000_000), "amount": Decimal(300_000)}
        one = found(line(names="share_a", **said)).matches[0]
        assert one.differences == (Outcome.VALUE,)

    def test_the_partners_part_of_a_split_may_be_stated(self) -> None:
        split = replace(DEAL, amounts=(Decimal(150_000), Decimal(90_000)))
        stated = line(names="share_a", amount=Decimal(90_000))
        assert found(stated, booked=(split,)).matches[0].outcome == Outcome.MATCHED

    @pytest.mark.parametrize(
        ("records", "hint"),
        [
            ({"named": {"share_a": ""}}, Hint.NO_SUCH),
            ({"deals": {}}, Hint.NOT_CLOSED),
            ({"deals": {}, "reversed": frozenset({"share_a"})}, Hint.REVERSED),
        ],
    )
    def test_what_is_not_booked_says_why(self, records: Any, hint: str) -> None:
        result = found(line(names="share_a"), **records)
        assert outcomes(result) == [(Outcome.MISSING_OURS, hint)]

    def test_named_twice_counts_once(self) -> None:
        result = found(line(names="share_a"), line(3, names="share_a", value=Decimal(5)))
        assert [one.outcome for one in result.matches] == [Outcome.MATCHED, Outcome.DUPLICATE]

    def test_a_name_that_only_looks_like_one_is_none(self) -> None:
        result = found(line(names="ABC123"))
        assert result.matches[0].deal == DEAL


class TestByFigures:
    def test_one_deal_alone_fits(self) -> None:
        result = found(line(closed_on=DAY + dt.timedelta(days=2), percent=Decimal(20)))
        assert result.matches[0].deal == DEAL
        assert result.matches[0].differences == (Outcome.RATE,)
        assert result.missing_theirs == (OTHER,)

    def test_two_deals_that_fit_are_not_guessed_between(self) -> None:
        twin = replace(DEAL, share_id="share_c")
        result = found(line(), booked=(DEAL, twin))
        assert outcomes(result) == [(Outcome.MISSING_OURS, Hint.AMBIGUOUS)]
        assert result.missing_theirs == ()  # whoever settles the line looks at both

    def test_two_lines_that_fit_one_deal_are_not_guessed_between(self) -> None:
        result = found(line(), line(3, percent=Decimal(20)))
        assert outcomes(result) == [(Outcome.MISSING_OURS, Hint.AMBIGUOUS)] * 2

    def test_the_same_line_again_is_stated_twice(self) -> None:
        result = found(line(), line(3), line(4))
        assert [one.outcome for one in result.matches] == [
            Outcome.MATCHED, Outcome.DUPLICATE, Outcome.DUPLICATE,
        ]  # fmt: skip

    def test_a_deal_that_is_named_is_not_found_by_figures(self) -> None:
        result = found(line(), line(3, names="share_a"))
        assert outcomes(result) == [(Outcome.MISSING_OURS, Hint.NOTHING), (Outcome.MATCHED, "")]

    @pytest.mark.parametrize(
        "said",
        [
            {"currency": "USD"},
            {"closed_on": DAY + dt.timedelta(days=4)},
            {"closed_on": None},
            {"value": Decimal(999_000)},
        ],
    )
    def test_what_fits_none_is_not_in_our_records(self, said: Any) -> None:
        result = found(line(**said))
        assert outcomes(result) == [(Outcome.MISSING_OURS, Hint.NOTHING)]
        assert result.missing_theirs == (DEAL, OTHER)


def test_without_a_line_everything_of_the_period_is_missing() -> None:
    assert found().missing_theirs == (DEAL, OTHER)
