"""`manage.py demo`: load the demo world."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.demo import world
from portal.lib.errors import DomainError


class Command(BaseCommand):
    help = "Load the demo world by calling the services. Again changes nothing. Demo mode only."
    requires_system_checks = []  # every start waits for this command

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--wait",
            type=float,
            default=15.0,
            metavar="SECONDS",
            help="how long the demo inbox may take to answer its challenges (15)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo world is for PORTAL_MODE=demo only.")
        try:
            loaded = world.load(wait=options["wait"])
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        if loaded.told or loaded.arrived:
            self.stdout.write(
                f"Demo world: {loaded.told} clients added, {loaded.arrived} leads shared just now."
            )
        if loaded.waiting:
            self.stdout.write(
                f"The demo inbox does not answer at {settings.INBOX_ORIGIN}. Run this again beside"
                f" `make run`; {loaded.waiting} leads are shared then."
            )
