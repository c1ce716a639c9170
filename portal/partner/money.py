"""What a partner's list of commissions shows beside its lines: totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from commissions.models import Commission
from commissions.selectors import commissions_for
from partners.models import Partner, User
from partners.types import Direction
from portal.lib import formats


def pays(partner: Partner) -> bool:
    """Return whether PARTNER pays the platform instead of being paid."""
    return partner.direction == Direction.PARTNER_PAYS_PLATFORM


def own_commissions(*, user: User, status: str) -> QuerySet[Commission]:
    """Return USER's commissions in STATUS, or all; none in a status that is none."""
    found = commissions_for(user=user, status=status)
    return found.none() if status and status not in Commission.Status.values else found


class Total(NamedTuple):
    """What the commissions in one currency come to."""

    currency: str
    number: int
    worth: str
    amount: str
    by_status: list[tuple[str | Promise, str]]


def totals(sums: Mapping[str, Mapping[str, Any]]) -> list[Total]:
    """Put the sums of `commissions.selectors.totals_for` into words."""
    return [
        Total(
            currency=currency,
            number=of["number"],
            worth=_("worth %(value)s") % {"value": formats.money(of["value"], currency)},
            amount=formats.money(of["amount"], currency),
            by_status=[
                (label, formats.money(of["status"][value], currency))
                for value, label in Commission.Status.choices
                if value in of["status"]
            ],
        )
        for currency, of in sorted(sums.items())
    ]
