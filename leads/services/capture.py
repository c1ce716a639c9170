"""Record a lead, and what its client decided when it was captured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from decimal import Decimal

import phonenumbers
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from events.models import Event
from events.services import record_event
from leads.groups import GROUPS, Groups
from leads.models import ConsentDecision, Lead
from leads.places import region_of
from partners.types import CURRENCY_OF_MARKET, Market
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Malformed

_REGION_OF_MARKET = {Market.UAE: "AE", Market.INDIA: "IN"}


@dataclass(slots=True, kw_only=True)
class LeadDraft:
    """What is known of a lead, in the columns of `Lead`; amounts in `currency`."""

    region: str = ""
    currency: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    location: str = ""
    budget_min: Decimal | None = None
    budget_max: Decimal | None = None
    financing: str = ""
    payment_preference: str = ""
    intent: str = ""
    property_type: str = ""
    bedrooms_min: int | None = None
    bedrooms_max: int | None = None
    size_min: int | None = None
    size_max: int | None = None
    size_unit: str = ""
    locations: list[str] = field(default_factory=list)
    views: list[str] = field(default_factory=list)
    amenities: list[str] = field(default_factory=list)
    furnishing: str = ""
    segment: str = ""
    completion: str = ""
    project: str = ""
    move_in_timeline: str = ""
    services: list[str] = field(default_factory=list)
    temperature: str = ""
    score: int | None = None
    notes: str = ""
    source: str = ""


def capture_lead(
    *,
    actor: Actor,
    market: str,
    draft: LeadDraft,
    client_consent: Groups | None = None,
    method: str = ConsentDecision.Method.FORM,
    notice_version: str = "",
) -> Lead:
    """Record a lead of MARKET and, if given, the client's own decision about each group.

    :raises Malformed: if a column refuses its value; `errors` names each
    """
    require(actor, Can.CAPTURE_LEAD)
    with transaction.atomic():
        lead = insert_lead(actor=actor, market=market, draft=draft)
        if client_consent is not None:
            record_client_decisions(
                actor, lead, client_consent, method=method, notice_version=notice_version
            )
    return lead


def insert_lead(*, actor: Actor, market: str, draft: LeadDraft) -> Lead:
    """Write the lead and its event, inside the caller's transaction."""
    values = {entry.name: getattr(draft, entry.name) for entry in fields(draft)}
    values["currency"] = values["currency"] or CURRENCY_OF_MARKET[Market(market)]
    values["region"] = values["region"] or region_of(values["locations"], market)
    values["phone"] = normalised_phone(values["phone"], market)
    values["email"] = values["email"].strip().lower()
    agent_id = actor.actor_id if actor.actor_id.startswith("user_") else None
    lead = Lead(market=market, agent_id=agent_id, **values)
    try:
        lead.full_clean(validate_unique=False)
    except ValidationError as error:
        detail = _("The lead has values that cannot be right.")
        raise Malformed(detail, errors=_told(error)) from error
    lead.save(force_insert=True)
    record_event(Event.Kind.LEAD_CAPTURED, actor=actor, lead_id=str(lead.pk), market=market)
    return lead


def record_client_decisions(
    actor: Actor,
    lead: Lead,
    consent: Groups,
    *,
    method: str,
    notice_version: str = "",
    groups: Iterable[str] = GROUPS,
) -> list[ConsentDecision]:
    """Append the client's own decision about each of GROUPS, for every partner."""
    state = {True: ConsentDecision.State.GIVEN, False: ConsentDecision.State.REFUSED}
    decisions = ConsentDecision.objects.bulk_create(
        ConsentDecision(
            lead=lead,
            group=group,
            state=state[consent[group]],
            source=ConsentDecision.Source.CLIENT,
            method=method,
            notice_version=notice_version,
            decided_by=actor.actor_id,
        )
        for group in groups
    )
    record_event(
        Event.Kind.CONSENT_DECIDED,
        actor=actor,
        lead_id=str(lead.pk),
        source="client",
        given=list(consent),
    )
    return decisions


def normalised_phone(phone: str, market: str) -> str:
    """Return PHONE in E.164 where it can be somebody's number, else as it was written."""
    try:
        parsed = phonenumbers.parse(phone, _REGION_OF_MARKET[Market(market)])
    except phonenumbers.NumberParseException:
        return phone.strip()
    if not phonenumbers.is_valid_number(parsed):
        return phone.strip()
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _told(error: ValidationError) -> list[dict[str, str]]:
    return [
        {"pointer": f"#/{name}", "detail": " ".join(messages), "code": "invalid"}
        for name, messages in error.message_dict.items()
    ]
