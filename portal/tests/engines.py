"""A pytest plugin: `pytest some/path` has real engines without any preparation.

The process that is called starts throwaway ones; the workers of a parallel run inherit their
addresses, each with a Redis database of its own. Given addresses are used instead.
"""

import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from portal.embedded import Engines, given

REDIS_DATABASES = 16
THROWN_AWAY = "PORTAL_TESTS_THROW_ENGINES_AWAY"


class Started:
    """What this process started, if anything."""

    folder: tempfile.TemporaryDirectory[str] | None = None
    engines: Engines | None = None


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Start the engines before anything reads the settings."""
    if "PYTEST_XDIST_WORKER" not in os.environ and len(given()) < 2:
        Started.folder = tempfile.TemporaryDirectory(prefix="portal-tests-")
        Started.engines = Engines(Path(Started.folder.name) / "engines", throwaway=True)
        os.environ.update(Started.engines.start(attached=True))
        os.environ[THROWN_AWAY] = "1"
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        # One worker's dispatcher must not hear another's doorbell.
        address = urlsplit(os.environ["REDIS_URL"])
        number = int(worker.removeprefix("gw")) % REDIS_DATABASES
        os.environ["REDIS_URL"] = address._replace(path=f"/{number}").geturl()
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Drop no database of engines that end with us: somebody may still be about to leave it."""
    if THROWN_AWAY in os.environ:
        config.option.reuse_db = True


def pytest_unconfigure() -> None:
    """Stop what we started; were we killed, the engines end with us."""
    if Started.engines and Started.folder:
        Started.engines.stop()
        Started.folder.cleanup()
        Started.engines = Started.folder = None
