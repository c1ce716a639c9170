"""`manage.py import_rates`: take in a file of reference rates, or the Bank's bundled history."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from commissions import rate_files, services
from portal.lib.access import THE_SYSTEM
from portal.lib.sheets import FileRefused


class Command(BaseCommand):
    help = (
        "Import the European Central Bank's reference rates from FILE (CSV, zipped CSV or XML);"
        " without one, its history as it comes with the portal. Again adds nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
        parser.add_argument(
            "--since",
            type=dt.date.fromisoformat,
            metavar="DAY",
            help="only rates of this day and later (for the bundled history: what deals need)",
        )

    def handle(self, *args: Any, file: Path | None, since: dt.date | None, **options: Any) -> None:
        try:
            if file is None:
                report = services.import_bundled_rates(actor=THE_SYSTEM, since=since)
            else:
                quotes = rate_files.read_quotes(file.read_bytes(), since)
                report = services.import_rates(actor=THE_SYSTEM, quotes=quotes)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}") from error
        except FileRefused as refused:
            shown = refused.faults[: rate_files.SHOWN_FAULTS]
            faults = [f"row {fault.row or '-'} {fault.column}: {fault.reason}" for fault in shown]
            raise CommandError("\n".join(["Nothing imported.", *faults])) from refused
        self.stdout.write(f"{report.added} rates added, {report.known} held already.")
        for differing in report.differing:
            self.stderr.write(f"kept, not changed (held, given): {differing}")
        if report.differing:
            raise CommandError(f"{len(report.differing)} rates differ from those held.")
