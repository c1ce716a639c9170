"""Real processes are harmed while leads are shared; then the books are compared.

After each run no message is lost, none was sent after it was cancelled, and what came twice came
under one id. Everybody works on one world; each run shares clients of its own.
"""

from __future__ import annotations

import json
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.tests.receiver import receiving
from portal.tests.faults.account import faults, settle
from portal.tests.faults.journal import Journal
from portal.tests.faults.load import Load
from portal.tests.faults.world import LEASE, World, until
from portal.tests.visitors import Visitor

pytestmark = pytest.mark.proof

DISPATCHERS = ("dispatcher-1", "dispatcher-2")
HELD = "SELECT count(*) FROM events_delivery WHERE state = 'sending'"
WAITING = "SELECT count(*) FROM events_delivery WHERE channel = 'webhook' AND state = 'pending'"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="portal-faults-") as name, receiving() as receiver:
        folder = Path(name)
        folder.chmod(0o711)
        journal = Journal(receiver)
        journal.listen()
        world = World(folder, journal)
        try:
            world.start()
            world.until_sending(*DISPATCHERS)
            yield world
            assert "are as they were written" in world.audit()
            assert_logs_name_nobody(folder)
        finally:
            world.end()


def assert_logs_name_nobody(folder: Path) -> None:
    """Whatever went wrong, our own processes wrote only objects, and nothing of a client."""
    logs = sorted(folder.glob("*.log"))
    said = [line for log in logs for line in log.read_text().splitlines() if line.startswith("{")]
    assert said
    assert not [line for line in said if "requestId" not in json.loads(line)]
    for log in logs:
        for word in ("john.doe", "John Doe", "+97150", "Sharjah"):
            assert word not in log.read_text(), log.name


@pytest.fixture(scope="module")
def agent(world: World) -> Visitor:
    return world.agent()


@pytest.fixture(scope="module")
def load(world: World, agent: Visitor) -> Load:
    """Everything that was ever shared: each account is over all runs so far."""
    return Load(world, agent)


def check(world: World, load: Load) -> None:
    world.assert_alive()
    settle(world)
    assert faults(world, load) == []


def test_killed_again_and_again(world: World, load: Load) -> None:
    """Worker, web and Redis are killed at random points."""
    luck = random.Random(5)
    victims = [*DISPATCHERS, "web", "valkey"] * 2
    luck.shuffle(victims)
    with load:
        for victim in victims:
            time.sleep(luck.uniform(0.2, 1.5))
            if victim == "valkey":
                world.kill_engine(victim)
                time.sleep(luck.uniform(0, 1.0))
                world.engine(victim).start(attached=True)
                continue
            if victim in DISPATCHERS:
                world.until_sending(victim)
                until(lambda: world.rows(HELD)[0][0] > 1, seconds=30, what=world.said)
            world.kill(victim)
            world.run(victim)
        world.until_it_answers()

    check(world, load)
    lost = world.rows("SELECT count(*) FROM events_attempt WHERE error = 'worker_lost'")
    assert lost[0][0], "no worker was killed while it held something"


def test_redis_is_emptied(world: World, load: Load) -> None:
    with load:
        for _time in range(6):
            time.sleep(0.7)
            world.redis().flushall()

    check(world, load)


def test_redis_stays_away(world: World, load: Load) -> None:
    """Calls are answered and messages sent without it; who starts meanwhile waits for it."""
    world.kill_engine("valkey")
    world.kill(DISPATCHERS[1])
    world.run(DISPATCHERS[1])
    for _number in range(5):
        load.share(world.next_lead())
    settle(world)
    world.engine("valkey").start(attached=True)
    world.until_sending(DISPATCHERS[1])

    check(world, load)


@pytest.mark.parametrize("how", ["crashes", "is restarted"])
def test_the_database(world: World, load: Load, how: str) -> None:
    database = world.engine("postgres")
    with load:
        time.sleep(2)
        database.stop(quickly=how == "crashes")
        time.sleep(1)
        database.start(attached=True)
        time.sleep(2)

    check(world, load)


def test_two_beats(world: World, load: Load) -> None:
    """Every job runs twice at a time, every two seconds."""
    world.kill("beat-1")
    with load:
        world.run("worker-1")
        for name in ("beat-1", "beat-2"):
            world.run(name, FAULT_BEAT_SECONDS="2")
        started = "SELECT count(*) FROM events_checkpoint"
        until(lambda: world.rows(started)[0][0] > 1, seconds=60, what=world.said)
        time.sleep(6)
    assert '"level": "ERROR"' not in (world.folder / "worker-1.log").read_text()
    for name in ("beat-1", "beat-2", "worker-1"):
        world.kill(name)
    world.run("beat-1")

    check(world, load)


def test_a_worker_wakes_up_after_its_lease(world: World, load: Load) -> None:
    """It slept with messages in its hands; meanwhile they were sent or cancelled."""
    sleeper, other = DISPATCHERS
    world.tell(other, signal.SIGSTOP)
    world.rows("UPDATE events_endpoint SET lane = 64")
    shares = [load.share(world.next_lead()) for _number in range(30)]
    until(lambda: world.rows(HELD)[0][0] > 10, seconds=20, what=world.said)
    world.tell(sleeper, signal.SIGSTOP)
    held = world.rows(HELD)[0][0]
    assert held, "it held nothing when it fell asleep"
    for share in shares[-10:]:
        load.withdraw(share)
    world.tell(other, signal.SIGCONT)
    asleep = time.monotonic()
    settle(world)
    time.sleep(max(0.0, LEASE + 1 - (time.monotonic() - asleep)))
    world.tell(sleeper, signal.SIGCONT)
    time.sleep(3)

    check(world, load)


@pytest.mark.parametrize("seconds", [600, -600])
def test_a_workers_clock_is_off(world: World, load: Load, seconds: int) -> None:
    for name in DISPATCHERS:
        world.kill(name)
    world.run(DISPATCHERS[0], clock=seconds)
    with load:
        time.sleep(4)
        until(lambda: world.rows(WAITING)[0][0] < 20, seconds=60, what=world.said)
    settle(world)
    world.kill(DISPATCHERS[0])
    for name in DISPATCHERS:
        world.run(name)

    check(world, load)


def test_the_partner_answers_after_our_timeout(world: World, load: Load) -> None:
    world.journal.late = 2.6
    known = {entry.webhook_id for entry in world.journal.entries}
    for _number in range(4):
        load.share(world.next_lead())
    settle(world)
    world.journal.late = 0.0

    late = [e for e in world.journal.entries if e.path == "/late" and e.webhook_id not in known]
    assert len(late) == 8, "each came twice, although it was taken the first time"
    check(world, load)
