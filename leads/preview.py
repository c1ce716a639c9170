"""What a partner would receive of a lead, shown to the agent before anything is shared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from leads import words
from leads.consent import RULES, Verdict, attestation, disclose, effective, verdicts
from leads.groups import GROUPS, Groups
from leads.models import ConsentDecision, Lead, Share, ShareStatus
from leads.standing import THINGS, beyond_ceiling, is_explicit
from partners.models import Partner


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What PARTNER would receive, and why the rest stays here."""

    partner: Partner
    told: dict[str, Any]
    groups: Groups
    withheld: dict[str, str]
    # Chosen groups about which only the client can decide, and has not.
    undecided: tuple[str, ...] = ()
    # The commission terms the share would keep, in sentences.
    terms: Sequence[str] = ()

    @property
    def must_ask(self) -> bool:
        """Whether nothing can go out before the client has been asked."""
        return bool(self.undecided) and not self.groups

    @property
    def cards(self) -> list[words.Card]:
        """The groups that go out, in words."""
        return [card for card in words.cards_of(self.told) if self.groups[card.name]]


def preview_for(
    lead: Lead,
    partner: Partner,
    choice: Groups,
    decisions: Iterable[ConsentDecision],
    *,
    by: str,
    terms: Sequence[str] = (),
) -> Preview:
    """Return what PARTNER would receive if the agent BY shared LEAD with CHOICE now, under TERMS.

    The share is never saved and goes through the same disclosure as a real one.
    """
    known = [d for d in decisions if d.partner_id in (None, partner.pk)]
    known += attestation(lead, partner, choice, known, by=by)
    given = verdicts(known, partner_id=str(partner.pk), market=lead.market)
    groups = effective(choice, given, partner.type)
    share = Share(
        lead=lead,
        partner=partner,
        status=ShareStatus.SENT,
        shares_contact=groups.contact,
        shares_budget=groups.budget,
        shares_requirements=groups.requirements,
    )
    withheld = {
        group: why_not(group, partner.type, choice, given[group])
        for group in GROUPS
        if not groups[group]
    }
    return Preview(
        partner=partner,
        told=disclose(share),
        groups=groups,
        withheld=withheld,
        undecided=_undecided(lead, choice & RULES[partner.type].ceiling, given),
        terms=terms,
    )


def _undecided(lead: Lead, choice: Groups, given: dict[str, Verdict]) -> tuple[str, ...]:
    if not is_explicit(lead):
        return ()
    return tuple(group for group in choice if given[group].decision is None)


def why_not(group: str, partner_type: str, choice: Groups, given: Verdict) -> str:
    """Return in a sentence why GROUP stays here."""
    if never := beyond_ceiling(group, partner_type):
        return never
    if given.by_client and not given.given:
        return refused_by_client(group, given.decision)
    if not choice[group]:
        return _("You chose not to share %(thing)s.") % {"thing": THINGS[group]}
    return _("The client has not agreed to share %(thing)s yet.") % {"thing": THINGS[group]}


def refused_by_client(group: str, decision: ConsentDecision | None) -> str:
    """Return that the client refused GROUP or took it back."""
    if decision is not None and decision.state == ConsentDecision.State.WITHDRAWN:
        return _("The client no longer allows sharing %(thing)s.") % {"thing": THINGS[group]}
    return _("The client refused to share %(thing)s.") % {"thing": THINGS[group]}
