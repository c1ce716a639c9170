"""Start what is measured as it runs in production: gunicorn, two workers of four threads."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager


def free_port() -> int:
    """Return a port nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def web(settings: str) -> Iterator[int]:
    """Serve the portal with SETTINGS and yield the port; ends with the block."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "portal.wsgi:application",
        "--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}",
        "--keep-alive", "30", "--log-level", "warning",
    ]  # fmt: skip
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": settings}
    process = subprocess.Popen(command, env=environment)
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def dispatcher() -> Iterator[int]:
    """Run the worker that sends, as in production, and yield its process id."""
    command = [
        sys.executable, "-m", "celery", "-A", "portal", "worker", "-Q", "dispatch", "-c", "1",
        "--pool=threads", "--without-gossip", "--without-mingle", "--loglevel=WARNING",
    ]  # fmt: skip
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
    process = subprocess.Popen(command, env=environment)
    try:
        time.sleep(5)  # until it listens; a bell rung before is heard too
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the server did not start")
