"""A consent decision as a record others can read: ISO/IEC TS 27560:2023, names as in the W3C DPV.

A record names the client by the lead's id alone and holds no personal value, so that it proves the
decision after the client is erased.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from leads.consent import BUDGET, CONTACT, REQUIREMENTS, RULES, rfc3339
from leads.models import ConsentDecision, Lead, Notice
from leads.retention import rule_for
from partners.models import Partner
from partners.types import COUNTRY_OF_MARKET, Market

SCHEMA_VERSION = "ISO/IEC TS 27560:2023"
FIELDS = {"contact": CONTACT, "budget": BUDGET, "requirements": REQUIREMENTS}
# Where each kind of personal data is named in the Data Privacy Vocabulary.
PURPOSES = {"property_search": "Finding a property or a service for the client"}
RIGHTS = ("access", "copy", "correction", "restriction", "erasure", "withdrawal", "complaint")
AUTHORITIES = {
    Market.UAE: "UAE Data Office",
    Market.INDIA: "Data Protection Board of India",
}
LAWS = {
    Market.UAE: "Federal Decree-Law 45/2021 (UAE PDPL)",
    Market.INDIA: "Digital Personal Data Protection Act 2023 (India)",
}


def consent_record(
    decision: ConsentDecision, kept: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the record of DECISION; its lead and partner are read.

    The field names are the standard's, so that it can be read by those who know it.

    :param kept: the ids of the notices by their hashes, where many records are made at once
    """
    market = Market(decision.lead.market)
    return {
        "record_id": str(decision.pk),
        "schema_version": SCHEMA_VERSION,
        "pii_principal_id": str(decision.lead_id),
        "privacy_notice": _notice(decision, kept),
        "purpose": [{"id": decision.purpose, "description": PURPOSES.get(decision.purpose, "")}],
        "pii_information": [{"group": decision.group, "fields": sorted(FIELDS[decision.group])}],
        "pii_controllers": [
            {"name": settings.PLATFORM_LEGAL_NAME, "contact": settings.PRIVACY_EMAIL}
        ],
        "collection_method": decision.method,
        "storage_locations": list(settings.DATA_COUNTRIES),
        "processing_locations": _processing(decision),
        "retention_period": _kept(decision),
        "recipient_scope": "named" if decision.partner_id else "every partner named to the client",
        "recipient_third_parties": [recipient(decision.partner)] if decision.partner else [],
        "withdrawal_method": f"{settings.PORTAL_ORIGIN}/c/",
        "jurisdiction": {
            "country": COUNTRY_OF_MARKET[market],
            "law": LAWS[market],
            "authority": AUTHORITIES[market],
        },
        "privacy_rights": list(RIGHTS),
        "event": {
            "event_time": rfc3339(decision.decided_at),
            "validity_duration": "until withdrawn",
            "entity_id": decision.decided_by,
            "event_type": "explicit",
            "event_state": decision.state,
            "stated_by": decision.source,
        },
    }


def _kept(decision: ConsentDecision) -> str:
    """Return how long it is kept by the rule of that day, in days."""
    rule = rule_for(decision.lead.market, decision.decided_at)
    kept = f"{rule.without_deal} days after the last activity, {rule.with_deal} with a closed deal"
    asked = f"{rule.minimum} days after the client asks" if rule.minimum else "at once when asked"
    return f"{kept}; erased {asked}"


def labels_of(group: str, partner_type: str = "") -> list[str]:
    """Return the names of the fields of GROUP, as a partner of a type gets them, or all of them."""
    columns = FIELDS[group]
    if partner_type:
        rule = RULES[partner_type]
        only = rule.only_requirements if group == "requirements" else None
        kept = (key for key in columns if key not in rule.never and (only is None or key in only))
        columns = {key: columns[key] for key in kept}
    return [_label(column) for column in columns.values()]


def _label(column: str) -> str:
    names = {field.name: field.verbose_name for field in Lead._meta.concrete_fields}
    name = str(names[column])
    return name[:1].upper() + name[1:]


def _notice(decision: ConsentDecision, kept: Mapping[str, str] | None) -> dict[str, Any] | None:
    """Return what was shown, or None where no notice was."""
    if not decision.notice_version:
        return None
    shown = {
        "version": decision.notice_version,
        "language": decision.notice_language or None,
        "text_sha256": decision.notice_hash or None,
        "shown_at": rfc3339(decision.decided_at),
    }
    if kept is None:
        found = Notice.objects.filter(sha256=decision.notice_hash)
        kept = dict(found.values_list("sha256", "pk"))
    return {"id": kept.get(decision.notice_hash), **shown}


def _processing(decision: ConsentDecision) -> list[str]:
    countries = [*settings.DATA_COUNTRIES]
    if decision.partner is not None:
        countries.append(COUNTRY_OF_MARKET[Market(decision.partner.market)])
    return sorted(set(countries))


def recipient(partner: Partner) -> dict[str, str]:
    """Return a partner as records and receipts name it."""
    return {
        "partner_id": str(partner.pk),
        "legal_name": partner.name,
        "country": COUNTRY_OF_MARKET[Market(partner.market)],
    }
