"""The reconciliation pages: figures by partner, open differences, and commissions as lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commissions import difference_words as words
from commissions import standings
from commissions.board_forms import MINE, NOBODYS, OVERDUE
from commissions.desk_forms import DecisionForm, DismissalForm
from commissions.models import Commission, ReconciliationItem
from commissions.periods import Period
from commissions.selectors import commissions_for
from commissions.services import staff_to_ask
from commissions.standings import Figures
from leads.hiding import as_seen_by
from partners.models import Partner
from partners.types import Direction
from portal.lib import formats, marks
from portal.lib.access import Actor, Can, may

PAGE = 25
FIRST_ITEMS = 5
Kind = ReconciliationItem.Kind
WHO_PAYS: dict[str, str | Promise] = {
    Direction.PLATFORM_PAYS_PARTNER: gettext_lazy("we pay"),
    Direction.PARTNER_PAYS_PLATFORM: gettext_lazy("we are paid"),
}


class Line(NamedTuple):
    """One partner's figures in one currency, without the currency's sign."""

    partner: str
    href: str
    note: str
    claimed: str
    recorded: str
    difference: str
    accrued: str
    approved: str
    payable: str
    paid: str
    held: str
    owed_back: str
    questions: int
    questions_href: str
    due: SafeString | str


def figures_page(*, user: Actor, wanted: dict[str, Any], number: int) -> dict[str, Any]:
    """Return one page of partners' figures, with the sums of all that are wanted.

    :param wanted: what `BoardFilter` chose
    """
    period: Period = wanted["period"]
    found = [
        one
        for one in standings.figures_for(user=user, period=period, search=wanted["q"])
        if wanted["direction"] in ("", one.direction)
        and wanted["currency"] in ("", one.currency)
        and (one.questions or not wanted["differing"])
    ]
    start = (number - 1) * PAGE
    return {
        "lines": [line_of(one, period) for one in found[start : start + PAGE]],
        "totals": [line_of(one, period) for one in standings.totals(found)],
        "count": len(found),
        "number": number,
        "previous": number - 1 if number > 1 else None,
        "next": number + 1 if start + PAGE < len(found) else None,
    }


def line_of(one: Figures, period: Period) -> Line:
    """Return figures as a line of the table; of sums the partner is left out."""
    about = {"partner": one.partner_id} if one.partner_id else {}
    within = urlencode(about | ({"period": period.key} if period.key else {}))
    deals = ngettext("%(number)s deal", "%(number)s deals", one.deals) % {"number": one.deals}
    return Line(
        partner=one.partner,
        href=f"/reconciliation/commissions/?{within}",
        note=f"{one.currency} · {deals} · {WHO_PAYS[one.direction]}",
        **{name: _figure(getattr(one, name), one.currency) for name in standings.MONEY},
        difference=_above(one.difference, one.currency),
        questions=one.questions,
        questions_href=f"/reconciliation/differences/?{within}",
        due=formats.date(one.due_on),
    )


def _figure(amount: Decimal, currency: str) -> str:
    return formats.figure(amount, currency) if amount else formats.NOTHING


def _above(amount: Decimal, currency: str) -> str:
    return ("+" if amount > 0 else "") + _figure(amount, currency)


class Difference(NamedTuple):
    """An open question as a line of the list, with what may be done about it there.

    :param named: the lead whose client is named
    :param confirm: the share whose closing may be confirmed as recorded
    :param form: decides which of two closings counts, or says why a stated deal is none of ours
    """

    id: str
    kind: str
    partner: str
    href: str
    lead: str
    lead_href: str
    named: str
    day: str
    claimed: str
    recorded: str
    gap: str
    owner: str
    owner_id: str
    opened: SafeString
    due: SafeString
    step: str | Promise
    confirm: str
    form: forms.Form | None
    decides: bool


def differences_for(*, user: Actor, wanted: dict[str, Any]) -> QuerySet[ReconciliationItem]:
    """Return the open differences that `DifferenceFilter` chose, unordered."""
    items = standings.questions_for(user=user, period=wanted["period"], search=wanted["q"])
    for name in ("partner", "kind"):
        if wanted[name]:
            items = items.filter(**{name: wanted[name]})
    if wanted["owner"] == MINE:
        items = items.filter(owner=user.actor_id)
    elif wanted["owner"] == NOBODYS:
        items = items.filter(owner=None)
    elif wanted["owner"] == OVERDUE:
        items = items.filter(due_on__lt=timezone.now().date())
    return items.select_related("partner", "share__lead", "owner")


def first_differences(*, user: Actor, wanted: dict[str, Any]) -> list[Difference]:
    """Return the differences to be decided first, of the partners and period wanted."""
    everything = {"partner": "", "kind": "", "owner": "", **wanted}
    items = differences_for(user=user, wanted=everything).order_by("created_at", "pk")
    return difference_rows(user=user, items=items[:FIRST_ITEMS])


def colleagues(*, user: Actor) -> list[tuple[str, str]]:
    """Return who a difference may be given to, by id and name; nobody where USER gives none."""
    if not may(user, Can.CORRECT_COMMISSION):
        return []
    return [(str(pk), name) for pk, name in staff_to_ask().values_list("pk", "name")]


def difference_rows(*, user: Actor, items: Iterable[ReconciliationItem]) -> list[Difference]:
    """Return ITEMS (with partner, share, lead and owner) as lines."""
    may_decide = may(user, Can.CORRECT_COMMISSION)
    today = timezone.now().date()
    return [_difference(user, item, today, may_decide=may_decide) for item in items]


def _difference(
    user: Actor, item: ReconciliationItem, today: dt.date, *, may_decide: bool
) -> Difference:
    share = item.share
    due, tone = words.due_words(item, today)
    return Difference(
        id=str(item.pk),
        kind=item.get_kind_display(),
        partner=item.partner.name,
        href=f"/reconciliation/{item.commission_id}/" if item.commission_id else "",
        lead=as_seen_by(user, share.lead).client if share else item.reference or formats.NOTHING,
        lead_href=f"/leads/{share.lead_id}/" if share else "",
        named=str(share.lead_id) if share and share.lead.name else "",
        day=words.day_words(item),
        claimed=words.claimed_words(item),
        recorded=words.recorded_words(item),
        gap=words.gap_words(item),
        owner=item.owner.name if item.owner else "",
        owner_id=str(item.owner_id or ""),
        opened=marks.when(item.created_at),
        due=marks.dot(due, tone),
        step=words.NEXT_STEPS[item.kind],
        confirm=_confirmable(item),
        form=_form(item) if may_decide else None,
        decides=item.kind == Kind.DUPLICATE,
    )


def named(rows: Iterable[Difference]) -> list[str]:
    """Return the leads whose clients ROWS name."""
    return [row.named for row in rows if row.named]


def _confirmable(item: ReconciliationItem) -> str:
    """Return the share whose closing settles ITEM by being confirmed as recorded."""
    share = item.share
    stands = item.kind in (Kind.RATE, Kind.CURRENCY, Kind.NO_RATE) and item.commission_id
    return str(share.pk) if share and stands and share.confirmed_at is None else ""


def _form(item: ReconciliationItem) -> forms.Form | None:
    if item.kind == Kind.DUPLICATE:
        return DecisionForm(item=item)
    return DismissalForm(item=item) if item.kind == Kind.MISSING_OURS else None


class Row(NamedTuple):
    """A commission as a line of the list; `approvable` by its id, or empty."""

    href: str
    approvable: str
    partner: str
    note: str
    value: str
    rate: str
    claimed: str
    amount: str
    status: SafeString
    closing: SafeString
    closed_on: str


def listed(*, user: Actor, wanted: dict[str, Any]) -> QuerySet[Commission]:
    """Return the commissions that `CommissionFilter` chose, unordered."""
    period: Period = wanted["period"]
    found = commissions_for(user=user, status=wanted["status"]).select_related("share")
    found = period.within(found, "closed_on")
    if wanted["partner"]:
        found = found.filter(partner=wanted["partner"])
    if wanted["q"]:
        found = found.filter(partner__name__icontains=wanted["q"])
    if wanted["closing"]:
        found = found.filter(share__confirmed_at__isnull=wanted["closing"] == "waiting")
    return found


def commission_rows(commissions: Iterable[Commission]) -> list[Row]:
    """Return COMMISSIONS (with partner and share) as lines."""
    return [
        Row(
            href=f"/reconciliation/{entry.pk}/",
            approvable=_approvable(entry),
            partner=entry.partner.name,
            note=f"{entry.share_id[-6:].upper()} · {WHO_PAYS[entry.direction]}",
            value=formats.money(entry.agreement_value, entry.currency),
            rate=words.rate_words(entry.percent),
            claimed=formats.money(entry.claimed_amount, entry.claim_currency),
            amount=formats.money(entry.moved, entry.settlement_currency),
            status=marks.status_dot(entry.status),
            closing=_closing(entry),
            closed_on=formats.date(entry.closed_on),
        )
        for entry in commissions
    ]


def _approvable(entry: Commission) -> str:
    # Of a disputed one, what is not in question is approved as any other.
    status = Commission.Status
    disputed = entry.status == status.DISPUTED and entry.approved_at is None
    waits = disputed or entry.status == status.PENDING
    return str(entry.pk) if waits and entry.share.confirmed_at is not None else ""


def _closing(entry: Commission) -> SafeString:
    if entry.share.confirmed_at:
        return marks.dot(_("Confirmed"), "good")
    waits = _("Claim differs") if entry.claim_differs else _("To be confirmed")
    return marks.dot(waits, "warn", "ring")


def partner_named(*, user: Actor, partner_id: str) -> Partner | None:
    """Return the partner a list is narrowed to, if USER may see one of that id."""
    if not partner_id:
        return None
    return Partner.objects.visible_to(user).filter(pk=partner_id).first()
