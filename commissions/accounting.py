"""Everything accounting needs as rows: commissions, journal, differences, disputes, terms, rates.

No words about a client and no free text: what has left the portal cannot be emptied any more when
a client is erased.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from commissions.exports import rate
from commissions.models import (
    AgreementVersion,
    Commission,
    Dispute,
    ExchangeRate,
    LedgerEntry,
    ReconciliationItem,
)
from portal.lib.access import Actor, Can
from portal.lib.money import exact

TOGETHER = 500  # rows of one message from the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What of an export is wanted; empty is all. Both days are included."""

    since: dt.date | None = None
    until: dt.date | None = None
    partner: str = ""
    type: str = ""
    status: str = ""
    currency: str = ""

    def of(self, rows: QuerySet[Any], by: str, *currencies: str, status: str = "") -> QuerySet[Any]:
        """Return those of ROWS wanted.

        :param by: the column of the day that the period is about
        :param currencies: the columns any of which may hold the currency
        """
        wanted = {
            f"{by}__gte": self.since,
            f"{by}__lte": self.until,
            "partner": self.partner or None,
            "partner__type": self.type or None,
        }
        if status:
            wanted[status] = self.status or None
        rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
        if self.currency and currencies:
            rows = rows.filter(
                Q.create([(name, self.currency) for name in currencies], connector=Q.OR)
            )
        return rows


