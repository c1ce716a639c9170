"""What is open between claims and records, and the latest commissions, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from commissions.desk_forms import DecisionForm
from commissions.models import Commission, ReconciliationItem
from commissions.selectors import reconciliation_for
from leads.hiding import as_seen_by
from leads.models import Lead
from portal.lib import formats, marks
from portal.lib.access import Actor, Can, may
from portal.lib.money import percentage_of

MOST_ITEMS = 100


class Item(NamedTuple):
    """An open question between a partner's claim and our record."""

    kind: str
    partner: str
    lead: str
    lead_href: str
    value: str
    claimed: str
    recorded: str
    difference: str
    opened: SafeString
    confirm: str
    id: str
    href: str
    decision: Any


def open_items(*, user: Actor) -> list[Item]:
    """Return the open questions, oldest first."""
    items = reconciliation_for(user=user, status=ReconciliationItem.Status.OPEN)
    oldest = items.order_by("created_at", "pk")[:MOST_ITEMS]
    may_decide = may(user, Can.CORRECT_COMMISSION)
    return [
        _item(item, as_seen_by(user, item.share.lead), may_decide=may_decide) for item in oldest
    ]


def _item(item: ReconciliationItem, lead: Lead, *, may_decide: bool) -> Item:
    claimed = item.claimed_percent
    currency = item.claimed_currency or item.recorded_currency
    duplicate = item.kind == ReconciliationItem.Kind.DUPLICATE
    unit = "" if currency == item.recorded_currency else " {}"  # only where they differ
    gap = formats.NOTHING
    if claimed is not None and currency == item.recorded_currency and not duplicate:
        of = percentage_of(item.claimed_value, claimed - item.recorded_percent, currency)
        gap = ("+" if of > 0 else "") + formats.money(of, currency)
    return Item(
        kind=item.get_kind_display(),
        partner=item.partner.name,
        lead=lead.client,
        lead_href=f"/leads/{item.share.lead_id}/",
        value=formats.money(item.claimed_value, item.recorded_currency),
        claimed=formats.NOTHING
        if claimed is None and currency == item.recorded_currency
        else f"{_rate_words(claimed)}{unit.format(currency)}",
        recorded=f"{_rate_words(item.recorded_percent)}{unit.format(item.recorded_currency)}",
        difference=gap,
        opened=marks.when(item.created_at),
        confirm="" if duplicate else str(item.share_id),
        id=str(item.pk),
        href=f"/reconciliation/{item.commission_id}/" if item.commission_id else "",
        decision=DecisionForm(item=item) if duplicate and may_decide else None,
    )


class Row(NamedTuple):
    """A commission as a line of the staff list; `approvable` by its id, or empty."""

    href: str
    approvable: str
    partner: str
    direction: str
    lead_href: str
    value: str
    rate: str
    amount: str
    status: SafeString
    confirmed: SafeString
    recorded: SafeString
    confirm: str


def commission_rows(commissions: Iterable[Commission]) -> list[Row]:
    """Format COMMISSIONS (with partner and share) for the staff list."""
    now = timezone.now()
    return [
        Row(
            href=f"/reconciliation/{entry.pk}/",
            approvable=_approvable(entry),
            partner=entry.partner.name,
            direction=entry.get_direction_display(),
            lead_href=f"/leads/{entry.lead_id}/",
            value=formats.money(entry.agreement_value, entry.currency),
            rate=_rate_words(entry.percent),
            amount=formats.money(entry.amount, entry.currency),
            status=marks.status_dot(entry.status),
            confirmed=_confirmed(entry),
            recorded=marks.when(entry.recorded_at, now),
            confirm="" if entry.share.confirmed_at else str(entry.share_id),
        )
        for entry in commissions
    ]


def _approvable(entry: Commission) -> str:
    waits = entry.status == Commission.Status.PENDING and entry.share.confirmed_at is not None
    return str(entry.pk) if waits else ""


def _confirmed(entry: Commission) -> SafeString:
    if entry.share.confirmed_at:
        return marks.dot(_("Confirmed"), "good")
    waits = _("Claim differs") if entry.claim_differs else _("To be confirmed")
    return marks.dot(waits, "warn", "ring")


def _rate_words(percent: Any) -> str:
    return formats.NOTHING if percent is None else f"{percent.normalize():f}%"
