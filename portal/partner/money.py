"""What the list of a partner's commissions shows: the totals above it."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commissions.models import Commission
from commissions.selectors import commissions_for, deals_for, standings_for
from partners.models import Partner, User
from partners.types import Direction
from portal.lib import formats
from portal.partner.commission_page import stage_rows

PAYS_US = Direction.PARTNER_PAYS_PLATFORM


def pays(partner: Partner) -> bool:
    """Return whether PARTNER pays the platform instead of being paid."""
    return partner.direction == PAYS_US


def own_commissions(*, user: User, status: str) -> QuerySet[Commission]:
    """Return USER's commissions in STATUS, or all; none in a status that is none."""
    found = commissions_for(user=user, status=status)
    return found.none() if status and status not in Commission.Status.values else found


class Total(NamedTuple):
    """What the deals of one direction come to in one currency, and where that lies."""

    label: str
    amount: str
    note: str
    stages: list[tuple[str | Promise, str]]


def totals(*, user: User) -> list[Total]:
    """Return USER's totals, each direction and currency by itself, in two queries."""
    numbers = deals_for(user=user)
    found = standings_for(user=user)
    return [
        Total(
            label=_("You owe in all") if direction == PAYS_US else _("You earn in all"),
            amount=formats.money(standing.recorded, currency),
            note=_deals(numbers.get((direction, currency), 0)),
            stages=stage_rows(direction, currency, standing),
        )
        for (direction, currency), standing in sorted(found.items())
    ]


def _deals(number: int) -> str:
    words = ngettext("for %(number)s deal", "for %(number)s deals", number)
    return words % {"number": formats.number(number)}