Rows = Iterator[list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One kind of export: what it is called, who may take it, which states there are."""

    label: str | Promise
    says: str | Promise
    right: Can
    rows: Callable[[Actor, Chosen], Rows]
    statuses: tuple[str, ...] = ()


def _read(rows: QuerySet[Any], *order: str) -> Iterator[Any]:
    return rows.order_by(*order).iterator(chunk_size=TOGETHER)


def commissions(user: Actor, chosen: Chosen) -> Rows:
    """Yield the commissions closed in the period."""
    yield [
        "id", "leadId", "closedOn", "recordedAt", "partner", "partnerType", "direction", "status",
        "agreementValue", "currency", "commissionPercent", "commissionAmount",
        "settlementCurrency", "settledAmount", "partnerPart", "platformPart",
        "exchangeRate", "exchangeDay", "exchangeSource",
        "claimedValue", "claimedPercent", "claimedCurrency",
        "approvedAt", "approvedBy", "reversedAt",
    ]  # fmt: skip
    seen = Commission.objects.visible_to(user).select_related("partner")
    found = chosen.of(seen, "closed_on", "currency", "settlement_currency", status="status")
    for one in _read(found, "closed_on", "pk"):
        settled = one.settlement_currency
        yield [
            one.pk, one.lead_id, one.closed_on, one.recorded_at, one.partner.name,
            one.partner.type, one.direction, one.status,
            exact(one.agreement_value, one.currency), one.currency, rate(one.percent),
            exact(one.amount, one.currency),
            settled, exact(one.settled_amount, settled), exact(one.partner_part, settled),
            exact(one.platform_part, settled),
            one.exchange_rate, one.exchange_day, one.exchange_source,
            exact(one.claimed_value, one.currency),
            None if one.claimed_percent is None else rate(one.claimed_percent),
            one.claimed_currency, one.approved_at, one.approved_by, one.reversed_at,
        ]  # fmt: skip


def journal(user: Actor, chosen: Chosen) -> Rows:
    """Yield two rows for each entry booked in the period: the debit, then the credit."""
    yield [
        "date", "account", "debit", "credit", "currency", "reference", "entry", "step", "partner",
        "commission", "exchangeRate", "reverses", "bankReference", "recordedAt", "recordedBy",
    ]  # fmt: skip
    found = LedgerEntry.objects.visible_to(user).select_related("partner")
    for one in _read(chosen.of(found, "booked_on", "currency"), "booked_on", "pk"):
        amount = exact(one.amount, one.currency)
        reference = one.reference or str(one.commission_id)
        rest = [
            one.currency, reference, one.pk, one.kind, one.partner.name, one.commission_id,
            one.exchange_rate, one.reverses_id, one.reference, one.recorded_at, one.recorded_by,
        ]  # fmt: skip
        yield [one.booked_on, one.debit, amount, None, *rest]
        yield [one.booked_on, one.credit, None, amount, *rest]


def differences(user: Actor, chosen: Chosen) -> Rows:
    """Yield the questions between claims and records that came up in the period."""
    yield [
        "id", "kind", "status", "resolution", "openedAt", "decideBy", "settledAt", "settledBy",
        "partner", "partnerType", "commission", "claimedValue", "claimedPercent",
        "claimedCurrency", "claimedOn", "recordedValue", "recordedPercent", "recordedCurrency",
        "recordedOn",
    ]  # fmt: skip
    seen = ReconciliationItem.objects.visible_to(user).select_related("partner")
    found = chosen.of(seen, "created_at__date", "recorded_currency", status="status")
    for one in _read(found, "created_at", "pk"):
        currency = one.recorded_currency
        yield [
            one.pk, one.kind, one.status, one.resolution, one.created_at, one.due_on,
            one.settled_at, one.settled_by, one.partner.name, one.partner.type,
            one.commission_id,
            _said(one.claimed_value, one.claimed_currency or currency),
            None if one.claimed_percent is None else rate(one.claimed_percent),
            one.claimed_currency, one.claimed_on, _said(one.recorded_value, currency),
            None if one.recorded_percent is None else rate(one.recorded_percent),
            currency, one.recorded_on,
        ]  # fmt: skip


def _said(amount: Decimal | None, currency: str) -> Decimal | None:
    """Return AMOUNT as its CURRENCY writes it, or nothing where nothing was said.

    Of a deal that is not closed with us no currency is recorded either.
    """
    return exact(amount, currency) if amount is not None and currency else amount


def disputes(user: Actor, chosen: Chosen) -> Rows:
    """Yield the disputes opened in the period."""
    yield [
        "id", "status", "decision", "openedAt", "openedBy", "byPartner", "dueOn", "decidedAt",
        "decidedBy", "partner", "partnerType", "commission", "claimedAmount", "recordedAmount",
        "decidedAmount", "currency",
    ]  # fmt: skip
    seen = Dispute.objects.visible_to(user).select_related("partner")
    found = chosen.of(seen, "opened_at__date", "currency", status="status")
    for one in _read(found, "opened_at", "pk"):
        yield [
            one.pk, one.status, one.decision, one.opened_at, one.opened_by,
            "yes" if one.by_partner else "no", one.due_on, one.decided_at, one.decided_by,
            one.partner.name, one.partner.type, one.commission_id,
            exact(one.claimed_amount, one.currency), exact(one.recorded_amount, one.currency),
            _said(one.decided_amount, one.currency), one.currency,
        ]  # fmt: skip


def terms(user: Actor, chosen: Chosen) -> Rows:
    """Yield the versions of agreements that were in force on any day of the period."""
    yield [
        "agreement", "version", "partner", "partnerType", "validFrom", "validTo", "endedAt",
        "replacedAt", "direction", "base", "percent", "flat", "currency", "rounding",
        "holdingDays", "cap", "tiers", "milestones", "acceptedAt", "acceptedBy", "enteredBy",
        "textSha256",
    ]  # fmt: skip
    accepted = AgreementVersion.objects.visible_to(user).filter(accepted_at__isnull=False)
    later = accepted.filter(agreement=OuterRef("agreement"), number__gt=OuterRef("number"))
    found: QuerySet[Any] = accepted.annotate(
        replaced_at=Subquery(later.order_by("number").values("accepted_at")[:1])
    ).select_related("partner", "agreement")
    if chosen.until:
        found = found.filter(valid_from__lte=chosen.until)
    if chosen.since:
        for end in ("valid_to", "agreement__ended_at__date", "replaced_at__date"):
            goes_on = Q(**{f"{end.removesuffix('__date')}__isnull": True})
            found = found.filter(goes_on | Q(**{f"{end}__gte": chosen.since}))
    found = replace(chosen, since=None, until=None).of(found, "valid_from")
    for one in _read(found, "partner__name", "agreement_id", "number"):
        said = one.read_terms()
        yield [
            one.agreement_id, one.number, one.partner.name, one.partner.type, one.valid_from,
            one.valid_to, one.agreement.ended_at, one.replaced_at, said.direction, said.base,
            said.percent, said.flat, said.currency, said.rounding, said.holding_days, said.cap,
            " | ".join(f"{tier.up_to or 'above'}: {tier.percent}" for tier in said.tiers),
            " | ".join(f"{part.percent}: {part.condition}" for part in said.milestones),
            one.accepted_at, one.accepted_by,
            one.entered_by, one.text_hash,
        ]  # fmt: skip


def rates(user: Actor, chosen: Chosen) -> Rows:
    """Yield the exchange rates of the days of the period."""
    yield ["day", "currency", "perEuro", "source", "importedAt"]
    found = ExchangeRate.objects.visible_to(user)
    wanted = {"day__gte": chosen.since, "day__lte": chosen.until}
    found = found.filter(**{name: day for name, day in wanted.items() if day})
    if chosen.currency:
        found = found.filter(currency=chosen.currency)
    for one in _read(found, "day", "currency"):
        yield [one.day, one.currency, one.per_euro, one.source, one.imported_at]


EXPORTS: dict[str, Export] = {
    "commissions": Export(
        label=_("Commissions"),
        says=_("One row each, by the day of closing."),
        right=Can.SEE_REVENUE,
        rows=commissions,
        statuses=tuple(Commission.Status.values),
    ),
    "journal": Export(
        label=_("Ledger journal"),
        says=_("A debit and a credit row for each entry, by the day it counts for."),
        right=Can.SEE_REVENUE,
        rows=journal,
    ),
    "differences": Export(
        label=_("Differences"),
        says=_("What claims and records differ in, by the day it came up."),
        right=Can.SEE_REVENUE,
        rows=differences,
        statuses=tuple(ReconciliationItem.Status.values),
    ),
    "disputes": Export(
        label=_("Disputes"),
        says=_("By the day each was opened."),
        right=Can.SEE_REVENUE,
        rows=disputes,
        statuses=tuple(Dispute.Status.values),
    ),
    "terms": Export(
        label=_("Terms in force"),
        says=_("Accepted versions of agreements that count for sharing on a day of the period."),
        right=Can.MANAGE_AGREEMENTS,
        rows=terms,
    ),
    "rates": Export(
        label=_("Exchange rates"),
        says=_("As imported, by day."),
        right=Can.IMPORT_RATES,
        rows=rates,
    ),
}
