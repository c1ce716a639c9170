"""Ending sessions, for when somebody must be out now and not at their next sign-in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from events.models import Event
from events.services import record_event
from partners.models import UsedCode, User
from portal.lib.access import Actor


def end_for(users: Iterable[User], *, actor: Actor) -> int:
    """Delete every session of USERS, record whose they were, and return how many there were.

    A session keeps its user inside its signed data, so all living ones are read. That is seldom
    (an admin suspends or deactivates somebody) and a few thousand rows take well under a second.
    """
    theirs = {str(user.pk): user for user in users}
    if not theirs:
        return 0
    living = Session.objects.filter(expire_date__gt=timezone.now())
    keys: dict[str, list[str]] = defaultdict(list)
    for session in living.iterator(chunk_size=500):
        if (user_id := session.get_decoded().get(SESSION_KEY)) in theirs:
            keys[user_id].append(session.session_key)
    ended = [key for of_user in keys.values() for key in of_user]
    Session.objects.filter(session_key__in=ended).delete()
    UserSession.objects.filter(session_key__in=ended).delete()
    for user_id, of_user in sorted(keys.items()):
        record_ended(theirs[user_id], len(of_user), actor=actor)
    return len(ended)


def record_ended(user: User, number: int, *, actor: Actor) -> None:
    """Write down that NUMBER sessions of USER were ended before their time."""
    record_event(
        Event.Kind.SESSIONS_ENDED,
        actor=actor,
        partner_id=user.partner_id,
        user=user.pk,
        number=number,
    )


def forget_ended() -> None:
    """Delete the rows of sessions that have ended, with the network and browser they came from.

    One-time codes of yesterday can come from no authenticator app any more: they go too.
    """
    now = timezone.now()
    Session.objects.filter(expire_date__lte=now).delete()
    living = Session.objects.values("session_key")
    UserSession.objects.exclude(session_key__in=living).delete()
    UsedCode.objects.filter(used_at__lt=now - timedelta(days=1)).delete()
