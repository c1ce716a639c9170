"""Everything the pages of one commission and of one dispute show a partner, in its own words."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import forms
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions import ledger
from commissions.dispute_desk import state
from commissions.dispute_forms import MessageForm, OpeningForm, PaperForm
from commissions.dispute_story import (
    decision_in_words,
    disputes_of,
    papers_of,
    story,
    terms_in_words,
)
from commissions.ledger import Stage, Standing
from commissions.models import Commission, Dispute, LedgerEntry
from leads.models import Share, ShareStatus
from partners.models import User
from partners.types import Direction
from portal.lib import formats
from portal.lib.access import Can, may
from portal.lib.ids import is_id
from portal.partner import words
from portal.partner.story import namer

MOST_STEPS = 100
PAPERS = "/portal/evidence/"
IS_PAID = Direction.PARTNER_PAYS_PLATFORM
# Where money lies, to whoever is paid and to whoever pays.
_STAGES: tuple[tuple[Stage, Promise, Promise], ...] = (
    (Stage.ACCRUED, gettext_lazy("Waiting for approval"), gettext_lazy("Waiting for approval")),
    (Stage.APPROVED, gettext_lazy("Approved, not due yet"), gettext_lazy("Not due yet")),
    (Stage.PAYABLE, gettext_lazy("Payable to you"), gettext_lazy("Due from you")),
    (Stage.HELD, gettext_lazy("Held in dispute"), gettext_lazy("Held in dispute")),
    (Stage.PAID, gettext_lazy("Paid to you"), gettext_lazy("Paid by you")),
)
_OWED_BACK = (gettext_lazy("You owe back"), gettext_lazy("The platform owes back"))
_SET_OFF = gettext_lazy("Set off against a debt")
_STEPS: dict[str, str | Promise] = {
    LedgerEntry.Kind.ACCRUAL: gettext_lazy("Booked"),
    LedgerEntry.Kind.RERATING: gettext_lazy("Earlier deals at the rate reached"),
    LedgerEntry.Kind.APPROVAL: gettext_lazy("Approved"),
    LedgerEntry.Kind.RELEASE: gettext_lazy("Fell due"),
    LedgerEntry.Kind.PAYMENT: gettext_lazy("Paid"),
    LedgerEntry.Kind.REVERSAL: gettext_lazy("Taken back"),
    LedgerEntry.Kind.CLAWBACK: gettext_lazy("Taken back after it was paid"),
    LedgerEntry.Kind.OFFSET: gettext_lazy("Set off against a debt"),
    LedgerEntry.Kind.HOLD: gettext_lazy("Held in dispute"),
    LedgerEntry.Kind.UNHOLD: gettext_lazy("No longer held"),
}

# The same where a dispute was decided.
_DECIDED: dict[str, str | Promise] = {
    LedgerEntry.Kind.ACCRUAL: gettext_lazy("Added by a decision"),
    LedgerEntry.Kind.REVERSAL: gettext_lazy("Taken off by a decision"),
    LedgerEntry.Kind.CLAWBACK: gettext_lazy("Taken off by a decision after it was paid"),
}


class Step(NamedTuple):
    """One step of the money; `reference` is the bank's."""

    text: str | Promise
    amount: str
    on: str
    reference: str


def commission_for(*, user: User, commission_id: str) -> Commission | None:
    """Return a commission of USER's company with its share and partner."""
    own = Commission.objects.visible_to(user).select_related("share", "partner")
    return own.filter(pk=commission_id).first()


def commission_page(
    *, user: User, commission: Commission, wrong: forms.Form | None = None
) -> dict[str, Any]:
    """Return what the page of COMMISSION shows USER; WRONG is a form that was refused."""
    standing = ledger.standing_of(commission)
    currency, share = commission.settlement_currency, commission.share
    disputes = list(disputes_of(user=user, share_id=str(share.pk)))
    return {
        "commission": commission,
        "reference": words.reference(str(share.pk)),
        "pays": commission.direction == IS_PAID,
        "recorded": formats.money(standing.recorded, currency),
        "stages": stage_rows(commission.direction, currency, standing),
        "steps": _steps(commission),
        "terms": terms_in_words(commission, disputes, you=True),
        "settled_otherwise": currency != commission.currency,
        "split": commission.partner_part and commission.platform_part,
        "instalments": _instalments(commission),
        "claim": _claim(commission),
        "disputes": [(one, state(one), decision_in_words(one)) for one in disputes],
        "opening": _opening(user, commission, standing, disputes, wrong),
        **papers(user=user, share=share, wrong=wrong),
    }


