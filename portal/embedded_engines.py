"""How each embedded engine is started, found, reached and stopped (see `embedded`)."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import redis
from psycopg import sql

START_SECONDS = 60
START_TRIES = 4
STOP_SECONDS = 20
MAX_LOG_BYTES = 5_000_000
PR_SET_PDEATHSIG = 1
LINUX = sys.platform.startswith("linux")


class EngineFailed(Exception):
    """An embedded engine cannot be used. The message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who an engine runs as.

    :param uid: the user to change to; None when it is the one we already are
    """

    name: str
    uid: int | None = None
    gid: int | None = None

    def as_popen(self) -> dict[str, Any]:
        """Return the arguments that make `subprocess` run as this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def _test(self, flag: str, path: Path) -> bool:
        command = ["/bin/sh", "-c", f'test {flag} "$1"', "sh", str(path)]
        return subprocess.run(command, check=False, cwd="/", **self.as_popen()).returncode == 0

    def can_read(self, *paths: Path) -> bool:
        """Whether this account can read each of PATHS."""
        return all(self._test("-r", path) for path in paths)

    def can_enter(self, folder: Path) -> bool:
        """Whether this account can pass through FOLDER."""
        return self._test("-x", folder)

    def owns(self, path: Path) -> None:
        """Give PATH, made by us, to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def die_with_parent(number: int, parent: int | None = None) -> Callable[[], None] | None:
    """Return what makes its caller get signal NUMBER when PARENT ends, however it ends.

    Given to a child before it starts its program, PARENT is us. Linux only, None elsewhere.
    """
    if not LINUX:
        return None
    libc = ctypes.CDLL(None)
    parent = parent or os.getpid()

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it ended before we could ask
            os._exit(1)

    return ask


def free_port(preferred: int = 0) -> int:
    """Return a port of the loopback interface nobody listens on, PREFERRED if it is one."""
    for port in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise EngineFailed("No free port on 127.0.0.1.")


def _command_of(pid: int) -> str:
    """Return the command line of process PID; empty when it has ended."""
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return b" ".join(words).decode(errors="replace")
    if LINUX:
        return ""
    listing = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(listing, check=False, capture_output=True, text=True).stdout


@dataclass(slots=True, kw_only=True)
class Engine(ABC):
    """One server process on one data folder; subclasses say how it is called and asked.

    :param binary: the program, or the folder of its programs
    :param data: its folder, of which it is told by absolute path: this is how it is found again
    :param port: where it listens on 127.0.0.1; 0 = not settled yet
    """

    NAME: ClassVar[str]
    VARIABLES: ClassVar[tuple[str, ...]]
    STOP_SIGNAL: ClassVar[signal.Signals]
    QUICK_STOP_SIGNAL: ClassVar[signal.Signals]

    binary: Path
    data: Path
    log: Path
    account: Account
    passwords: dict[str, str]
    port: int = 0
    durable: bool = True
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    @abstractmethod
    def _pid_file(self) -> Path:
        """Where the server writes its process id."""

    @abstractmethod
    def _command(self) -> list[str]:
        """Return how the server is called."""

    @abstractmethod
    def _create(self) -> None:
        """Make the data folder ready for a first start."""

    @abstractmethod
    def _answers(self) -> bool:
        """Return whether the server takes connections."""

    @abstractmethod
    def variables(self) -> dict[str, str]:
        """Return the environment variables that reach this engine."""

    def pid(self) -> int:
        """Return the process that serves our data folder, 0 if there is none."""
        try:
            pid = int(self._pid_file.read_text().split()[0])
        except (FileNotFoundError, NotADirectoryError, ValueError, IndexError):
            return 0
        # After a crash the number may belong to somebody else.
        return pid if str(self.data) in _command_of(pid) else 0

    def start(self, *, attached: bool) -> None:
        """Create the data folder if it is new, start the server and wait until it answers.

        :raises EngineFailed: if it ends or stays silent; the end of its log is in the message
        """
        self._create()
        if not self.pid():
            self._forget_reused_pid()
        for _ in range(START_TRIES):  # what a killed server left behind goes within seconds
            self.port = free_port(self.port)
            self._process = self._popen(attached=attached)
            if self._comes_up(self._process):
                return
            time.sleep(1)
        tail = self.log.read_text(errors="replace")[-1500:]
        raise EngineFailed(f"{self.NAME} does not start. The end of {self.log}:\n{tail}")

    def _comes_up(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until the server answers; False when it ended or stayed silent, and was ended."""
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return True
            time.sleep(0.05)
        process.kill()
        process.wait()
        return False

    def _forget_reused_pid(self) -> None:
        """Drop a pid file whose number somebody else got: the server would refuse to start."""
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            if _command_of(int(self._pid_file.read_text().split()[0])):
                self._pid_file.unlink()

    def _popen(self, *, attached: bool) -> subprocess.Popen[bytes]:
        if self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
            self.log.unlink()
        with self.log.open("ab") as log:
            self.log.chmod(0o600)
            return subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,  # Ctrl-C is for us, who stop it in order
                preexec_fn=die_with_parent(self.STOP_SIGNAL) if attached else None,
                **self.account.as_popen(),
            )

    def stop(self, *, quickly: bool) -> None:
        """End the server and wait for it. Quickly means without care for the data."""
        for number in (self.QUICK_STOP_SIGNAL if quickly else self.STOP_SIGNAL, signal.SIGKILL):
            pid = self.pid()
            if not pid:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + STOP_SECONDS
            while _command_of(pid) and time.monotonic() < deadline:
                time.sleep(0.02)
            if self._process and not _command_of(pid):
                self._process.wait()  # or it would stay a zombie


