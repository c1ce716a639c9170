"""Write down who came in, by which way, and who changed how they come in."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed, password_reset, user_logged_in
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.dispatch import receiver

from events.models import Event
from events.services import record_event
from partners.models import User

Kind = Event.Kind


def _record(kind: str, user: User, **data: Any) -> None:
    record_event(kind, actor=user, partner_id=user.partner_id, user=user.pk, **data)


@receiver(user_logged_in, dispatch_uid="partners.signed_in")
def _signed_in(request: Any, user: User, **_: Any) -> None:
    """Name the ways that were used (password, code, mfa), never what was typed."""
    ways = [
        str(way.get("method")) for way in request.session.get("account_authentication_methods", [])
    ]
    _record(Kind.SIGNED_IN, user, ways=sorted(set(ways)))


@receiver([password_changed, password_reset], dispatch_uid="partners.password_changed")
def _password_changed(user: User, **_: Any) -> None:
    _record(Kind.PASSWORD_CHANGED, user)


@receiver(authenticator_added, dispatch_uid="partners.factor_added")
def _added(user: User, authenticator: Any, **_: Any) -> None:
    _record(Kind.SECOND_FACTOR_CHANGED, user, change="added", factor=authenticator.type)


@receiver(authenticator_removed, dispatch_uid="partners.factor_removed")
def _removed(user: User, authenticator: Any, **_: Any) -> None:
    _record(Kind.SECOND_FACTOR_CHANGED, user, change="removed", factor=authenticator.type)


@receiver(authenticator_reset, dispatch_uid="partners.factor_reset")
def _reset(user: User, authenticator: Any, **_: Any) -> None:
    _record(Kind.SECOND_FACTOR_CHANGED, user, change="made anew", factor=authenticator.type)


def record_refused(user: User) -> None:
    """Write down that somebody tried to sign in as USER and was refused."""
    _record(Kind.SIGN_IN_REFUSED, user)
