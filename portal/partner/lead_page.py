"""Everything the page of one lead shows its partner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions.dispute_forms import PaperForm
from commissions.forms import ClosingForm, RejectionForm
from commissions.models import Commission
from commissions.selectors import commission_of
from commissions.services import Outcome
from leads.consent import RULES, disclose
from leads.groups import GROUPS
from leads.models import DISCLOSING, Appointment, Share, ShareStatus
from leads.payloads import appointment_told
from leads.scrub import scrub
from leads.selectors import appointments_of
from leads.words import Fact, Told, budget_facts, contact_facts, requirement_facts
from partners.models import User
from partners.types import Direction
from portal.lib import formats
from portal.lib.access import Can, may
from portal.partner import words
from portal.partner.commission_page import papers
from portal.partner.duties import Asking, askings, duty_of
from portal.partner.duty_forms import KeepingForm, MoreForm
from portal.partner.story import timeline

# What a partner may do itself; every other step of the table is the platform's or the client's.
PARTNER_STEPS = (
    ShareStatus.ACCEPTED,
    ShareStatus.IN_PROGRESS,
    ShareStatus.CLOSED,
    ShareStatus.REJECTED,
)
_CARDS = {
    "contact": (gettext_lazy("Client"), "user-round", contact_facts),
    "budget": (gettext_lazy("Budget"), "wallet", budget_facts),
    "requirements": (gettext_lazy("Requirements"), "house", requirement_facts),
}


class Card(NamedTuple):
    """One of the three consent groups: its facts, or why it is withheld."""

    title: str | Promise
    icon: str
    facts: list[Fact]
    withheld: str
    asking: Asking | None


class Visit(NamedTuple):
    """An appointment as far as its partner may know it."""

    kind: str
    at: Any
    place: str
    location: str


def lead_page(
    *,
    user: User,
    share: Share,
    closing: ClosingForm | None = None,
    rejection: RejectionForm | None = None,
    keeping: KeepingForm | None = None,
    adding: PaperForm | None = None,
    typed: dict[str, MoreForm] | None = None,
) -> dict[str, Any]:
    """Return what the template of SHARE's page places; forms come back with their errors.

    :param typed: what was typed to ask for a group, by group
    """
    told = disclose(share)
    steps = PARTNER_STEPS if may(user, Can.WORK_LEAD) else ()  # who only looks is offered none
    closed = share.status == ShareStatus.CLOSED
    return {
        "share": share,
        "headline": words.headline(told),
        "reference": words.reference(str(share.pk)),
        "terms": words.terms(share),
        "steps": [step for step in steps if step in share.next_statuses],
        "tells_contact": "customerInfo" in told,
        "discloses": share.status in DISCLOSING,
        "duty": duty_of(user=user, share=share, keeping=keeping),
        "cards": cards(share, told, askings(user=user, share=share, typed=typed)),
        "visits": visits(user, share),
        "reason": scrub(share.reason),
        "notes": _notes(share),
        "commission": booked(commission_of(user=user, share=share)) if closed else None,
        "moments": timeline(user=user, share=share),
        "closing": closing or ClosingForm(share=share),
        "rejection": rejection or RejectionForm(),
        "faulty": any(form is not None for form in (closing, rejection, keeping, adding, typed)),
        **(papers(user=user, share=share, wrong=adding) if closed else {}),
    }


def _notes(share: Share) -> str:
    """Return what the partner noted; it may have written down how to reach the client."""
    if share.status not in DISCLOSING:
        return ""
    return share.notes if share.disclosed.contact else scrub(share.notes)


def cards(share: Share, told: Told, asked: Mapping[str, Asking]) -> list[Card]:
    """Return the three groups; one that is not disclosed says so and why. None after the end."""
    if share.status not in DISCLOSING:
        return []
    groups = share.disclosed & RULES[share.partner.type].ceiling
    made = []
    for group in GROUPS:
        title, icon, facts_of = _CARDS[group]
        facts = facts_of(told) if groups[group] else []
        why_not = "" if groups[group] else _why_not(share, group)
        made.append(Card(title, icon, facts, why_not, asked.get(group)))
    return made


def _why_not(share: Share, group: str) -> str:
    if not RULES[share.partner.type].ceiling[group]:
        return _("%(type)s partners never see this.") % {"type": share.partner.get_type_display()}
    return _("Not shared with you.")


def visits(user: User, share: Share) -> list[Visit]:
    """Return the appointments of a share that still discloses; a withheld address is left out."""
    if share.status not in DISCLOSING:
        return []
    contact = share.disclosed.contact
    return [
        Visit(
            kind=appointment.get_type_display(),
            at=appointment.starts_at,
            place=appointment.get_place_display(),
            location=_location(appointment, contact),
        )
        for appointment in appointments_of(user=user, share=share)
    ]


def _location(appointment: Appointment, contact: bool) -> str:
    withheld = _("The address is withheld with the client's contact.")
    return str(appointment_told(appointment, contact=contact).get("location", withheld))


class Booked(NamedTuple):
    """What a closing booked, in words."""

    label: str
    amount: str
    value: str
    rate: str
    status: str
    claimed: str
    href: str


def booked(commission: Commission | None) -> Booked | None:
    """Return COMMISSION for the page, with the partner's claim only where it differs."""
    if commission is None:
        return None
    pays = commission.direction == Direction.PARTNER_PAYS_PLATFORM
    claim = ""
    if commission.claim_differs:
        claim = words.rate(commission.claimed_percent or commission.percent)
        if commission.claimed_currency not in ("", commission.currency):
            claim = f"{claim}, {commission.claimed_currency}"
    return Booked(
        label=_("You owe the platform") if pays else _("You earn"),
        amount=formats.money(commission.amount, commission.currency),
        value=formats.money(commission.agreement_value, commission.currency),
        rate=words.rate(commission.percent),
        status=commission.status,
        claimed=claim,
        href=reverse("partner:commission", args=[commission.pk]),
    )


def said(outcome: Outcome) -> str:
    """Return what to tell the partner after its report."""
    if outcome.under_review:
        return _("Your closing is recorded and under review.")
    if (entry := booked(outcome.commission)) is not None:
        facts = {"label": entry.label, "amount": entry.amount, "rate": entry.rate}
        if outcome.claim_differs:
            return (
                _("Deal closed. %(label)s %(amount)s at %(rate)s; what you claimed is looked at.")
                % facts
            )
        return _("Deal closed. %(label)s %(amount)s at %(rate)s.") % facts
    return {
        ShareStatus.ACCEPTED: _("You accepted this lead."),
        ShareStatus.IN_PROGRESS: _("Marked as in progress."),
        ShareStatus.REJECTED: _("You rejected this lead. Nothing of it is shown any more."),
    }[ShareStatus(outcome.share.status)]
