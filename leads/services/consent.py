"""What clients decide, and making every share follow at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import record_event
from leads import receipts
from leads.actors import require_own
from leads.consent import verdict
from leads.errors import Erased
from leads.groups import GROUPS
from leads.models import ConsentDecision, Lead, Notice, Proposal, Share
from leads.services.following import apply
from leads.services.resolving import lock_lead
from partners.models import Partner
from portal.lib import rows
from portal.lib.access import CLIENT, Actor, Can, require
from portal.lib.errors import Malformed, NotAllowed, NotFound
from portal.lib.ids import is_id

__all__ = ["Wish", "apply", "decide"]

Method = ConsentDecision.Method
State = ConsentDecision.State
Source = ConsentDecision.Source
_OWN_METHODS = (Method.PAGE, Method.FORM)  # only the client itself acts there


@dataclass(frozen=True, slots=True)
class Wish:
    """A yes or no to one group, for one partner or (`partner_id` None) for all.

    `by_name`: the client was asked about this partner by name, so that a yes is written down with
    the name even where a yes for all covers it (a recipient must be named; domain.md section 4).
    """

    group: str
    given: bool
    partner_id: str | None = None
    by_name: bool = False


def decide(
    *,
    actor: Actor,
    lead_id: str,
    wishes: Sequence[Wish],
    method: str = Method.PAGE,
    notice: Notice | None = None,
    note: str = "",
) -> list[ConsentDecision]:
    """Write down what the client wants and make it so before anybody gets an answer.

    Wishes for all partners are read first, so that what is said of one partner stands against
    them. A yes for all leaves a partner out whom the client stopped by name. A wish that the
    client's own newest decision fulfils already adds none, but the shares follow all the same.

    :param method: how the client said it; staff, who record withdrawals only, name a way to them
    :param notice: the text the client saw when deciding
    :param note: how the client said it, in the words of the agent who records it
    :returns: the new decisions, none if nothing changed
    :raises NotAllowed: if staff would allow something in the client's name
    :raises Erased: if there is nobody left to decide
    :raises Malformed: if a wish names no group, or METHOD fits neither
    :raises NotFound: if ACTOR knows no such lead, or no such partner of it
    """
    with transaction.atomic():
        _authorise(actor, wishes, method)
        lead = lock_lead(lead_id)
        require_own(actor, lead)
        if lead.erased_at is not None:
            raise Erased(_("This client was erased."))
        _check_partners(actor, lead, wishes)
        sheet = _Sheet(actor, lead, method, notice, note, list(lead.decisions.all()))
        for wish in sorted(wishes, key=lambda wish: wish.partner_id is not None):
            sheet.add(wish)
        rows.insert(sheet.new)
        event = _record(actor, lead, sheet.new) if sheet.new else None
        apply(actor, lead, event, cause="withdrawn")
        if sheet.new:
            receipts.issue(lead)
    return sheet.new


def _authorise(actor: Actor, wishes: Sequence[Wish], method: str) -> None:
    by_client = actor.role == CLIENT
    require(actor, Can.DECIDE_CONSENT if by_client else Can.RECORD_WITHDRAWAL)
    if not by_client and any(wish.given for wish in wishes):
        raise NotAllowed(_("Only the client can allow more; you can record a withdrawal."))
    if method not in Method.values or (method in _OWN_METHODS) is not by_client:
        raise Malformed(_("Say how the client told you."))
    if any(wish.group not in GROUPS for wish in wishes):
        raise Malformed(_("There is no such group."))


def _check_partners(actor: Actor, lead: Lead, wishes: Sequence[Wish]) -> None:
    """Refuse a partner that is not there, or that the client was never told of."""
    named = {wish.partner_id for wish in wishes if wish.partner_id is not None}
    if not named:
        return
    if not all(is_id("partner", partner_id) for partner_id in named):
        raise NotFound(_("There is no such partner."))
    if actor.role == CLIENT:
        known = set(Share.objects.filter(lead=lead).values_list("partner_id", flat=True))
        known |= set(Proposal.objects.filter(lead=lead).values_list("partner_id", flat=True))
    else:
        partners = Partner.objects.visible_to(actor).filter(pk__in=named)
        known = set(partners.values_list("pk", flat=True))
    if not named <= known:
        raise NotFound(_("There is no such partner."))


@dataclass(slots=True)
class _Sheet:
    """The decisions of one act: every one made so far of the lead, and the new ones."""

    actor: Actor
    lead: Lead
    method: str
    notice: Notice | None
    note: str
    known: list[ConsentDecision]
    new: list[ConsentDecision] = field(default_factory=list)

    def add(self, wish: Wish) -> None:
        """Add what makes WISH so: nothing where it is."""
        if self._is_so(wish):
            return
        state = State.GIVEN if wish.given else self._no(wish)
        # Read before the new yes stands beside them.
        stopped = self._stopped(wish.group) if wish.given and wish.partner_id is None else []
        self._append(wish.group, wish.partner_id, state)
        for decision in stopped:
            self._append(decision.group, str(decision.partner_id), decision.state)

    def _is_so(self, wish: Wish) -> bool:
        """Return whether the client's own decisions say WISH already."""
        own = self._own(wish.group)
        if wish.partner_id is None:
            newest = next((d for d in reversed(own) if d.partner_id is None), None)
            if newest is None or (newest.state == State.GIVEN) is not wish.given:
                return False
            # A no for all is not so while one partner was allowed since.
            return wish.given or all(d.state != State.GIVEN for d in own[own.index(newest) :])
        if wish.given:
            said = (wish.partner_id,) if wish.by_name else (None, wish.partner_id)
            covering = [d for d in own if d.partner_id in (None, wish.partner_id)]
            newest = next(reversed(covering), None)
            return newest is not None and newest.state == State.GIVEN and newest.partner_id in said
        # A no for all is no stop by name: a later yes for all would lift it.
        return any(d.partner_id == wish.partner_id for d in self._stopped(wish.group))

    def _own(self, group: str) -> list[ConsentDecision]:
        """Return the client's own decisions about GROUP, in their order."""
        own = [d for d in self.known if d.group == group and d.source == Source.CLIENT]
        return sorted(own, key=lambda decision: (decision.decided_at, str(decision.pk)))

    def _no(self, wish: Wish) -> str:
        """Return what a no is now: a withdrawal where it was a yes for anybody it covers."""
        policy = settings.CONSENT_POLICY[self.lead.market]
        partners = {str(d.partner_id) for d in self.known if d.partner_id is not None}
        covered = {wish.partner_id} if wish.partner_id is not None else {*partners, ""}
        was_given = any(
            verdict(self.known, partner_id=partner, group=wish.group, policy=policy).given
            for partner in covered
        )
        return State.WITHDRAWN if was_given else State.REFUSED

    def _stopped(self, group: str) -> list[ConsentDecision]:
        """Return the decision that stops each partner the client stopped by name."""
        newest: dict[str, ConsentDecision] = {}
        for decision in self._own(group):
            if decision.partner_id is not None:
                newest[str(decision.partner_id)] = decision
            elif decision.state == State.GIVEN:
                newest.clear()  # whoever is to stay stopped has a newer row of its own
        return [decision for decision in newest.values() if decision.state != State.GIVEN]

    def _append(self, group: str, partner_id: str | None, state: str) -> None:
        decision = ConsentDecision(
            lead=self.lead,
            partner_id=partner_id,
            group=group,
            state=state,
            source=Source.CLIENT,
            method=self.method,
            notice_version=self.notice.version if self.notice else "",
            notice_hash=self.notice.sha256 if self.notice else "",
            notice_language=self.notice.language if self.notice else "",
            note=self.note,
            decided_by=self.actor.actor_id,
            decided_at=self._next_time(),
        )
        self.new.append(decision)
        self.known.append(decision)

    def _next_time(self) -> datetime:
        """Return a time after every decision there is, whatever clock they were made by."""
        newest = max((decision.decided_at for decision in self.known), default=None)
        now = timezone.now()
        return now if newest is None else max(now, newest + timedelta(microseconds=1))


def _record(actor: Actor, lead: Lead, decisions: Sequence[ConsentDecision]) -> Event:
    """Write down the act, and return its event."""
    by_state = {
        state: sorted({decision.group for decision in decisions if decision.state == state})
        for state in State.values
    }
    partners = {decision.partner_id for decision in decisions}
    withdrawn = by_state[State.WITHDRAWN]
    return record_event(
        Event.Kind.CONSENT_WITHDRAWN if withdrawn else Event.Kind.CONSENT_DECIDED,
        actor=actor,
        lead_id=str(lead.pk),
        partner_id=partners.pop() if len(partners) == 1 else None,
        decisions=[str(decision.pk) for decision in decisions],
        given=by_state[State.GIVEN],
        refused=by_state[State.REFUSED],
        withdrawn=withdrawn,
    )
