"""`python -m benchmarks [NAME…]`: run them on engines of their own.

The engines are durable, as in production: what a commit promises is part of its price.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

NAMES = (
    "share", "closing", "pages", "reconciliation", "delivery", "latency", "backlog", "audit",
)  # fmt: skip


def main() -> int:
    """Run the benchmarks named, or all; return 1 if a goal was not reached."""
    names = sys.argv[1:] or list(NAMES)
    if unknown := set(names) - set(NAMES):
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if os.environ.get("BENCHMARKS_INSIDE") != "1":
        return max(_on_own_engines(name) for name in names)
    return _measure(names)


def _on_own_engines(name: str) -> int:
    """Run one benchmark, with no rows of another in its tables."""
    with tempfile.TemporaryDirectory() as directory:
        command = [
            sys.executable, "-m", "portal.embedded", "--dir", str(Path(directory) / "engines"),
            "run", "--", sys.executable, "-m", "benchmarks", name,
        ]  # fmt: skip
        environment = os.environ | {
            "BENCHMARKS_INSIDE": "1",
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            "PORTAL_DATA_DIR": directory,
            "STATIC_ROOT": str(Path(directory) / "static"),
        }
        return subprocess.call(command, env=environment)


def _measure(names: list[str]) -> int:
    for command in (["migrate", "--run-syncdb", "-v0"], ["collectstatic", "--noinput", "-v0"]):
        subprocess.run([sys.executable, "manage.py", *command], check=True)
    _let_the_portal_analyze(os.environ.pop("MIGRATION_DATABASE_URL"))
    import django  # noqa: PLC0415 - settings come from the environment above

    django.setup()
    from importlib import import_module  # noqa: PLC0415

    from benchmarks import report  # noqa: PLC0415

    results = []
    for name in names:
        found = import_module(f"benchmarks.{name}").measure()
        results += found if isinstance(found, list) else [found]
    report.publish(results)
    return 0 if all(result.reached for result in results) else 1


def _let_the_portal_analyze(owner: str) -> None:
    """Let seeds tell the planner of their rows, as autovacuum has long done in production."""
    role = urlsplit(os.environ["DATABASE_URL"]).username or ""
    with psycopg.connect(owner) as connection:
        connection.execute(
            sql.SQL("GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {}").format(
                sql.Identifier(role)
            )
        )


if __name__ == "__main__":
    sys.exit(main())
