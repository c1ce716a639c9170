"""How far a day and a value may lie apart and still agree."""

from __future__ import annotations

from django.conf import settings

from commissions.matching import Tolerance


def tolerance() -> Tolerance:
    """Return what the settings say still agrees."""
    return Tolerance(
        days=settings.RECONCILIATION_DAYS, percent=settings.RECONCILIATION_VALUE_PERCENT
    )
