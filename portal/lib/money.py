"""Amounts: Decimal plus an ISO 4217 code, rounded once and half-up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

# Minor units by ISO 4217; a currency the portal does not list cannot be booked.
MINOR_UNITS = {"AED": 2, "INR": 2, "USD": 2, "EUR": 2, "GBP": 2, "SAR": 2}
CURRENCIES = tuple(MINOR_UNITS)
MAX_DIGITS = 12  # before the point (contract section 3)


def quantum(currency: str) -> Decimal:
    """Return the smallest amount of CURRENCY, 0.01 for AED."""
    return Decimal(1).scaleb(-MINOR_UNITS[currency])


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round AMOUNT half-up to the minor unit of CURRENCY (`domain.md` section 5)."""
    return amount.quantize(quantum(currency), rounding=ROUND_HALF_UP)


def percentage_of(amount: Decimal, percent: Decimal, currency: str) -> Decimal:
    """Return PERCENT (15 means 15 %) of AMOUNT in CURRENCY, rounded half-up once."""
    return rounded(amount * percent / Decimal(100), currency)


def fits(amount: Decimal, currency: str) -> bool:
    """Return whether AMOUNT has at most the decimals of CURRENCY and 12 digits before the point."""
    return amount == amount.quantize(quantum(currency)) and abs(amount) < 10**MAX_DIGITS


def plain(amount: Decimal | None) -> int | float | None:
    """Return AMOUNT as the JSON number outsiders see: 750000, 30864.2."""
    if amount is None:
        return None
    return int(amount) if amount == amount.to_integral_value() else float(amount)
