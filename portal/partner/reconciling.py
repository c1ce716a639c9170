"""What a partner claims beside what is recorded: lines, differences in plain words, statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions import difference_words, standings
from commissions.board_forms import PeriodFilter
from commissions.models import Commission, ReconciliationItem
from commissions.periods import Period
from commissions.selectors import commissions_for, reconciliation_for
from commissions.statement_pages import agreement, period_words, statements_for
from partners.models import User
from portal.lib import formats, marks
from portal.partner import words

Kind, Status = ReconciliationItem.Kind, ReconciliationItem.Status
Resolution = ReconciliationItem.Resolution
MOST = 50
LATEST = 6
DIFFERING, OPEN = "differing", "open"
# A second closing is told as being under review: that another partner closed is not theirs to know.
_SUBJECTS: dict[str, str | Promise] = {
    Kind.VALUE: gettext_lazy("Value"),
    Kind.RATE: gettext_lazy("Rate"),
    Kind.DATE: gettext_lazy("Day"),
    Kind.CURRENCY: gettext_lazy("Currency"),
    Kind.MISSING_THEIRS: gettext_lazy("Not in your statement"),
    Kind.MISSING_OURS: gettext_lazy("In your statement before it was closed here"),
    Kind.NO_RATE: gettext_lazy("Waits for the exchange rate of that day"),
}
_COMPARED = (Kind.VALUE, Kind.RATE, Kind.DATE, Kind.CURRENCY)
_SETTLED: dict[str, str | Promise] = {
    Resolution.RECORD: gettext_lazy("settled as recorded"),
    Resolution.CLAIM: gettext_lazy("settled as you said"),
    Resolution.OTHER: gettext_lazy("settled with other figures"),
}


class ReconciliationFilter(PeriodFilter):
    """Which of the own closings are shown."""

    show = forms.ChoiceField(
        label=gettext_lazy("Differences"),
        required=False,
        choices=[
            ("", gettext_lazy("All closings")),
            (DIFFERING, gettext_lazy("With a difference")),
            (OPEN, gettext_lazy("With an open difference")),
        ],
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        choices=[("", gettext_lazy("All statuses")), *Commission.Status.choices],
    )


def own_closings(*, user: User, wanted: dict[str, Any]) -> QuerySet[Commission]:
    """Return USER's commissions with their questions, as `ReconciliationFilter` chose them."""
    period: Period = wanted["period"]
    found = period.within(commissions_for(user=user, status=wanted["status"]), "closed_on")
    questions = ReconciliationItem.objects.filter(share=OuterRef("share"), kind__in=_SUBJECTS)
    if wanted["show"] == OPEN:
        questions = questions.filter(status=Status.OPEN)
    if wanted["show"]:
        found = found.filter(Exists(questions))
    return found.select_related("share").prefetch_related("share__reconciliation_items")


class Total(NamedTuple):
    """Where the deals in one currency stand."""

    deals: str
    currency: str
    amounts: list[tuple[str | Promise, str]]


_AMOUNTS: tuple[tuple[str, str | Promise], ...] = (
    ("claimed", gettext_lazy("You claimed")),
    ("recorded", gettext_lazy("Recorded")),
    ("accrued", gettext_lazy("Waiting for approval")),
    ("approved", gettext_lazy("Approved, not due yet")),
    ("payable", gettext_lazy("Payable")),
    ("paid", gettext_lazy("Paid")),
    ("held", gettext_lazy("Disputed")),
    ("owed_back", gettext_lazy("Owed back")),
)


def totals(*, user: User, period: Period) -> list[Total]:
    """Return where USER's deals of PERIOD stand, each currency by itself."""
    return [
        Total(
            deals=formats.number(one.deals),
            currency=one.currency,
            amounts=[
                (label, formats.money(getattr(one, name), one.currency))
                for name, label in _AMOUNTS
                if getattr(one, name) or name in ("claimed", "recorded")
            ],
        )
        for one in standings.figures_for(user=user, period=period)
    ]


