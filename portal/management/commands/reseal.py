"""`manage.py reseal`: after a new FIELD_ENCRYPTION_KEY was put in front of the others."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError

from portal.resealing import reseal


class Command(BaseCommand):
    help = "Seals every secret in the database anew with the first FIELD_ENCRYPTION_KEY."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            number = reseal()
        except InvalidToken as error:
            raise CommandError("A value was sealed with a key that is not given.") from error
        self.stdout.write(f"{number} values are sealed with the first key")
