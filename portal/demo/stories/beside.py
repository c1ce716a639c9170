"""Beside the scenarios: a claim that differs, a dispute, and clients who want a loan."""

from __future__ import annotations

from leads.groups import Groups
from partners.types import Service
from portal.demo.steps import EVERYTHING, Disputed, Reported, Shared
from portal.demo.stories.story import Story, in_dubai

INES = Story(
    client=in_dubai(
        "Ines Prova",
        "ines.p@example.com",
        "+971 50 000 0061",
        (850_000, 950_000),
        property_type="apartment",
        bedrooms_min=1,
        bedrooms_max=2,
        locations=["Dubai Marina"],
        temperature="warm",
        score=66,
        source="website",
    ),
    days=33,
    steps=(
        Shared("bayview", 32, EVERYTHING),
        Reported("bayview", 31.6, "accepted"),
        # Claims 25 % where 20 % is agreed: finance has something to look at.
        Reported("bayview", 5, "closed", value=900_000, claimed=25),
    ),
)
TARIQ = Story(
    client=in_dubai(
        "Tariq Namudhaj",
        "tariq.n@example.com",
        "+971 50 000 0071",
        (1_500_000, 1_800_000),
        financing="mortgage",
        property_type="apartment",
        locations=["JVC"],
        services=[Service.LOANS],
        move_in_timeline="90 days",
        temperature="warm",
        score=62,
        source="website",
    ),
    days=8,
    steps=(
        Shared("lendwell", 7, Groups(True, False, True)),
        Reported("lendwell", 6.5, "accepted"),
    ),
)
AISHA = Story(
    client=in_dubai(
        "Aisha Misal",
        "aisha.m@example.com",
        "+971 50 000 0072",
        (1_100_000, 1_300_000),
        financing="mortgage",
        property_type="apartment",
        locations=["JBR"],
        services=[Service.LOANS, Service.LEGAL],
        move_in_timeline="60 days",
        temperature="warm",
        score=69,
        source="website",
    ),
    days=29,
    steps=(
        Shared("lendwell", 28, Groups(True, False, True)),
        Reported("lendwell", 27.5, "accepted"),
        Reported("lendwell", 13, "closed", value=60_000, notes="Loan arranged."),
        Disputed("lendwell", 4, 800, "The bank's fee is a part of the service's value."),
    ),
)
