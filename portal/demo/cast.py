"""Who appears in the demo: the company's people, six partners and their owners."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from partners.models import Partner, User
from partners.services import (
    LicenceFields,
    PartnerFields,
    add_licence,
    create_partner,
    create_user,
)
from partners.types import Market, PartnerType, Service
from portal.lib.access import THE_SYSTEM, Role

STAFF = (
    ("admin@portal.example", "Ada Admin", Role.ADMIN),
    ("finance@portal.example", "Farid Finance", Role.FINANCE),
    ("dana@portal.example", "Dana", Role.AGENT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One partner, known in the stories by KEY, and its owner."""

    key: str
    owner: tuple[str, str]  # email, name
    fields: PartnerFields


COMPANIES = (
    Company(
        key="acme",
        owner=("amira@acme.example", "Amira"),
        fields={
            "name": "Acme Channel Partners",
            "type": PartnerType.CHANNEL,
            "market": Market.UAE,
            "default_commission": Decimal(20),
            "capacity_limit": 50,
            "areas": ["Downtown Dubai", "Dubai Marina", "JBR"],
            "segments": ["mid-market", "luxury"],
            "languages": ["English", "Arabic"],
            "contact_email": "leads@acme.example",
            "contact_phone": "+971500000101",
        },
    ),
    Company(
        key="rival",
        owner=("rami@rival.example", "Rami"),
        fields={
            "name": "Rival Realty",
            "type": PartnerType.CHANNEL,
            "market": Market.UAE,
            "default_commission": Decimal(15),
            "capacity_limit": 40,
            "areas": ["Downtown Dubai", "Business Bay"],
            "segments": ["luxury"],
            "languages": ["English", "French"],
            "contact_email": "leads@rival.example",
            "contact_phone": "+971500000102",
        },
    ),
    Company(
        key="skyline",
        owner=("devika@skyline.example", "Devika"),
        fields={
            "name": "Skyline Developers",
            "type": PartnerType.DEVELOPER,
            "market": Market.UAE,
            "default_commission": Decimal(5),
            "capacity_limit": 60,
            "areas": ["Dubai Hills", "Arabian Ranches", "Business Bay"],
            "segments": ["off-plan", "luxury"],
            "languages": ["English", "Hindi"],
            "contact_email": "sales@skyline.example",
            "contact_phone": "+971500000103",
        },
    ),
    Company(
        key="bayview",
        owner=("bilal@bayview.example", "Bilal"),
        fields={
            "name": "Bayview Brokers",
            "type": PartnerType.BROKER,
            "market": Market.UAE,
            "default_commission": Decimal(20),
            "capacity_limit": 30,
            "areas": ["Dubai Marina", "Palm Jumeirah"],
            "segments": ["luxury", "resale"],
            "languages": ["English", "Urdu"],
            "contact_email": "desk@bayview.example",
            "contact_phone": "+971500000104",
        },
    ),
    Company(
        key="sahyadri",
        owner=("rohan@sahyadri.example", "Rohan"),
        fields={
            "name": "Sahyadri RERA Agents",
            "type": PartnerType.RERA_AGENT,
            "market": Market.INDIA,
            "default_commission": Decimal(12),
            "capacity_limit": 40,
            "areas": ["Andheri", "Goregaon", "Thane", "Worli"],
            "segments": ["mid-market", "luxury"],
            "languages": ["English", "Hindi", "Marathi"],
            "contact_email": "desk@sahyadri.example",
            "contact_phone": "+919000000105",
        },
    ),
    Company(
        key="lendwell",
        owner=("lena@lendwell.example", "Lena"),
        fields={
            "name": "Lendwell Loans",
            "type": PartnerType.SERVICE_PROVIDER,
            "market": Market.UAE,
            "default_commission": Decimal(8),
            "capacity_limit": 30,
            "areas": ["Dubai", "Abu Dhabi"],
            "languages": ["English", "Arabic"],
            "services": [Service.LOANS],
            "contact_email": "advice@lendwell.example",
            "contact_phone": "+971500000106",
        },
    ),
)
LICENCE_NUMBER = "A51800000001"


@dataclass(frozen=True, slots=True)
class Cast:
    """The people by the first half of their address, the partners by their key."""

    people: dict[str, User] = field(default_factory=dict)
    partners: dict[str, Partner] = field(default_factory=dict)
    owners: dict[str, User] = field(default_factory=dict)


def gather() -> Cast:
    """Return the cast, adding whoever is missing."""
    cast = Cast()
    for email, name, role in STAFF:
        person = _person(cast.people.get("admin"), email, name, role)
        cast.people[email.split("@")[0]] = person
    for company in COMPANIES:
        _gather(cast, company)
    _license(cast)
    return cast


def _gather(cast: Cast, company: Company) -> None:
    """Find or add a partner and its owner. A partner that was renamed is found by its owner."""
    email, name = company.owner
    admin = cast.people["admin"]
    owner = User.objects.filter(email=email).select_related("partner").first()
    partner = owner.partner if owner else None
    partner = partner or Partner.objects.filter(name=company.fields["name"]).first()
    partner = partner or create_partner(actor=admin, **company.fields)
    owner = owner or _person(admin, email, name, Role.OWNER, partner)
    cast.people[email.split("@")[0]] = cast.owners[company.key] = owner
    cast.partners[company.key] = partner


def _person(
    admin: User | None, email: str, name: str, role: str, partner: Partner | None = None
) -> User:
    known = User.objects.filter(email=email).first()
    return known or create_user(
        actor=admin or THE_SYSTEM,  # nobody is there yet who could add the first admin
        email=email,
        name=name,
        role=role,
        partner_id=partner.pk if partner else None,
        password=settings.DEMO_PASSWORD,
    )


def _license(cast: Cast) -> None:
    """Record Sahyadri's registration in Maharashtra, as an admin who looked it up."""
    partner, today = cast.partners["sahyadri"], timezone.now().date()
    if partner.licences.filter(number=LICENCE_NUMBER).exists():
        return
    fields: LicenceFields = {
        "kind": "rera_agent",
        "number": LICENCE_NUMBER,
        "authority": "MahaRERA",
        "region": "IN-MH",
        "valid_from": today - dt.timedelta(days=400),
        "valid_to": today + dt.timedelta(days=1400),
        "checked_at": timezone.now() - dt.timedelta(days=3),
        "evidence": "https://maharera.maharashtra.gov.in/",
    }
    add_licence(actor=cast.people["admin"], partner_id=partner.pk, **fields)
