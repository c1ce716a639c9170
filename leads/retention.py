"""How long a client's details are kept: dated rules per market, and which leads they concern now.

The rules stand in the settings (`RETENTION_RULES`) with the law behind each number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from events.models import Event
from leads.models import DeletionTask, Lead, Share, ShareStatus

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """What holds in one market from a day on; all periods in days since the last activity.

    :param minimum: how long the law makes us keep what was processed, even against a request
    :param without_deal: until a lead that led to nothing is erased
    :param with_deal: until a lead with a closed deal is erased
    """

    market: str
    valid_from: date
    minimum: int
    without_deal: int
    with_deal: int


@dataclass(frozen=True, slots=True)
class Due:
    """A lead to erase, and by which rule."""

    lead_id: str
    rule: str


def rules() -> list[RetentionRule]:
    """Return every rule, by market and the day it began."""
    known = [RetentionRule(**rule) for rule in settings.RETENTION_RULES]
    return sorted(known, key=lambda rule: (rule.market, rule.valid_from))


def rule_for(market: str, at: datetime | None = None) -> RetentionRule:
    """Return the rule of MARKET that holds at a moment, now if none is given.

    The first rule covers what was before it.
    """
    day = (at or timezone.now()).date()
    of_market = [rule for rule in rules() if rule.market == market]
    begun = [rule for rule in of_market if rule.valid_from <= day]
    return begun[-1] if begun else of_market[0]


def minimum_kept(market: str, at: datetime | None = None) -> timedelta:
    """Return for how long the law of MARKET makes us keep what is processed; zero if it doesn't."""
    return timedelta(days=rule_for(market, at).minimum)


def in_words(market: str) -> str:
    """Return the rule of MARKET for its clients."""
    rule = rule_for(market)
    words = _(
        "We erase your details %(without)s after the last activity, or %(with)s after it if a deal "
        "was closed, because the law wants records of deals kept."
    ) % {"without": _long(rule.without_deal), "with": _long(rule.with_deal)}
    if rule.minimum:
        words += " " + _(
            "If you ask us to erase them earlier, we stop using them at once and erase them "
            "%(minimum)s later, because the law makes us keep them until then."
        ) % {"minimum": _long(rule.minimum)}
    return words


def _long(days: int) -> str:
    """Return a period as people say it: in years where it is whole ones, else in days."""
    years = round(days / 365.25)
    if years and abs(days - years * 365.25) < 1:
        return ngettext("%(count)s year", "%(count)s years", years) % {"count": years}
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


# --- what stands against erasing a lead --------------------------------------------------------
_holds: dict[str, Callable[[], Exists]] = {}


def hold_while(reason: str, condition: Callable[[], Exists]) -> None:
    """Let no rule erase a lead for which CONDITION holds (the apps above register in `ready()`).

    :param condition: returns a subquery on `OuterRef("pk")`, the lead
    """
    _holds[reason] = condition


def _lives() -> Exists:
    return Exists(Share.objects.live().filter(lead=OuterRef("pk")))


def _to_be_deleted() -> Exists:
    return Exists(DeletionTask.objects.open().filter(share__lead=OuterRef("pk")))


hold_while("live share", _lives)
hold_while("deletion not confirmed", _to_be_deleted)


# --- what is due -------------------------------------------------------------------------------
def due(now: datetime) -> Iterator[Due]:
    """Yield the leads to erase at NOW, read in batches while they are worked off.

    First those whose client asked and whose minimum has passed; nothing holds them. Then those the
    rules of each market end: without an activity for long enough, with nothing that holds them. A
    restricted lead waits for whoever restricted it.
    """
    for name, leads in _queries(now):
        for lead_id in _in_batches(leads):
            yield Due(lead_id, name)


def still_due(lead: Lead, now: datetime) -> bool:
    """Return whether a locked lead is due at NOW."""
    return any(leads.filter(pk=lead.pk).exists() for _name, leads in _queries(now))


def _queries(now: datetime) -> Iterator[tuple[str, QuerySet[Lead]]]:
    present = Lead.objects.filter(erased_at__isnull=True)
    yield "asked for by the client", present.filter(erase_after__lte=now)
    closed = Exists(Share.objects.filter(lead=OuterRef("pk"), status=ShareStatus.CLOSED))
    for market in sorted({rule.market for rule in rules()}):
        rule = rule_for(market, now)
        free = _not_held(present.filter(market=market))
        name = f"{market}, rule of {rule.valid_from}"
        before = now - timedelta(days=rule.without_deal)
        yield f"{name}, without a deal", _idle_since(free.filter(~closed), before)
        before = now - timedelta(days=rule.with_deal)
        yield f"{name}, with a deal", _idle_since(free.filter(closed), before)


def _not_held(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    leads = leads.filter(restricted_at__isnull=True, erasure_asked_at__isnull=True)
    for condition in _holds.values():
        leads = leads.filter(~condition())
    return leads


def _idle_since(leads: QuerySet[Lead], moment: datetime) -> QuerySet[Lead]:
    later = Event.objects.filter(lead_id=OuterRef("pk"), at__gte=moment)
    return leads.filter(Q(created_at__lt=moment, updated_at__lt=moment) & ~Exists(later))


def _in_batches(leads: QuerySet[Lead]) -> Iterator[str]:
    after: str | None = None
    while True:
        rest = leads.filter(pk__gt=after) if after else leads
        batch = [str(pk) for pk in rest.order_by("pk").values_list("pk", flat=True)[:BATCH]]
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1]
