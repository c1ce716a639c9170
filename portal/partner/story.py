"""What happened with a lead, in the partner's words: the timeline of its page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import Event
from events.selectors import timeline_for
from leads.models import Share
from partners.models import User
from portal.lib.access import Can, may

Kind = Event.Kind
# What a partner is told, in which tone. A kind that is not here is not the partner's to know.
_TOLD: dict[str, tuple[str | Promise, str]] = {
    Kind.LEAD_SHARED: (gettext_lazy("Shared with you"), "info"),
    Kind.SHARE_PREFS_UPDATED: (gettext_lazy("What is shared with you changed"), "info"),
    Kind.SHARE_ACCEPTED: (gettext_lazy("Accepted"), "good"),
    Kind.SHARE_IN_PROGRESS: (gettext_lazy("In progress"), "info"),
    Kind.SHARE_REJECTED: (gettext_lazy("Rejected"), "bad"),
    Kind.SHARE_WITHDRAWN: (gettext_lazy("Withdrawn from you"), ""),
    Kind.SHARE_EXPIRED: (gettext_lazy("Not answered in time"), ""),
    Kind.SHARE_REVOKED: (gettext_lazy("Sharing revoked by the client"), "bad"),
    Kind.SHARE_CLOSED: (gettext_lazy("Deal closed"), "good"),
    Kind.APPOINTMENT_SHARED_WITH_PARTNER: (gettext_lazy("Appointment made"), "info"),
    Kind.APPOINTMENT_UPDATED: (gettext_lazy("Appointment changed"), "info"),
    Kind.DELETION_ASKED: (gettext_lazy("Deletion asked for by the client"), "bad"),
    Kind.DELETION_REMINDED: (gettext_lazy("You were reminded of the deletion"), "warn"),
    Kind.DELETION_ATTESTED: (gettext_lazy("Deletion answered"), "good"),
    Kind.MORE_ASKED: (gettext_lazy("You asked to see more"), "info"),
    Kind.MORE_FORWARDED: (gettext_lazy("Your request was put before the client"), "info"),
    Kind.MORE_ANSWERED: (gettext_lazy("Your request was answered"), "info"),
    Kind.PARTNER_COMMISSION_RECORDED: (gettext_lazy("Commission recorded"), "good"),
    Kind.PARTNER_COMMISSION_FAILED: (gettext_lazy("A closing was refused"), "bad"),
    Kind.CLOSING_CONFIRMED: (gettext_lazy("Closing confirmed"), "good"),
    Kind.COMMISSION_APPROVED: (gettext_lazy("Commission approved"), "good"),
    Kind.COMMISSION_CORRECTED: (gettext_lazy("Commission corrected"), "warn"),
    Kind.COMMISSION_REVERSED: (gettext_lazy("Commission reversed"), "bad"),
    Kind.COMMISSION_DUE: (gettext_lazy("A part of the commission fell due"), "info"),
    Kind.COMMISSION_PAID: (gettext_lazy("Commission paid"), "good"),
    Kind.MILESTONE_MET: (gettext_lazy("Milestone met"), "info"),
    Kind.EVIDENCE_ADDED: (gettext_lazy("A paper was handed in"), ""),
    Kind.DISPUTE_OPENED: (gettext_lazy("Commission disputed"), "warn"),
    Kind.DISPUTE_ANSWERED: (gettext_lazy("A message in the dispute"), ""),
    Kind.DISPUTE_DECIDED: (gettext_lazy("Dispute decided"), "info"),
    Kind.DISPUTE_WITHDRAWN: (gettext_lazy("Dispute withdrawn"), ""),
    Kind.CONTACT_SEEN: (gettext_lazy("The client's contact data was opened"), ""),
}
_OWNERS = frozenset({Kind.CONTACT_SEEN})  # what colleagues looked at is for whoever answers for it
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    text: str
    who: str
    at: datetime
    tone: str


def timeline(*, user: User, share: Share) -> list[Moment]:
    """Return what happened with SHARE, newest first, without a personal value in it."""
    kinds = set(_TOLD) if may(user, Can.MANAGE_PEOPLE) else set(_TOLD) - _OWNERS
    told = timeline_for(user=user, share_id=str(share.pk)).filter(kind__in=sorted(kinds))
    events = list(told[:LONGEST])
    names = namer(user)({event.actor for event in events})
    return [
        Moment(str(_TOLD[event.kind][0]), names[event.actor], event.at, _TOLD[event.kind][1])
        for event in events
    ]


def namer(user: User) -> Callable[[Iterable[str]], Mapping[str, str]]:
    """Return who tells USER the names of those who acted, all of them at once."""

    def named(actors: Iterable[str]) -> Mapping[str, str]:
        given = set(actors)
        colleagues = _colleagues(user, given)
        return {actor: _who(actor, colleagues) for actor in given}

    return named


def _colleagues(user: User, actors: set[str]) -> dict[str, str]:
    people = [actor for actor in actors if actor.startswith("user_")]
    found = User.objects.filter(partner_id=user.partner_id, pk__in=people)
    return {str(person.pk): person.name for person in found}


def _who(actor: str, colleagues: dict[str, str]) -> str:
    """Name people of the partner; of the company, only that it was the company."""
    if actor.startswith("key_"):
        return _("Your system")
    if actor.startswith("lead_"):  # the client acts under the lead's id
        return _("The client")
    return colleagues.get(actor) or _("The platform")
