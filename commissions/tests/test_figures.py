"""The daily figures, what is made of them, and the CSV."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from commissions import analytics
from commissions.exports import csv_lines, safe_cell
from commissions.selectors import metrics_for
from commissions.services import rebuild_partner_days
from commissions.tests.test_closing import accepted, close
from leads.models import PartnerDay
from leads.services import withdraw_share
from partners.models import Partner, User


@pytest.fixture
def day(db: None, acme: Partner) -> PartnerDay:
    return PartnerDay.objects.create(
        partner=acme,
        day=dt.date(2026, 1, 5),
        currency="AED",
        received=150,
        accepted=120,
        closed=45,
        revenue=Decimal(22_500_000),
        commission=Decimal(3_375_000),
        response_seconds=120 * 3600,
        close_seconds=45 * 18 * 86400,
    )


class TestMetrics:
    def test_gives_the_requirements_figures(
        self, day: PartnerDay, amira: User, acme: Partner
    ) -> None:
        metrics = metrics_for(user=amira, partner=acme)

        assert (metrics.acceptance_rate, metrics.conversion_rate) == (80, 37.5)
        assert metrics.closure_rate == 30
        assert metrics.avg_deal_size == {"AED": Decimal(500_000)}
        assert metrics.avg_commission_percent == 15
        assert metrics.avg_time_to_close == 18 * 86400
        assert metrics.avg_response_time == 3600

    def test_divides_by_nothing_without_a_fault(self, amira: User, acme: Partner) -> None:
        metrics = metrics_for(user=amira, partner=acme)

        assert metrics.acceptance_rate is None
        assert metrics.avg_time_to_close is None
        assert metrics.avg_deal_size == {}

    def test_never_sums_across_currencies(
        self, day: PartnerDay, amira: User, acme: Partner
    ) -> None:
        PartnerDay.objects.create(
            partner=acme, day=day.day, currency="USD", closed=1, revenue=Decimal(1000)
        )
        metrics = metrics_for(user=amira, partner=acme)
        assert metrics.revenue == {"AED": Decimal(22_500_000), "USD": Decimal(1000)}

    def test_a_rival_gets_none_of_them(self, day: PartnerDay, rami: User, acme: Partner) -> None:
        assert metrics_for(user=rami, partner=acme).received == 0


@pytest.mark.django_db
class TestRebuilding:
    def test_finds_nothing_to_mend_after_a_whole_story(
        self, dana: User, amira: User, rami: User, devika: User
    ) -> None:
        close(amira, accepted(dana, amira))
        close(devika, accepted(dana, devika), claimed_percent=Decimal(12))
        withdraw_share(actor=dana, reference=str(accepted(dana, rami).pk))

        assert rebuild_partner_days() == 0

    def test_mends_what_differs(self, dana: User, amira: User, acme: Partner) -> None:
        close(amira, accepted(dana, amira), "1000000")
        PartnerDay.objects.filter(partner=acme).update(revenue=1, closed=7)

        assert rebuild_partner_days() > 0

        day = PartnerDay.objects.get(partner=acme)
        assert (day.closed, day.revenue) == (1, Decimal(1_000_000))
        assert rebuild_partner_days() == 0


class TestPeriods:
    def test_start_where_the_calendar_says(self) -> None:
        assert analytics.starts(dt.date(2026, 11, 22)) == {
            "month": dt.date(2026, 11, 1),
            "quarter": dt.date(2026, 10, 1),
            "year": dt.date(2026, 1, 1),
        }

    @pytest.mark.django_db
    def test_last_months_are_there_even_when_nothing_happened(
        self, dana: User, amira: User
    ) -> None:
        close(amira, accepted(dana, amira), "1000000")

        months = analytics.months_for(user=amira, months=6)

        assert [month.closed for month in months] == [0, 0, 0, 0, 0, 1]
        assert months[-1].commission == 150_000
        assert months[0].first.day == 1

    @pytest.mark.django_db
    def test_totals_keep_directions_apart(self, dana: User, amira: User, devika: User) -> None:
        close(amira, accepted(dana, amira), "1000000")
        close(devika, accepted(dana, devika), "2000000")

        tallies = analytics.tallies(analytics.by_type(user=dana))

        assert [(t.direction, t.commission, t.by_period["commission_month"]) for t in tallies] == [
            ("platform_pays_partner", Decimal(150_000), Decimal(150_000)),
            ("partner_pays_platform", Decimal(200_000), Decimal(200_000)),
        ]
        assert tallies[0].average_deal == 1_000_000


class TestCsv:
    @pytest.mark.parametrize(
        "value",
        ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", " =1", "＝1+1", "|calc"],
    )
    def test_no_cell_is_a_formula(self, value: str) -> None:
        assert safe_cell(value).startswith("'")

    @pytest.mark.parametrize("value", ["-12.50", "1000000.00", "Acme", "a=b", ""])
    def test_plain_values_stay(self, value: str) -> None:
        assert safe_cell(value) == value

    def test_quotes_what_needs_it(self) -> None:
        assert list(csv_lines([["a,b", 'say "x"', None]])) == ['"a,b","say ""x""",\r\n']
