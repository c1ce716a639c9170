"""`manage.py export_checkpoints`: the signed checkpoints as lines of JSON."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from events import checkpoints
from portal.lib.access import THE_SYSTEM


class Command(BaseCommand):
    help = "Prints the audit trail's checkpoints, one JSON object a line, to be kept elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--after", type=int, default=0, metavar="N", help="only those behind number N"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        for line in checkpoints.lines(user=THE_SYSTEM, after=options["after"]):
            self.stdout.write(line, ending="")
