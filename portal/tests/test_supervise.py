"""`make run` as a whole: one process that starts all others and takes them along."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal import supervise
from portal.embedded_engines import free_port

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL")
PARTS = ("postgres", "valkey", "portal.inbox", "gunicorn", "dispatch@", "default@", " beat ")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data directory's parent that every user can pass through."""
    with tempfile.TemporaryDirectory(prefix="portal-run-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


class Run:
    """A portal run on a data directory of its own, told apart by that directory's name."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "var"
        self.port, self.inbox_port = free_port(), free_port()
        self.log = folder / "output"
        kept = {k: v for k, v in os.environ.items() if k not in (*ENGINES, "SECRET_KEY")}
        self.environment = kept | {
            "PORT": str(self.port),
            "INBOX_PORT": str(self.inbox_port),
            "PORTAL_DATA_DIR": str(self.data),
        }

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "portal.supervise"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def processes(self) -> dict[int, str]:
        """Return our processes: those whose environment or command names the data directory."""
        found = {}
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                variables = (entry / "environ").read_bytes()
            except (OSError, UnicodeDecodeError):
                continue
            mark = str(self.data).encode()
            if command and (mark in variables or mark in command.encode()):
                found[int(entry.name)] = command
        return found

    def get(self, path: str, *, port: int | None = None) -> int:
        try:
            url = f"http://127.0.0.1:{port or self.port}{path}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return int(answer.status)
        except OSError:
            return 0

    def until_ready(self, *, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while "Ctrl-C stops everything" not in self.log.read_text():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def until_gone(self, *, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while left := self.processes():
            assert time.monotonic() < deadline, left
            time.sleep(0.1)


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    run = Run(folder)
    yield run
    for pid in run.processes():
        os.kill(pid, signal.SIGKILL)


def test_a_port_in_use_is_said_plainly(run: Run) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", run.port))
        other.listen()
        process = run.start()
        status = process.wait(timeout=60)

    assert status == 1
    assert run.log.read_text() == (
        f"Port {run.port} is in use. Free it or choose another: make run PORT=…\n"
    )


@pytest.mark.proof
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
class TestRun:
    """Slow: each starts the whole portal."""

    def test_everything_runs_and_ends_with_sigterm_and_comes_back(self, run: Run) -> None:
        first = run.start()
        run.until_ready(seconds=240)
        commands = " ".join(run.processes().values())
        assert [part for part in PARTS if part not in commands] == []
        assert run.get("/accounts/login/") == 200
        assert run.get("/", port=run.inbox_port) == 200
        assert "amira@acme.example" in run.log.read_text()
        assert run.start().wait(timeout=120) == 1  # its port is in use: by the first

        first.terminate()
        assert first.wait(timeout=40) == 0
        run.until_gone(seconds=1)

        again = run.start()
        run.until_ready(seconds=240)
        again.send_signal(signal.SIGINT)
        assert again.wait(timeout=40) == 0
        run.until_gone(seconds=1)

    def test_the_dead_rise_and_a_kill_takes_all_along(self, run: Run) -> None:
        process = run.start()
        run.until_ready(seconds=240)
        (inbox,) = [pid for pid, command in run.processes().items() if "portal.inbox" in command]
        os.kill(inbox, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while run.get("/", port=run.inbox_port) != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert "inbox ended (-9)" in run.log.read_text()

        process.kill()
        process.wait()
        run.until_gone(seconds=30)


def test_the_command_for_a_key_names_where_the_data_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = {"PORTAL_ORIGIN": "http://127.0.0.1:8000", "INBOX_PORT": "8001"}

    supervise._announce(variables, tmp_path / "my data")

    told = f"PORTAL_DATA_DIR='{tmp_path}/my data' .venv/bin/python manage.py issue_api_key"
    assert told in capsys.readouterr().out
    supervise._announce(variables, supervise.ROOT / "var")
    assert "PORTAL_DATA_DIR" not in capsys.readouterr().out
