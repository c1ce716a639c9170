"""What the portal answers, as it stands on the wire. Keys that may be absent are not required."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

Status = Literal[
    "sent", "accepted", "in_progress", "closed", "rejected", "expired", "withdrawn", "revoked"
]


class Consent(TypedDict):
    """What the client allows at present."""

    shareContact: bool
    shareBudget: bool
    shareRequirements: bool


class CustomerInfo(TypedDict, total=False):
    name: str
    email: str
    phone: str
    location: str


class BudgetDetails(TypedDict, total=False):
    min: float
    max: float
    currency: str
    financing: str
    paymentPreference: str


class Preferences(TypedDict, total=False):
    propertyType: str
    bedroomsMin: int
    bedroomsMax: int
    sizeMin: float
    sizeMax: float
    sizeUnit: str
    locations: list[str]
    views: list[str]
    amenities: list[str]
    furnishing: str
    segment: str
    completion: str
    project: str
    moveInTimeline: str
    intent: str
    services: list[str]


class Disclosed(TypedDict):
    """What you see of a lead: absent, never null or masked, where the client does not allow it."""

    leadId: str
    market: str
    currency: str
    sharedAt: str
    customerInfo: NotRequired[CustomerInfo]
    budget: NotRequired[float]
    budgetDetails: NotRequired[BudgetDetails]
    preferences: NotRequired[Preferences]


class Lead(TypedDict):
    """A lead shared with you, with how far it came."""

    leadId: str
    partnerId: str
    status: Status
    sharedAt: str
    acceptedAt: str | None
    closedAt: str | None
    confirmedAt: str | None
    updatedAt: str
    consent: Consent
    lead: Disclosed


class Commission(TypedDict):
    """What a closed deal brings. `commissionAmount` is in `currency`."""

    id: str
    leadId: str
    agreementValue: float
    commissionPercent: float
    commissionAmount: float
    currency: str
    direction: str
    status: str
    timestamp: str


class Booked(TypedDict):
    """What came of a closing."""

    id: str
    commissionAmount: float
    commissionPercent: float
    agreementValue: float
    currency: str
    direction: str
    recorded: bool
    status: str
    claimDiffers: bool


class Updated(TypedDict):
    """What came of a status you reported."""

    leadId: str
    partnerId: str
    status: Status
    updatedAt: str
    commission: NotRequired[Booked]


class Endpoint(TypedDict):
    """An address of yours that gets messages."""

    id: str
    url: str
    verified: bool
    enabled: bool
    eventTypes: list[str]
    secret: NotRequired[str]
