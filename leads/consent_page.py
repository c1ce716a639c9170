"""What the client's consent page says: what is allowed, who got what, and what waits for an answer.

The caller has let the client in by a link to this one lead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leads import words
from leads.consent import RULES, Verdict, client_safe_view, verdicts
from leads.groups import GROUPS, Groups
from leads.models import DISCLOSING, ConsentDecision, Lead, Proposal, Receipt, Share
from leads.recipients import PORTAL, Received, Recipient, recipients_of
from leads.requests import requests_for_client
from leads.words import Fact
from partners.models import Partner
from portal.lib import formats

RECEIPTS_SHOWN = 50
State, Source = ConsentDecision.State, ConsentDecision.Source
TITLES: dict[str, str | Promise] = {
    "contact": gettext_lazy("Your contact details"),
    "budget": gettext_lazy("Your budget"),
    "requirements": gettext_lazy("What you are looking for"),
}
_ICONS = {"contact": "user-round", "budget": "wallet", "requirements": "house"}
_FACTS = {
    "contact": words.contact_facts,
    "budget": words.budget_facts,
    "requirements": words.requirement_facts,
}
_OWN_WORDS: dict[str, str | Promise] = {
    State.GIVEN: gettext_lazy("You allowed this on %(day)s, %(method)s."),
    State.REFUSED: gettext_lazy("You said no on %(day)s, %(method)s."),
    State.WITHDRAWN: gettext_lazy("You stopped this on %(day)s, %(method)s."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupForAll:
    """One group, what it holds, and what the client said of it for every partner.

    `allowed` is None where the client has said nothing.
    """

    name: str
    title: str | Promise
    icon: str
    facts: list[Fact]
    allowed: bool | None
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOfPartner:
    """One group and one partner: what it sees, why, and what the client can do about it."""

    name: str
    title: str | Promise
    seen: bool
    ways: list[str]
    said: str
    may_stop: bool
    may_allow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A recipient with everything that was shared with it."""

    partner_id: str
    name: str
    facts: list[Fact]
    groups: list[GroupOfPartner]
    sees_anything: bool
    may_stop: bool
    # One line for each duty to delete, and for each stop that was followed to its end.
    duties: list[tuple[str, str]]
    under_way: int
    stopped: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A partner the agent asks about by name."""

    id: str
    name: str
    facts: list[Fact]
    groups: list[tuple[str, str | Promise]]


def consent_page(lead: Lead) -> dict[str, Any]:
    """Return what the page of LEAD's client shows."""
    view = client_safe_view(lead)
    decisions = list(lead.decisions.select_related("partner").order_by("decided_at", "pk"))
    parties = parties_of(lead, decisions)
    return {
        "view": view,
        "groups": _for_all(decisions, words.in_full(view)),
        "proposals": proposals_of(lead),
        "requests": [(asked, TITLES[asked.group]) for asked in requests_for_client(lead)],
        "parties": parties,
        "under_way": sum(party.under_way for party in parties),
        "may_stop": any(party.may_stop for party in parties) or _allows_anything(decisions),
        "receipts": list(Receipt.objects.filter(lead=lead).defer("jws")[:RECEIPTS_SHOWN]),
        "restricted_at": lead.restricted_at,
        "erasure_asked_at": lead.erasure_asked_at,
        "erase_after": lead.erase_after,
    }


def _allows_anything(decisions: Iterable[ConsentDecision]) -> bool:
    newest = _newest_for_all(decisions)
    return any(decision.state == State.GIVEN for decision in newest.values())


def receipt_of(lead: Lead, receipt_id: str) -> Receipt | None:
    """Return a receipt of LEAD's client, or None where it has none of that id."""
    return Receipt.objects.filter(lead=lead, pk=receipt_id).select_related("lead").first()


# --- for everybody -----------------------------------------------------------------------------
def _newest_for_all(decisions: Iterable[ConsentDecision]) -> dict[str, ConsentDecision]:
    """Return the client's newest word on each group for every partner; DECISIONS in their order."""
    of_all = (d for d in decisions if d.partner_id is None and d.source == Source.CLIENT)
    return {decision.group: decision for decision in of_all}


def _for_all(decisions: Iterable[ConsentDecision], told: Mapping[str, Any]) -> list[GroupForAll]:
    newest = _newest_for_all(decisions)
    return [
        GroupForAll(
            name=group,
            title=TITLES[group],
            icon=_ICONS[group],
            facts=_FACTS[group](told),
            allowed=newest[group].state == State.GIVEN if group in newest else None,
            said=_own_words(newest[group]) if group in newest else "",
        )
        for group in GROUPS
    ]


def _own_words(decision: ConsentDecision) -> str:
    return str(_OWN_WORDS[decision.state]) % _how(decision)


def _how(decision: ConsentDecision) -> dict[str, str]:
    on_this_page = decision.method == ConsentDecision.Method.PAGE
    method = _("on this page") if on_this_page else decision.get_method_display().lower()
    return {"day": formats.date(decision.decided_at), "method": method}


