"""Ending sessions, for when somebody must be out now and not at their next sign-in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from partners.models import UsedCode, User


def end_for(users: Iterable[User]) -> int:
    """Delete every session of USERS and return how many there were.

    A session keeps its user inside its signed data, so all living ones are read. That is seldom
    (an admin suspends or deactivates somebody) and a few thousand rows take well under a second.
    """
    theirs = {str(user.pk) for user in users}
    if not theirs:
        return 0
    living = Session.objects.filter(expire_date__gt=timezone.now())
    keys = [
        session.session_key
        for session in living.iterator(chunk_size=500)
        if session.get_decoded().get(SESSION_KEY) in theirs
    ]
    return Session.objects.filter(session_key__in=keys).delete()[0]


def forget_ended() -> None:
    """Delete the rows of sessions that have ended, with the network and browser they came from.

    One-time codes of yesterday can come from no authenticator app any more: they go too.
    """
    now = timezone.now()
    Session.objects.filter(expire_date__lte=now).delete()
    living = Session.objects.values("session_key")
    UserSession.objects.exclude(session_key__in=living).delete()
    UsedCode.objects.filter(used_at__lt=now - timedelta(days=1)).delete()
