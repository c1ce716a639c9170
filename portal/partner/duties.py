"""What a partner owes a client after a withdrawal, and what it has asked to see."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from leads.consent import RULES
from leads.deletions import deletion_of, deletions_for
from leads.models import DeletionTask, MoreRequest, Share
from leads.requests import requests_of_share
from leads.timeline import groups_in_words
from partners.models import User
from portal.lib import formats
from portal.lib.access import Can, may
from portal.partner import words
from portal.partner.duty_forms import KeepingForm, MoreForm

SHOWN = 5
COUNTED_TO = 100


class Duty(NamedTuple):
    """A deletion the partner owes, or what it said about it."""

    task: DeletionTask
    said: str
    groups: str
    due: str
    keeping: KeepingForm
    may_answer: bool


def duty_of(*, user: User, share: Share, keeping: KeepingForm | None = None) -> Duty | None:
    """Return what SHARE's partner has to delete, or answered; None where nothing was withdrawn."""
    task = deletion_of(user=user, share=share)
    if task is None:
        return None
    said = {
        DeletionTask.Cause.WITHDRAWN: _("The client withdrew consent."),
        DeletionTask.Cause.ERASED: _("The client asked to be erased."),
    }
    return Duty(
        task=task,
        said=said[DeletionTask.Cause(task.cause)],
        groups=groups_in_words(task.groups),
        due=formats.date(task.due_at),
        keeping=keeping or KeepingForm(),
        may_answer=may(user, Can.ATTEST_DELETION),
    )


class Owed(NamedTuple):
    """An open deletion as a line of the dashboard."""

    href: str
    lead: str
    groups: str
    due: str
    overdue: bool


class Owing(NamedTuple):
    """All open deletions of a partner: how many, and those due first."""

    number: str
    first: list[Owed]
    more: bool


def owing(*, user: User) -> Owing | None:
    """Return what USER's partner has to delete, or None where that is nothing."""
    tasks = list(deletions_for(user=user).order_by("due_at", "pk")[: COUNTED_TO + 1])
    if not tasks:
        return None
    exact = len(tasks) <= COUNTED_TO
    first = [
        Owed(
            href=reverse("partner:lead_detail", args=[task.share_id]),
            lead=words.reference(str(task.share_id)),
            groups=groups_in_words(task.groups),
            due=formats.date(task.due_at),
            overdue=task.overdue,
        )
        for task in tasks[:SHOWN]
    ]
    number = formats.number(len(tasks)) if exact else f"{COUNTED_TO}+"
    return Owing(number=number, first=first, more=len(tasks) > SHOWN)


class Asking(NamedTuple):
    """What was asked about a withheld group, and the form to ask where it may be asked."""

    group: str
    status: str
    label: str
    at: datetime | None
    form: MoreForm | None


def askings(
    *, user: User, share: Share, typed: dict[str, MoreForm] | None = None
) -> dict[str, Asking]:
    """Return for each withheld group of a live share whether and how USER can ask for it."""
    if not share.is_live:
        return {}
    known = requests_of_share(user=user, share=share)
    offered = may(user, Can.ASK_FOR_MORE)  # who only looks is offered no form
    ceiling = RULES[share.partner.type].ceiling
    return {
        group: _asking(group, known.get(group), (typed or {}).get(group), offered=offered)
        for group in ceiling
        if not share.disclosed[group]
    }


def _asking(
    group: str, request: MoreRequest | None, typed: MoreForm | None, *, offered: bool
) -> Asking:
    form = (typed or MoreForm.about(group)) if offered else None
    # What was given once and is withheld again was taken back since: that answer is void.
    if request is None or request.status == MoreRequest.Status.GIVEN:
        return Asking(group, "", "", None, form)
    is_open = request.status in MoreRequest.OPEN
    return Asking(
        group=group,
        status=request.status,
        label=request.get_status_display(),
        at=request.answered_at or request.forwarded_at or request.asked_at,
        form=None if is_open else form,
    )
