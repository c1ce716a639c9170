"""Rows as a file to download, read while it is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import StreamingHttpResponse

from commissions.exports import csv_lines
from commissions.sheets import MIME, xlsx_chunks


def file_answer(rows: Iterable[Iterable[Any]], name: str) -> StreamingHttpResponse:
    """Return ROWS as a file called NAME: a workbook if it ends in .xlsx, else CSV."""
    workbook = name.endswith(".xlsx")
    return StreamingHttpResponse(
        xlsx_chunks(rows) if workbook else csv_lines(rows),
        content_type=MIME if workbook else "text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
