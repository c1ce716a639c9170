"""Scenario 1: a channel partner refers, just arriving and closed."""

from __future__ import annotations

from portal.demo.steps import Appointed, Approved, Reported, Shared
from portal.demo.stories.story import Story, in_dubai

SARA = Story(
    client=in_dubai(
        "Sara Sample",
        "sara.s@example.com",
        "+971 50 000 0021",
        (450_000, 500_000),
        location="Sharjah",
        financing="cash",
        property_type="apartment",
        bedrooms_min=2,
        bedrooms_max=2,
        locations=["Downtown Dubai"],
        views=["marina"],
        move_in_timeline="3 months",
        temperature="warm",
        score=71,
        source="website",
    ),
    days=2,
    arrives=(Shared("acme", 0),),
)
YUSUF = Story(
    client=in_dubai(
        "Yusuf Ejemplo",
        "yusuf.e@example.com",
        "+971 50 000 0022",
        (420_000, 500_000),
        property_type="apartment",
        bedrooms_min=2,
        bedrooms_max=2,
        locations=["Downtown Dubai"],
        completion="ready",
        temperature="hot",
        score=90,
        source="referral",
    ),
    days=43,
    steps=(
        Shared("acme", 42),
        Reported("acme", 41.8, "accepted"),
        Reported("acme", 40, "in_progress", notes="Found three that fit."),
        Appointed("acme", 36, 2, "viewing", "Downtown Dubai, Fictional Tower 2"),
        Reported("acme", 20, "closed", value=500_000, notes="Signed at the developer's office."),
    ),
)
HANA = Story(
    client=in_dubai(
        "Hana Esempio",
        "hana.e@example.com",
        "+971 50 000 0023",
        (1_000_000, 1_300_000),
        property_type="townhouse",
        bedrooms_min=3,
        bedrooms_max=4,
        locations=["Dubai Marina"],
        temperature="warm",
        score=77,
        source="website",
    ),
    days=97,
    steps=(
        Shared("acme", 95),
        Reported("acme", 94.6, "accepted"),
        Reported("acme", 68, "closed", value=1_250_000),
        Approved("acme", 61, paid="TT-0041"),
    ),
)
PEDRO = Story(
    client=in_dubai(
        "Pedro Modelo",
        "pedro.m@example.com",
        "+971 50 000 0024",
        (850_000, 950_000),
        property_type="apartment",
        bedrooms_min=2,
        bedrooms_max=3,
        locations=["JBR"],
        temperature="warm",
        score=75,
        source="referral",
    ),
    days=59,
    steps=(
        Shared("acme", 58),
        Reported("acme", 57.7, "accepted"),
        Reported("acme", 52, "in_progress"),
        Reported("acme", 37, "closed", value=900_000),
        Approved("acme", 30),
    ),
)
