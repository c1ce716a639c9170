"""How long a session lasts: until nobody used it for a while, and never longer than a working day.

Each row of the session table carries its own end, and Django opens no row whose end has passed. So
both limits hold at every request, whatever the browser does with its cookie.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from portal.lib.problems import is_api

SIGNED_IN_AT = "signed_in_at"  # seconds since 1970
# Not every page writes: the end is moved on when this much of it is used up.
WRITTEN_EVERY = timedelta(minutes=1)
# What open pages ask by themselves says nothing of a person who is there.
ASKED_BY_PAGES = ("/pulse/",)


class SessionStore(DatabaseStore):
    """Sessions that end `SESSION_COOKIE_AGE` seconds after their last use.

    Those of somebody who signed in also end `SESSION_ABSOLUTE_AGE` seconds after that.
    """

    stored_end: datetime | None = None
    stays = False  # whether this request leaves the end where it is

    def _get_session_from_db(self) -> Session | None:
        row: Session | None = super()._get_session_from_db()  # type: ignore[misc]
        self.stored_end = row.expire_date if row else None
        return row

    def get_expiry_date(self, **given: Any) -> datetime:
        """Return when the session ends if it is saved now."""
        end: datetime = super().get_expiry_date(**given)
        if SESSION_KEY in self:
            # One that does not say when it began is over.
            began = datetime.fromtimestamp(self.get(SIGNED_IN_AT, 0), UTC)
            end = min(end, began + timedelta(seconds=settings.SESSION_ABSOLUTE_AGE))
        return min(end, self.stored_end) if self.stays and self.stored_end else end

    def move_end(self) -> None:
        """Move the end on without touching what is stored, which another request may change."""
        end = self.get_expiry_date()
        if self.stored_end and abs(end - self.stored_end) > WRITTEN_EVERY:
            Session.objects.filter(session_key=self.session_key).update(expire_date=end)


class SessionEndMiddleware:
    """Move the end of a session on with what a person asks, not with what a page asks by itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        if is_api(request):
            return self.get_response(request)
        session: SessionStore = request.session
        session.stays = request.path in ASKED_BY_PAGES
        response = self.get_response(request)
        # Whatever is saved anyway says when it ends.
        if session.accessed and not session.modified and not session.stays:
            session.move_end()
        return response


@receiver(user_logged_in, dispatch_uid="partners.session_began")
def _began(request: HttpRequest, **_: Any) -> None:
    request.session[SIGNED_IN_AT] = int(time.time())


def signed_in_within(request: HttpRequest, seconds: float) -> bool:
    """Return whether the session of REQUEST began less than SECONDS ago."""
    began = request.session.get(SIGNED_IN_AT, 0)
    return bool(timezone.now().timestamp() - began < seconds)
