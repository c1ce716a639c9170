"""Rows for spreadsheets and accounting: as CSV, and what a commission is there."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from commissions.models import Commission
from leads.consent import rfc3339
from portal.lib.money import exact

# What a spreadsheet would read as a formula, also behind blanks and marks it passes over.
_FORMULA = re.compile(r"^[\s\ufeff'\"\x00]*[=+\-@＝＋－＠\t\r\n|;]")
_SEPARATOR = re.compile(r'[",;|\t\r\n]')
_NUMBER = re.compile(r"^[+-]?\d[\d .]*$")


def safe_cell(value: Any) -> str:
    """Return VALUE as text that no spreadsheet runs; plain numbers and phones stay usable."""
    text = _text(value).replace("\x00", "")
    if _FORMULA.match(text) and not _NUMBER.match(text):
        return "'" + text
    return text


def _text(value: Any) -> str:
    """Return VALUE as a file of text says it: amounts in full, times in RFC 3339."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(rfc3339(value) if isinstance(value, dt.datetime) else value)


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Yield ROWS as CSV lines (RFC 4180) with safe cells."""
    for row in rows:
        yield ",".join(_quoted(safe_cell(cell)) for cell in row) + "\r\n"


def _quoted(cell: str) -> str:
    """Return CELL so that it stays one, also where another mark than the comma separates."""
    return '"' + cell.replace('"', '""') + '"' if _SEPARATOR.search(cell) else cell


def rate(percent: Decimal) -> Decimal:
    """Return PERCENT with two decimals, or with all it has where they are more."""
    return percent.quantize(Decimal("0.01")) if percent == round(percent, 2) else percent


def commission_rows(commissions: Iterable[Commission]) -> Iterator[list[Any]]:
    """Yield the heading and a row per commission; amounts in the currency beside them."""
    yield [
        "id",
        "leadId",
        "agreementValue",
        "commissionPercent",
        "commissionAmount",
        "currency",
        "direction",
        "status",
        "timestamp",
    ]
    for commission in commissions:
        yield [
            commission.pk,
            commission.share_id,
            exact(commission.agreement_value, commission.currency),
            rate(commission.percent),
            exact(commission.amount, commission.currency),
            commission.currency,
            commission.direction,
            commission.status,
            commission.recorded_at,
        ]
