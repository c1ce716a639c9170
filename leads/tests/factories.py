"""Leads for tests, through the model; shares are made by the service."""

from __future__ import annotations

from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from leads.models import Lead


class LeadFactory(DjangoModelFactory[Lead]):
    """A client in Dubai with every group filled."""

    class Meta:
        model = Lead

    market = "uae"
    region = "AE-DU"
    currency = "AED"
    name = "John Doe"
    email = factory.Sequence(lambda n: f"john.doe.{n}@example.com")
    phone = factory.Sequence(lambda n: f"+97150{n:07d}")
    location = "Sharjah"
    budget_min = Decimal(1_800_000)
    budget_max = Decimal(2_200_000)
    financing = "mortgage"
    payment_preference = "60/40 plan"
    intent = "buy"
    property_type = "apartment"
    bedrooms_min = 2
    bedrooms_max = 3
    size_min = 1100
    size_max = 1300
    size_unit = "sqft"
    locations = ["Dubai Marina", "JBR"]
    views = ["marina"]
    amenities = ["balcony"]
    furnishing = "unfurnished"
    segment = "luxury"
    completion = "ready"
    project = "Marina Heights"
    move_in_timeline = "60 days"
    services = ["loans"]
    temperature = "hot"
    score = 87
    notes = "Internal: prefers calls after 18:00"
    source = "campaign-7"
