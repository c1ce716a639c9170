"""A dispute as both sides read it: what happened to the deal's money, what was said and shown.

The order and the times are the audit trail's; words and papers are put beside their events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions.agreements import terms_of
from commissions.models import Commission, Dispute, DisputeMessage, Evidence
from commissions.terms import Base
from commissions.terms_words import in_words
from events.models import Event
from events.selectors import timeline_for
from leads.models import DISCLOSING
from portal.lib import formats
from portal.lib.access import PARTNER_ROLES, Actor

Kind = Event.Kind
LONGEST = 200
_SAID: dict[str, tuple[str | Promise, str]] = {
    Kind.PARTNER_COMMISSION_RECORDED: (gettext_lazy("The closing was reported and booked"), "good"),
    Kind.CLOSING_CONFIRMED: (gettext_lazy("The closing was confirmed"), "good"),
    Kind.COMMISSION_APPROVED: (gettext_lazy("The commission was approved"), "good"),
    Kind.COMMISSION_CORRECTED: (gettext_lazy("The commission was corrected"), "warn"),
    Kind.COMMISSION_REVERSED: (gettext_lazy("The commission was reversed"), "bad"),
    Kind.COMMISSION_DUE: (gettext_lazy("A part fell due"), "info"),
    Kind.COMMISSION_PAID: (gettext_lazy("A payment was recorded"), "good"),
    Kind.MILESTONE_MET: (gettext_lazy("A milestone was met"), "info"),
    Kind.EVIDENCE_ADDED: (gettext_lazy("A paper was handed in"), ""),
    Kind.DISPUTE_OPENED: (gettext_lazy("The dispute was opened"), "warn"),
    Kind.DISPUTE_ANSWERED: (gettext_lazy("A message"), ""),
    Kind.DISPUTE_DECIDED: (gettext_lazy("The dispute was decided"), "info"),
    Kind.DISPUTE_WITHDRAWN: (gettext_lazy("The dispute was withdrawn"), ""),
}
_CHANGING = (Dispute.Decision.UPHELD, Dispute.Decision.PARTLY)
Names = Callable[[Iterable[str]], Mapping[str, str]]


class Moment(NamedTuple):
    """One line of the story; `said` are somebody's own words, `href` leads to a paper."""

    text: str
    who: str
    at: datetime
    tone: str
    said: str
    href: str
    link: str


def story(*, user: Actor, dispute: Dispute, names: Names, papers_at: str) -> list[Moment]:
    """Return what happened to the money DISPUTE is about, as USER may know it, newest first.

    Why it was opened and decided stands above the story, and not in it once more.

    :param names: gives people their names
    :param papers_at: the address below which papers are
    """
    share_id = str(dispute.commission.share_id)
    told = timeline_for(user=user, share_id=share_id).filter(kind__in=sorted(_SAID))
    events = list(told[:LONGEST])
    named = names({event.actor for event in events})
    others = disputes_of(user=user, share_id=share_id).exclude(pk=dispute.pk)
    disputes = {str(one.pk): one for one in others}
    of_share = DisputeMessage.objects.visible_to(user).filter(dispute__commission__share=share_id)
    messages = {str(pk): text for pk, text in of_share.values_list("pk", "text")}
    papers = {str(one.pk): one.file_name for one in papers_of(user=user, share_id=share_id)}
    moments = []
    for event in events:
        paper = str(event.data.get("evidence", ""))
        moments.append(
            Moment(
                text=str(_SAID[event.kind][0]),
                who=named.get(event.actor, ""),
                at=event.at,
                tone=_SAID[event.kind][1],
                said=_words(event, disputes, messages),
                href=f"{papers_at}{paper}/" if papers.get(paper) else "",
                link=papers.get(paper, ""),
            )
        )
    return moments


def _words(event: Event, disputes: Mapping[str, Dispute], messages: Mapping[str, str]) -> str:
    if event.kind == Kind.DISPUTE_ANSWERED:
        return messages.get(str(event.data.get("message", "")), "")
    dispute = disputes.get(str(event.data.get("dispute", "")))
    if dispute is None:
        return ""
    if event.kind == Kind.DISPUTE_OPENED:
        claim = formats.money(dispute.claimed_amount, dispute.currency)
        return "\n".join(
            filter(None, [_("Claims %(amount)s.") % {"amount": claim}, dispute.reason])
        )
    if event.kind == Kind.DISPUTE_DECIDED:
        return "\n".join(filter(None, [decision_in_words(dispute), dispute.decision_reason]))
    return ""


def decision_in_words(dispute: Dispute) -> str:
    """Return how DISPUTE was decided and to which amount; empty while it is not."""
    if dispute.status != Dispute.Status.DECIDED:
        return ""
    amount = formats.money(dispute.decided_amount, dispute.currency)
    return f"{dispute.get_decision_display()}: {amount}"


def terms_in_words(
    commission: Commission, disputes: Iterable[Dispute], *, you: bool = False
) -> list[str]:
    """Return the terms of COMMISSION as sentences; after a decision it, and what was agreed.

    :param disputes: those about it
    :param you: whether it is said to the partner
    """
    terms = commission.read_terms()
    decided = {one.decided_amount for one in disputes if one.decision in _CHANGING}
    if terms.base != Base.FLAT or terms.flat not in decided:
        return in_words(terms, commission.currency, you=you)
    amount = formats.money(terms.flat, commission.settlement_currency)
    agreed = in_words(terms_of(commission.share), commission.currency, you=you)
    return [_("Decided in a dispute: %(amount)s. Agreed was:") % {"amount": amount}, *agreed]


def disputes_of(*, user: Actor, share_id: str) -> QuerySet[Dispute]:
    """Return the disputes about what a share earned that USER may see, newest first."""
    found = Dispute.objects.visible_to(user).filter(commission__share=share_id)
    return found.order_by("-opened_at", "-pk")


def papers_of(*, user: Actor, share_id: str = "", lead_id: str = "") -> QuerySet[Evidence]:
    """Return the papers about a share, or all shares of a lead, that USER may see, oldest first.

    Without their bytes, and without those that were emptied.
    """
    about = Q(share=share_id) if share_id else Q(share__lead=lead_id)
    found = _readable(user).filter(about)
    return found.select_related("partner").defer("content").order_by("added_at", "pk")


def paper_of(*, user: Actor, evidence_id: str) -> Evidence | None:
    """Return one paper with its bytes, if USER may see it and it was not emptied."""
    found = _readable(user).select_related("share", "partner").filter(pk=evidence_id)
    return found.first()


def _readable(user: Actor) -> QuerySet[Evidence]:
    """Return the papers USER may read.

    A contract names the client: a partner reads one of the platform's only while the client's
    contact is disclosed to it. What it handed in itself tells it nothing new.
    """
    found = Evidence.objects.visible_to(user).exclude(sha256="")
    if user.role not in PARTNER_ROLES:
        return found
    told = Q(share__shares_contact=True, share__status__in=DISCLOSING)
    return found.filter(Q(by_partner=True) | told)
