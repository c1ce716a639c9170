"""The verifiers for copying, as they stand in `clients/verifiers` and are tested there."""

from __future__ import annotations

from functools import cache

from django.conf import settings

_FILES = {
    "Python": "verify.py",
    "JavaScript": "verify.js",
    "PHP": "verify.php",
    "Java": "Verify.java",
}


@cache
def verifiers() -> list[tuple[str, str, str]]:
    """Return language, file name and text of each."""
    folder = settings.BASE_DIR / "clients" / "verifiers"
    return [(language, name, (folder / name).read_text()) for language, name in _FILES.items()]
