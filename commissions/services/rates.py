"""Take reference rates in: each day and currency once, never changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from commissions.exchange import OLDEST
from commissions.models import Commission, ExchangeRate
from commissions.rate_files import SOURCE, Quote, bundled, read_quotes
from events.models import Event
from events.services import record_event
from portal.lib.access import THE_SYSTEM, Actor, Can, require

TOGETHER = 2_000  # rates of one message to the database
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('commissions_exchangerate'))"


@dataclass(frozen=True, slots=True)
class Differing:
    """A rate that was refused, because another one is held for its day."""

    currency: str
    day: dt.date
    held: Decimal
    given: Decimal

    def __str__(self) -> str:
        held, given = (f"{rate.normalize():f}" for rate in (self.held, self.given))
        return f"{self.day} {self.currency}: {held}, {given}"


@dataclass(frozen=True, slots=True)
class RatesReport:
    """What came of a file: how many rates were new and how many held already, and which differ."""

    added: int
    known: int
    differing: tuple[Differing, ...]


def import_rates(*, actor: Actor, quotes: Sequence[Quote], source: str = SOURCE) -> RatesReport:
    """Keep QUOTES that are new. A day held with another rate keeps it, and is reported.

    :param source: who publishes them, as everything that uses them will say
    """
    with transaction.atomic():
        require(actor, Can.IMPORT_RATES)
        with connection.cursor() as cursor:
            cursor.execute(_ONE_AT_A_TIME)
        held = _held(quotes)
        new, differing = [], []
        for quote in quotes:
            found = held.get((quote.currency, quote.day))
            if found is None:
                new.append(quote)
            elif found != quote.per_euro:
                differing.append(Differing(quote.currency, quote.day, found, quote.per_euro))
        _keep(new, source, "" if actor is THE_SYSTEM else actor.actor_id)
        known = len(quotes) - len(new) - len(differing)
        report = RatesReport(len(new), known, tuple(differing))
        if new or differing:
            _tell(actor, new, report, source)
    return report


def import_bundled_rates(*, actor: Actor, since: dt.date | None = None) -> RatesReport:
    """Import the Bank's history as it comes with the portal.

    :param since: without it, all that the deals recorded need, and at least last year's and this
        year's rates
    """
    if since is None:
        first = Commission.objects.visible_to(actor).aggregate(day=Min("closed_on"))["day"]
        last_year = timezone.now().date().replace(month=1, day=1) - dt.timedelta(days=365)
        since = min(first or last_year, last_year) - OLDEST
    return import_rates(actor=actor, quotes=read_quotes(bundled(), since))


def _held(quotes: Sequence[Quote]) -> dict[tuple[str, dt.date], Decimal]:
    if not quotes:
        return {}
    days = [quote.day for quote in quotes]
    rates = ExchangeRate.objects.filter(day__gte=min(days), day__lte=max(days))
    rows = rates.values_list("currency", "day", "per_euro")
    return {(currency, day): per_euro for currency, day, per_euro in rows}


def _keep(quotes: Sequence[Quote], source: str, by: str) -> None:
    ExchangeRate.objects.bulk_create(
        [
            ExchangeRate(
                currency=q.currency,
                day=q.day,
                per_euro=q.per_euro,
                source=source[:80],
                imported_by=by,
            )
            for q in sorted(quotes, key=lambda q: (q.day, q.currency))
        ],
        batch_size=TOGETHER,
    )


def _tell(actor: Actor, new: Sequence[Quote], report: RatesReport, source: str) -> None:
    days = [quote.day for quote in new]
    record_event(
        Event.Kind.RATES_IMPORTED,
        actor=actor,
        added=report.added,
        known=report.known,
        differing=len(report.differing),
        source=source,
        first=min(days, default=None),
        last=max(days, default=None),
    )
