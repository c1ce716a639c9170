"""Which terms are in force: the newest accepted ones for the deal, its project, or the partner."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from commissions.terms import Base, Terms
from commissions.terms_words import in_words
from leads import terms as lead_terms
from leads.models import Share
from leads.terms import Frozen
from partners.models import Partner
from partners.types import PartnerType
from portal.lib import ids
from portal.lib.rows import Reading

# A deal's own terms go before its project's, those before the partner's; then the newest wins. A
# version takes the place of those before it for good: they do not come back when it has run out.
_IN_FORCE = """
SELECT DISTINCT ON (v.partner_id) v.partner_id, v.terms FROM commissions_agreementversion v
JOIN commissions_agreement a ON a.id = v.agreement_id
WHERE v.partner_id = ANY(%s) AND v.accepted_at IS NOT NULL AND a.ended_at IS NULL
  AND v.valid_from <= %s AND (v.valid_to IS NULL OR v.valid_to >= %s)
  AND (a.lead_id IS NULL OR a.lead_id = %s)
  AND (a.project = '' OR lower(a.project) = (SELECT lower(project) FROM leads_lead WHERE id = %s))
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
    lead_terms.register(_Agreements())


class _Agreements:
    """What `leads.terms` asks."""

    def asked(self, partner_keys: Sequence[UUID], lead_key: UUID | None, day: dt.date) -> Reading:
        params = [list(partner_keys), day, day, lead_key, lead_key, day]
        return Reading(_IN_FORCE, params)

    def frozen(self, partner: Partner, answer: Sequence[tuple[Any, ...]]) -> Frozen:
        key = ids.decode("partner", str(partner.pk))
        return _frozen(partner, next((_read(terms) for pk, terms in answer if pk == key), None))

    def in_words(self, terms: Mapping[str, Any], currency: str) -> list[str]:
        return in_words(Terms.from_json(dict(terms)), currency)


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
