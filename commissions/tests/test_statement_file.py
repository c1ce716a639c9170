"""Partners' files: read as they write them, refused row by row and column by column."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook

from commissions import statement_file
from commissions.matching import Line
from commissions.statement_file import named_in, read_statement
from portal.lib.sheets import FileRefused

FIRST, LAST = dt.date(2026, 11, 1), dt.date(2026, 11, 30)
SHARE = "share_" + "0" * 26
REV = "rev_" + "0" * 26


def read(content: str | bytes) -> list[Line]:
    raw = content.encode() if isinstance(content, str) else content
    return read_statement(raw, currency="AED", first=FIRST, last=LAST)


def faults_of(content: str | bytes) -> list[tuple[int | None, str]]:
    with pytest.raises(FileRefused) as refused:
        read(content)
    return [(fault.row, fault.column) for fault in refused.value.faults]


class TestColumns:
    @pytest.mark.parametrize(
        "heads",
        [
            "leadId,closingDate,agreementValue,commissionPercent,commissionAmount,currency",
            "Lead,Closing date,Agreement value (AED),Rate %,Commission,Currency",
            "REF;Date;Price;Rate;Fee;CCY",
        ],
    )
    def test_usual_names_are_known(self, heads: str) -> None:
        mark = ";" if ";" in heads else ","
        cells = [SHARE, "22/11/2026", '"5,000,000"', "15%", "750 000", "aed"]
        (line,) = read(f"{heads}\n{mark.join(cells)}\n")
        assert line == Line(
            number=2,
            names=SHARE,
            reference=SHARE,
            closed_on=dt.date(2026, 11, 22),
            value=Decimal(5_000_000),
            percent=Decimal(15),
            amount=Decimal(750_000),
            currency="AED",
        )

    def test_others_are_passed_over(self) -> None:
        (line,) = read(f"Agent,leadId,value,Client's name\nX,{SHARE},9,Nadia\n")
        assert [line.value, line.currency] == [9, "AED"]

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("", [(None, "")]),
            ("leadId,rate\n", [(1, "agreementValue")]),
            ("value,rate\n9,1\n", [(1, "leadId")]),
            ("leadId,value,Value\nx,1,2\n", [(1, "value")]),
            ("leadId,value\n", [(None, "")]),
        ],
    )
    def test_what_is_needed(self, content: str, told: Any) -> None:
        assert faults_of(content) == told


class TestRows:
    @pytest.mark.parametrize(
        ("row", "columns"),
        [
            (f"{SHARE},,many,,,", ["Deal value"]),
            (f"{SHARE},,-5,,,", ["Deal value"]),
            (f"{SHARE},,0,,,", ["Deal value"]),
            (f"{SHARE},,5.001,,,AED", ["Deal value"]),
            (f"{SHARE},,9,101,,", ["Rate"]),
            (f"{SHARE},,9,,10,", ["Fee"]),
            (f"{SHARE},,9,,,XXX", ["CCY"]),
            (f"{SHARE},2026-13-01,9,,,", ["Date"]),
            (f"{SHARE},2026-10-31,9,,,", ["Date"]),
            (",,9,,,", ["Date"]),
            (",,=1+1,x,#N/A,", ["Deal value", "Rate", "Fee"]),
        ],
    )
    def test_faults_name_row_and_column(self, row: str, columns: list[str]) -> None:
        content = f"Lead,Date,Deal value,Rate,Fee,CCY\n{SHARE},,9,,,\n{row}\n"
        assert faults_of(content) == [(3, column) for column in columns]

    @pytest.mark.parametrize(
        "day", ["2026-11-02", "02/11/2026", "02.11.2026", "2 Nov 2026", "2026-11-02T14:00:00Z"]
    )
    def test_days(self, day: str) -> None:
        assert read(f"value,date\n9,{day}\n")[0].closed_on == dt.date(2026, 11, 2)

    @pytest.mark.parametrize(
        ("said", "names", "kept"),
        [
            (SHARE, SHARE, SHARE),
            (f"'{REV}", REV, ""),
            ("Lead 8X2K9P", "8X2K9P", ""),
            ("8x2k9p", "8X2K9P", "8x2k9p"),
            ("INV-2026/17", "", "INV-2026/17"),
            ("Nadia Probe", "", ""),
            ("nadia@clients.example", "", ""),
            ("971501234567", "", ""),
            ("=HYPERLINK(1)", "", ""),
        ],
    )
    def test_words_are_not_kept(self, said: str, names: str, kept: str) -> None:
        (line,) = read(f"reference,value\n{said},9\n")
        assert (line.names, line.reference) == (names, kept)
        assert named_in(said) == names

    def test_minor_units_are_those_of_the_currency(self) -> None:
        content = f"leadId,value,currency\n{SHARE},5.001,KWD\n{REV},5.5,JPY\n"
        assert faults_of(content) == [(3, "value")]


class TestFiles:
    def test_xlsx(self) -> None:
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(["Lead", "Closing date", "Deal value", "Rate"])
        sheet.append([SHARE, dt.date(2026, 11, 3), 1_234_567.89, 0.15])
        sheet["D2"].number_format = "0%"
        kept = io.BytesIO()
        book.save(kept)
        (line,) = read(kept.getvalue())
        assert [line.value, line.percent, line.closed_on] == [
            Decimal("1234567.89"), 15, dt.date(2026, 11, 3),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "content",
        [
            b"\xd0\xcf\x11\xe0" + b"x" * 600,
            b"PK\x03\x04nothing",
            "value,date\n9,é\n".encode("latin-1"),
            b"value,leadId\n" + b"9,1\n" * 5_001,
            b"x" * (statement_file.MAX_BYTES + 1),
        ],
        ids=["old spreadsheet", "broken", "other letters", "too many rows", "too large"],
    )
    def test_what_is_none_is_refused_whole(self, content: bytes) -> None:
        assert faults_of(content) == [(None, "")]