class Postgres(Engine):
    """PostgreSQL, over TCP with passwords only: without a socket no path can be too long."""

    NAME = "postgres"
    VARIABLES = ("DATABASE_URL", "MIGRATION_DATABASE_URL")
    STOP_SIGNAL = signal.SIGINT  # fast: ends sessions, keeps the data in order
    QUICK_STOP_SIGNAL = signal.SIGQUIT
    ROLES: ClassVar[dict[str, str]] = {
        # CREATEDB, so that the suite can make its own databases.
        "portal_owner": "LOGIN NOSUPERUSER CREATEDB",
        "portal_app": "LOGIN NOSUPERUSER",
    }
    # Nobody logs in as it: the others change to it for a partner's reads (`portal.lib.scope`),
    # and have nothing of it before, so that its policies never weigh on theirs.
    PARTNER_ROLE = "portal_partner"

    @property
    def _pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def _create(self) -> None:
        """Make the cluster beside its place and move it there, so that half of one never stays."""
        if self.data.exists():
            return
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = self.data.with_name("postgres.password")
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(self.passwords["postgres"])
        self.account.owns(fresh)
        self.account.owns(password)
        command = [f"{self.binary}/initdb", "-D", f"{fresh}", "-U", "postgres"]
        command += ["--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += [] if self.durable else ["--no-sync"]
        made = subprocess.run(
            command,
            check=False,
            cwd="/",
            capture_output=True,
            text=True,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            **self.account.as_popen(),
        )
        password.unlink()
        if made.returncode:
            raise EngineFailed(f"initdb failed:\n{made.stderr}")
        fresh.rename(self.data)

    def _command(self) -> list[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "100",
            "shared_buffers": "256MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            options |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        command = [f"{self.binary}/postgres", "-D", str(self.data)]
        return command + [part for name in options for part in ("-c", f"{name}={options[name]}")]

    def _url(self, user: str, database: str = "portal") -> str:
        return f"postgresql://{user}:{self.passwords[user]}@127.0.0.1:{self.port}/{database}"

    def _answers(self) -> bool:
        try:
            superuser = self._url("postgres", "postgres")
            with psycopg.connect(superuser, autocommit=True, connect_timeout=5) as connection:
                self._ensure_roles(connection)
        except psycopg.OperationalError:
            return False
        return True

    def _ensure_roles(self, connection: psycopg.Connection[Any]) -> None:
        """Make the roles and the database that are not there yet."""
        for role, attributes in self.ROLES.items():
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if not found.fetchone():
                create = sql.SQL("CREATE ROLE {} " + attributes + " PASSWORD {}")
                connection.execute(
                    create.format(sql.Identifier(role), sql.Literal(self.passwords[role]))
                )
        if not connection.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s", [self.PARTNER_ROLE]
        ).fetchone():
            with connection.transaction():  # all of it, or again at the next start
                partner = sql.Identifier(self.PARTNER_ROLE)
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(partner))
                for name in map(sql.Identifier, self.ROLES):
                    connection.execute(sql.SQL("ALTER ROLE {} NOINHERIT").format(name))
                    connection.execute(sql.SQL("GRANT {} TO {}").format(partner, name))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname='portal'").fetchone():
            connection.execute("CREATE DATABASE portal OWNER portal_owner")

    def variables(self) -> dict[str, str]:
        """Return the addresses for the application's role and for the owner of the tables."""
        return {
            "DATABASE_URL": self._url("portal_app"),
            "MIGRATION_DATABASE_URL": self._url("portal_owner"),
        }


class Valkey(Engine):
    """Valkey, which speaks the Redis protocol."""

    NAME = "valkey"
    VARIABLES = ("REDIS_URL",)
    STOP_SIGNAL = signal.SIGTERM
    QUICK_STOP_SIGNAL = signal.SIGTERM

    @property
    def _pid_file(self) -> Path:
        return self.data / "valkey.pid"

    @property
    def _config(self) -> Path:
        return self.data / "valkey.conf"

    def _create(self) -> None:
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            self.account.owns(self.data)

    def _command(self) -> list[str]:
        """Write the settings to a file, because a command line can be read by everybody."""
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.data),
            "pidfile": str(self._pid_file),
            "requirepass": self.passwords["default"],
            "maxmemory-policy": "noeviction",
            "appendonly": "yes" if self.durable else "no",
            "save": '""',
            "set-proc-title": "no",  # or we would not find it again by its command line
        }
        self._config.unlink(missing_ok=True)
        self._config.touch(mode=0o600)
        self._config.write_text("".join(f"{name} {settings[name]}\n" for name in settings))
        self.account.owns(self._config)
        return [str(self.binary), str(self._config)]

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.variables()["REDIS_URL"], socket_timeout=2) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def variables(self) -> dict[str, str]:
        """Return the address."""
        return {"REDIS_URL": f"redis://:{self.passwords['default']}@127.0.0.1:{self.port}/0"}
