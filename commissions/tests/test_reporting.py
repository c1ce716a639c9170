"""Analytics in one currency: each day at its own rate, what cannot be converted named."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from commissions import analytics, analytics_page
from commissions.analytics import MONEY
from commissions.converting import converted
from commissions.models import ExchangeRate
from commissions.tests.test_rates import held
from conftest import ClientFor
from leads.models import PartnerDay
from partners.models import Partner, User
from partners.tests.factories import PartnerFactory, UserFactory
from portal.lib import charts
from portal.lib.access import Role

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 20)


@pytest.fixture(autouse=True)
def november(time_machine: Any) -> None:
    time_machine.move_to(dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC), tick=True)


@pytest.fixture
def sahyadri(db: None) -> Partner:
    return PartnerFactory.create(name="Sahyadri", type="channel", market="india")


def day_of(partner: Partner, day: dt.date, currency: str, revenue: object, **more: Any) -> None:
    counts = {"received": 4, "accepted": 3, "closed": 1} | more
    money = {"revenue": Decimal(str(revenue)), "commission": Decimal(str(revenue)) / 10}
    PartnerDay.objects.create(partner=partner, day=day, currency=currency, **counts, **money)


@pytest.fixture
def figures(acme: Partner, skyline: Partner, sahyadri: Partner) -> None:
    """Deals in AED and INR on three days, with rates for two of them."""
    for day, usd, inr in (
        (dt.date(2026, 8, 3), "1.10", "99"),
        (dt.date(2026, 11, 16), "1.20", "96"),
    ):
        held("USD", usd, day)
        held("INR", inr, day)
    day_of(acme, dt.date(2026, 11, 16), "AED", 1_000_000)
    day_of(skyline, dt.date(2026, 11, 16), "AED", 500_000)
    day_of(sahyadri, dt.date(2026, 8, 3), "INR", 900_000)
    day_of(sahyadri, dt.date(2026, 11, 18), "INR", 800_000)


def page_of(user: User, **wanted: Any) -> dict[str, Any]:
    chosen = {"currency": "", "type": "", "period": "", "number": 1} | wanted
    return analytics_page.page(user=user, **chosen)


class TestConverted:
    def test_each_day_at_its_own_rate(self, dana: User, figures: None) -> None:
        # 900,000 INR at 90 are 10,000 USD or 36,725 AED; 800,000 at 80 are the same.
        shown = page_of(dana, currency="AED")
        assert str(shown["revenue"]) == "AED\xa01,573,450"
        first, commission, developers, theirs = shown["totals"]
        assert (first.all_time, first.currency) == ("AED\xa01,073,450", "AED")
        assert (first.month, first.quarter, first.year) == (
            "AED\xa01,036,725",
            "AED\xa01,036,725",
            "AED\xa01,073,450",
        )
        assert first.average == "AED\xa0357,816.67"
        assert commission.all_time == "AED\xa0107,345"
        # Who pays whom stays apart.
        assert (developers.all_time, theirs.all_time) == ("AED\xa0500,000", "AED\xa050,000")

    def test_one_row_per_type_and_partner(self, dana: User, figures: None, acme: Partner) -> None:
        day_of(acme, dt.date(2026, 11, 16), "USD", 1_000)
        shown = page_of(dana, currency="AED")
        assert [(row.name, row.revenue) for row in shown["types"]] == [
            ("Channel Partner", "AED\xa01,077,122.50"),
            ("Developer", "AED\xa0500,000"),
        ]
        rows = {row.name: (row.closed, row.revenue) for row in shown["page"]["rows"]}
        assert rows["Acme Channel Partners"] == ("2", "AED\xa01,003,672.50")
        assert rows["Sahyadri"] == ("2", "AED\xa073,450")
        this_month = page_of(dana, currency="AED", period="month")["page"]["rows"]
        assert {row.name: row.revenue for row in this_month}["Sahyadri"] == "AED\xa036,725"

    def test_says_by_which_rule_and_whose_rates(self, dana: User, figures: None) -> None:
        rule = page_of(dana, currency="AED")["rule"]
        assert "All money in AED" in rule.says
        assert "the rate of that day" in rule.says
        assert "Central Bank of the UAE, dollar peg" in rule.sources
        assert "European Central Bank" in rule.sources
        assert (rule.carried, rule.lacking) == ([], [])

    def test_days_without_a_rate_are_named_and_in_no_sum(
        self, dana: User, figures: None, acme: Partner
    ) -> None:
        day_of(acme, dt.date(2026, 9, 9), "INR", 5_000_000, closed=2)
        day_of(acme, dt.date(2026, 11, 16), "KWD", 7_000)
        shown = page_of(dana, currency="AED")
        assert shown["rule"].lacking == [
            "2 deals in INR are in no sum, for want of a rate: 9 Sep 2026.",
            "1 deal in KWD is in no sum, for want of a rate: 16 Nov 2026.",
        ]
        assert str(shown["revenue"]) == "AED\xa01,573,450"
        assert shown["closed"] == "7"  # a deal it is all the same
        assert shown["totals"][0].average == "AED\xa0357,816.67"  # of those with a rate

    def test_days_after_the_newest_rate_are_carried_and_named(
        self, dana: User, figures: None, sahyadri: Partner, time_machine: Any
    ) -> None:
        time_machine.move_to(dt.datetime(2026, 12, 30, tzinfo=dt.UTC))
        day_of(sahyadri, dt.date(2026, 12, 24), "INR", 80)
        rule = page_of(dana, currency="USD")["rule"]
        assert rule.carried == [
            "INR from 24 Dec 2026 on at the rate of 16 Nov 2026, the newest held."
        ]

    def test_without_a_currency_nothing_is_summed_across(self, dana: User, figures: None) -> None:
        shown = page_of(dana)
        assert shown["rule"] is None
        assert str(shown["revenue"]) == "AED\xa01,500,000<br>₹17,00,000"
        assert {total.currency for total in shown["totals"]} == {"AED", "INR"}

    def test_an_agent_s_figures_are_those_of_its_scope(self, figures: None) -> None:
        agent = UserFactory.create(role=Role.AGENT, market="india")
        shown = page_of(agent, currency="AED")
        assert str(shown["revenue"]) == "AED\xa073,450"
        assert [row.name for row in shown["page"]["rows"]] == ["Sahyadri"]

    def test_sums_of_types_partners_and_months_agree(
        self, dana: User, figures: None, acme: Partner
    ) -> None:
        conversion = converted(analytics.day_sums(user=dana, by="partner__type"), "AED")
        by_partner = converted(analytics.day_sums(user=dana, by="partner_id"), "AED")
        months = analytics.months_in(conversion, months=12)
        types = analytics.in_one(analytics.by_type(user=dana), conversion)
        for name in MONEY:
            whole = sum(row[name] for row in conversion.rows)
            assert whole == sum(row[name] for row in by_partner.rows)
            assert whole == sum(getattr(month, name) for month in months)
            assert whole == sum(row[name] for row in types)

    @given(
        deals=st.lists(
            st.tuples(
                st.sampled_from(["AED", "INR", "USD", "KWD"]),
                st.dates(dt.date(2026, 1, 1), TODAY),
                st.decimals(1, 10**8, places=2),
            ),
            min_size=1,
            max_size=12,
        )
    )
    def test_a_sum_is_of_one_currency_and_nothing_is_lost(self, deals: Any) -> None:
        rows = [
            {"day": day, "currency": code, "closed": 1, "revenue": value, "commission": value}
            for code, day, value in deals
        ]
        conversion = converted(rows, "AED")
        assert {row["currency"] for row in conversion.rows} <= {"AED"}
        left_out = sum(sum(days.values()) for days in conversion.lacking.values())
        assert len(conversion.rows) + left_out == len(deals)
        pegged = sum(code in ("AED", "USD") for code, _day, _value in deals)
        assert len(conversion.rows) == pegged  # the others have no rate here


class TestPage:
    def test_shows_the_rule_and_keeps_the_choice(
        self, client_for: ClientFor, dana: User, figures: None
    ) -> None:
        client = client_for(dana)
        page = client.get("/analytics/?currency=AED&period=year&type=channel").content.decode()
        assert "All money in AED" in page
        assert '<option value="AED" selected>' in page
        assert page.count('name="currency" value="AED"') == 1
        assert "From shared leads to closed deals" in page
        assert "/reconciliation/exports/?type=channel&amp;from=2026-01-01" in page
        assert client.get("/analytics/?currency=XXX").status_code == 200

    def test_costs_the_same_however_many_days(
        self,
        client_for: ClientFor,
        dana: User,
        figures: None,
        acme: Partner,
        django_assert_max_num_queries: Any,
    ) -> None:
        for back in range(40):
            day_of(acme, dt.date(2026, 6, 1) + dt.timedelta(days=back), "USD", 10)
        client = client_for(dana)
        with django_assert_max_num_queries(8):
            client.get("/analytics/?currency=INR")

    def test_works_without_any_rate(
        self, client_for: ClientFor, dana: User, sahyadri: Partner
    ) -> None:
        day_of(sahyadri, TODAY, "INR", 5)
        assert not ExchangeRate.objects.exists()
        page = client_for(dana).get("/analytics/?currency=AED").content.decode()
        assert "1 deal in INR is in no sum" in page
        assert timezone.now().year == 2026


def test_a_funnel_is_readable_without_the_picture() -> None:
    drawn = charts.funnel_chart([("Shared", 150), ("Accepted", 120), ("Closed", 45)], "Funnel")
    assert '<td class="num">45 (30.0%)</td>' in drawn
    assert drawn.count("<rect") == 3
    assert "Nothing to draw yet" in charts.funnel_chart([("Shared", 0)], "Funnel")
