"""The bell between whoever commits a message and the workers that send it.

It stands in Redis and nothing depends on it: each worker looks every few seconds by itself. It is a
list, because that wakes one waiting worker at once, whereas a Celery message waits for the worker's
next look at its queue, which may be a second away.
"""

from __future__ import annotations

import logging
import time
from functools import lru_cache

from django.conf import settings
from redis import Redis, RedisError

log = logging.getLogger(__name__)

RUNG = "portal:dispatch:rung"
WAITING = "portal:dispatch:waiting"
# One ring is enough until it is heard. One that nobody hears counts no longer than this.
RUNG_MS = 5_000


def ring() -> None:
    """Wake a worker. Whatever Redis has against it, the change is committed and will be found."""
    try:
        if bell().set(RUNG, 1, nx=True, px=RUNG_MS):
            with bell().pipeline(transaction=False) as both:
                both.rpush(WAITING, 1)
                both.pexpire(WAITING, RUNG_MS)
                both.execute()
    except Exception as error:  # noqa: BLE001 - as said above
        log.warning("the dispatcher was not woken: %s", type(error).__name__)


def wait(seconds: float) -> None:
    """Wait until the bell rings, for SECONDS at most; without Redis, so long.

    Whoever commits from here on rings again; what was committed before is there to be seen.
    """
    began = time.monotonic()
    try:
        if listening().blpop([WAITING], timeout=seconds):
            take_down()
    except RedisError as error:
        log.warning("the bell cannot be heard: %s", type(error).__name__)
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))


def take_down() -> None:
    """Let the next change ring again."""
    try:
        bell().delete(RUNG)
    except RedisError as error:
        log.warning("the bell was not taken down: %s", type(error).__name__)


@lru_cache(maxsize=1)
def bell() -> Redis:
    """Return the connection for ringing; quick to give up."""
    return Redis.from_url(settings.REDIS_URL, socket_connect_timeout=0.2, socket_timeout=0.5)


@lru_cache(maxsize=1)
def listening() -> Redis:
    """Return the connection for waiting, which is longer silent than the other may be."""
    return Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=10)
