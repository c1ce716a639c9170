"""A portal of its own for fault runs: engines, processes and a partner, and how to harm them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import redis

from portal.demo_environment import keys
from portal.embedded import Engines
from portal.embedded_engines import Engine, die_with_parent, free_port
from portal.tests.faults.journal import Journal
from portal.tests.visitors import Api, Visitor

ROOT = Path(__file__).resolve().parents[3]
LEASE = 6  # seconds; more than the longest wait (3) and the deadline (2) together
SCHEDULE = "1,1,2,2,4,4"
READY_SECONDS = 90


class World:
    """Everything that runs, by name: web, dispatcher-1, dispatcher-2, beat-1, …"""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.folder, self.journal = folder, journal
        self.engines = Engines(folder / "engines")
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment: dict[str, str] = {}
        self.known: dict[str, Any] = {}
        self._leads: Iterator[str] = iter(())

    # --- its life ------------------------------------------------------------------------------
    def start(self) -> None:
        """Start the engines, fill the tables, start the portal."""
        given = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL")
        kept = {name: os.environ[name] for name in os.environ if name not in given}
        with _without(*given):
            found = self.engines.start(attached=True)
        self.environment = kept | keys(self.folder) | found | self._settings()
        self._finish("manage.py", "migrate", "-v0")
        self.environment.pop("MIGRATION_DATABASE_URL")
        self._finish("manage.py", "collectstatic", "--noinput", "-v0")
        urls = [self.journal.receiver.url(path) for path in Journal.PATHS]
        self.known = json.loads(self._finish("-m", "portal.tests.faults.seed", *urls))
        self._leads = iter(self.known["leads"])
        for name in ("web", "dispatcher-1", "dispatcher-2", "beat-1"):
            self.run(name)
        self.until_it_answers()

    def end(self) -> None:
        """End everything at once and drop its data."""
        for name in list(self.processes):
            self.kill(name)
        self.engines.remove()

    def _settings(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "portal.tests.faults.settings",
            "PORTAL_MODE": "demo",
            "PORTAL_ORIGIN": self.origin,
            "PORT": str(self.port),
            "PORTAL_DATA_DIR": str(self.folder),
            "STATIC_ROOT": str(self.folder / "static"),
            "WEBHOOK_ALLOW_LOOPBACK": "1",
            "WEBHOOK_LEASE_SECONDS": str(LEASE),
            "WEBHOOK_RETRY_SCHEDULE": SCHEDULE,
            "API_RATE_LIMIT": "0",
            "LOG_FORMAT": "json",
        }

    def _finish(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            check=False,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    # --- processes -----------------------------------------------------------------------------
    def run(self, name: str, *, clock: int = 0, **variables: str) -> None:
        """Start the process NAME, with its clock off by CLOCK seconds. For the main thread only."""
        command = ["-m", *_command(name, self.folder)]
        if clock:
            command = ["-m", "portal.tests.faults.skewed", str(clock), *command[1:]]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment | variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - from the main thread
            )

    def kill(self, name: str) -> None:
        """Kill the process NAME with all its children."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def tell(self, name: str, number: signal.Signals) -> None:
        """Send NAME and its children a signal."""
        os.killpg(self.processes[name].pid, number)

    def engine(self, name: str) -> Engine:
        """Return the engine NAME: postgres or valkey."""
        (found,) = [engine for engine in self.engines._started if engine.NAME.startswith(name)]
        return found

    def kill_engine(self, name: str) -> None:
        """Kill the server of the engine NAME."""
        engine = self.engine(name)
        os.kill(engine.pid(), signal.SIGKILL)
        assert engine._process
        engine._process.wait()

    def assert_alive(self) -> None:
        """Fail if a process that nobody killed has ended."""
        ended = [name for name, process in self.processes.items() if process.poll() is not None]
        assert not ended, f"{ended} ended by themselves\n{self.said()}"

    def until_it_answers(self) -> None:
        """Wait until pages are served."""
        visitor = Visitor(self.origin)
        until(lambda: visitor.is_answered("/readyz"), seconds=READY_SECONDS, what=self.said)

    def until_sending(self, *names: str) -> None:
        """Wait until the dispatchers NAMES listen: Celery says ready when they begin."""
        for name in names:
            log = self.folder / f"{name}.log"
            until(lambda log=log: b" ready" in log.read_bytes(), seconds=60, what=self.said)

    def said(self) -> str:
        """Return the ends of all logs."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text()[-1500:]}" for log in logs)

    # --- what one does with it -----------------------------------------------------------------
    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what SQL finds, as the portal's own role sees it."""
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(sql, values)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.environment["REDIS_URL"])

    def api(self) -> Api:
        return Api(self.origin, self.known["key"])

    def agent(self) -> Visitor:
        """Return a browser the agent is signed in to."""
        visitor = Visitor(self.origin)
        visitor.sign_in(self.known["agent"], self.known["password"])
        return visitor

    def next_lead(self) -> str:
        """Return a client nobody was told of yet."""
        return next(self._leads)

    def audit(self) -> str:
        """Check the whole audit trail; fail if anything in it is not as it was written."""
        return self._finish("manage.py", "verify_audit")


def _command(name: str, folder: Path) -> list[str]:
    kind, _dash, _number = name.partition("-")
    if kind == "web":
        return ["gunicorn"]
    if kind == "beat":
        return ["celery", "-A", "portal", "beat", "--pidfile=", "-s", f"{folder}/{name}-schedule"]
    queue = "dispatch" if kind == "dispatcher" else "default"
    worker = ["celery", "-A", "portal", "worker", "--pool=threads", "-c", "2", "-Q", queue]
    return [*worker, "-n", f"{name}@%h", "--without-gossip", "--without-mingle", "-l", "INFO"]


@contextlib.contextmanager
def _without(*names: str) -> Iterator[None]:
    """Hide environment variables from the engines, which would use what they name."""
    hidden = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def until(met: Callable[[], bool], *, seconds: float, what: Callable[[], str] = lambda: "") -> None:
    """Wait until MET; fail with WHAT after SECONDS."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"it did not come to this in time\n{what()}"
        time.sleep(0.05)
