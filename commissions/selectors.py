"""What people read about money and performance (formulas: contract section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum

from commissions.ledger import Standing, totals
from commissions.models import Commission, Dispute, LedgerEntry, ReconciliationItem
from leads.models import PartnerDay, Share, ShareStatus
from leads.services.counting import COUNTED
from partners.models import Partner
from portal.lib.access import Actor
from portal.lib.money import plain, rounded

HUNDRED = Decimal(100)


def commissions_for(*, user: Actor, status: str = "") -> QuerySet[Commission]:
    """Return the commissions USER may see, unordered (the page orders by time)."""
    commissions = Commission.objects.visible_to(user).select_related("partner")
    return commissions.filter(status=status) if status else commissions


def commission_of(*, user: Actor, share: Share) -> Commission | None:
    """Return the commission of SHARE if it earned one that USER may see."""
    return Commission.objects.visible_to(user).filter(share=share).first()


def reconciliation_for(*, user: Actor, status: str = "") -> QuerySet[ReconciliationItem]:
    """Return the open questions USER may see with their share's partner."""
    items = ReconciliationItem.objects.visible_to(user).select_related("partner", "share__lead")
    return items.filter(status=status) if status else items


def open_disputes(*, user: Actor) -> int:
    """Return how many disputes USER may see are open."""
    return Dispute.objects.visible_to(user).filter(status=Dispute.Status.OPEN).count()


def standings_for(*, user: Actor) -> dict[tuple[str, str], Standing]:
    """Return where the money of USER's commissions lies, by direction and currency."""
    return totals(LedgerEntry.objects.visible_to(user))


def deals_for(*, user: Actor) -> dict[tuple[str, str], int]:
    """Return how many commissions that stand USER may see, by direction and currency."""
    standing = Commission.objects.visible_to(user).exclude(status=Commission.Status.REVERSED)
    grouped = standing.order_by().values_list("direction", "settlement_currency")
    found = grouped.annotate(number=Count("pk"))
    return {(direction, currency): number for direction, currency, number in found}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """A partner's figures: rates in percent, times in seconds, money by currency."""

    received: int
    accepted: int
    closed: int
    rejected: int
    in_progress: int
    active_leads: int
    capacity: int
    revenue: dict[str, Decimal]
    commission: dict[str, Decimal]
    closed_by_currency: dict[str, int]
    response_seconds: int
    close_seconds: int

    @property
    def acceptance_rate(self) -> float | None:
        return _rate(self.accepted, self.received)

    @property
    def conversion_rate(self) -> float | None:
        return _rate(self.closed, self.accepted)

    @property
    def closure_rate(self) -> float | None:
        return _rate(self.closed, self.received)

    @property
    def capacity_used(self) -> float | None:
        return _rate(self.active_leads, self.capacity)

    @property
    def avg_deal_size(self) -> dict[str, Decimal]:
        return self._per_deal(self.revenue)

    @property
    def avg_commission(self) -> dict[str, Decimal]:
        return self._per_deal(self.commission)

    @property
    def avg_commission_percent(self) -> float | None:
        """Commission in percent of revenue; over several currencies weighted by their deals."""
        deals = sum(self.closed_by_currency.get(currency, 0) for currency in self.revenue)
        if not deals:
            return None
        weighted = sum(
            self.commission[currency] / revenue * HUNDRED * self.closed_by_currency[currency]
            for currency, revenue in self.revenue.items()
        )
        return round(float(weighted / deals), 2)

    @property
    def avg_response_time(self) -> float | None:
        return _mean(self.response_seconds, self.accepted)

    @property
    def avg_time_to_close(self) -> float | None:
        return _mean(self.close_seconds, self.closed)

    def _per_deal(self, sums: dict[str, Decimal]) -> dict[str, Decimal]:
        return {
            currency: rounded(total / self.closed_by_currency[currency], currency)
            for currency, total in sums.items()
            if self.closed_by_currency.get(currency)
        }

    def as_wire(self) -> dict[str, Any]:
        """Return the figures as contract section 7 names them."""
        return {
            "received": self.received,
            "accepted": self.accepted,
            "closed": self.closed,
            "rejected": self.rejected,
            "inProgress": self.in_progress,
            "activeLeads": self.active_leads,
            "capacity": self.capacity,
            "capacityUsed": self.capacity_used,
            "acceptanceRate": self.acceptance_rate,
            "conversionRate": self.conversion_rate,
            "closureRate": self.closure_rate,
            "revenue": _plain(self.revenue),
            "commission": _plain(self.commission),
            "avgDealSize": _plain(self.avg_deal_size) or None,
            "avgCommission": _plain(self.avg_commission) or None,
            "avgCommissionPercent": self.avg_commission_percent,
            "avgResponseTime": self.avg_response_time,
            "avgTimeToClose": self.avg_time_to_close,
        }


def metrics_for(*, user: Actor, partner: Partner) -> Metrics:
    """Return the all-time figures of PARTNER as far as USER may see them, in two queries."""
    sums: list[Any] = list(
        PartnerDay.objects.visible_to(user)
        .filter(partner=partner)
        .values("currency")
        .annotate(**{f"sum_{name}": Sum(name) for name in COUNTED})
        .order_by("currency")
    )
    live = dict(
        Share.objects.visible_to(user)
        .live()
        .filter(partner=partner)
        .order_by()
        .values_list("status")
        .annotate(number=Count("pk"))
    )
    total = {name: sum(row[f"sum_{name}"] for row in sums) for name in COUNTED}
    with_deals = [row for row in sums if row["sum_closed"]]
    return Metrics(
        received=total["received"],
        accepted=total["accepted"],
        closed=total["closed"],
        rejected=total["rejected"],
        in_progress=live.get(ShareStatus.IN_PROGRESS, 0),
        active_leads=sum(live.values()),
        capacity=partner.capacity,
        revenue={row["currency"]: row["sum_revenue"] for row in with_deals},
        commission={row["currency"]: row["sum_commission"] for row in with_deals},
        closed_by_currency={row["currency"]: row["sum_closed"] for row in with_deals},
        response_seconds=total["response_seconds"],
        close_seconds=total["close_seconds"],
    )


def _rate(part: int, whole: int) -> float | None:
    return round(part * 100 / whole, 2) if whole else None


def _mean(total: int, number: int) -> float | None:
    return round(total / number, 1) if number else None


def _plain(amounts: dict[str, Decimal]) -> dict[str, Any]:
    return {currency: plain(amount) for currency, amount in amounts.items()}
