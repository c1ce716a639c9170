"""Which terms are in force: the newest accepted ones for the deal, its project, or the partner."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from django.db import connection

from commissions.terms import Base, Terms
from leads import terms as lead_terms
from leads.models import Lead, Share
from leads.terms import Frozen
from partners.models import Partner
from partners.types import PartnerType
from portal.lib import ids

# A deal's own terms go before its project's, those before the partner's; then the newest wins.
_IN_FORCE = """
SELECT v.terms, v.id FROM commissions_agreementversion v
JOIN commissions_agreement a ON a.id = v.agreement_id
WHERE v.partner_id = %s AND v.accepted_at IS NOT NULL AND a.ended_at IS NULL
  AND v.valid_from <= %s AND (v.valid_to IS NULL OR v.valid_to >= %s)
  AND (a.lead_id IS NULL OR a.lead_id = %s)
  AND (a.project = '' OR lower(a.project) = lower(%s))
ORDER BY (a.lead_id IS NULL), (a.project = ''), v.accepted_at DESC, v.id DESC LIMIT 1
"""


def register() -> None:
    """Tell `leads` (called once when the apps are loaded)."""
    lead_terms.register(in_force)


def in_force(partner: Partner, lead: Lead, at: dt.datetime) -> Frozen:
    """Return the terms under which PARTNER gets LEAD at AT (UTC days), for the share to keep."""
    day = at.date()
    keys = (ids.decode("partner", str(partner.pk)), ids.decode("lead", str(lead.pk)))
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, [keys[0], day, day, keys[1], lead.project])
        found = cursor.fetchone()
    terms = Terms.from_json(_read(found[0])) if found else default_terms(partner)
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
