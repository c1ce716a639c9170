"""Partners' statements as pages: the list, one with what its lines were found to be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms
from django.db.models import Count, Q, QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from commissions.desk import names_of
from commissions.difference_words import rate_words
from commissions.models import ReconciliationItem, Statement, StatementLine
from commissions.statement_file import NAMES, OURS
from partners.models import Partner
from portal.lib import formats, marks
from portal.lib.access import Actor

SHOWN_MISSING = 50
_DAY = {"type": "date"}
_TONES = {StatementLine.Outcome.MATCHED: "good", StatementLine.Outcome.DUPLICATE: "neutral"}
MEANINGS = {
    "reference": _("The lead as the partner sees it: its id, or the six characters of “Lead …”"),
    "closed_on": _("The day in the signed document; needed where the lead is not named"),
    "value": _("Needed in every row; 1,800,000 is fine"),
    "percent": _("15 or 15%"),
    "amount": _("What the partner expects"),
    "currency": _("That of the partner's market if it is left out"),
}


class StatementForm(forms.Form):
    """A partner's statement, and what it is about."""

    partner = forms.ModelChoiceField(
        label=_("Partner"), queryset=Partner.objects.none(), empty_label=_("Choose a partner")
    )
    first = forms.DateField(label=_("Deals closed from"), widget=forms.DateInput(attrs=_DAY))
    last = forms.DateField(label=_("Up to and with"), widget=forms.DateInput(attrs=_DAY))
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or XLSX, up to 5,000 rows and 2 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
    )

    def __init__(self, *args: Any, user: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        partner = self.fields["partner"]
        if isinstance(partner, forms.ModelChoiceField):
            partner.queryset = Partner.objects.visible_to(user).order_by("name")


def statements_for(*, user: Actor) -> QuerySet[Statement]:
    """Return the statements USER may see with how many of their lines agree, unordered."""
    agree = Q(lines__outcome=StatementLine.Outcome.MATCHED)
    return (
        Statement.objects.visible_to(user)
        .select_related("partner")
        .annotate(number=Count("lines"), agree=Count("lines", filter=agree))
    )


def statement_for(*, user: Actor, statement_id: str) -> Statement | None:
    """Return one statement, if USER may see it."""
    return statements_for(user=user).filter(pk=statement_id).first()


class Row(NamedTuple):
    """A statement as a line of the list."""

    href: str
    partner: str
    file_name: str
    period: str
    agree: SafeString
    who: str
    at: SafeString


def statement_rows(statements: Iterable[Statement]) -> list[Row]:
    """Return STATEMENTS, as :func:`statements_for` gives them, as lines."""
    found = list(statements)
    names = names_of(one.imported_by for one in found)
    return [
        Row(
            href=f"/reconciliation/statements/{one.pk}/",
            partner=one.partner.name,
            file_name=one.file_name,
            period=period_words(one),
            agree=agreement(one),
            who=names.get(one.imported_by, formats.NOTHING),
            at=marks.when(one.imported_at),
        )
        for one in found
    ]


def period_words(statement: Statement) -> str:
    """Return what time STATEMENT is about."""
    return f"{formats.date(statement.period_from)} – {formats.date(statement.period_to)}"


def agreement(statement: Any) -> SafeString:
    """Return how many lines of a statement, as :func:`statements_for` gives it, agree."""
    said = _("%(agree)s of %(number)s lines agree") % {
        "agree": statement.agree,
        "number": statement.number,
    }
    return marks.dot(said, "good" if statement.agree == statement.number else "warn")


class Line(NamedTuple):
    """A line of a statement, with what it was found to be."""

    number: int
    lead: str
    lead_href: str
    value: str
    rate: str
    amount: str
    closed_on: str
    outcome: SafeString
    hint: str


def lines_of(*, user: Actor, statement: Statement) -> QuerySet[StatementLine]:
    """Return the lines of STATEMENT, if USER may see it, in their order."""
    lines = StatementLine.objects.visible_to(user).filter(statement=statement)
    return lines.select_related("share").order_by("number")


def line_rows(lines: Iterable[StatementLine]) -> list[Line]:
    """Return LINES (with share) as lines of the page."""
    return [
        Line(
            number=line.number,
            lead=line.share_id[-6:].upper() if line.share_id else line.reference,
            lead_href=f"/leads/{line.share.lead_id}/" if line.share else "",
            value=formats.money(line.value, line.currency),
            rate=rate_words(line.percent),
            amount=formats.money(line.amount, line.currency),
            closed_on=formats.date(line.closed_on),
            outcome=marks.dot(
                line.get_outcome_display(), _TONES.get(StatementLine.Outcome(line.outcome), "warn")
            ),
            hint=line.get_hint_display(),
        )
        for line in lines
    ]


class Missing(NamedTuple):
    """A deal that a statement of its period does not hold."""

    lead: str
    href: str
    value: str
    closed_on: str
    state: SafeString


def missing_in(*, user: Actor, statement: Statement) -> dict[str, Any]:
    """Return the deals that STATEMENT does not hold, the first of them as lines."""
    items = ReconciliationItem.objects.visible_to(user).filter(
        statement=statement, kind=ReconciliationItem.Kind.MISSING_THEIRS
    )
    first = [
        Missing(
            lead=str(item.share_id)[-6:].upper(),
            href=f"/reconciliation/{item.commission_id}/",
            value=formats.money(item.recorded_value, item.recorded_currency),
            closed_on=formats.date(item.recorded_on),
            state=marks.status_dot("open" if item.status == "open" else "resolved"),
        )
        for item in items.order_by("-recorded_on", "-pk")[:SHOWN_MISSING]
    ]
    return {"missing": first, "more": max(items.count() - SHOWN_MISSING, 0)}


def described() -> list[tuple[str, str, str]]:
    """Return what each column is called with us, what else is read, and what may stand in it."""
    return [
        (OURS[field], ", ".join(names[1:]), str(MEANINGS[field])) for field, names in NAMES.items()
    ]
