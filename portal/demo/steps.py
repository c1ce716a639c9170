"""What can happen in a story, each step one call of a service at its time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.utils import timezone

from commissions.models import Dispute
from commissions.services import approve, disputes, record_payment, report_status
from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import Lead, MoreRequest, Proposal, Share
from leads.services import (
    AppointmentDraft,
    Wish,
    ask_for_more,
    decide,
    propose_partner,
    share_appointment,
    share_lead,
)
from portal.demo.cast import Cast
from portal.demo.clock import days_ago

EVERYTHING = Groups.everything()
NO_CONTACT = Groups(False, True, True)


class Step(Protocol):
    """One thing that happened with a lead."""

    def is_done(self, cast: Cast, lead: Lead) -> bool: ...
    def happen(self, cast: Cast, lead: Lead) -> None: ...


def _share(cast: Cast, lead: Lead, partner: str) -> Share | None:
    """Return the newest share of LEAD with PARTNER."""
    shares = lead.shares.filter(partner=cast.partners[partner])
    return shares.order_by("-shared_at").first()


@dataclass(frozen=True, slots=True)
class Shared:
    """The agent shares the lead with a partner, DAYS ago, maybe INSTEAD_OF one who rejected it."""

    partner: str
    days: float
    choice: Groups | None = None
    method: str = "call"
    instead_of: str = ""

    def is_done(self, cast: Cast, lead: Lead) -> bool:
        return _share(cast, lead, self.partner) is not None

    def happen(self, cast: Cast, lead: Lead) -> None:
        ended = _share(cast, lead, self.instead_of) if self.instead_of else None
        with days_ago(self.days):
            share_lead(
                actor=cast.people["dana"],
                partner_id=cast.partners[self.partner].pk,
                lead_id=lead.pk,
                choice=self.choice,
                method=self.method,
                instead_of=ended.pk if ended else None,
            )


@dataclass(frozen=True, slots=True)
class Reported:
    """The partner's owner reports a status; a closing names its VALUE in the share's currency."""

    partner: str
    days: float
    status: str
    reason: str = ""
    notes: str = ""
    value: int | None = None
    claimed: int | None = None

    def is_done(self, cast: Cast, lead: Lead) -> bool:
        share = _share(cast, lead, self.partner)
        return share is not None and share.status == self.status

    def happen(self, cast: Cast, lead: Lead) -> None:
        share = _share(cast, lead, self.partner)
        with days_ago(self.days):
            report_status(
                actor=cast.owners[self.partner],
                reference=share.pk if share else "",
                status=self.status,
                agreement_value=None if self.value is None else Decimal(self.value),
                claimed_percent=None if self.claimed is None else Decimal(self.claimed),
                notes=self.notes,
                reason=self.reason,
            )


@dataclass(frozen=True, slots=True)
class Appointed:
    """The agent tells the partner an appointment, AHEAD days from then, at four in Dubai."""

    partner: str
    days: float
    ahead: int
    type: str
    location: str

    def is_done(self, cast: Cast, lead: Lead) -> bool:
        share = _share(cast, lead, self.partner)
        return share is not None and share.appointments.filter(type=self.type).exists()

    def happen(self, cast: Cast, lead: Lead) -> None:
        with days_ago(self.days):
            then = timezone.now() + dt.timedelta(days=self.ahead)
            draft = AppointmentDraft(
                type=self.type,
                starts_at=then.replace(hour=12, minute=0, second=0, microsecond=0),
                location=self.location,
            )
            share_appointment(
                actor=cast.people["dana"],
                partner_id=cast.partners[self.partner].pk,
                reference=lead.pk,
                draft=draft,
            )


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The client takes a group back on the own page, from one partner."""

    partner: str
    days: float
    group: str

    def is_done(self, cast: Cast, lead: Lead) -> bool:
        return lead.decisions.filter(group=self.group, state="withdrawn").exists()

    def happen(self, cast: Cast, lead: Lead) -> None:
        wish = Wish(self.group, given=False, partner_id=str(cast.partners[self.partner].pk))
        with days_ago(self.days):
            decide(actor=ClientActor(str(lead.pk)), lead_id=str(lead.pk), wishes=[wish])


@dataclass(frozen=True, slots=True)
class AskedForMore:
    """The partner's owner asks to see a group that is withheld."""

    partner: str
    days: float
    group: str
    reason: str

    def is_done(self, cast: Cast, lead: Lead) -> bool:
        return MoreRequest.objects.filter(share__lead=lead, group=self.group).exists()

    def happen(self, cast: Cast, lead: Lead) -> None:
        share = _share(cast, lead, self.partner)
        with days_ago(self.days):
            ask_for_more(
                actor=cast.owners[self.partner],
                reference=str(share.pk) if share else "",
                group=self.group,
                reason=self.reason,
            )


@dataclass(frozen=True, slots=True)
class Proposed:
    """The agent asks the client about a partner by name."""

    partner: str
    days: float
    choice: Groups

    def is_done(self, cast: Cast, lead: Lead) -> bool:
        return Proposal.objects.filter(lead=lead, partner=cast.partners[self.partner]).exists()

    def happen(self, cast: Cast, lead: Lead) -> None:
        with days_ago(self.days):
            propose_partner(
                actor=cast.people["dana"],
                lead_id=str(lead.pk),
                partner_id=str(cast.partners[self.partner].pk),
                choice=self.choice,
            )


@dataclass(frozen=True, slots=True)
class Approved:
    """Finance approves what the partner earned, and with PAID, the bank's reference, pays it."""

    partner: str
    days: float
    paid: str = ""

    def is_done(self, cast: Cast, lead: Lead) -> bool:
        return lead.commissions.filter(approved_at__isnull=False).exists()

    def happen(self, cast: Cast, lead: Lead) -> None:
        finance = cast.people["finance"]
        booked = lead.commissions.get(partner=cast.partners[self.partner])
        with days_ago(self.days):
            approve(actor=finance, commission_id=str(booked.pk))
            if self.paid:
                record_payment(
                    actor=finance,
                    commission_id=str(booked.pk),
                    amount=booked.moved,
                    paid_on=timezone.now().date(),
                    reference=self.paid,
                )


@dataclass(frozen=True, slots=True)
class Disputed:
    """The partner's owner holds the commission to be MORE than is recorded; it stays open."""

    partner: str
    days: float
    more: int
    reason: str

    def is_done(self, cast: Cast, lead: Lead) -> bool:
        return Dispute.objects.filter(commission__lead=lead).exists()

    def happen(self, cast: Cast, lead: Lead) -> None:
        booked = lead.commissions.get(partner=cast.partners[self.partner])
        with days_ago(self.days):
            disputes.open_dispute(
                actor=cast.owners[self.partner],
                commission_id=str(booked.pk),
                claimed_amount=booked.moved + self.more,
                reason=self.reason,
            )
