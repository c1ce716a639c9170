"""What an agent follows up on a lead: questions to the client, duties of partners, proofs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from events.models import Delivery, Event
from leads.models import DeletionTask, Lead, Proposal, Receipt, Share
from leads.timeline import actor_names, refusal_in_words
from portal.lib.access import Actor
from portal.lib.ids import is_id


def proposals_of(*, user: Actor, lead: Lead) -> list[Proposal]:
    """Return the partners the client was asked about, newest first."""
    asked = Proposal.objects.visible_to(user).filter(lead=lead)
    return list(asked.select_related("partner", "share"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A partner the client was asked about, with what came of it in words."""

    proposal: Proposal
    tone: str
    asked_by: str
    # Why sharing was refused although the client approved; nothing where it was not.
    refusal: str

    @property
    def is_open(self) -> bool:
        return self.proposal.status == Proposal.Status.OPEN

    @property
    def unfinished(self) -> bool:
        """Whether the client approved and the partner still has nothing."""
        return self.proposal.status == Proposal.Status.APPROVED and self.proposal.share is None

    @property
    def needs_agent(self) -> bool:
        """Whether the answer leaves the agent something to do."""
        return self.unfinished or self.proposal.status == Proposal.Status.DECLINED


_TONES = {"open": "info", "approved": "good", "declined": "bad", "cancelled": ""}


def questions_of(*, user: Actor, lead: Lead) -> list[Question]:
    """Return the partners the client was asked about, in words, newest first."""
    proposals = proposals_of(user=user, lead=lead)
    names = actor_names(proposal.proposed_by for proposal in proposals)
    return [
        Question(
            proposal=proposal,
            tone=_TONES[proposal.status],
            asked_by=names.get(proposal.proposed_by, ""),
            refusal=refusal_in_words(proposal.refusal) if proposal.refusal else "",
        )
        for proposal in proposals
    ]


def proposal_for(*, user: Actor, proposal_id: str) -> Proposal | None:
    """Return the proposal, or None where USER may see none of that id."""
    if not is_id("proposal", proposal_id):
        return None
    return (
        Proposal.objects.visible_to(user).select_related("partner").filter(pk=proposal_id).first()
    )


def duties_of(*, user: Actor, lead: Lead) -> dict[str, list[DeletionTask]]:
    """Return by share what its partner has to delete or has deleted, newest first."""
    tasks = DeletionTask.objects.visible_to(user).filter(share__lead=lead)
    by_share: dict[str, list[DeletionTask]] = defaultdict(list)
    for task in tasks.order_by("-created_at", "-pk"):
        by_share[str(task.share_id)].append(task)
    return by_share


def receipts_of(*, user: Actor, lead: Lead) -> list[Receipt]:
    """Return the receipts the client got, newest first."""
    return list(Receipt.objects.visible_to(user).filter(lead=lead))


def receipt_for(*, user: Actor, lead: Lead, receipt_id: str) -> Receipt | None:
    """Return a receipt of LEAD, or None where USER may see none of that id."""
    if not is_id("receipt", receipt_id):
        return None
    return Receipt.objects.visible_to(user).filter(lead=lead, pk=receipt_id).first()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTold:
    """Whether the client was told of a share."""

    text: str
    tone: str


def client_told_of(*, user: Actor, lead: Lead, shares: Iterable[Share]) -> dict[str, ClientTold]:
    """Return for each of LEAD's SHARES, by its id, whether the client was told of it, in words."""
    made = Event.objects.visible_to(user).filter(lead_id=lead.pk, kind=Event.Kind.LEAD_SHARED)
    mails = Delivery.objects.visible_to(user).filter(
        event_id__in=made.order_by().values("pk"), type="client_share_notice"
    )
    states = {mail.refs["share"]: mail.state for mail in mails}
    return {str(share.pk): _told(states.get(str(share.pk)), lead) for share in shares}


def _told(state: str | None, lead: Lead) -> ClientTold:
    if state == Delivery.State.SENT:
        return ClientTold(text=_("Told by email"), tone="good")
    if state in (Delivery.State.PENDING, Delivery.State.SENDING):
        return ClientTold(text=_("An email is on its way"), tone="info")
    if state == Delivery.State.FAILED:
        return ClientTold(text=_("The email could not be delivered"), tone="bad")
    if not lead.email and not lead.contact_hidden:
        return ClientTold(text=_("No email address: tell the client yourself"), tone="warn")
    return ClientTold(text=_("Not told by us"), tone="warn")
