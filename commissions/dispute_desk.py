"""Finance's pages of disputes: the list by deadline, one with its story, and what can be done."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import forms
from django.db.models import DateTimeField, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from commissions import ledger
from commissions.desk import stage_rows
from commissions.dispute_forms import DatedOpeningForm, DecisionForm, MessageForm, PaperForm
from commissions.dispute_story import decision_in_words, papers_of, story, terms_in_words
from commissions.models import Commission, Dispute
from leads.hiding import as_seen_by
from leads.timeline import actor_names
from portal.lib import formats, marks
from portal.lib.access import Actor, Can, may

OPEN = Dispute.Status.OPEN


def disputes_for(*, user: Actor, status: str = "") -> QuerySet[Dispute]:
    """Return the disputes USER may see in STATUS, or all, each with `due_at` to page by."""
    found = Dispute.objects.visible_to(user).select_related("partner")
    found = found.annotate(due_at=Cast("due_on", DateTimeField()))
    return found.filter(status=status) if status else found


def dispute_for(*, user: Actor, dispute_id: str) -> Dispute | None:
    """Return a dispute with what its page shows, if USER may see it."""
    visible = Dispute.objects.visible_to(user)
    beside = visible.select_related("partner", "commission__lead", "commission__share")
    return beside.filter(pk=dispute_id).first()


class Row(NamedTuple):
    """A dispute as a line of the list."""

    href: str
    partner: str
    opener: str
    claimed: str
    recorded: str
    status: SafeString
    due: str


def rows(disputes: list[Dispute]) -> list[Row]:
    """Format DISPUTES for the list."""
    return [
        Row(
            href=f"/disputes/{one.pk}/",
            partner=one.partner.name,
            opener=_("Opened by the partner") if one.by_partner else _("Opened by finance"),
            claimed=formats.money(one.claimed_amount, one.currency),
            recorded=formats.money(one.recorded_amount, one.currency),
            status=state(one),
            due=formats.date(one.due_on),
        )
        for one in disputes
    ]


def state(dispute: Dispute) -> SafeString:
    """Return how DISPUTE stands; an open one past its day says so."""
    if dispute.status == OPEN and dispute.due_on < timezone.now().date():
        return marks.dot(_("Overdue"), "bad")
    if dispute.status == Dispute.Status.DECIDED:
        return marks.dot(dispute.get_decision_display(), "good")
    return marks.status_dot(dispute.status)


def dispute_page(
    *, user: Actor, dispute: Dispute, wrong: forms.Form | None = None
) -> dict[str, Any]:
    """Return what the page of DISPUTE shows USER; WRONG is a form that was refused."""
    commission, share_id = dispute.commission, str(dispute.commission.share_id)
    return {
        "dispute": dispute,
        "commission": commission,
        "client": as_seen_by(user, commission.lead).client,
        "state": state(dispute),
        "decision": decision_in_words(dispute),
        "stages": stage_rows(commission, ledger.standing_of(commission)),
        "moments": story(user=user, dispute=dispute, names=actor_names, papers_at="/evidence/"),
        "papers": papers_of(user=user, share_id=share_id),
        **_acts(user, dispute, wrong),
    }


def _acts(user: Actor, dispute: Dispute, wrong: forms.Form | None) -> dict[str, Any]:
    """Return the forms of what USER may do with DISPUTE now."""
    if dispute.status != OPEN:
        return {}
    made: dict[str, forms.Form] = {}
    own = user.actor_id == dispute.opened_by
    if may(user, Can.DECIDE_DISPUTE) and not own:
        made["deciding"] = DecisionForm(dispute=dispute)
    if may(user, Can.OPEN_DISPUTE):
        made["writing"] = MessageForm()
    if may(user, Can.ADD_EVIDENCE):
        made["adding"] = PaperForm(initial={"dispute": dispute.pk})
    for name, form in made.items():
        if wrong is not None and wrong.prefix == form.prefix:
            made[name] = wrong
    withdraws = not dispute.by_partner and may(user, Can.OPEN_DISPUTE)
    return {**made, "withdraws": withdraws, "own": own}


def of_commission(
    *, user: Actor, commission: Commission, wrong: forms.Form | None = None
) -> dict[str, Any]:
    """Return what the page of COMMISSION shows of disputes and papers."""
    disputes = list(
        Dispute.objects.visible_to(user).filter(commission=commission).order_by("-opened_at", "-pk")
    )
    adding = PaperForm() if may(user, Can.ADD_EVIDENCE) else None
    shown: dict[str, Any] = {
        "disputes": [(one, state(one)) for one in disputes],
        "terms": terms_in_words(commission, disputes),
        "papers": papers_of(user=user, lead_id=str(commission.lead_id)),
        "adding": wrong if isinstance(wrong, PaperForm) else adding,
    }
    open_one = any(one.status == OPEN for one in disputes)
    if commission.reversed_at is None and not open_one and may(user, Can.OPEN_DISPUTE):
        recorded = ledger.standing_of(commission).recorded
        form = DatedOpeningForm(recorded=recorded, currency=commission.settlement_currency)
        shown["opening"] = wrong if isinstance(wrong, DatedOpeningForm) else form
    return shown
