"""How often a key may call: a bucket in Redis (GCRA), one atomic step per call.

Every counted answer says what is left, as draft-ietf-httpapi-ratelimit-headers-10 writes it.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

log = logging.getLogger(__name__)

# Redis' own clock decides, so that many servers agree. The bucket is one number: the time at which
# it will be empty again. KEYS[1] bucket; ARGV[1] microseconds per call, ARGV[2] burst in calls.
# Returns how many microseconds to wait, 0 for a call that was let through and counted, and in how
# many the bucket will be empty.
_GCRA = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local step = tonumber(ARGV[1])
local empty_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + step
local wait = empty_at - step * tonumber(ARGV[2]) - now
if wait > 0 then return {wait, empty_at - step - now} end
redis.call('SET', KEYS[1], string.format('%.0f', empty_at),
           'PX', math.ceil((empty_at - now) / 1000))
return {0, empty_at - now}
"""
PAUSE_AFTER_FAILURE = 1.0  # seconds without asking a Redis that did not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What became of one call that was counted; times in seconds.

    :param wait: 0 if it may go on
    :param left: how many more may follow at once
    :param empty_in: until `burst` may follow at once again
    """

    wait: float
    left: int
    empty_in: float
    burst: int
    per_minute: float

    def headers(self) -> dict[str, str]:
        """Return it for the caller: a quota of `burst` calls, given back within the window."""
        window = math.ceil(self.burst * 60 / self.per_minute)
        return {
            "RateLimit-Policy": f'"key";q={self.burst};w={window}',
            "RateLimit": f'"key";r={self.left};t={math.ceil(self.empty_in)}',
        }


@lru_cache(maxsize=1)
def _script() -> Script:
    # Nothing is tried again: an API call must not wait for a counter.
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=0.2,
        socket_timeout=0.2,
        retry=Retry(NoBackoff(), 0),
    )
    return client.register_script(_GCRA)


def seconds_to_wait(bucket: str, *, per_minute: float, burst: int) -> float:
    """Count one call against BUCKET; return 0 when it may go on, else the seconds to wait.

    :raises redis.RedisError: if Redis does not answer
    """
    return count(bucket, per_minute=per_minute, burst=burst).wait


def count(bucket: str, *, per_minute: float, burst: int) -> Counted:
    """Count one call against BUCKET, unless it has to wait.

    :raises redis.RedisError: if Redis does not answer
    """
    step = round(60_000_000 / per_minute)
    answer: Any = _script()(keys=[_name(bucket)], args=[step, burst])
    wait, empty_in = int(answer[0]), int(answer[1])
    return Counted(
        wait=wait / 1_000_000,
        left=0 if wait else (step * burst - empty_in) // step,
        empty_in=empty_in / 1_000_000,
        burst=burst,
        per_minute=per_minute,
    )


def start_anew(bucket: str) -> None:
    """Forget what was counted against BUCKET.

    :raises redis.RedisError: if Redis does not answer
    """
    client: Any = _script().registered_client
    client.delete(_name(bucket))


def _name(bucket: str) -> str:
    return f"portal:rate:{bucket}"


class KeyThrottle(BaseThrottle):
    """`API_RATE_LIMIT` calls a minute per key, `API_RATE_BURST` of them at once; 0 is no limit.

    Without Redis calls go through: the work of partners matters more than the count.
    """

    message = _("Too many calls. Wait for the seconds of Retry-After.")
    asked_again_at = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return whether the call may go on; without a key there is nothing to count."""
        self.seconds = 0.0
        per_minute = settings.API_RATE_LIMIT
        now = time.monotonic()
        if not per_minute or request.auth is None or now < KeyThrottle.asked_again_at:
            return True
        try:
            counted = count(
                str(request.auth.pk), per_minute=per_minute, burst=settings.API_RATE_BURST
            )
            self.seconds = counted.wait
            view.rate_limit = counted.headers()
        except redis.RedisError as error:
            KeyThrottle.asked_again_at = now + PAUSE_AFTER_FAILURE
            log.warning("calls are not counted: %s", type(error).__name__)
        return self.seconds == 0

    def wait(self) -> float:
        """Return the seconds after which a call would be let through."""
        return self.seconds