def papers(*, user: User, share: Share, wrong: forms.Form | None = None) -> dict[str, Any]:
    """Return the papers about SHARE, and the form that adds one where something was closed."""
    adds = share.status == ShareStatus.CLOSED and may(user, Can.ADD_EVIDENCE)
    form = wrong if isinstance(wrong, PaperForm) else PaperForm()
    return {
        "papers": papers_of(user=user, share_id=str(share.pk)),
        "papers_at": PAPERS,
        "adding": form if adds else None,
        "share_id": share.pk,
    }


def stage_rows(
    direction: str, currency: str, standing: Standing
) -> list[tuple[str | Promise, str]]:
    """Return where money lies, in a partner's words; what is empty is left out."""
    pays = direction == IS_PAID
    rows: list[tuple[str | Promise, str]] = [
        (to_payer if pays else to_paid, formats.money(standing[stage], currency))
        for stage, to_paid, to_payer in _STAGES
        if standing[stage]
    ]
    if owed := standing[Stage.OWED_BACK]:
        label = _OWED_BACK[pays] if owed < 0 else _SET_OFF
        rows.append((label, formats.money(abs(owed), currency)))
    return rows


def _steps(commission: Commission) -> list[Step]:
    """Return the newest steps, the first of them on top; ours keep their reference to ourselves."""
    newest = commission.entries.order_by("-recorded_at", "-pk")[:MOST_STEPS]
    return [
        Step(
            text=(_STEPS | _DECIDED if is_id("dispute", entry.reference) else _STEPS)[entry.kind],
            amount=formats.money(entry.amount, entry.currency),
            on=formats.date(entry.booked_on),
            reference=entry.reference if entry.kind == LedgerEntry.Kind.PAYMENT else "",
        )
        for entry in list(newest)[::-1]
    ]


class Part(NamedTuple):
    """A part of the commission: what it waits for, and when it falls due."""

    text: str
    percent: str
    when: str


def _instalments(commission: Commission) -> list[Part]:
    return [
        Part(
            text=one.condition or _("The whole"),
            percent=formats.percent(one.percent),
            when=_("due on %(day)s") % {"day": formats.date(one.due_on)}
            if one.due_on
            else _("not met yet"),
        )
        for one in commission.instalments.order_by("number")
    ]


class Claim(NamedTuple):
    """What the partner said of a deal beside what is recorded."""

    name: str
    claimed: str
    recorded: str
    differs: bool


def _claim(commission: Commission) -> list[Claim]:
    currency = commission.claimed_currency or commission.currency
    percent = commission.claimed_percent
    pairs = [
        (
            _("Agreement value"),
            formats.money(commission.claimed_value, currency),
            formats.money(commission.agreement_value, commission.currency),
        ),
        (
            _("Rate"),
            formats.NOTHING if percent is None else words.rate(percent),
            words.rate(commission.percent),
        ),
    ]
    return [Claim(*pair, differs=pair[1] not in (pair[2], formats.NOTHING)) for pair in pairs]


def _opening(
    user: User,
    commission: Commission,
    standing: Standing,
    disputes: list[Dispute],
    wrong: forms.Form | None,
) -> forms.Form | None:
    """Return the form that disputes COMMISSION, where USER may now."""
    if isinstance(wrong, OpeningForm):
        return wrong
    open_one = any(one.status == Dispute.Status.OPEN for one in disputes)
    if commission.reversed_at or open_one or not may(user, Can.OPEN_DISPUTE):
        return None
    return OpeningForm(recorded=standing.recorded, currency=commission.settlement_currency)


def own_disputes(*, user: User) -> QuerySet[Dispute]:
    """Return the disputes of USER's company with their commissions and shares."""
    return Dispute.objects.visible_to(user).select_related("commission__share", "partner")


def dispute_page(
    *, user: User, dispute: Dispute, wrong: forms.Form | None = None
) -> dict[str, Any]:
    """Return what the page of DISPUTE shows USER; WRONG is a form that was refused."""
    commission = dispute.commission
    share, is_open = commission.share, dispute.status == Dispute.Status.OPEN
    talks = is_open and may(user, Can.OPEN_DISPUTE)
    adds = is_open and may(user, Can.ADD_EVIDENCE)
    writing = wrong if isinstance(wrong, MessageForm) else MessageForm()
    return {
        "dispute": dispute,
        "commission": commission,
        "reference": words.reference(str(share.pk)),
        "pays": commission.direction == IS_PAID,
        "state": state(dispute),
        "decision": decision_in_words(dispute),
        "stages": stage_rows(
            commission.direction, dispute.currency, ledger.standing_of(commission)
        ),
        "moments": story(user=user, dispute=dispute, names=namer(user), papers_at=PAPERS),
        "papers": papers_of(user=user, share_id=str(share.pk)),
        "papers_at": PAPERS,
        "share_id": share.pk,
        "writing": writing if talks else None,
        "adding": PaperForm(initial={"dispute": dispute.pk}) if adds else None,
        "withdraws": talks and dispute.by_partner,
    }
