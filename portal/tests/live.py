"""The portal as it really runs, for tests: gunicorn, the dispatcher and beat, all on loopback.

The processes work on the test database of the pytest worker that started them, so a test that uses
them commits (`django_db(transaction=True)`) and is emptied away afterwards. Between tests the
dispatcher and beat are held still, so that they take nothing from other tests. The worker of the
`default` queue is not started: its tasks run hourly or nightly.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from events.models import Delivery
from events.tests.receiver import Receiver, receiving
from partners.models import Partner, User
from partners.services import issue_key
from portal.embedded_engines import die_with_parent, free_port
from portal.lib.access import THE_SYSTEM
from portal.tests.inbox import PartnerInbox
from portal.tests.visitors import Api, Visitor

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
SETTLED_SECONDS = 20


class LivePortal:
    """The processes, and how a test reaches them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.inbox_port = free_port()
        self.inbox_origin = f"http://127.0.0.1:{self.inbox_port}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    # --- for tests -----------------------------------------------------------------------------
    def api_of(self, holder: User | Partner) -> Api:
        """Return the API as the holder of a new key calls it."""
        holders = {"user": holder} if isinstance(holder, User) else {"partner": holder}
        _key, secret = issue_key(actor=THE_SYSTEM, **holders)
        return Api(self.origin, secret)

    def visitor(self, user: User, password: str) -> Visitor:
        """Return a browser without JavaScript, in which USER has signed in."""
        visitor = Visitor(self.origin)
        visitor.sign_in(user.email, password)
        return visitor

    # --- the processes -------------------------------------------------------------------------
    def start(self) -> None:
        """Start everything and wait until it serves."""
        self._run("collectstatic", "manage.py", "collectstatic", "--noinput", "-v0")
        celery = ("-m", "celery", "-A", "portal")
        worker = ("--pool=threads", "--without-gossip", "--without-mingle", "-c", "1")
        name = f"live{self.port}@%h"
        self._run("dispatcher", *celery, "worker", *worker, "-Q", "dispatch", "-n", name)
        schedule = str(self.folder / "beat-schedule")
        self._run("beat", *celery, "beat", "--pidfile=", "-s", schedule)
        self._finish("collectstatic")
        self._run("web", "-m", "gunicorn", "--timeout", "0")
        visitor = Visitor(self.origin)
        deadline = time.monotonic() + READY_SECONDS
        while not visitor.is_answered("/readyz"):
            self._assert_alive()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)

    def start_inbox(self) -> None:
        """Start the demo partner inbox, if it does not run yet."""
        if "inbox" not in self._processes:
            self._run("inbox", "-m", "portal.inbox")

    def stop(self) -> None:
        """End everything at once: nothing of it is needed any more."""
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def hold_still(self) -> None:
        """Wait until nothing is under way, then stop the dispatcher and beat where they are."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while _is_something_due() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._signal(signal.SIGSTOP)
        while _is_somebody_in_a_transaction():
            self.carry_on()
            time.sleep(0.02)
            self._signal(signal.SIGSTOP)

    def carry_on(self) -> None:
        self._signal(signal.SIGCONT)

    def said(self) -> str:
        """Return what the processes wrote, for the message of a failed test."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text()[-2000:]}"
            for log in sorted(self.folder.glob("*.log"))
        )

    def _run(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - no threads yet
            )

    def _finish(self, name: str) -> None:
        assert self._processes.pop(name).wait(READY_SECONDS) == 0, self.said()

    def _assert_alive(self) -> None:
        ended = [name for name, process in self._processes.items() if process.poll() is not None]
        assert not ended, f"{ended} ended\n{self.said()}"

    def _signal(self, number: signal.Signals) -> None:
        for name in ("dispatcher", "beat"):
            if (process := self._processes.get(name)) and process.poll() is None:
                process.send_signal(number)

    def _environment(self) -> dict[str, str]:
        """Return what `make run` gives, on this worker's database, as the portal's own role."""
        address = urlsplit(os.environ["DATABASE_URL"])
        database = str(connection.settings_dict["NAME"])
        ours = {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DATABASE_URL": address._replace(path=f"/{database}").geturl(),
            "REDIS_URL": settings.REDIS_URL,
            "PORT": str(self.port),
            "INBOX_PORT": str(self.inbox_port),
            "PORTAL_ORIGIN": self.origin,
            "PORTAL_DATA_DIR": str(self.folder),
            "STATIC_ROOT": str(self.folder / "static"),
            "WEBHOOK_RETRY_SCHEDULE": "1,1,2",
        }
        return {k: v for k, v in os.environ.items() if k != "MIGRATION_DATABASE_URL"} | ours


def _is_something_due() -> bool:
    return Delivery.objects.filter(state__in=["pending", "sending"], attempts__lt=4).exists()


def _is_somebody_in_a_transaction() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'"
        )
        return cursor.fetchone() is not None


@pytest.fixture(scope="session")
def live_processes(
    django_db_setup: None, django_db_blocker: Any
) -> Iterator[Callable[[], LivePortal]]:
    """Return how to get the running portal, started on first use, ended with the session."""
    with contextlib.ExitStack() as stack:
        running: list[LivePortal] = []

        def get() -> LivePortal:
            if not running:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-live-"))
                portal = LivePortal(Path(folder))
                stack.callback(portal.stop)
                portal.start()
                running.append(portal)
            return running[0]

        yield get


@pytest.fixture
def live(
    live_processes: Callable[[], LivePortal], transactional_db: None, settings: Any
) -> Iterator[LivePortal]:
    """The running portal, working on what this test commits."""
    # The processes use the settings of production; people of this test must be able to sign in.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    cache.clear()
    portal = live_processes()
    portal.carry_on()
    yield portal
    portal.hold_still()


@pytest.fixture
def inbox() -> Iterator[PartnerInbox]:
    """The partners' own systems: one receiver with a path for each."""
    receiver: Receiver
    with receiving() as receiver:
        yield PartnerInbox(receiver)
