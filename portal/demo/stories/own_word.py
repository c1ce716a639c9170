"""A client who uses its own page: one partner lost the contact, one asks, one is proposed."""

from __future__ import annotations

from portal.demo.steps import (
    EVERYTHING,
    NO_CONTACT,
    AskedForMore,
    Proposed,
    Reported,
    Shared,
    Withdrawn,
)
from portal.demo.stories.story import Story, in_dubai

NADIA = Story(
    client=in_dubai(
        "Nadia Mithal",
        "nadia.m@example.com",
        "+971 50 000 0081",
        (1_900_000, 2_300_000),
        property_type="townhouse",
        bedrooms_min=3,
        bedrooms_max=3,
        locations=["Dubai Hills"],
        temperature="hot",
        score=78,
        source="website",
    ),
    days=6,
    steps=(
        Shared("skyline", 5.5, EVERYTHING),
        Reported("skyline", 5, "accepted"),
        Shared("bayview", 4, NO_CONTACT),
        Reported("bayview", 3.8, "accepted"),
        Withdrawn("skyline", 2, "contact"),
        AskedForMore("bayview", 1, "contact", "The client should see the house with us on site."),
        Proposed("rival", 0.5, NO_CONTACT),
    ),
)
