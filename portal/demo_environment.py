"""The variables `make run` runs with, kept in the data directory for whoever comes beside it.

`manage.py` adopts them, so that `manage.py issue_api_key` beside a running `make run` reaches
the same engines with the same keys. An environment of its own (`SECRET_KEY` set) is left alone.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

FILE = "environment.json"
ROOT = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Return where data lives: `PORTAL_DATA_DIR`, or var/ beside the code."""
    return Path(os.environ.get("PORTAL_DATA_DIR") or ROOT / "var").resolve()


def read(directory: Path) -> dict[str, str]:
    """Return the variables kept in DIRECTORY; none if nothing ran there yet."""
    try:
        kept: dict[str, str] = json.loads((directory / FILE).read_text())
    except FileNotFoundError:
        return {}
    return kept


def keep(directory: Path, variables: dict[str, str]) -> None:
    """Write VARIABLES to DIRECTORY, readable for its owner only."""
    fresh = directory / f"{FILE}.new"
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(variables, indent=1))
    fresh.replace(directory / FILE)


def keys(directory: Path) -> dict[str, str]:
    """Return the two secrets of this data directory, made once."""
    kept = read(directory)
    made = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FIELD_ENCRYPTION_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    return {name: kept.get(name, made[name]) for name in made}


def adopt() -> None:
    """Fill our environment with what is kept, unless it already is one."""
    if "SECRET_KEY" in os.environ or "SECRET_KEY_FILE" in os.environ:
        return
    for name, value in read(data_dir()).items():
        os.environ.setdefault(name, value)
