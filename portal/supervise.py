"""What `make run` runs: engines, migrations, the demo world, then every process of the portal.

One process starts all others and ends with them. A child that dies is started again, with a
growing pause. SIGTERM or Ctrl-C ends the children first, then the engines. Should this process
be killed, Linux tells each child to end.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from portal import demo_environment
from portal.embedded import Engines, given
from portal.embedded_engines import EngineFailed, die_with_parent

PYTHON = sys.executable
ROOT = demo_environment.ROOT
STOP_SECONDS = 12
READY_SECONDS = 180
LONGEST_PAUSE = 30  # seconds between two starts of a child that keeps dying
PREPARED = "prepared"  # the file that says for which code the data is up to date
STEADY = 60  # seconds alive after which the next pause is short again

APPS = ("portal", "events", "partners", "leads", "commissions")
LOGINS = [
    ("admin@portal.example", "admin"),
    ("finance@portal.example", "finance"),
    ("dana@portal.example", "agent"),
    ("amira@acme.example", "partner: Acme Channel Partners, UAE"),
    ("rami@rival.example", "partner: Rival Realty, UAE"),
    ("devika@skyline.example", "partner: Skyline Developers, UAE"),
    ("bilal@bayview.example", "partner: Bayview Brokers, UAE"),
    ("rohan@sahyadri.example", "partner: Sahyadri RERA Agents, India"),
    ("lena@lendwell.example", "partner: Lendwell Loans, UAE"),
]


class CannotRun(Exception):
    """The portal cannot be run here now. The message says why and what to do."""


class Stopped(Exception):
    """Somebody asked us to end."""


def say(text: str = "") -> None:
    """Tell whoever started us."""
    print(text, flush=True)


@dataclass(slots=True, kw_only=True)
class Child:
    """One process that is kept alive.

    :param log: where its output goes
    """

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    pause: float = 1.0
    started: float = 0.0
    due: float = field(default=0.0)

    def start(self) -> None:
        """Start it in a process group of its own, so that Ctrl-C reaches only us."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        self.started = time.monotonic()

    def look_after(self) -> None:
        """Start it again when it has ended and its pause is over."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self.start()
        elif self.process.poll() is not None:
            self._end_group()
            self.pause = 1.0 if now - self.started > STEADY else min(self.pause * 2, LONGEST_PAUSE)
            say(
                f"{self.name} ended ({self.process.returncode}), again in {self.pause:.0f} s;"
                f" see {self.log}"
            )
            self.process, self.due = None, now + self.pause

    def stop(self, deadline: float) -> None:
        """Wait for its end until DEADLINE (monotonic seconds), then end it and its children."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.1, deadline - time.monotonic()))
        self._end_group()
        self.process.wait()

    def _end_group(self) -> None:
        """Kill whatever is left of its process group."""
        if self.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def _port(name: str, default: int) -> int:
    """Return the port variable NAME gives; raise CannotRun if it is none or in use."""
    given_port = os.environ.get(name) or str(default)
    if not given_port.isdigit() or not 0 < (port := int(given_port)) < 65536:
        raise CannotRun(f"{name} must be a port number, not {given_port!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((os.environ.get("HOST", "127.0.0.1"), port))
        except OSError as reason:
            raise CannotRun(
                f"Port {port} is in use. Free it or choose another: make run {name}=…"
            ) from reason
    return port


@contextlib.contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Refuse a second run on the same data."""
    with (directory / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as reason:
            lock.seek(0)
            raise CannotRun(
                f"The portal already runs on {directory} (process {lock.read().strip()})."
            ) from reason
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _settings(directory: Path, port: int, inbox_port: int) -> dict[str, str]:
    """Return the variables every process gets; what the caller's environment says wins."""
    ours = demo_environment.keys(directory) | {
        "PORTAL_MODE": "demo",
        "WEBHOOK_ALLOW_LOOPBACK": "1",
        "PORTAL_DATA_DIR": str(directory),
        "PORTAL_ORIGIN": f"http://127.0.0.1:{port}",
        "STATIC_ROOT": str(directory / "static"),
        "PORT": str(port),
        "INBOX_PORT": str(inbox_port),
    }
    return {name: os.environ.get(name) or value for name, value in ours.items()}


def _fingerprint(variables: dict[str, str]) -> str:
    """Return what changes whenever tables, static files or the demo world may have to follow."""
    owner = urlsplit(variables.get("MIGRATION_DATABASE_URL", ""))  # its password: which cluster
    code = [path for path in ROOT.glob("*/**/*.py") if path.parts[len(ROOT.parts)] in APPS]
    files = [*code, *(ROOT / "static").rglob("*"), ROOT / "requirements.txt"]
    marks = sorted(f"{file} {file.stat().st_mtime_ns}" for file in files if file.is_file())
    here = [f"{owner.password}", variables.get("INBOX_PORT", "")]  # the demo's endpoints name it
    return hashlib.sha256("\n".join([*here, *marks]).encode()).hexdigest()


def _is_prepared(directory: Path, variables: dict[str, str], mark: str) -> bool:
    """Whether our own engines were brought up to date with this very code before."""
    stamp = directory / PREPARED
    collected = Path(variables["STATIC_ROOT"], "staticfiles.json").exists()
    return not given() and collected and stamp.exists() and stamp.read_text() == mark


def _migrate(variables: dict[str, str]) -> None:
    """Bring tables and static files up to date, side by side."""
    manage = [PYTHON, "manage.py"]
    collect = [*manage, "collectstatic", "--noinput", "--verbosity=0"]
    migrate = [*manage, "migrate", "--verbosity=0"]
    _finish({"migrate": migrate, "collectstatic": collect}, variables)


def _load_demo(children: list[Child], variables: dict[str, str]) -> None:
    """Load the demo world. Inbox and dispatcher run already, so that its last leads arrive."""
    for child in children:
        if child.name in ("inbox", "dispatcher"):
            child.start()
    _finish({"demo": [PYTHON, "manage.py", "demo"]}, _without_owner(variables))


def _prepare(directory: Path, variables: dict[str, str]) -> list[Child]:
    """Bring everything up to date where it may not be; return the children, some started."""
    mark = _fingerprint(variables)
    if _is_prepared(directory, variables, mark):
        return _children(directory, variables)
    _migrate(os.environ | variables)
    children = _children(directory, variables)
    try:
        _load_demo(children, os.environ | variables)
    except BaseException:
        _end(children)
        raise
    (directory / PREPARED).write_text(mark)
    return children


def _without_owner(variables: dict[str, str]) -> dict[str, str]:
    """Return VARIABLES without the address of the tables' owner, which only migrations need."""
    return {name: variables[name] for name in variables if name != "MIGRATION_DATABASE_URL"}


def _finish(steps: dict[str, list[str]], variables: dict[str, str]) -> None:
    """Run the commands of STEPS at the same time; raise CannotRun if one fails."""
    running = []
    for name, command in steps.items():
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=variables,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        running.append((name, process))
    try:
        failed = [name for name, process in running if process.wait() != 0]
    except Stopped:
        for _, process in running:
            process.terminate()
            process.wait()
        raise
    if failed:
        raise CannotRun(f"{' and '.join(failed)} failed; the reason stands above.")


def _children(directory: Path, variables: dict[str, str]) -> list[Child]:
    """Return every process of the portal, not started yet."""
    logs = directory / "log"
    logs.mkdir(exist_ok=True)
    worker = ["celery", "-A", "portal", "worker", "--pool=threads", "--loglevel=WARNING"]
    worker += ["--without-gossip", "--without-mingle"]
    beat = ["celery", "-A", "portal", "beat", "--loglevel=WARNING", "--pidfile="]
    commands = {
        "inbox": ["portal.inbox"],
        "web": ["gunicorn"],
        "dispatcher": [*worker, "-Q", "dispatch", "-c", "1", "-n", "dispatch@%h"],
        "worker": [*worker, "-Q", "default", "-c", "2", "-n", "default@%h"],
        "beat": [*beat, "-s", str(directory / "beat-schedule")],
    }
    environment = os.environ | _without_owner(variables)
    environment.pop("MIGRATION_DATABASE_URL", None)
    return [
        Child(
            name=name,
            command=[PYTHON, "-m", *command],
            log=logs / f"{name}.log",
            environment=environment,
        )
        for name, command in commands.items()
    ]


def _answers(port: int, path: str) -> bool:
    host = os.environ.get("HOST", "127.0.0.1").replace("0.0.0.0", "127.0.0.1")  # noqa: S104
    try:
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=3) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _announce(variables: dict[str, str], directory: Path) -> None:
    """Print where everything is and who can log in."""
    password = os.environ.get("DEMO_PASSWORD") or "demo-portal-2026"
    mail = os.environ.get("SMTP_HOST") or directory / "mail"
    say(f"""
Portal         {variables["PORTAL_ORIGIN"]}/
For clients    {variables["PORTAL_ORIGIN"]}/enquire/uae/   the public form; the link comes by mail
API reference  {variables["PORTAL_ORIGIN"]}/api/docs/
Partner inbox  http://127.0.0.1:{variables["INBOX_PORT"]}/   what a partner's own system receives
Mail           {mail}
Logs and data  {directory}

Demo logins, password {password}""")
    for email, who in LOGINS:
        say(f"  {email:<26} {who}")
    command = "manage.py issue_api_key --agent dana@portal.example"
    # Only where it was moved: the command looks for the data where this variable says.
    moved = f"PORTAL_DATA_DIR={shlex.quote(str(directory))} " if directory != ROOT / "var" else ""
    say(f"\nAn API key: {moved}.venv/bin/python {command}")
    say("Ctrl-C stops everything; the data stays.")