class Line(NamedTuple):
    """One closing: what was claimed, what is recorded, where it stands, and what differs."""

    href: str
    lead: str
    closed_on: str
    value: str
    claimed: str
    recorded: str
    status: SafeString
    differences: list[str]
    state: SafeString


def lines(commissions: Iterable[Commission]) -> list[Line]:
    """Return COMMISSIONS with claims and records side by side."""
    base = reverse("partner:commission_list")
    return [_line(entry, f"{base}{entry.pk}/") for entry in commissions]


def _line(entry: Commission, href: str) -> Line:
    items = [i for i in entry.share.reconciliation_items.all() if i.kind in _SUBJECTS]
    rate = entry.percent if entry.claimed_percent is None else entry.claimed_percent
    claimed = formats.money(entry.claimed_amount, entry.claim_currency)
    recorded = formats.money(entry.moved, entry.settlement_currency)
    return Line(
        href=href,
        lead=words.reference(str(entry.share_id)),
        closed_on=formats.date(entry.closed_on),
        value=formats.money(entry.agreement_value, entry.currency),
        claimed=f"{words.rate(rate)} · {claimed}",
        recorded=f"{words.rate(entry.percent)} · {recorded}",
        status=marks.status_dot(entry.status),
        differences=[told(item) for item in sorted(items, key=lambda i: (i.created_at, i.pk))],
        state=_state(items),
    )


def _state(items: list[ReconciliationItem]) -> SafeString:
    if not items:
        return marks.dot(_("Agrees"), "good")
    if any(item.status == Status.OPEN for item in items):
        return marks.status_dot("under_review")
    return marks.dot(_("Settled"), "neutral")


def told(item: ReconciliationItem) -> str:
    """Return a difference in plain words: what each side says, and what comes of it."""
    parts = {"subject": _SUBJECTS[item.kind], "outcome": _outcome(item)}
    if item.kind not in _COMPARED:
        return _("%(subject)s: %(outcome)s") % parts
    claimed, gap = difference_words.claimed_words(item), difference_words.gap_words(item)
    return _("%(subject)s: you say %(claimed)s, we recorded %(recorded)s; %(outcome)s") % {
        **parts,
        "claimed": claimed if gap == formats.NOTHING else f"{claimed} ({gap})",
        "recorded": difference_words.recorded_words(item),
    }


def _outcome(item: ReconciliationItem) -> str:
    if item.status != Status.OPEN:
        return str(_SETTLED.get(item.resolution, _("settled")))
    if item.due_on is None:
        return _("we look into it")
    return _("we look into it until %(day)s") % {"day": formats.date(item.due_on)}


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
    items = reconciliation_for(user=user, status=Status.OPEN).filter(kind=Kind.DUPLICATE)
    return [
        Review(
            href=f"{base}{item.share_id}/",
            lead=words.reference(str(item.share_id)),
            value=formats.money(item.claimed_value, item.recorded_currency),
            at=marks.when(item.created_at),
        )
        for item in items.order_by("-created_at", "-pk")[:MOST]
    ]


class Stated(NamedTuple):
    """A deal of the partner's statement that is not closed with us."""

    lead: str
    value: str
    closed_on: str
    outcome: str


def stated(*, user: User) -> list[Stated]:
    """Return the deals USER's statements hold and our records do not, newest first."""
    items = ReconciliationItem.objects.visible_to(user).filter(
        status=Status.OPEN, kind=Kind.MISSING_OURS
    )
    return [
        Stated(
            lead=words.reference(str(item.share_id)) if item.share_id else item.reference,
            value=formats.money(item.claimed_value, item.claimed_currency),
            closed_on=formats.date(item.claimed_on),
            outcome=_outcome(item),
        )
        for item in items.order_by("-created_at", "-pk")[:MOST]
    ]


class Handed(NamedTuple):
    """A statement that was taken in."""

    period: str
    agree: SafeString
    at: SafeString


def statements(*, user: User) -> list[Handed]:
    """Return the latest statements of USER's company that were taken in, newest first."""
    latest = statements_for(user=user).order_by("-imported_at", "-pk")[:LATEST]
    return [
        Handed(period_words(one), agreement(one), marks.when(one.imported_at)) for one in latest
    ]
