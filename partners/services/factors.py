"""A phone was lost: an admin takes the second factor away, and its owner makes another."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from events.models import Event
from events.services import queue_mail, record_event
from partners import sessions
from partners.models import User
from partners.services.people import NotYourself
from partners.services.writing import locked
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Conflict


class NoFactor(Conflict):
    """There is nothing to take away."""

    code = "no_factor"


@transaction.atomic
def remove_factors(*, actor: Actor, user_id: str) -> User:
    """Take every app, passkey and recovery code from an account, end its sessions and tell it.

    The password stays what it was; a role that must have a factor makes one at the next sign-in.

    :raises NotYourself: if it is the actor's own account
    :raises NoFactor: if the account has none
    """
    require(actor, Can.MANAGE_PARTNERS)
    user = locked(User, user_id)
    if user.pk == actor.actor_id:
        raise NotYourself(_("You cannot do this to your own account."))
    if not Authenticator.objects.filter(user=user).delete()[0]:
        raise NoFactor(_("This account has no second factor."))
    sessions.end_for([user], actor=actor)
    event = record_event(
        Event.Kind.SECOND_FACTOR_CHANGED,
        actor=actor,
        partner_id=user.partner_id,
        user=user.pk,
        change="removed",
        factor="all",
    )
    queue_mail(event, "factors_removed", refs={"user": str(user.pk)})
    return user
