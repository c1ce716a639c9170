"""Amounts: Decimal plus an ISO 4217 code, rounded once; half-up unless a contract differs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from django.db import models

# Minor units by ISO 4217; a currency the portal does not list cannot be booked.
MINOR_UNITS = {
    "AED": 2, "INR": 2, "USD": 2, "EUR": 2, "GBP": 2, "SAR": 2,
    "AUD": 2, "BHD": 3, "CAD": 2, "CHF": 2, "CNY": 2, "HKD": 2, "JPY": 0, "KWD": 3,
    "OMR": 3, "QAR": 2, "SGD": 2, "ZAR": 2,
}  # fmt: skip
CURRENCIES = tuple(MINOR_UNITS)
MAX_DIGITS = 12  # before the point (contract section 3)
MOST_DECIMALS = max(MINOR_UNITS.values())
HALF_UP, HALF_EVEN = "half_up", "half_even"
_MODES = {HALF_UP: ROUND_HALF_UP, HALF_EVEN: ROUND_HALF_EVEN}
HUNDRED = Decimal(100)


class MoneyColumn(models.DecimalField):  # type: ignore[type-arg]
    """An amount of any listed currency: 12 digits before the point, as many after as any has."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs |= {"max_digits": MAX_DIGITS + MOST_DECIMALS, "decimal_places": MOST_DECIMALS}
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


def quantum(currency: str) -> Decimal:
    """Return the smallest amount of CURRENCY, 0.01 for AED."""
    return Decimal(1).scaleb(-MINOR_UNITS[currency])


def rounded(amount: Decimal, currency: str, mode: str = HALF_UP) -> Decimal:
    """Round AMOUNT to the minor unit of CURRENCY (`domain.md` section 5).

    :param mode: `half_up`, or `half_even` where a contract says so
    """
    return amount.quantize(quantum(currency), rounding=_MODES[mode])


def percentage_of(amount: Decimal, percent: Decimal, currency: str, mode: str = HALF_UP) -> Decimal:
    """Return PERCENT (15 means 15 %) of AMOUNT in CURRENCY, rounded once."""
    return rounded(amount * percent / HUNDRED, currency, mode)


def apportioned(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Return AMOUNT, of CURRENCY, cut by WEIGHTS into parts that add up to it.

    Largest remainder, ties to the earlier party (`domain.md` section 5); no part is negative.

    :raises ValueError: if the weights come to nothing, or one or AMOUNT is negative
    """
    whole = sum(weights, Decimal(0))
    if amount < 0 or whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("cannot be cut like this")
    unit = quantum(currency)
    exact = [amount * weight / whole for weight in weights]
    parts = [part.quantize(unit, rounding=ROUND_DOWN) for part in exact]
    left = int((amount - sum(parts, Decimal(0))) / unit)
    by_remainder = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_remainder[:left]:
        parts[place] += unit
    return parts


def fits(amount: Decimal, currency: str) -> bool:
    """Return whether AMOUNT has at most the decimals of CURRENCY and 12 digits before the point."""
    return amount == amount.quantize(quantum(currency)) and abs(amount) < 10**MAX_DIGITS


def exact(amount: Decimal, currency: str) -> Decimal:
    """Return a stored AMOUNT with the decimals of CURRENCY, however many its column keeps."""
    return amount.quantize(quantum(currency))


def plain(amount: Decimal | None) -> int | float | None:
    """Return AMOUNT as the JSON number outsiders see: 750000, 30864.2."""
    if amount is None:
        return None
    return int(amount) if amount == amount.to_integral_value() else float(amount)
