"""Values as people read them."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from portal.lib import formats
from portal.lib.forms import MoneyField, MoneyInput

NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (Decimal("5000000"), "AED", "AED\u00a05,000,000"),
        (Decimal("5000000"), "INR", "₹50,00,000"),
        (99999, "INR", "₹99,999"),
        (Decimal("1234.5"), "AED", "AED\u00a01,234.50"),
        (Decimal("-750000"), "AED", "-AED\u00a0750,000"),
        (Decimal("0.005"), "AED", "AED\u00a00.01"),
        (0, "INR", "₹0"),
        (None, "AED", "–"),
    ],
)
def test_money_is_grouped_as_its_market_groups_it(amount, currency, shown):
    assert formats.money(amount, currency) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(80, "80%"), (Decimal("37.50"), "37.5%"), (0, "0%"), (None, "–")]
)
def test_percent(value, shown):
    assert formats.percent(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),
        (0, "under an hour"),
        (60, "under an hour"),
        (3600, "1 hour"),
        (19080, "5.3 hours"),
        (2 * 86400, "2 days"),
        (18 * 86400 + 9000, "18 days"),
    ],
)
def test_duration_is_in_hours_then_in_days(seconds, shown):
    assert formats.duration(seconds) == shown


@pytest.mark.parametrize(
    ("ago", "shown"),
    [
        (dt.timedelta(seconds=20), "just now"),
        (dt.timedelta(minutes=5, seconds=40), "5 min ago"),
        (dt.timedelta(hours=3), "3 h ago"),
        (dt.timedelta(hours=26), "yesterday"),
        (dt.timedelta(days=5), "5 days ago"),
        (dt.timedelta(days=60), "23 Sep 2026"),
        (-dt.timedelta(minutes=9), "in 9 min"),
        (-dt.timedelta(days=3), "in 3 days"),
    ],
)
def test_relative_time(ago, shown):
    assert formats.relative_time(NOON - ago, NOON) == shown


def test_exact_time_names_the_readers_zone():
    assert formats.exact_time(NOON) == "22 Nov 2026, 12:00 UTC"
    with timezone.override("Asia/Dubai"):
        assert formats.exact_time(NOON) == "22 Nov 2026, 16:00 Dubai time"


@pytest.mark.parametrize("typed", ["5,000,000", "50,00,000", "5 000 000", "5000000", "5000000.00"])
def test_money_field_reads_what_people_type(typed):
    assert MoneyField(currency="AED").clean(typed) == 5_000_000


@pytest.mark.parametrize("typed", ["", "0", "-5", "5,0", "1,2,3", "5.001", "NaN", "1e6x", "५,०००x"])
def test_money_field_refuses_what_is_no_amount(typed):
    with pytest.raises(ValidationError):
        MoneyField(currency="AED").clean(typed)


def test_money_input_groups_an_amount_and_keeps_what_was_mistyped():
    assert MoneyInput("AED").format_value(Decimal("5000000.00")) == "5,000,000"
    assert MoneyInput("INR").format_value(Decimal("2600000.50")) == "26,00,000.50"
    assert MoneyInput("AED").format_value("5,00x") == "5,00x"
