"""Ask the client about a partner by name, and share as the client answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import queue_mail, record_event
from leads.actors import require_own
from leads.errors import AlreadyShared, ConsentWithheld, ProposalAnswered, ProposalOpen
from leads.groups import GROUPS, Groups
from leads.models import Lead, Notice, Proposal, Share
from leads.services.consent import Wish, decide
from leads.services.resolving import lock_for_sharing, lock_lead, refused_by
from leads.services.sharing import check_partner, pass_gate, share_lead, within_ceiling
from partners.models import Partner, User
from portal.lib.access import Actor, Can, may, require
from portal.lib.errors import DomainError, NotAllowed, NotFound
from portal.lib.ids import is_id

Status = Proposal.Status


def propose_partner(
    *,
    actor: Actor,
    lead_id: str,
    partner_id: str,
    choice: Groups,
    instead_of: str | None = None,
) -> Proposal:
    """Put a partner before the client by name, with the groups it would see.

    The client is written to where there is an address; without one the agent passes a link on.

    :param instead_of: the ended share that this partner is to replace
    :raises PartnerInactive, ComplianceGate, ConsentWithheld, AlreadyShared: what would forbid
        sharing whatever the client answers
    :raises ProposalOpen: if the client has been asked about this partner and has not answered
    """
    asked = ProposalOpen(_("The client has been asked about this partner and has not answered."))
    with refused_by("leads_proposal_one_open_per_partner", asked), transaction.atomic():
        require(actor, Can.PROPOSE_PARTNER)
        locked = lock_for_sharing(actor, partner_id, lead_id)
        lead, partner = locked.lead, locked.partner
        if lead is None:
            raise NotFound(_("There is no such lead."))
        choice = _checked(lead, partner, choice)
        proposal = Proposal.objects.create(
            lead=lead,
            partner=partner,
            groups=list(choice),
            instead_of=_ended_share(lead, instead_of),
            proposed_by=actor.actor_id,
        )
        event = _record(Event.Kind.PARTNER_PROPOSED, actor, proposal, groups=list(choice))
        if lead.email:
            queue_mail(event, "client_request", refs={"proposal": str(proposal.pk)})
        _set_needs_agent(lead, needed=False)
    return proposal


def answer_proposal(
    *,
    actor: Actor,
    proposal_id: str,
    groups: Groups | None,
    notice: Notice | None = None,
) -> Proposal:
    """Record what the client says to a proposed partner; if it is a yes, share with it.

    Sharing is a step of its own, in the name of the agent who asked. If it is refused, the
    answer stands, the refusal is kept and the lead is put before the agent.

    :param groups: what the partner may see, among what was proposed; none means no to the partner
    :raises ProposalAnswered: if the question was answered otherwise or taken back
    """
    given = groups or Groups.none()
    with transaction.atomic():
        require(actor, Can.DECIDE_CONSENT)
        proposal = _lock(proposal_id, actor)
        if proposal.status != Status.OPEN:
            return _same_answer(proposal, given)
        given = _among(proposal, given)
        wishes = _wishes(proposal, given)
        decide(actor=actor, lead_id=str(proposal.lead_id), wishes=wishes, notice=notice)
        event = _close(actor, proposal, Status.APPROVED if given else Status.DECLINED, given)
        # Taken back once the partner has the lead: never, if sharing is refused or cut short.
        _set_needs_agent(proposal.lead, needed=True)
        if not given:
            _tell_agent(proposal, event)
    if given:
        _share_as_approved(proposal, given, event)
    return proposal


def withdraw_proposal(*, actor: Actor, proposal_id: str) -> Proposal:
    """Take the question back; taken back twice is taken back once.

    :raises ProposalAnswered: if the client has answered
    """
    with transaction.atomic():
        require(actor, Can.PROPOSE_PARTNER)
        proposal = _lock(proposal_id, actor)
        if proposal.status == Status.CANCELLED:
            return proposal
        if proposal.status != Status.OPEN:
            raise ProposalAnswered(_("The client has answered already."))
        _close(actor, proposal, Status.CANCELLED, Groups.none())
    return proposal


def cancel_proposals(lead: Lead) -> int:
    """Take back every open question about a locked lead; return how many there were."""
    return Proposal.objects.filter(lead=lead, status=Status.OPEN).update(
        status=Status.CANCELLED, decided_at=timezone.now()
    )


# --- what may be proposed ----------------------------------------------------------------------
def _checked(lead: Lead, partner: Partner, choice: Groups) -> Groups:
    """Return the choice, or refuse what sharing would refuse whatever the client answers."""
    if lead.restricted:
        raise ConsentWithheld(_("This lead is restricted: nothing of it may be shared."))
    check_partner(partner)
    pass_gate(partner, lead)
    choice = within_ceiling(partner, choice)
    if not choice:
        raise ConsentWithheld(_("Choose at least one group to share."))
    if Share.objects.live().filter(lead=lead, partner=partner).exists():
        raise AlreadyShared(_("This lead is already live with this partner."))
    return choice


def _ended_share(lead: Lead, share_id: str | None) -> Share | None:
    if not share_id:
        return None
    found = lead.shares.filter(pk=share_id).first() if is_id("share", share_id) else None
    if found is None or found.is_live:
        raise NotFound(_("There is no ended share of this lead to replace."))
    return found


# --- the answer --------------------------------------------------------------------------------
def _lock(proposal_id: str, actor: Actor) -> Proposal:
    """Lock the proposal's lead and return the proposal as it is then.

    Whoever answers or takes back has locked the lead, so the proposal needs no lock of its own.

    :raises NotFound: if there is none, or it is about another client's lead
    """
    found = Proposal.objects.filter(pk=proposal_id) if is_id("proposal", proposal_id) else None
    lead_id = found.values_list("lead_id", flat=True).first() if found is not None else None
    if found is None or lead_id is None:
        raise NotFound(_("There is no such question."))
    lead = lock_lead(str(lead_id))
    require_own(actor, lead)
    proposal = found.select_related("partner").get()
    proposal.lead = lead
    return proposal


def _same_answer(proposal: Proposal, given: Groups) -> Proposal:
    """Return the proposal if it was answered like this before, or refuse."""
    told = Event.objects.filter(
        lead_id=proposal.lead_id,
        kind=Event.Kind.PROPOSAL_ANSWERED,
        data__proposal=str(proposal.pk),
        data__answer__in=[Status.APPROVED, Status.DECLINED],
    ).first()
    if told is not None and told.data["groups"] == list(_among(proposal, given)):
        return proposal
    raise ProposalAnswered(_("This was answered before, or the question was taken back."))


def _among(proposal: Proposal, given: Groups) -> Groups:
    return given & Groups(*(group in proposal.groups for group in GROUPS))


def _wishes(proposal: Proposal, given: Groups) -> list[Wish]:
    """Return what the answer says about this partner: no to the partner is no to every group."""
    asked: Iterable[str] = proposal.groups if given else GROUPS
    partner_id = str(proposal.partner_id)
    return [Wish(group=g, given=given[g], partner_id=partner_id, by_name=True) for g in asked]


def _close(actor: Actor, proposal: Proposal, status: str, given: Groups) -> Event:
    proposal.status, proposal.decided_at = status, timezone.now()
    proposal.save(update_fields=["status", "decided_at"])
    kind = Event.Kind.PROPOSAL_ANSWERED
    return _record(kind, actor, proposal, answer=status, groups=list(given))


def _share_as_approved(proposal: Proposal, given: Groups, event: Event) -> None:
    """Share with what the client approved; keep the share, or why it was refused."""
    live = Share.objects.live().filter(lead=proposal.lead, partner=proposal.partner).first()
    try:
        share = live or share_lead(
            actor=_in_whose_name(proposal),
            lead_id=str(proposal.lead_id),
            partner_id=str(proposal.partner_id),
            choice=given,
            instead_of=str(proposal.instead_of_id) if proposal.instead_of_id else None,
        )
    except DomainError as refusal:
        _keep_outcome(proposal, event, refusal=refusal.code)
    else:
        _keep_outcome(proposal, event, share=share)


def _in_whose_name(proposal: Proposal) -> User:
    """Return who asked, or else the lead's agent, whoever of them may share today.

    :raises NotAllowed: if neither may
    """
    by_user = is_id("user", proposal.proposed_by)
    asked = User.objects.filter(pk=proposal.proposed_by).first() if by_user else None
    for user in (asked, proposal.lead.agent):
        if user is not None and may(user, Can.SHARE_LEAD):
            return user
    raise NotAllowed(_("Nobody who looks after this lead may share it."))


@transaction.atomic
def _keep_outcome(
    proposal: Proposal, event: Event, *, share: Share | None = None, refusal: str = ""
) -> None:
    """Note what came of the approval and tell the agent."""
    proposal.share, proposal.refusal = share, refusal
    proposal.save(update_fields=["share", "refusal"])
    if share is not None:
        _set_needs_agent(proposal.lead, needed=False)
    _tell_agent(proposal, event)


# --- who is told -------------------------------------------------------------------------------
def _tell_agent(proposal: Proposal, event: Event) -> None:
    queue_mail(event, "proposal_answered", refs={"proposal": str(proposal.pk)})


def _record(kind: str, actor: Actor, proposal: Proposal, **data: Any) -> Event:
    return record_event(
        kind,
        actor=actor,
        partner_id=str(proposal.partner_id),
        lead_id=str(proposal.lead_id),
        proposal=str(proposal.pk),
        **data,
    )


def _set_needs_agent(lead: Lead, *, needed: bool) -> None:
    lead.needs_agent_since = timezone.now() if needed else None
    lead.save(update_fields=["needs_agent_since"])
