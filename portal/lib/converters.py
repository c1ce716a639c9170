"""URL parts that are public ids: anything else is not an address of ours."""

from django.urls import register_converter

from portal.lib.ids import path_pattern


def _converter(prefix: str) -> type:
    class IdConverter:
        regex = path_pattern(prefix)

        def to_python(self, value: str) -> str:
            return value

        def to_url(self, value: str) -> str:
            return value

    return IdConverter


def register() -> None:
    """Make `<lead:…>`, `<share:…>` and the like usable in URL patterns."""
    for prefix in (
        "lead", "share", "partner", "endpoint", "delivery", "rev", "review", "more", "proposal",
        "receipt", "user", "invitation", "key", "agreement", "terms",
        "dispute", "evidence", "statement",
    ):  # fmt: skip
        register_converter(_converter(prefix), prefix)
