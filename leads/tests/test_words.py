"""A lead in words."""

from __future__ import annotations

import pytest

from leads.words import bedrooms


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (1, 1, "1 bedroom"),
        (2, 2, "2 bedrooms"),
        (0, 1, "0–1 bedroom"),
        (1, 3, "1–3 bedrooms"),
        (None, None, ""),
    ],
)
def test_bedrooms_are_counted(low: int | None, high: int | None, told: str) -> None:
    assert bedrooms({"bedroomsMin": low, "bedroomsMax": high}) == told
