"""The sweep for canaries finds them where they could hide."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from events.services import bell
from portal.tests import disclosure

LONG = "a" * 200 + disclosure.CANARIES["email"][0] + "a" * 200  # long enough to be compressed
TASK = json.dumps({"body": base64.b64encode(f"[[{LONG!r}], {{}}]".encode()).decode()})
PLACES: dict[str, Callable[[Redis, str], Any]] = {
    "string": lambda redis, key: redis.set(key, LONG),
    "hash": lambda redis, key: redis.hset(key, "field", LONG),
    "list": lambda redis, key: redis.rpush(key, LONG),
    "set": lambda redis, key: redis.sadd(key, LONG),
    "zset": lambda redis, key: redis.zadd(key, {LONG: 1}),
    "waiting task": lambda redis, key: redis.rpush(key, TASK),
    "task under way": lambda redis, key: redis.hset(key, "tag", f'[{TASK}, "", "events"]'),
}


@pytest.mark.parametrize("place", PLACES)
def test_redis(place: str) -> None:
    redis = bell()
    key = f"test:sweep:{place}"
    try:
        PLACES[place](redis, key)
        assert disclosure.redis_that_holds_canaries() == {"email"}
    finally:
        redis.delete(key)
    assert disclosure.redis_that_holds_canaries() == set()
