"""Files that people choose: read as spreadsheets write them, refused before they cost anything."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook

from portal.lib import sheets
from portal.lib.sheets import FileRefused, csv_rows, xlsx_rows

MOST = 5


def book(*rows: list[Any], far: str = "") -> bytes:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if far:
        sheet[far] = "x"
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


def refused(rows: Any) -> str:
    with pytest.raises(FileRefused) as found:
        list(rows)
    return found.value.faults[0].reason


class TestCsv:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_the_mark_between_cells_is_found(self, delimiter: str) -> None:
        content = f"a{delimiter}b\n1{delimiter}2\n".encode()
        assert list(csv_rows(content, most=MOST)) == [(1, ["a", "b"]), (2, ["1", "2"])]

    def test_empty_rows_are_passed_over_and_counted(self) -> None:
        assert list(csv_rows(b"a\n\n,\n1\n", most=MOST)) == [(1, ["a"]), (4, ["1"])]

    def test_too_many_rows(self) -> None:
        assert "5 rows" in refused(csv_rows(b"a\n" + b"1\n" * 6, most=MOST))


class TestXlsx:
    def test_cells_are_what_somebody_would_type(self) -> None:
        made = Workbook()
        sheet = made.active
        assert sheet is not None
        sheet.append(["a", 1, 2.5, 0.1 + 0.2, True, None, dt.date(2026, 11, 22), "=1+1"])
        sheet.append([0.155, dt.date(2026, 11, 2)])
        sheet["A2"].number_format = "0.0%"
        kept = io.BytesIO()
        made.save(kept)
        first, second = xlsx_rows(kept.getvalue(), most=MOST)
        # A formula nobody worked out holds nothing: it is not worked out here either.
        assert first == (1, ["a", "1", "2.5", "0.3", "True", "", "2026-11-22"])
        assert second == (2, ["15.5", "2026-11-02"])

    def test_too_many_rows(self) -> None:
        assert "5 rows" in refused(xlsx_rows(book(*[["x"]] * 7), most=MOST))

    @pytest.mark.proof  # a million rows are passed over
    def test_a_cell_far_off_costs_no_table_of_everything_before_it(self) -> None:
        rows = list(xlsx_rows(book(["a"], ["1"], far="XFD1048576"), most=MOST))
        assert [(number, cells[0]) for number, cells in rows] == [(1, "a"), (2, "1")]

    @pytest.mark.parametrize(
        "content", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 99, b"", b"a,b\n"], ids=range(4)
    )
    def test_what_is_no_xlsx_file(self, content: bytes) -> None:
        assert "no XLSX" in refused(xlsx_rows(content, most=MOST))

    def test_a_zip_file_of_something_else(self) -> None:
        kept = io.BytesIO()
        with zipfile.ZipFile(kept, "w") as packed:
            packed.writestr("hello.txt", "hello")
        assert "no XLSX" in refused(xlsx_rows(kept.getvalue(), most=MOST))

    def test_a_part_that_unpacks_without_end_is_refused_unread(self) -> None:
        kept = io.BytesIO(book(["a"]))
        with zipfile.ZipFile(kept, "a", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("xl/more.xml", b"\0" * (sheets.MOST_UNPACKED + 1))
        assert len(kept.getvalue()) < 200_000
        assert "unpacks to more" in refused(xlsx_rows(kept.getvalue(), most=MOST))

    def test_entities_are_not_resolved(self) -> None:
        kept = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(book(["a"]))) as old, zipfile.ZipFile(kept, "w") as new:
            for part in old.infolist():
                content = old.read(part)
                if part.filename.startswith("xl/worksheets/"):
                    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
                    content = bomb + content.replace(b"<v>0</v>", b"<v>&b;</v>")
                new.writestr(part.filename, content)
        assert "no XLSX" in refused(xlsx_rows(kept.getvalue(), most=MOST))
