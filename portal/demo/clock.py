"""A story is told about the past: the services then see the time at which each step happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils import timezone


@contextmanager
def days_ago(days: float) -> Iterator[None]:
    """Let `timezone.now()` answer DAYS ago inside. Only for loading the demo world.

    Django's function asks the `datetime` of its own module, so that fields whose default is the
    function itself follow as well.
    """
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)

    class Then(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return moment.astimezone(tz)

    clock: Any = timezone
    present, clock.datetime = clock.datetime, Then
    try:
        yield
    finally:
        clock.datetime = present
