"""Record a lead, and what its client decided when it was captured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal

import phonenumbers
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import record_event, refusals_recorded
from leads import notices, receipts
from leads.duplicates import normalised_email, oldest_like
from leads.errors import Suppressed
from leads.groups import GROUPS, Groups
from leads.models import ConsentDecision, Lead
from leads.notices import ShownNotice
from leads.places import region_of
from leads.suppression import is_suppressed
from partners.types import CURRENCY_OF_MARKET, Market
from portal.lib.access import Actor, Can, require, scope_of
from portal.lib.errors import Malformed, NotAllowed

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

    :param notice_version: what the client was shown, by its version; one that is not ours is kept
        as it was said, without the hash that would prove its words
    :raises Malformed: if a column refuses its value; `errors` names each
    :raises Suppressed: if the person was erased; recorded as `lead_capture_refused`
    """
    with refusals_recorded(Event.Kind.LEAD_CAPTURE_REFUSED, actor=actor), transaction.atomic():
        require(actor, Can.CAPTURE_LEAD)
        lead = insert_lead(actor=actor, market=market, draft=draft)
        if client_consent is not None:
            record_client_decisions(
                actor, lead, client_consent, method=method, told=told_by(notice_version)
            )
            receipts.issue(lead)
    return lead


def insert_lead(*, actor: Actor, market: str, draft: LeadDraft, lead_id: str | None = None) -> Lead:
    """Write the lead and its event, inside the caller's transaction.

    :param lead_id: the id the lead is to have; left out, a new one
    :raises Malformed: if a column refuses its value; `errors` names each
    :raises Suppressed: if the person was erased
    """
    lead = drawn_up(actor=actor, market=market, draft=draft, lead_id=lead_id)
    try:
        lead.full_clean(validate_unique=False)
    except ValidationError as error:
        detail = _("The lead has values that cannot be right.")
        raise Malformed(detail, errors=_faults(error)) from error
    lead.duplicate_of_id = oldest_like(lead.market, lead.email, lead.phone)
    # Asked once nobody else is at this person: an erasure may have been under way.
    if is_suppressed(lead.email, lead.phone):
        raise Suppressed(_("This person asked to be erased and may not be recorded again."))
    # It may have waited for another of the same person, which is older then.
    lead.created_at = lead.updated_at = timezone.now()
    lead.save(force_insert=True)
    record_event(Event.Kind.LEAD_CAPTURED, actor=actor, lead_id=str(lead.pk), market=market)
    return lead


def drawn_up(*, actor: Actor, market: str, draft: LeadDraft, lead_id: str | None = None) -> Lead:
    """Return the lead DRAFT describes, its values in their normal form, neither checked nor saved.

    One that no agent recorded is put before the agents.

    :raises NotAllowed: if ACTOR works in another market only
    """
    if scope_of(actor).get("market", market) != market:
        raise NotAllowed(_("You work in another market."), right=Can.CAPTURE_LEAD.value)
    values = {entry.name: getattr(draft, entry.name) for entry in fields(draft)}
    values["currency"] = values["currency"] or CURRENCY_OF_MARKET[Market(market)]
    values["region"] = values["region"] or region_of(values["locations"], market)
    values["phone"] = normalised_phone(values["phone"], market)
    values["email"] = normalised_email(values["email"])
    if lead_id is not None:
        values["id"] = lead_id
    if actor.actor_id.startswith("user_"):
        return Lead(market=market, agent_id=actor.actor_id, **values)
    return Lead(market=market, needs_agent_since=timezone.now(), **values)


def told_by(version: str) -> dict[str, str]:
    """Return the columns of a decision that say which notice the client was shown."""
    shown = notices.by_version(version) if version else None
    return told(shown) if shown else {"notice_version": version}


def told(shown: ShownNotice) -> dict[str, str]:
    """Keep the text of SHOWN and return the columns of a decision that refer to it."""
    notices.remember(shown)
    return {
        "notice_version": shown.version,
        "notice_hash": shown.sha256,
        "notice_language": shown.language,
    }


def record_client_decisions(
    actor: Actor,
    lead: Lead,
    consent: Groups,
    *,
    method: str,
    told: Mapping[str, str],
) -> list[ConsentDecision]:
    """Append the client's own decision about each group, for every partner.

    :param told: which notice the client was shown, from :func:`told` or :func:`told_by`
    """
    decisions = ConsentDecision.objects.bulk_create(
        client_decisions(actor, lead, consent, method=method, **told)
    )
    record_event(
        Event.Kind.CONSENT_DECIDED,
        actor=actor,
        lead_id=str(lead.pk),
        source="client",
        given=list(consent),
    )
    return decisions


def client_decisions(
    actor: Actor,
    lead: Lead,
    consent: Groups,
    *,
    groups: Iterable[str] = GROUPS,
    **columns: str,
) -> list[ConsentDecision]:
    """Return the client's own decision about each of GROUPS, for every partner, not saved."""
    state = {True: ConsentDecision.State.GIVEN, False: ConsentDecision.State.REFUSED}
    return [
        ConsentDecision(
            lead=lead,
            group=group,
            state=state[consent[group]],
            source=ConsentDecision.Source.CLIENT,
            decided_by=actor.actor_id,
            **columns,
        )
        for group in groups
    ]


def normalised_phone(phone: str, market: str) -> str:
    """Return PHONE in E.164 where it can be somebody's number, else as it was written."""
    try:
        parsed = phonenumbers.parse(phone, _REGION_OF_MARKET[Market(market)])
    except phonenumbers.NumberParseException:
        return phone.strip()
    if not phonenumbers.is_valid_number(parsed):
        return phone.strip()
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _faults(error: ValidationError) -> list[dict[str, str]]:
    return [
        {"pointer": f"#/{name}", "detail": " ".join(messages), "code": "invalid"}
        for name, messages in error.message_dict.items()
    ]
