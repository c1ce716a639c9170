"""`manage.py verify_audit`: whether the trail of events is as it was written."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events import checkpoints
from events.chain import Broken, check_chain


class Command(BaseCommand):
    help = "Checks every event and checkpoint; names the first that is not as it was written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoints",
            type=Path,
            metavar="DIR",
            help="exported checkpoints (*.jsonl) to trust",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        directory: Path | None = options["checkpoints"]
        files = sorted(directory.glob("*.jsonl")) if directory else []
        if directory and not files:
            raise CommandError(f"There is no *.jsonl in {directory}.")
        try:
            events = check_chain()
            kept = checkpoints.check_kept()
            exported = checkpoints.check_exported(_lines(files))
        except Broken as broken:
            self.stdout.write(str(broken))
            sys.exit(1)
        told = f"{events} events and {kept} checkpoints are as they were written"
        self.stdout.write(f"{told}; {exported} exported checkpoints agree" if files else told)


def _lines(files: list[Path]) -> Iterator[str]:
    for path in files:
        with path.open(encoding="utf-8") as lines:
            yield from lines
