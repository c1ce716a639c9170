"""Clients who wait for the agent."""

from __future__ import annotations

from portal.demo.stories.story import Story, in_dubai

LAYLA = Story(
    client=in_dubai(
        "Layla Fiktiva",
        "layla.f@example.com",
        "+971 50 000 0001",
        (1_800_000, 2_200_000),
        financing="mortgage",
        payment_preference="Pre-approved for AED 1.6 million",
        property_type="apartment",
        bedrooms_min=2,
        bedrooms_max=2,
        size_min=1100,
        size_max=1300,
        size_unit="sqft",
        locations=["Dubai Marina", "JBR"],
        completion="ready",
        views=["marina"],
        amenities=["balcony"],
        move_in_timeline="60 days",
        temperature="hot",
        score=86,
        notes="Sizes are built-up area. Prefers calls after six.",
        source="website",
    ),
    days=0.4,
)
PRIYA = Story(
    client=in_dubai(
        "Priya Muster",
        "priya.m@example.com",
        "+91 00000 00003",
        (900_000, 1_200_000),
        location="Pune",
        financing="cash",
        payment_preference="Post-handover plan",
        intent="invest",
        property_type="studio or apartment",
        bedrooms_min=0,
        bedrooms_max=1,
        locations=["JVC"],
        completion="off_plan",
        temperature="warm",
        score=64,
        notes="Wants a yield of 6 % or more. Lives in India: give the Indian notice as well.",
        source="webinar",
    ),
    days=6,
)
