"""What deals earn: the worked numbers of `domain.md` sections 5 and 8, and what always holds."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissions.terms import (
    Base,
    Milestone,
    Period,
    Rounding,
    Terms,
    Tier,
    TierMode,
    Volume,
    graduated,
    problems,
    rate_reached,
)
from partners.types import Direction
from portal.lib.money import apportioned, quantum

PAYS, IS_PAID = Direction.PLATFORM_PAYS_PARTNER, Direction.PARTNER_PAYS_PLATFORM
TIERS = (
    Tier(Decimal(10_000_000), Decimal(5)),
    Tier(Decimal(25_000_000), Decimal(4)),
    Tier(None, Decimal(3)),
)


def terms(percent: object = 15, **given: Any) -> Terms:
    return Terms(**{"direction": PAYS, "percent": Decimal(str(percent)), **given})


class TestRounding:
    @pytest.mark.parametrize(
        ("value", "percent", "currency", "half_up", "half_even"),
        [
            ("5000000", "15", "INR", "750000.00", "750000.00"),
            ("1234567.89", "2.5", "AED", "30864.20", "30864.20"),
            ("100.50", "5", "AED", "5.03", "5.02"),
            ("45.30", "5", "AED", "2.27", "2.26"),
            ("1000001", "0.25", "JPY", "2500", "2500"),
            ("1000.005", "2.5", "KWD", "25.000", "25.000"),
        ],
    )
    def test_once_at_the_end(
        self, value: str, percent: str, currency: str, half_up: str, half_even: str
    ) -> None:
        for mode, amount in ((Rounding.HALF_UP, half_up), (Rounding.HALF_EVEN, half_even)):
            earned = terms(percent, rounding=mode).earned(Decimal(value), currency)
            assert earned.amount == Decimal(amount)
            assert earned.percent == Decimal(percent)


class TestSplit:
    @pytest.mark.parametrize(
        ("amount", "weights", "parts"),
        [
            ("100.00", (1, 1, 1), ("33.34", "33.33", "33.33")),
            ("30864.20", (60, 40), ("18518.52", "12345.68")),
            ("0.01", (60, 40), ("0.01", "0.00")),
            ("0", (60, 40), ("0", "0")),
        ],
    )
    def test_worked_numbers(
        self, amount: str, weights: tuple[int, ...], parts: tuple[str, ...]
    ) -> None:
        cut = apportioned(Decimal(amount), [Decimal(w) for w in weights], "AED")
        assert cut == [Decimal(part) for part in parts]

    @given(
        st.decimals(0, 10**9, places=2),
        st.lists(st.integers(0, 100), min_size=1, max_size=6).filter(any),
    )
    def test_adds_up_and_nothing_is_negative(self, amount: Decimal, weights: list[int]) -> None:
        parts = apportioned(amount, [Decimal(w) for w in weights], "AED")
        assert sum(parts) == amount
        whole = sum(weights)
        for part, weight in zip(parts, weights, strict=True):
            assert part >= 0
            assert abs(part - amount * weight / whole) < quantum("AED")

    @pytest.mark.parametrize(("amount", "weights"), [("-1", (1,)), ("1", (0, 0)), ("1", (2, -1))])
    def test_what_cannot_be_cut(self, amount: str, weights: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match="cannot be cut"):
            apportioned(Decimal(amount), [Decimal(w) for w in weights], "AED")

    def test_a_broker_gets_its_part_of_the_commission(self) -> None:
        earned = terms("2.5", partner_share=Decimal(60)).earned(Decimal("1234567.89"), "AED")
        assert (earned.amount, earned.partner_part, earned.platform_part) == (
            Decimal("30864.20"), Decimal("18518.52"), Decimal("12345.68"),
        )  # fmt: skip

    def test_without_one_it_goes_whole_to_whoever_is_paid(self) -> None:
        partner = terms(10).earned(Decimal(1000), "AED")
        assert [partner.partner_part, partner.platform_part] == [100, 0]
        platform = terms(10, direction=IS_PAID).earned(Decimal(1000), "AED")
        assert [platform.partner_part, platform.platform_part] == [0, 100]


class TestTiers:
    def test_graduated(self) -> None:
        assert graduated(TIERS, Decimal(30_000_000)) == 1_250_000
        earned = terms(tiers=TIERS, currency="AED").earned(Decimal(30_000_000), "AED")
        assert earned.amount == 1_250_000

    def test_volume_and_its_cliff(self) -> None:
        by_volume = terms(tiers=TIERS, tier_mode=TierMode.VOLUME, currency="AED")
        assert by_volume.earned(Decimal(30_000_000), "AED").amount == 900_000
        assert by_volume.earned(Decimal(10_000_000), "AED").amount == 500_000
        assert by_volume.earned(Decimal(10_000_001), "AED").amount == Decimal("400000.04")

    def test_a_deal_goes_on_where_the_period_stands(self) -> None:
        in_year = terms(tiers=TIERS, tier_period=Period.YEAR, currency="AED")
        before = Volume(value=Decimal(9_000_000), booked=Decimal(450_000))
        # 1,000,000 at 5 %, the next 3,000,000 at 4 %
        assert in_year.earned(Decimal(4_000_000), "AED", before).amount == 170_000

    def test_earlier_deals_are_rated_anew_where_agreed(self) -> None:
        rising = (Tier(Decimal(1_000_000), Decimal(10)), Tier(None, Decimal(12)))
        agreed = terms(
            tiers=rising, tier_mode=TierMode.VOLUME, tier_period=Period.YEAR, rerates=True
        )
        before = Volume(value=Decimal(800_000), booked=Decimal(80_000))
        earned = agreed.earned(Decimal(500_000), "AED", before)
        assert [earned.amount, earned.rerated] == [60_000, 16_000]
        kept = dataclasses.replace(agreed, rerates=False)
        assert kept.earned(Decimal(500_000), "AED", before).rerated == 0

    @given(st.lists(st.decimals(0, 40_000_000, places=2), min_size=2, max_size=2))
    def test_graduated_never_falls(self, volumes: list[Decimal]) -> None:
        low, high = sorted(volumes)
        assert graduated(TIERS, low) <= graduated(TIERS, high)

    @given(st.lists(st.decimals(1, 9_000_000, places=2), min_size=1, max_size=8))
    def test_slices_add_up_whatever_the_order_of_the_deals(self, values: list[Decimal]) -> None:
        in_year = terms(tiers=TIERS, tier_period=Period.YEAR, currency="AED")
        booked, volume = Decimal(0), Decimal(0)
        for value in values:
            booked += in_year.earned(value, "AED", Volume(value=volume, booked=booked)).amount
            volume += value
        assert abs(booked - graduated(TIERS, volume)) <= len(values) * quantum("AED")

    @pytest.mark.parametrize(("volume", "percent"), [(10_000_000, 5), (10_000_001, 4), (10**9, 3)])
    def test_the_end_of_a_tier_is_in_it(self, volume: int, percent: int) -> None:
        assert rate_reached(TIERS, Decimal(volume)) == percent


class TestBases:
    def test_flat(self) -> None:
        earned = terms(0, base=Base.FLAT, flat=Decimal(500), currency="AED").earned(
            Decimal(20_000), "AED"
        )
        assert [earned.amount, earned.percent] == [500, Decimal("2.5")]

    def test_of_the_gross_commission(self) -> None:
        agreed = terms(60, base=Base.GROSS_COMMISSION, base_percent=Decimal(2))
        assert agreed.earned(Decimal(1_000_000), "AED").amount == 12_000

    def test_of_the_platforms_fee(self) -> None:
        agreed = terms(25, base=Base.PLATFORM_FEE, base_fee=Decimal(4_000), currency="AED")
        assert agreed.earned(Decimal(1_000_000), "AED").amount == 1_000

    def test_a_cap_is_the_most(self) -> None:
        agreed = terms(15, cap=Decimal(100_000), currency="AED")
        assert agreed.earned(Decimal(5_000_000), "AED").amount == 100_000
        assert agreed.earned(Decimal(500_000), "AED").amount == 75_000


class TestKept:
    @pytest.mark.parametrize(
        "agreed",
        [
            terms("12.3456"),
            terms(tiers=TIERS, tier_mode=TierMode.VOLUME, tier_period=Period.YEAR, rerates=True),
            terms(0, base=Base.FLAT, flat=Decimal("99.5"), currency="USD", holding_days=30),
            terms(
                2,
                partner_share=Decimal(60),
                milestones=(
                    Milestone("25 % paid", Decimal(50)),
                    Milestone("100 % paid", Decimal(50)),
                ),
                cap=Decimal(10),
                currency="AED",
                entered_by=("user_1",),
                agreement="agreement_1",
                version=3,
                rounding=Rounding.HALF_EVEN,
                direction=IS_PAID,
            ),
        ],
    )
    def test_what_is_frozen_is_read_as_it_was(self, agreed: Terms) -> None:
        assert Terms.from_json(agreed.as_json()) == agreed


class TestHardLimits:
    @pytest.mark.parametrize(
        ("change", "part"),
        [
            ({"percent": Decimal(0)}, "percent"),
            ({"percent": Decimal("100.01")}, "percent"),
            ({"base": Base.FLAT, "flat": None}, "flat"),
            ({"base": Base.FLAT, "flat": Decimal(5)}, "currency"),
            ({"base": Base.GROSS_COMMISSION}, "base_percent"),
            ({"base": Base.PLATFORM_FEE}, "base_fee"),
            ({"partner_share": Decimal(101)}, "partner_share"),
            ({"cap": Decimal(0), "currency": "AED"}, "cap"),
            ({"holding_days": -1}, "holding_days"),
            ({"tiers": TIERS}, "currency"),
            ({"tiers": TIERS[:2], "currency": "AED"}, "tiers"),
            ({"tiers": (TIERS[1], TIERS[0], TIERS[2]), "currency": "AED"}, "tiers"),
            ({"tiers": (TIERS[0], TIERS[0], TIERS[2]), "currency": "AED"}, "tiers"),
            ({"tiers": TIERS, "currency": "AED", "base": Base.FLAT, "flat": Decimal(1)}, "tiers"),
            ({"milestones": (Milestone("Signed", Decimal(99)),)}, "milestones"),
            ({"milestones": (Milestone("", Decimal(100)),)}, "milestones"),
        ],
    )
    def test_each_part_is_named(self, change: dict[str, Any], part: str) -> None:
        assert part in problems(dataclasses.replace(terms(), **change))

    def test_what_can_stand_has_none(self) -> None:
        assert problems(terms()) == {}
        assert problems(terms(tiers=TIERS, currency="AED")) == {}
