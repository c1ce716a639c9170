"""The page of one commission for finance: terms, claim and record, and its story in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms
from django.db.models import Q
from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions import difference_words, ledger, services
from commissions.desk_forms import (
    CorrectionForm,
    DecisionForm,
    MilestoneForm,
    PapersForm,
    PaymentForm,
    ReversalForm,
    SettlingForm,
)
from commissions.ledger import Stage, Standing
from commissions.models import Commission, Instalment, LedgerEntry, ReconciliationItem
from leads.hiding import as_seen_by
from partners.models import User
from portal.lib import formats, marks
from portal.lib.access import Actor, Can, may

MOST_ENTRIES = 200
_STAGES: tuple[tuple[Stage, Promise], ...] = (
    (Stage.ACCRUED, gettext_lazy("Waiting for approval")),
    (Stage.APPROVED, gettext_lazy("Approved, not due yet")),
    (Stage.PAYABLE, gettext_lazy("Payable")),
    (Stage.HELD, gettext_lazy("Held in dispute")),
    (Stage.PAID, gettext_lazy("Paid")),
)


class Line(NamedTuple):
    """One step of a commission's money."""

    kind: str
    debit: str
    credit: str
    amount: str
    on: str
    who: str
    reference: str
    at: SafeString


class Question(NamedTuple):
    """A difference with the form that settles it; no form where it is settled or not one's own."""

    item: ReconciliationItem
    claimed: str
    recorded: str
    form: forms.Form | None


def commission_for(*, user: Actor, commission_id: str) -> Commission | None:
    """Return the commission with what its page shows, if USER may see it."""
    visible = Commission.objects.visible_to(user).select_related("partner", "share", "lead")
    return visible.filter(pk=commission_id).first()


def item_for(*, user: Actor, item_id: str) -> ReconciliationItem | None:
    """Return a difference with its share, if USER may see it."""
    visible = ReconciliationItem.objects.visible_to(user).select_related("share", "partner")
    return visible.filter(pk=item_id).first()


def commission_page(
    *, user: Actor, commission: Commission, wrong: forms.Form | None = None
) -> dict[str, Any]:
    """Return what the page of COMMISSION shows USER; WRONG is a form that was refused."""
    standing = ledger.standing_of(commission)
    currency = commission.settlement_currency
    instalments = list(commission.instalments.order_by("number"))
    return {
        "commission": commission,
        "client": as_seen_by(user, commission.lead).client,
        "stages": stage_rows(commission, standing),
        "recorded": formats.money(standing.recorded, currency),
        "lines": _lines(commission),
        "earlier": max(commission.entries.count() - MOST_ENTRIES, 0),
        "questions": _questions(user, commission, wrong),
        "instalments": instalments if commission.read_terms().milestones else [],
        "settled_otherwise": currency != commission.currency,
        "papers_by": names_of([commission.papers_by]).get(commission.papers_by, ""),
        "split": commission.partner_part and commission.platform_part,
        **_acts(user, commission, standing, instalments, wrong),
    }


def stage_rows(commission: Commission, standing: Standing) -> list[tuple[str | Promise, str]]:
    """Return where the money of COMMISSION lies, in words; what is empty is left out."""
    currency = commission.settlement_currency
    rows: list[tuple[str | Promise, str]] = [
        (label, formats.money(standing[stage], currency))
        for stage, label in _STAGES
        if standing[stage]
    ]
    owed = -standing[Stage.OWED_BACK]
    if owed > 0:
        rows.append((_("To be paid back"), formats.money(owed, currency)))
    elif owed < 0:
        rows.append((_("Set off against a debt"), formats.money(-owed, currency)))
    return rows


