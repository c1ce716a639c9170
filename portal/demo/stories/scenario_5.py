"""Scenario 5: several partners at once, under way and decided."""

from __future__ import annotations

from portal.demo.steps import Reported, Shared
from portal.demo.stories.story import Story, in_dubai

VICTOR = Story(
    client=in_dubai(
        "Victor Primer",
        "victor.p@example.com",
        "+971 50 000 0051",
        (2_000_000, 2_600_000),
        financing="cash",
        property_type="apartment",
        bedrooms_min=4,
        bedrooms_max=4,
        locations=["Dubai Marina", "Downtown Dubai"],
        views=["sea"],
        segment="luxury",
        temperature="hot",
        score=95,
        source="referral",
    ),
    days=7,
    steps=(
        Shared("acme", 6),
        Shared("rival", 6),
        Shared("bayview", 6),
        Reported("rival", 5.9, "accepted"),
        Reported("bayview", 5.5, "accepted"),
        Reported("rival", 4, "in_progress", notes="Four with sea view found."),
    ),
)
GRETA = Story(
    client=in_dubai(
        "Greta Beispielhaft",
        "greta.b@example.com",
        "+971 50 000 0052",
        (2_000_000, 2_500_000),
        property_type="apartment",
        bedrooms_min=4,
        bedrooms_max=4,
        locations=["Downtown Dubai"],
        views=["sea"],
        segment="luxury",
        temperature="hot",
        score=93,
        source="website",
    ),
    days=36,
    steps=(
        Shared("acme", 35),
        Shared("rival", 35),
        Shared("bayview", 35),
        Reported("acme", 34.7, "accepted"),
        Reported("rival", 34.9, "accepted"),
        Reported("rival", 30, "in_progress"),
        Reported("rival", 11, "closed", value=2_000_000),
    ),
)
