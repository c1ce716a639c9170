"""Which terms are in force: the newest accepted ones for the deal, its project, or the partner."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from commissions.terms import Base, Terms
from commissions.terms_words import in_words
from leads import terms as lead_terms
from leads.models import Lead, Share
from leads.terms import Frozen
from partners.models import Partner
from partners.types import PartnerType
from portal.lib import ids

# A deal's own terms go before its project's, those before the partner's; then the newest wins. A
# version takes the place of those before it for good: they do not come back when it has run out.
_IN_FORCE = """
SELECT DISTINCT ON (v.partner_id) v.partner_id, v.terms FROM commissions_agreementversion v
JOIN commissions_agreement a ON a.id = v.agreement_id
WHERE v.partner_id = ANY(%s) AND v.accepted_at IS NOT NULL AND a.ended_at IS NULL
  AND v.valid_from <= %s AND (v.valid_to IS NULL OR v.valid_to >= %s)
  AND (a.lead_id IS NULL OR a.lead_id = %s)
  AND (a.project = '' OR lower(a.project) = lower(%s))
  AND NOT EXISTS (
    SELECT FROM commissions_agreementversion newer
    WHERE newer.agreement_id = v.agreement_id AND newer.number > v.number
      AND newer.accepted_at IS NOT NULL AND newer.valid_from <= %s
  )
ORDER BY v.partner_id, (a.lead_id IS NULL), (a.project = ''), v.accepted_at DESC, v.id DESC
"""


# What partners of a type are paid by: a provider by its service, everybody else by the property.
_OF_PROPERTY = (Base.AGREEMENT_VALUE, Base.GROSS_COMMISSION, Base.PLATFORM_FEE, Base.FLAT)
BASES: dict[PartnerType, tuple[Base, ...]] = {
    kind: (Base.SERVICE_VALUE, Base.PLATFORM_FEE, Base.FLAT)
    if kind == PartnerType.SERVICE_PROVIDER
    else _OF_PROPERTY
    for kind in PartnerType
}


def register() -> None:
    """Tell `leads` (called once when the apps are loaded)."""
    lead_terms.register(in_force, lambda terms, deal: in_words(Terms.from_json(dict(terms)), deal))


def in_force(partners: Sequence[Partner], lead: Lead, at: dt.datetime) -> dict[str, Frozen]:
    """Return the terms under which each of PARTNERS gets LEAD at AT (UTC days), by its id."""
    day = at.date()
    partner_ids = [ids.decode("partner", str(partner.pk)) for partner in partners]
    lead_id = ids.decode("lead", str(lead.pk))
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, [partner_ids, day, day, lead_id, lead.project, day])
        agreed = {ids.encode("partner", pk): _read(terms) for pk, terms in cursor.fetchall()}
    return {str(partner.pk): _frozen(partner, agreed.get(str(partner.pk))) for partner in partners}


def _frozen(partner: Partner, agreed: dict[str, Any] | None) -> Frozen:
    terms = Terms.from_json(agreed) if agreed else default_terms(partner)
    return Frozen(percent=terms.told_percent, direction=terms.direction, terms=terms.as_json())


def _read(column: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(column) if isinstance(column, str) else column
    return read


def default_terms(partner: Partner) -> Terms:
    """Return the terms of a partner without an agreement: its default rate on the deal's value."""
    of_services = partner.type == PartnerType.SERVICE_PROVIDER
    return Terms(
        direction=partner.direction,
        percent=partner.default_commission,
        base=Base.SERVICE_VALUE if of_services else Base.AGREEMENT_VALUE,
        entered_by=tuple(filter(None, [partner.commission_set_by])),
    )


def terms_of(share: Share) -> Terms:
    """Return the terms SHARE was made under."""
    if share.terms:
        return Terms.from_json(share.terms)
    return Terms(direction=share.direction, percent=share.commission_percent)


def entered_by(terms: Terms, names: Iterable[str]) -> Terms:
    """Return TERMS with NAMES as who entered them."""
    return dataclasses.replace(terms, entered_by=tuple(names))
