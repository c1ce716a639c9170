"""`manage.py apply_retention`: erase what may not be kept any longer, or say what that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from leads import retention, services


class Command(BaseCommand):
    help = "Erase the clients whose details may not be kept any longer, as each night."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="erase nothing, only tell")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self._tell(retention.due(timezone.now()), "would be erased")
        else:
            self._tell(services.apply_retention(), "erased")

    def _tell(self, found: Iterable[retention.Due], done: str) -> None:
        """Print each lead's id as it comes, and then how many each rule concerns."""
        numbers: Counter[str] = Counter()
        for due in found:
            self.stdout.write(due.lead_id)
            numbers[due.rule] += 1
        for rule, number in sorted(numbers.items()):
            self.stdout.write(f"{rule}: {number} {done}")
        self.stdout.write(f"{numbers.total()} {done}")
