"""Print where a lead belongs in common CRMs, as `docs/crm.md` holds it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.partner.crm import as_markdown


class Command(BaseCommand):
    help = "Print the map of fields for docs/crm.md."

    def handle(self, **_options: Any) -> None:
        self.stdout.write(as_markdown(), ending="")
