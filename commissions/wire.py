"""A commission as outsiders see it (contract section 3), the same by API and by webhook."""

from __future__ import annotations

from typing import Any

from commissions.models import Commission
from portal.lib.fields import rfc3339
from portal.lib.money import plain


def revenue_told(commission: Commission) -> dict[str, Any]:
    """Return COMMISSION as an entry of the requirement's `revenue`."""
    return {
        "id": commission.pk,
        "leadId": commission.share_id,
        "agreementValue": plain(commission.agreement_value),
        "commissionPercent": plain(commission.percent),
        "commissionAmount": plain(commission.amount),
        "timestamp": rfc3339(commission.recorded_at),
    }


def commission_told(commission: Commission) -> dict[str, Any]:
    """Return COMMISSION in full: with its currency, who pays whom, and how far it is."""
    return revenue_told(commission) | {
        "currency": commission.currency,
        "direction": commission.direction,
        "status": commission.status,
    }
