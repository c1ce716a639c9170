"""Rows as a workbook (XLSX), written one at a time: text is text and never a formula."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_000_000  # of one sheet, with the heading; the format ends at 1,048,576
MOST_TEXT = 32_767  # characters of a cell
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "remove_timezone": True,
}


def xlsx_chunks(rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """Yield a workbook of ROWS, which is written once the first piece is asked for."""
    with workbook(rows) as file:
        while chunk := file.read(65_536):
            yield chunk


def workbook(rows: Iterable[Iterable[Any]], most_rows: int = MOST_ROWS) -> IO[bytes]:
    """Return a file with ROWS, whose first is the heading, to be read and closed.

    Decimals are numbers with the decimals they carry, days and times (UTC) are dates; everything
    else is text. Where one sheet is full, the next begins with the heading again.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    with Workbook(file, _OPTIONS) as book:
        write = _Cells(book)
        lines: Iterator[Iterable[Any]] = iter(rows)
        head = list(next(lines, []))
        sheet, place = write.new_sheet(head), 0
        for line in lines:
            place += 1
            if place == most_rows:
                sheet, place = write.new_sheet(head), 1
            for column, value in enumerate(line):
                write.cell(sheet, place, column, value)
    file.seek(0)
    return file


class _Cells:
    """Writes values as what they are, each format made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._bold = book.add_format({"bold": True})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._numbers: dict[int, Format] = {}

    def new_sheet(self, head: list[Any]) -> Worksheet:
        sheet: Worksheet = self._book.add_worksheet()
        sheet.set_column(0, max(len(head) - 1, 0), 18)
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(head):
            sheet.write_string(0, column, str(name), self._bold)
        return sheet

    def cell(self, sheet: Worksheet, row: int, column: int, value: Any) -> None:
        if value is None or value == "":
            return
        if isinstance(value, Decimal):
            sheet.write_number(row, column, value, self._number(value))
        elif isinstance(value, dt.datetime):
            sheet.write_datetime(row, column, value.astimezone(dt.UTC), self._time)
        elif isinstance(value, dt.date):
            sheet.write_datetime(row, column, value, self._day)
        elif isinstance(value, int):
            sheet.write_number(row, column, value)
        else:
            sheet.write_string(row, column, str(value)[:MOST_TEXT])

    def _number(self, value: Decimal) -> Format:
        exponent = value.as_tuple().exponent
        places = max(-exponent, 0) if isinstance(exponent, int) else 0
        if places not in self._numbers:
            shape = "0" + ("." + "0" * places if places else "")
            self._numbers[places] = self._book.add_format({"num_format": shape})
        return self._numbers[places]
