"""Whether a person is known already: the same email or phone number in the same market.

Internal: which leads belong to one person is told to staff only, never to a partner, a client or
over the API.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Q, QuerySet

from leads.models import Lead
from partners.types import Market
from portal.lib import ids, rows
from portal.lib.access import Actor

# Two captures of one person at the same moment must see each other. A lock per person would be
# many when a file is imported, so people share this many.
SLOTS = 256
_CLASS = 0x6C656164  # "lead": what the numbers of these advisory locks stand for
_LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"
_LOCK_ALL = "SELECT pg_advisory_xact_lock(%s, slot) FROM generate_series(0, %s) AS slot"
# One arm for each index; an empty value is nobody's.
_OLDEST = """
SELECT id FROM (
    SELECT id, created_at FROM leads_lead
    WHERE market = %s AND email = %s AND email <> '' AND erased_at IS NULL
    UNION ALL
    SELECT id, created_at FROM leads_lead
    WHERE market = %s AND phone = %s AND phone <> '' AND erased_at IS NULL
) AS known ORDER BY created_at, id LIMIT 1
"""


def normalised_email(email: str) -> str:
    """Return EMAIL as it is compared: providers differ in what else they ignore, case they do."""
    return email.strip().lower()


def oldest_like(market: str, email: str, phone: str) -> str | None:
    """Return the id of the oldest lead of MARKET with this EMAIL or PHONE, both normalised.

    Until the transaction ends nobody else records a lead with either. Erased leads count for
    nothing. One message to the database.
    """
    slots = sorted({_slot(market, value) for value in (email, phone) if value})
    if not slots:
        return None
    asked = [rows.Reading(_LOCK, [_CLASS, slot]) for slot in slots]
    found = rows.read_together(*asked, rows.Reading(_OLDEST, [market, email, market, phone]))[-1]
    return ids.encode("lead", found[0][0]) if found else None


def lock_person(email: str, phone: str) -> None:
    """Let nobody record a lead with this EMAIL or PHONE, of any market, while we are at it."""
    values = [value for value in (email, phone) if value]
    slots = {_slot(market, value) for market in Market.values for value in values}
    with connection.cursor() as cursor:
        for slot in sorted(slots):
            cursor.execute(_LOCK, [_CLASS, slot])


def _slot(market: str, value: str) -> int:
    return hashlib.blake2b(f"{market} {value}".encode(), digest_size=1).digest()[0] % SLOTS


@dataclass(slots=True)
class Known:
    """Who is known in one market, by email and by phone: which of their leads came first."""

    places: dict[str, int] = field(default_factory=dict)
    leads: list[str] = field(default_factory=list)

    def lead_of(self, lead: Lead) -> str | None:
        """Return the id of the oldest known lead with the email or the phone of LEAD."""
        found = [self.places[value] for value in _values(lead) if value in self.places]
        return self.leads[min(found)] if found else None

    def add(self, lead: Lead) -> None:
        """Know LEAD as well; it is younger than all before it."""
        for value in _values(lead):
            self.places.setdefault(value, len(self.leads))
        self.leads.append(str(lead.pk))


def _values(lead: Lead) -> list[str]:
    return [value for value in (lead.email, lead.phone) if value]


def lock_everybody() -> None:
    """Let nobody else record a lead that might be a duplicate until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_ALL, [_CLASS, SLOTS - 1])


def known_among(market: str, leads: Iterable[Lead]) -> Known:
    """Return which people of LEADS are known in MARKET already, in one query."""
    listed = list(leads)
    emails = {lead.email for lead in listed if lead.email}
    phones = {lead.phone for lead in listed if lead.phone}
    found = Lead.objects.filter(Q(email__in=emails) | Q(phone__in=phones), market=market)
    known = Known()
    oldest_first = found.filter(erased_at__isnull=True).order_by("created_at", "id")
    for lead in oldest_first.only("email", "phone"):
        known.add(lead)
    return known


def duplicates_of(*, user: Actor, lead: Lead) -> QuerySet[Lead]:
    """Return the other leads of the same person that USER may see, oldest first."""
    same = Q(duplicate_of=lead.pk)
    if lead.duplicate_of_id:
        same |= Q(pk=lead.duplicate_of_id)
    if lead.email:
        same |= Q(email=lead.email)
    if lead.phone:
        same |= Q(phone=lead.phone)
    others = Lead.objects.visible_to(user).filter(same, market=lead.market, erased_at__isnull=True)
    return others.exclude(pk=lead.pk).order_by("created_at", "id")
