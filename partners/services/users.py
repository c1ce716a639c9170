"""Accounts. Nobody signs up: people are invited, and choose their password themselves."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from events.models import Event
from events.services import record_event
from partners import sessions
from partners.models import User
from partners.services.writing import assign, clean, locked
from portal.lib.access import Actor, Can, Role, require
from portal.lib.errors import Conflict, Unprocessable


class LastAdmin(Conflict):
    """Without an admin nobody could ever manage anything again."""

    code = "last_admin"


@transaction.atomic
def create_user(
    *,
    actor: Actor,
    email: str,
    name: str,
    role: str,
    partner_id: str | None = None,
    market: str = "",
    team: str = "",
    password: str | None = None,
) -> User:
    """Add an account that signs in with EMAIL; without PASSWORD it cannot sign in yet.

    :param market: staff see the leads of this market only
    :param team: staff see the leads only whose agent is of this team
    :raises Unprocessable: if a field is wrong, or the role does not fit belonging to a partner
    """
    require(actor, Can.MANAGE_PARTNERS)
    fields = {"role": role, "partner_id": partner_id, "market": market, "team": team}
    user = User(email=_address(email), name=name, **fields)
    clean(user, without={"password"})
    _use_password(user, password)
    user.save(force_insert=True)
    _record(actor, user, "added", [])
    return user


@transaction.atomic
def update_user(
    *,
    actor: Actor,
    user_id: str,
    email: str,
    name: str,
    role: str,
    partner_id: str | None,
    market: str | None = None,
    team: str | None = None,
) -> User:
    """Change an account; another address, role, partner or scope signs it out everywhere.

    :param market: staff see the leads of this market only; "" of all, None as before
    :param team: staff see the leads only whose agent is of this team; the same
    :raises LastAdmin: if no active admin would be left
    :raises Unprocessable: if a field is wrong
    """
    require(actor, Can.MANAGE_PARTNERS)
    user = locked(User, user_id)
    was_admin = _is_active_admin(user)
    values = {"email": _address(email), "name": name, "role": role, "partner_id": partner_id}
    scope = {"market": market, "team": team}
    values |= {name: value for name, value in scope.items() if value is not None}
    changed = assign(user, values)
    if not changed:
        return user
    clean(user, without={"password"})
    if was_admin and not _is_active_admin(user):
        _require_another_admin(user)
    user.save()
    if "email" in changed:
        EmailAddress.objects.filter(user=user).delete()  # the old address would still sign in
    if set(changed) - {"name"}:
        sessions.end_for([user], actor=actor)
    _record(actor, user, "changed", changed)
    return user


@transaction.atomic
def set_user_active(*, actor: Actor, user_id: str, active: bool) -> User:
    """Let an account in, or shut it out at once.

    :raises LastAdmin: if no active admin would be left
    """
    require(actor, Can.MANAGE_PARTNERS)
    user = locked(User, user_id)
    was_admin = _is_active_admin(user)
    if not assign(user, {"is_active": active}):
        return user
    if was_admin:
        _require_another_admin(user)
    user.save(update_fields=["is_active"])
    if not active:
        sessions.end_for([user], actor=actor)
    _record(actor, user, "activated" if active else "deactivated", [])
    return user


def _address(email: str) -> str:
    return User.objects.normalize_email(email).lower()


def _use_password(user: User, password: str | None) -> None:
    if password is not None:
        try:
            validate_password(password, user)
        except ValidationError as error:
            fields = {"password": error.messages}
            raise Unprocessable(" ".join(error.messages), fields=fields) from error
    user.set_password(password)


def _is_active_admin(user: User) -> bool:
    return user.is_active and user.role == Role.ADMIN


def _require_another_admin(user: User) -> None:
    # All admins are locked, so that two of them cannot remove each other at the same moment.
    admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
    if not [admin for admin in admins.order_by("pk") if admin.pk != user.pk]:
        raise LastAdmin(_("This is the only active admin. Make another one first."))


def _record(actor: Actor, user: User, change: str, fields: list[str]) -> None:
    # Whose account it was: an id, never a name or an address.
    record_event(
        Event.Kind.USER_CHANGED,
        actor=actor,
        partner_id=user.partner_id,
        user=user.pk,
        change=change,
        fields=[field.removesuffix("_id") for field in fields],
    )
