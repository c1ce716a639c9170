"""What the partner's money pages show: totals, and claims beside what is recorded."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commissions.models import Commission, ReconciliationItem
from commissions.selectors import (
    commissions_for,
    deals_for,
    reconciliation_for,
    standings_for,
)
from partners.models import Partner, User
from partners.types import Direction
from portal.lib import formats, marks
from portal.lib.money import percentage_of
from portal.partner import words
from portal.partner.commission_page import stage_rows

MOST_REVIEWS = 50
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


def claimed_commissions(*, user: User, differing: bool) -> QuerySet[Commission]:
    """Return USER's commissions with their questions; DIFFERING: only those that have any."""
    questions = ReconciliationItem.objects.filter(share=OuterRef("share"))
    found = commissions_for(user=user).select_related("share")
    found = found.prefetch_related("share__reconciliation_items")
    return found.filter(Exists(questions)) if differing else found


class Line(NamedTuple):
    """One closing: what was claimed, what is recorded, and by how much they differ."""

    href: str
    lead: str
    value: str
    claimed: str
    recorded: str
    difference: str
    state: SafeString
    at: SafeString


def lines(commissions: Iterable[Commission]) -> list[Line]:
    """Return COMMISSIONS with claims and records side by side."""
    base = reverse("partner:lead_list")
    return [
        Line(
            href=f"{base}{entry.share_id}/",
            lead=words.reference(str(entry.share_id)),
            value=formats.money(entry.agreement_value, entry.currency),
            claimed=_claimed(entry),
            recorded=f"{words.rate(entry.percent)} · {formats.money(entry.amount, entry.currency)}",
            difference=_difference(entry),
            state=_state(entry),
            at=marks.when(entry.recorded_at),
        )
        for entry in commissions
    ]


def _claimed(entry: Commission) -> str:
    currency = entry.claimed_currency or entry.currency
    if entry.claimed_percent is None:
        return formats.NOTHING if currency == entry.currency else currency
    amount = percentage_of(entry.agreement_value, entry.claimed_percent, currency)
    return f"{words.rate(entry.claimed_percent)} · {formats.money(amount, currency)}"


def _difference(entry: Commission) -> str:
    """Return claim minus record; amounts of two currencies are not compared."""
    if not entry.claim_differs:
        return formats.NOTHING
    if entry.claimed_currency not in ("", entry.currency):
        return _("other currency")
    claimed = entry.claimed_percent or Decimal(0)
    gap = percentage_of(entry.agreement_value, claimed, entry.currency) - entry.amount
    return ("+" if gap > 0 else "") + formats.money(gap, entry.currency)


def _state(entry: Commission) -> SafeString:
    if not entry.claim_differs:
        return marks.dot(_("Agrees"), "good")
    items = entry.share.reconciliation_items.all()
    if any(item.status == ReconciliationItem.Status.OPEN for item in items):
        return marks.status_dot("under_review")
    return marks.dot(_("Settled as recorded"), "neutral")


class Review(NamedTuple):
    """A closing that booked nothing yet."""

    href: str
    lead: str
    value: str
    at: SafeString


def reviews(*, user: User) -> list[Review]:
    """Return USER's closings that are under review, newest first, without saying why.

    The reason is that another partner closed the lead, which is not this partner's to know.
    """
    base = reverse("partner:lead_list")
    items = reconciliation_for(user=user, status=ReconciliationItem.Status.OPEN).filter(
        kind=ReconciliationItem.Kind.DUPLICATE
    )
    return [
        Review(
            href=f"{base}{item.share_id}/",
            lead=words.reference(str(item.share_id)),
            value=formats.money(item.claimed_value, item.recorded_currency),
            at=marks.when(item.created_at),
        )
        for item in items.order_by("-created_at", "-pk")[:MOST_REVIEWS]
    ]
