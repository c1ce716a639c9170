"""The five partner types as the requirement describes them, and where each may work."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _


class Market(models.TextChoices):
    UAE = "uae", _("UAE")
    INDIA = "india", _("India")


CURRENCY_OF_MARKET = {Market.UAE: "AED", Market.INDIA: "INR"}
COUNTRY_OF_MARKET = {Market.UAE: "AE", Market.INDIA: "IN"}  # ISO 3166


class PartnerType(models.TextChoices):
    CHANNEL = "channel", _("Channel Partner")
    DEVELOPER = "developer", _("Developer")
    BROKER = "broker", _("Broker")
    RERA_AGENT = "rera_agent", _("RERA Agent")
    SERVICE_PROVIDER = "service_provider", _("Service Provider")


class Direction(models.TextChoices):
    """Who pays the commission."""

    PLATFORM_PAYS_PARTNER = "platform_pays_partner", _("Platform pays partner")
    PARTNER_PAYS_PLATFORM = "partner_pays_platform", _("Partner pays platform")


class Service(models.TextChoices):
    """What a service provider offers and a client may want."""

    LOANS = "loans", _("Loans")
    LEGAL = "legal", _("Legal")
    INTERIOR = "interior", _("Interior")
    MOVING = "moving", _("Moving")
    OTHER = "other", _("Other")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFacts:
    """One row of the requirement's table of types; the range is in percent."""

    description: object
    typical_role: object
    markets: tuple[str, ...]
    range_from: Decimal
    range_to: Decimal
    direction: Direction = Direction.PLATFORM_PAYS_PARTNER

    @property
    def commission_range(self) -> str:
        return f"{self.range_from:f}-{self.range_to:f}%"

    def covers(self, percent: Decimal) -> bool:
        """Return whether PERCENT lies in the range that is usual for the type."""
        return self.range_from <= percent <= self.range_to


_BOTH = (Market.UAE, Market.INDIA)
TYPES: dict[str, TypeFacts] = {
    PartnerType.CHANNEL: TypeFacts(
        description=_("Third-party sales channel"),
        typical_role=_("Generates leads, refers clients"),
        markets=_BOTH,
        range_from=Decimal(10),
        range_to=Decimal(30),
    ),
    PartnerType.DEVELOPER: TypeFacts(
        description=_("Property developer"),
        typical_role=_("Provides inventory, manages projects"),
        markets=_BOTH,
        range_from=Decimal(5),
        range_to=Decimal(15),
        direction=Direction.PARTNER_PAYS_PLATFORM,
    ),
    PartnerType.BROKER: TypeFacts(
        description=_("Licensed real estate broker"),
        typical_role=_("Client representation, deal closure"),
        markets=(Market.UAE,),
        range_from=Decimal(15),
        range_to=Decimal(25),
    ),
    PartnerType.RERA_AGENT: TypeFacts(
        description=_("RERA-registered agent (India)"),
        typical_role=_("Regulated property transactions"),
        markets=(Market.INDIA,),
        range_from=Decimal(10),
        range_to=Decimal(20),
    ),
    PartnerType.SERVICE_PROVIDER: TypeFacts(
        description=_("Ancillary services"),
        typical_role=_("Loans, legal, interior, moving"),
        markets=_BOTH,
        range_from=Decimal(5),
        range_to=Decimal(15),
    ),
}

# The states and territories of India and the emirates, as the place of a property (ISO 3166-2).
INDIAN_STATES = {
    "IN-AP": "Andhra Pradesh", "IN-DL": "Delhi", "IN-GA": "Goa", "IN-GJ": "Gujarat",
    "IN-HR": "Haryana", "IN-KA": "Karnataka", "IN-KL": "Kerala", "IN-MH": "Maharashtra",
    "IN-MP": "Madhya Pradesh", "IN-PB": "Punjab", "IN-RJ": "Rajasthan", "IN-TN": "Tamil Nadu",
    "IN-TS": "Telangana", "IN-UP": "Uttar Pradesh", "IN-WB": "West Bengal",
    "IN-AN": "Andaman and Nicobar Islands", "IN-AR": "Arunachal Pradesh", "IN-AS": "Assam",
    "IN-BR": "Bihar", "IN-CG": "Chhattisgarh", "IN-CH": "Chandigarh",
    "IN-DH": "Dadra and Nagar Haveli and Daman and Diu", "IN-HP": "Himachal Pradesh",
    "IN-JH": "Jharkhand", "IN-JK": "Jammu and Kashmir", "IN-LA": "Ladakh", "IN-LD": "Lakshadweep",
    "IN-ML": "Meghalaya", "IN-MN": "Manipur", "IN-MZ": "Mizoram", "IN-NL": "Nagaland",
    "IN-OD": "Odisha", "IN-PY": "Puducherry", "IN-SK": "Sikkim", "IN-TR": "Tripura",
    "IN-UK": "Uttarakhand",
}  # fmt: skip
EMIRATES = {
    "AE-AZ": "Abu Dhabi", "AE-AJ": "Ajman", "AE-DU": "Dubai", "AE-FU": "Fujairah",
    "AE-RK": "Ras Al Khaimah", "AE-SH": "Sharjah", "AE-UQ": "Umm Al Quwain",
}  # fmt: skip
REGIONS = {**EMIRATES, **INDIAN_STATES}
REGION_CHOICES = sorted(REGIONS.items(), key=lambda region: region[1])