def _keep_alive(children: list[Child], variables: dict[str, str], directory: Path) -> None:
    """Start CHILDREN and look after them until somebody asks us to end.

    The first two serve pages; the others start when they do, so that the portal is there sooner.
    """
    port, begun = int(variables["PORT"]), time.monotonic()
    serving = ready = False
    while True:
        for child in children if serving else children[:2]:
            child.look_after()
        if not serving:
            serving = _answers(port, "/healthz")
        elif not ready and _answers(port, "/readyz"):
            ready = True
            _announce(variables, directory)
        if not ready and time.monotonic() - begun > READY_SECONDS:
            raise CannotRun(f"The portal does not become ready; see {directory / 'log'}.")
        time.sleep(0.5 if ready else 0.1)


def _end(children: list[Child]) -> None:
    """Ask all CHILDREN to end, then see that they did."""
    for child in children:
        if child.process:
            with contextlib.suppress(ProcessLookupError):
                child.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        child.stop(deadline)


def run() -> None:
    """Run the portal until SIGTERM or Ctrl-C.

    :raises CannotRun: if a port is taken, the data is in use or a step fails
    """
    port, inbox_port = _port("PORT", 8000), _port("INBOX_PORT", 8001)
    directory = demo_environment.data_dir()
    if not directory.exists():
        directory.mkdir(parents=True)
        directory.chmod(0o711)  # ours, and the engines' user must pass through
    with _only_one(directory):
        engines = Engines(directory / "engines")
        children: list[Child] = []
        try:
            variables = _settings(directory, port, inbox_port)
            variables |= given() | engines.start(attached=True)
            demo_environment.keep(directory, variables)
            children = _prepare(directory, variables)
            _keep_alive(children, variables, directory)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # we are already ending
            _end(children)
            engines.stop()


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def main() -> int:
    """Run the portal; return the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    end_with_make = die_with_parent(signal.SIGTERM, os.getppid())
    if "MAKELEVEL" in os.environ and end_with_make:
        end_with_make()
    try:
        run()
    except Stopped:
        say("Stopped.")
    except (CannotRun, EngineFailed) as reason:
        say(f"{reason}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
