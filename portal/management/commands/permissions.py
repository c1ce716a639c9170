"""Print who may do what, as `docs/permissions.md` holds it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.rights import as_markdown


class Command(BaseCommand):
    help = "Print the table of rights for docs/permissions.md."

    def handle(self, **_options: Any) -> None:
        self.stdout.write(as_markdown(), ending="")
