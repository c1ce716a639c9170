"""Read the rows of a file somebody chose: CSV as spreadsheets write it, or XLSX.

Every cell becomes text. A formula is never worked out: of one that the file keeps the result of,
the result is read.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook

Row = tuple[int, list[str]]
DELIMITERS = (",", ";", "\t", "|")  # Excel writes the second in much of the world
XLSX_MARK = b"PK\x03\x04"
# What a packed file may come to: a small one can hold gigabytes of nothing.
MOST_UNPACKED = 50 * 1_048_576
MOST_PARTS = 1_000
MOST_COLUMNS = 60
LAST_ROW = 1_048_576  # of any spreadsheet


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row is not taken; without a row it is the whole file."""

    reason: str
    row: int | None = None
    column: str = ""


class FileRefused(Exception):
    """Nothing of the file is taken; `faults` say why."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def csv_rows(content: bytes, *, most: int) -> Iterator[Row]:
    """Yield the first row of a CSV file and every other that is not empty, with its number.

    :param most: how many rows there may be below the first
    :raises FileRefused: if it is no CSV file in UTF-8, or longer
    """
    text = _decoded(content)
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from _filled(enumerate(lines, 1), most)
    except csv.Error:
        raise FileRefused(
            Fault(_("This is no CSV file: a quotation mark is never closed."))
        ) from None


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileRefused(Fault(_("Save the file as CSV in UTF-8, and choose it again."))) from None
    if "\0" in text:
        raise FileRefused(Fault(_("This is no CSV file.")))
    return text


def _filled(rows: Iterator[Row], most: int) -> Iterator[Row]:
    found = 0
    for number, cells in rows:
        if number > 1 and not any(cell.strip() for cell in cells):
            continue
        if number > 1:
            found += 1
        if found > most:
            said = _("A file may hold %(number)s rows.") % {"number": most}
            raise FileRefused(Fault(said))
        yield number, cells


def xlsx_rows(content: bytes, *, most: int) -> Iterator[Row]:
    """Yield the first row of the first sheet and every other that is not empty, with its number.

    :param most: how many rows there may be below the first
    :raises FileRefused: if it is no XLSX file, unpacks to more than it may, or is longer
    """
    _check_unpacked(content)
    try:
        yield from _filled(_sheet(content), most)
    except FileRefused:
        raise
    except Exception:  # noqa: BLE001 - the package raises whatever a broken file makes it stumble on
        raise _no_xlsx() from None


def _check_unpacked(content: bytes) -> None:
    """Refuse what comes to too much; nothing is read beyond the sizes announced here."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise _no_xlsx() from None
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise FileRefused(Fault(_("The file unpacks to more than we read.")))


def _no_xlsx() -> FileRefused:
    return FileRefused(Fault(_("This is no XLSX file, or it is damaged.")))


def _sheet(content: bytes) -> Iterator[Row]:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # a file says any size it likes
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), 1):
        if number > LAST_ROW:
            raise _no_xlsx()
        texts = [_text(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()  # what lies beyond the last that holds something
        yield number, texts


def _text(cell: Any) -> str:
    """Return what a cell holds, as somebody would type it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    shown = Decimal(repr(value)) * (100 if "%" in cell.number_format else 1)
    # What a spreadsheet works out ends in 0000000001 or 9999999999.
    return f"{round(shown, 6).normalize():f}"
