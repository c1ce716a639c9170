"""The floor's settings: the same database and no middleware."""

from benchmarks.settings import *  # noqa: F403

MIDDLEWARE: list[str] = []
