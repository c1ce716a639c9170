"""The people of one partner, as its owners keep them."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from events.models import Event
from events.services import record_event
from partners import sessions
from partners.models import Partner, User
from partners.services.writing import locked
from portal.lib.access import Actor, Can, Role, require
from portal.lib.errors import Conflict, NotFound, Unprocessable


class LastOwner(Conflict):
    """Without an owner nobody of the partner could manage it."""

    code = "last_owner"


class NotYourself(Conflict):
    """Nobody removes or demotes their own account."""

    code = "not_yourself"


@transaction.atomic
def remove_member(*, actor: Actor, user_id: str) -> User:
    """Shut one of the actor's own people out, everywhere and at once.

    :raises NotYourself: if it is the actor's own account
    :raises LastOwner: if no active owner would be left
    """
    user = _locked_colleague(actor, user_id)
    if user.role == Role.OWNER:
        _require_another_owner(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    sessions.end_for([user], actor=actor)
    _record(actor, user, "deactivated", [])
    return user


@transaction.atomic
def change_role(*, actor: Actor, user_id: str, role: str) -> User:
    """Make one of the actor's own people an owner or a member; it signs them out.

    :raises NotYourself: if it is the actor's own account
    :raises LastOwner: if no active owner would be left
    """
    if role not in (Role.OWNER, Role.MEMBER):
        raise Unprocessable(_("There is no such role."), fields={"role": [role]})
    user = _locked_colleague(actor, user_id)
    if user.role == role:
        return user
    if user.role == Role.OWNER:
        _require_another_owner(user)
    user.role = role
    user.save(update_fields=["role"])
    sessions.end_for([user], actor=actor)
    _record(actor, user, "changed", ["role"])
    return user


def _locked_colleague(actor: Actor, user_id: str) -> User:
    require(actor, Can.MANAGE_PEOPLE)
    if actor.partner_id is None:
        raise NotFound(_("There is nothing with this id."))
    locked(Partner, actor.partner_id)  # so that two owners cannot remove each other
    user = locked(User, user_id)
    if user.partner_id != actor.partner_id or not user.is_active:
        raise NotFound(_("There is nothing with this id."))
    if user.pk == actor.actor_id:
        raise NotYourself(_("You cannot do this to your own account."))
    return user


def _require_another_owner(user: User) -> None:
    owners = User.objects.filter(partner_id=user.partner_id, role=Role.OWNER, is_active=True)
    if not owners.exclude(pk=user.pk).exists():
        raise LastOwner(_("This is the only active owner. Make another one first."))


def _record(actor: Actor, user: User, change: str, fields: list[str]) -> None:
    record_event(
        Event.Kind.USER_CHANGED,
        actor=actor,
        partner_id=user.partner_id,
        user=user.pk,
        change=change,
        fields=fields,
    )