# --- partner by partner ------------------------------------------------------------------------
def parties_of(lead: Lead, decisions: list[ConsentDecision]) -> list[Party]:
    """Return every recipient of LEAD, each with all of its shares, the newest first."""
    by_partner: dict[str, list[Recipient]] = {}
    for recipient in recipients_of(lead):
        by_partner.setdefault(recipient.partner_id, []).append(recipient)
    if not by_partner:
        return []
    disclosing = Share.objects.filter(lead=lead, status__in=DISCLOSING).select_related("partner")
    chosen: dict[str, Groups] = {}
    for share in disclosing:
        before = chosen.get(str(share.partner_id), Groups.none())
        now = share.chosen & RULES[share.partner.type].ceiling
        chosen[str(share.partner_id)] = Groups(*(before[g] or now[g] for g in GROUPS))
    return [
        _party(
            shares,
            verdicts(decisions, partner_id=partner_id, market=lead.market),
            Groups.none() if lead.restricted else chosen.get(partner_id, Groups.none()),
        )
        for partner_id, shares in by_partner.items()
    ]


def _party(shares: list[Recipient], given: Mapping[str, Verdict], chosen: Groups) -> Party:
    newest = shares[0]
    seen = Groups(*(any(share.seen[group] for share in shares) for group in GROUPS))
    ever = Groups(*(any(share.ever[group] for share in shares) for group in GROUPS))
    groups = [
        _group(group, shares, given[group], seen=seen[group], chosen=chosen[group])
        for group in GROUPS
        if ever[group] or chosen[group]
    ]
    return Party(
        partner_id=newest.partner_id,
        name=newest.name,
        facts=_who(newest),
        groups=groups,
        sees_anything=bool(seen),
        may_stop=any(group.may_stop for group in groups),
        duties=[duty for share in shares if (duty := _duty(share))],
        under_way=sum(share.under_way for share in shares),
        stopped=_stopped(shares),
    )


def _who(recipient: Recipient) -> list[Fact]:
    licences = [(one.kind, one.number, one.region) for one in recipient.licences]
    return _introduced(recipient.type, recipient.market, licences)


def _introduced(kind: str, country: str, licences: Iterable[tuple[str, ...]]) -> list[Fact]:
    """Return what a client should know of a partner beside its name."""
    facts = [Fact(_("What it is"), kind), Fact(_("Country"), country)]
    return facts + [
        Fact(name, " · ".join(part for part in parts if part)) for name, *parts in licences
    ]


def _group(
    name: str, shares: list[Recipient], verdict: Verdict, *, seen: bool, chosen: bool
) -> GroupOfPartner:
    received = [one for share in shares for one in share.received if one.group == name]
    denied = verdict.by_client and not verdict.given
    return GroupOfPartner(
        name=name,
        title=TITLES[name],
        seen=seen,
        ways=[_way(one) for one in received],
        said=_verdict_in_words(verdict),
        may_stop=bool(seen or received) and not denied,
        may_allow=chosen and not seen and not verdict.given,
    )


def _way(received: Received) -> str:
    first, last = formats.exact_time(received.first_at), received.last_at
    if received.transport == PORTAL:
        if last is None:
            return _("Can see it on our portal since %(first)s") % {"first": first}
        words = {"first": first, "last": formats.exact_time(last)}
        return _("Could see it on our portal from %(first)s until %(last)s") % words
    if last is None or last == received.first_at:
        return _("Sent to its own system on %(first)s") % {"first": first}
    words = {"first": first, "last": formats.exact_time(last)}
    return _("Sent to its own system, first on %(first)s, last on %(last)s") % words


def _verdict_in_words(verdict: Verdict) -> str:
    decision = verdict.decision
    if decision is None:
        return _("You have not been asked about this.")
    if verdict.by_client:
        return _own_words(decision)
    return _("Our agent noted on %(day)s that you agreed, %(method)s.") % _how(decision)


def _duty(share: Recipient) -> tuple[str, str] | None:
    """Return what became of the partner's duty to delete, and the tone to say it in."""
    task = share.deletion
    if task is None:
        return None
    held = ", ".join(str(TITLES[group]).lower() for group in task.groups)
    facts = {"groups": held, "due": formats.date(task.due_at)}
    if task.attested_at is None:
        tone = "bad" if task.overdue else "warn"
        return _("Must delete %(groups)s by %(due)s; not confirmed yet.") % facts, tone
    facts |= {"on": formats.date(task.attested_at), "reason": task.reason}
    if task.outcome == task.Outcome.DELETED:
        return _("Confirmed on %(on)s that it deleted %(groups)s.") % facts, "good"
    return _("Said on %(on)s that it keeps %(groups)s: %(reason)s") % facts, "warn"


def _stopped(shares: list[Recipient]) -> str:
    """Return since when nothing reaches the partner any more of what was taken away."""
    moments = [share.stopped_at for share in shares if share.stopped_at is not None]
    if not moments or any(share.under_way for share in shares):
        return ""
    return _("Stopped at %(time)s") % {"time": formats.to_the_second(max(moments))}


# --- questions ---------------------------------------------------------------------------------
def proposals_of(lead: Lead) -> list[Proposed]:
    """Return the partners the client is asked about, the oldest question first."""
    waiting = Proposal.objects.filter(lead=lead, status=Proposal.Status.OPEN)
    found = waiting.select_related("partner").prefetch_related("partner__licences")
    return [
        Proposed(
            id=str(proposal.pk),
            name=proposal.partner.name,
            facts=_proposed_who(proposal.partner),
            groups=[(group, TITLES[group]) for group in GROUPS if group in proposal.groups],
        )
        for proposal in found.order_by("proposed_at", "pk")
    ]


def _proposed_who(partner: Partner) -> list[Fact]:
    licences = [
        (one.get_kind_display(), one.number, one.get_region_display())
        for one in partner.licences.all()
    ]
    return _introduced(partner.get_type_display(), partner.get_market_display(), licences)
