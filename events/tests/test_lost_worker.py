"""A real worker is killed while it sends, and Redis is emptied: nothing is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from django.db import connection

from events import payloads
from events.models import Attempt, Delivery
from events.tests.receiver import Handler, echo

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = 200
LEASE = 3  # seconds

pytestmark = [pytest.mark.proof, pytest.mark.django_db(transaction=True)]


def ours(url: str, path: str) -> str:
    """Return URL with the database PATH."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


@pytest.fixture
def doorbell() -> redis.Redis:
    """Return a Redis of our own, so that emptying it disturbs no other test."""
    return redis.Redis.from_url(ours(os.environ["REDIS_URL"], "9"))


@contextlib.contextmanager
def worker(folder: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the dispatcher's worker with a beat of its own on the test's database."""
    environment = os.environ | {
        "DATABASE_URL": ours(os.environ["DATABASE_URL"], connection.settings_dict["NAME"]),
        "REDIS_URL": ours(os.environ["REDIS_URL"], "9"),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "WEBHOOK_LEASE_SECONDS": str(LEASE),
        "WEBHOOK_RETRY_SCHEDULE": "1,1,2",
    }
    command = [sys.executable, "-m", "celery", "-A", "portal", "worker", "-Q", "dispatch"]
    command += ["--pool=threads", "-c", "2", "-B", "-s", str(folder / f"{name}-beat")]
    command += ["-n", f"{name}@%h", "--without-gossip", "--without-mingle", "-l", "WARNING"]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(met: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "it did not come to this in time"
        time.sleep(0.02)


def slowly(handler: Handler, body: bytes) -> None:
    time.sleep(0.15)
    echo(handler, body)


def test_a_killed_worker_and_an_emptied_redis_lose_nothing(
    acme, receiver, new_endpoint, queue_one, doorbell, tmp_path
):
    endpoints = [new_endpoint(acme, f"/{number}") for number in range(4)]
    for endpoint in endpoints:
        receiver.answers[endpoint.url.removeprefix(receiver.url(""))] = slowly
    wanted = {
        queue_one(endpoints[number % 4], type=payloads.VERIFY).webhook_id
        for number in range(MESSAGES)
    }

    with worker(tmp_path, "first") as first:
        wait_until(lambda: len(receiver.got) >= 60, 60)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    before = len(receiver.got)
    held = Delivery.objects.filter(state="sending").count()
    assert before < MESSAGES
    assert held, "it was killed in the middle of sending"
    doorbell.flushdb()

    with worker(tmp_path, "second"):
        wait_until(lambda: Delivery.objects.filter(state="sent").count() == MESSAGES, 90)

    assert set(arrived(receiver)) == wanted
    again = {name: times for name, times in arrived(receiver).items() if times > 1}
    assert len(again) <= held, "only what was under way came twice, under the same id"
    assert Attempt.objects.filter(error="worker_lost").count() == held
    assert Attempt.objects.filter(error="").count() == MESSAGES


def arrived(receiver: Any) -> dict[str, int]:
    """Return how often each webhook-id came in."""
    found: dict[str, int] = {}
    for got in list(receiver.got):
        found[got.headers["webhook-id"]] = found.get(got.headers["webhook-id"], 0) + 1
    return found