def _lines(commission: Commission) -> list[Line]:
    newest = commission.entries.order_by("-recorded_at", "-pk")[:MOST_ENTRIES]
    entries = list(newest)[::-1]
    names = names_of(entry.recorded_by for entry in entries)
    return [
        Line(
            kind=entry.get_kind_display(),
            debit=entry.get_debit_display(),
            credit=entry.get_credit_display(),
            amount=formats.money(entry.amount, entry.currency),
            on=dateformat.format(entry.booked_on, "j M Y"),
            who=names.get(entry.recorded_by, _("The portal")),
            reference=_reference(entry),
            at=marks.when(entry.recorded_at),
        )
        for entry in entries
    ]


def _reference(entry: LedgerEntry) -> str:
    if entry.reverses_id:
        return _("reverses the first booking")
    return entry.reference


def names_of(actor_ids: Iterable[str]) -> dict[str, str]:
    """Return who people are by their ids; what is no person is left out."""
    wanted = {one for one in actor_ids if one.startswith("user_")}
    return dict(User.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def _questions(user: Actor, commission: Commission, wrong: forms.Form | None) -> list[Question]:
    """Return the differences of COMMISSION, and other partners' closings of its lead."""
    second = Q(share__lead=commission.lead_id, kind=ReconciliationItem.Kind.DUPLICATE)
    items = ReconciliationItem.objects.visible_to(user).filter(
        Q(share=commission.share_id) | second
    )
    may_settle = may(user, Can.CORRECT_COMMISSION)
    return [question(item, wrong, may_settle=may_settle) for item in items.order_by("created_at")]


def question(
    item: ReconciliationItem, wrong: forms.Form | None = None, *, may_settle: bool
) -> Question:
    """Return ITEM in words, with its form where it may be settled."""
    form: forms.Form | None = None
    if item.status == ReconciliationItem.Status.OPEN and may_settle:
        second = item.kind == ReconciliationItem.Kind.DUPLICATE
        form = DecisionForm(item=item) if second else SettlingForm(item=item)
        if wrong is not None and wrong.prefix == form.prefix:
            form = wrong
    return Question(
        item=item,
        claimed=difference_words.claimed_words(item),
        recorded=difference_words.recorded_words(item),
        form=form,
    )


def _acts(
    user: Actor,
    commission: Commission,
    standing: Standing,
    instalments: list[Instalment],
    wrong: forms.Form | None,
) -> dict[str, Any]:
    """Return the forms of what USER may do with COMMISSION now."""
    stands = commission.reversed_at is None
    made: dict[str, forms.Form] = {}
    if stands and may(user, Can.CORRECT_COMMISSION):
        made["correcting"] = CorrectionForm(commission=commission)
        made["reversing"] = ReversalForm()
    if stands and not standing[Stage.PAID] and may(user, Can.CONFIRM_CLOSING):
        made["recording"] = PapersForm(commission=commission)
    if may(user, Can.SETTLE_COMMISSION):
        if standing[Stage.PAYABLE] > 0:
            initial = {"amount": standing[Stage.PAYABLE]}
            made["paying"] = PaymentForm(commission=commission, initial=initial)
        waiting = [one for one in instalments if one.met_on is None]
        if stands and waiting:
            made["meeting"] = MilestoneForm(initial={"number": waiting[0].number})
    for name, form in made.items():
        if wrong is not None and wrong.prefix == form.prefix:
            made[name] = wrong
    return made | {"approving": _approving(user, commission, standing)}


def _approving(user: Actor, commission: Commission, standing: Standing) -> str:
    """Return "yes", or why USER cannot approve COMMISSION now; empty where it is not for them."""
    approved = services.is_approved(commission, standing[Stage.ACCRUED])
    if approved or commission.reversed_at is not None or not may(user, Can.APPROVE_COMMISSION):
        return ""
    if commission.share.confirmed_at is None:
        return _("The closing has to be confirmed first: settle what is open.")
    if ReconciliationItem.objects.filter(share__lead=commission.lead_id, status="open").exists():
        return _("There is an open question about this closing.")
    if user.actor_id in commission.hands:
        return _("You entered or changed a rate or an amount of it. Somebody else approves it.")
    return "yes"
