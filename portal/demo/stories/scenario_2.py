"""Scenario 2: a developer deals with the client directly, at three stages."""

from __future__ import annotations

from portal.demo.steps import EVERYTHING, Appointed, Reported, Shared
from portal.demo.stories.story import Story, in_dubai

JOHN = Story(
    client=in_dubai(
        "John Doe",
        "john@example.com",
        "+971501234567",
        (700_000, 800_000),
        location="Dubai",
        financing="mortgage",
        property_type="apartment",
        bedrooms_min=3,
        bedrooms_max=3,
        locations=["Business Bay"],
        completion="ready",
        project="XYZ Towers",
        move_in_timeline="30 days",
        temperature="hot",
        score=88,
        source="campaign XYZ Towers",
    ),
    days=4,
    decided=EVERYTHING,
    steps=(
        Shared("skyline", 3.5),
        Reported("skyline", 3.2, "accepted"),
        Reported("skyline", 2, "in_progress", notes="Called, wants to see the unit."),
    ),
    arrives=(Appointed("skyline", 0, 3, "site_visit", "XYZ Towers, sales gallery"),),
)
ELENA = Story(
    client=in_dubai(
        "Elena Vzor",
        "elena.v@example.com",
        "+971 50 000 0032",
        (750_000, 850_000),
        property_type="apartment",
        bedrooms_min=3,
        bedrooms_max=3,
        completion="ready",
        project="XYZ Towers",
        temperature="hot",
        score=83,
        source="campaign XYZ Towers",
    ),
    days=51,
    decided=EVERYTHING,
    steps=(
        Shared("skyline", 50),
        Reported("skyline", 49.9, "accepted"),
        Appointed("skyline", 48, 2, "site_visit", "XYZ Towers, sales gallery"),
        Reported("skyline", 45, "in_progress"),
        Reported("skyline", 27, "closed", value=800_000, notes="Unit booked."),
    ),
)
OMAR = Story(
    client=in_dubai(
        "Omar Beispiel",
        "omar.b@example.com",
        "+971 50 000 0002",
        (4_500_000, 6_000_000),
        financing="cash",
        payment_preference="60/40 plan",
        property_type="villa",
        bedrooms_min=4,
        bedrooms_max=4,
        size_min=3500,
        size_unit="sqft",
        locations=["Dubai Hills", "Arabian Ranches"],
        amenities=["maid's room", "pool"],
        completion="off_plan",
        segment="luxury",
        move_in_timeline="Handover by the end of 2028",
        temperature="hot",
        score=92,
        notes="Size is the plot.",
        source="referral",
    ),
    days=3,
    arrives=(Shared("skyline", 0, EVERYTHING),),
)
