"""Read settings from the environment; refuse to start on a missing or senseless one."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """Return NAME, or the content of the file NAME_FILE names.

    :raises ImproperlyConfigured: if neither is set and there is no default
    """
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text().strip()
    if (value := os.environ.get(name, default)) is None:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE (see .env.example).")
    return value


def flag(name: str, default: bool = False) -> bool:
    """Return whether NAME is switched on: 1 or 0, nothing else."""
    value = text(name, "1" if default else "0")
    if value not in ("0", "1"):
        raise ImproperlyConfigured(f"{name} must be 1 or 0.")
    return value == "1"


def number(name: str, default: int) -> int:
    """Return NAME as a whole number that is not negative."""
    value = text(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """Return the comma-separated entries of NAME."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
