"""Scenario 4: rejected for want of capacity, and given to somebody else."""

from __future__ import annotations

from portal.demo.steps import Reported, Shared
from portal.demo.stories.story import Story, in_dubai

ZAYD = Story(
    client=in_dubai(
        "Zayd Mithal",
        "zayd.m@example.com",
        "+971 50 000 0041",
        (1_400_000, 1_600_000),
        property_type="apartment",
        bedrooms_min=2,
        bedrooms_max=3,
        locations=["Business Bay"],
        temperature="warm",
        score=68,
        source="website",
    ),
    days=2.2,
    steps=(
        Shared("bayview", 1.6),
        Reported("bayview", 0.2, "rejected", reason="Outside our capacity"),
    ),
)
MARIAM = Story(
    client=in_dubai(
        "Mariam Tajruba",
        "mariam.t@example.com",
        "+971 50 000 0042",
        (2_000_000, 2_400_000),
        property_type="townhouse",
        bedrooms_min=3,
        bedrooms_max=3,
        locations=["JVC"],
        temperature="warm",
        score=70,
        source="event",
    ),
    days=12,
    steps=(
        Shared("rival", 11),
        Reported("rival", 10, "rejected", reason="Outside our capacity"),
        Shared("acme", 9, instead_of="rival"),
        Reported("acme", 8.5, "accepted"),
        Reported("acme", 7, "in_progress", notes="Two townhouses shortlisted."),
    ),
)
