"""`manage.py issue_api_key`: print a new API key, and nothing else, on stdout."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from partners import services
from partners.models import Partner, User
from portal.lib.access import STAFF_ROLES, THE_SYSTEM
from portal.lib.errors import DomainError


class Command(BaseCommand):
    help = "Issue an API key to a partner or an agent and print it. It cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        holder = parser.add_mutually_exclusive_group(required=True)
        holder.add_argument("--partner", metavar="ID_OR_USER_EMAIL")
        holder.add_argument("--agent", metavar="EMAIL")
        parser.add_argument("--scopes", default="", help="such as leads:read,leads:work")
        parser.add_argument("--name", default="", help="what the key is for")

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        holder: dict[str, Any]
        if options["partner"]:
            holder = {"partner": _partner(options["partner"])}
        else:
            holder = {"user": _agent(options["agent"])}
        try:
            _key, secret = services.issue_key(
                actor=THE_SYSTEM, name=options["name"], scopes=scopes, **holder
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(secret)


def _partner(given: str) -> Partner:
    if "@" in given:
        user = User.objects.filter(email__iexact=given).select_related("partner").first()
        if user is not None and user.partner is not None:
            return user.partner
    else:
        try:
            return Partner.objects.get(pk=given)
        except (Partner.DoesNotExist, ValueError, ValidationError):
            pass
    raise CommandError(f"No partner has the id or a user with the address {given}.")


def _agent(email: str) -> User:
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None or user.role not in STAFF_ROLES:
        raise CommandError(f"No agent signs in with {email}.")
    return user
