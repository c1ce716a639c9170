"""Who may meet which stored values: what the canary sweep holds every answer against.

Written down from the requirement and the contract, model by model; a column that stands nowhere
here is met by no partner and no client. `ALL` is every column that is no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from leads.models import Share
from portal.tests import disclosure
from portal.tests.canaries import Canary

Columns = Mapping[str, frozenset[str]]
ALL = frozenset({"*"})


def _columns(**told: str) -> Columns:
    """Return model → columns, from `app__Model="column column"`."""
    return {model.replace("__", "."): frozenset(names.split()) for model, names in told.items()}


# What nobody ever meets: it is shown once where it is made, or only compared with.
SECRET = _columns(
    partners__ApiKey="signing_secret",
    events__Endpoint="secret previous_secret signing_key headers challenge",
    events__StoredAnswer="caller method path key body",
)
# What everybody of a partner meets of its own rows; leads come beside, by group.
MEMBER = _columns(
    partners__Partner="id name default_commission proposed_commission capacity_limit"
    " capacity_wanted areas segments contact_email contact_phone created_at updated_at",
    partners__User="name",
    partners__Licence="number authority valid_from valid_to checked_at",
    leads__Share="id shared_at updated_at accepted_at closed_at commission_percent reason notes",
    leads__Appointment="starts_at location",
    leads__MoreRequest="asked_at forwarded_at answered_at reason",
    leads__DeletionTask="due_at reason",
    leads__PartnerDay="received accepted rejected closed revenue commission",
    commissions__Commission="id agreement_value percent amount claimed_value claimed_percent"
    " claimed_amount settled_amount partner_part platform_part exchange_source closed_on"
    " recorded_at",
    commissions__ReconciliationItem="claimed_value claimed_percent claimed_on recorded_value"
    " recorded_percent recorded_on due_on reference created_at",
    commissions__Dispute="id claimed_amount recorded_amount reason due_on opened_at"
    " decision_reason decided_amount",
    commissions__DisputeMessage="text",
    commissions__Evidence="id file_name content_type size added_at",
    commissions__Instalment="condition percent due_on",
    commissions__LedgerEntry="amount booked_on",
    commissions__Statement="period_from period_to imported_at",
    commissions__Agreement="title",
    commissions__AgreementVersion="id number valid_from valid_to text text_hash accepted_name"
    " accepted_at",
    events__Event="at",
    events__Endpoint="url description",
)
# What the owner and the partner's key meet of its systems: where it is told, and how that went.
SYSTEMS = _columns(
    events__Endpoint="id description pending_url verified_at created_at payload_version"
    " open_until failing_since last_failed_at last_sent_at",
    events__Delivery="id webhook_id event_at created_at attempts last_error finished_at"
    " next_attempt_at",
    events__Attempt="number started_at duration_ms status error fields built_at response_head",
    events__Event="id",
)
# What the owner meets beside: whom it let in.
OWNER = _columns(
    partners__User="id email last_login created_at",
    partners__Invitation="id email created_at expires_at",
    partners__ApiKey="id name created_at",
)
# What the partner's key meets beside.
KEY = _columns(
    leads__Appointment="id external_id created_at updated_at",
    leads__MoreRequest="id",
    leads__DeletionTask="id",
)
# What a message names beside: itself, and where it goes.
SENT = _columns(
    events__Delivery="webhook_id event_at",
    events__Endpoint="url",
)
# What somebody invited meets before being let in.
INVITED = _columns(
    partners__Partner="name", partners__User="name", partners__Invitation="email expires_at"
)
# Columns of the lead by the group that discloses them.
GROUPS = {
    "contact": disclosure.CONTACT,
    "budget": disclosure.BUDGET,
    "requirements": disclosure.REQUIREMENTS
    | {"bedrooms_min", "bedrooms_max", "size_min", "size_max"},
}
# What the client meets on its pages of what is about its own lead.
INTERNAL = frozenset({"notes", "source", "score", "reassignment_history", "collaboration_outcomes"})
CLIENT = _columns(
    leads__ConsentDecision="id decided_at",
    leads__Proposal="id",
    leads__Receipt="id body jws key_id issued_at",
    leads__MoreRequest="id reason",
    partners__Partner="id name",
    partners__Licence="number",
    partners__User="id name email",
    events__Event="at",
) | {"leads.Lead": frozenset().union(*GROUPS.values()) | {"id", "created_at", "updated_at"}}
# What its own copy holds beside: the company's notes and marks are its data too.
COPY = _columns(
    leads__Share="id shared_at notes reason",
    leads__Appointment="starts_at location",
    leads__MoreRequest="asked_at forwarded_at",
    leads__Proposal="proposed_at",
    leads__ClientLink="created_at expires_at",
    leads__ConsentDecision="decided_by note notice_hash notice_language notice_version purpose",
    events__Delivery="created_at",
) | {"leads.Lead": INTERNAL | {"needs_agent_since"}}
# What a mail tells the client beside: its receipt in full, and by when a partner has to delete.
RECEIPT = _columns(
    leads__ConsentDecision="decided_by notice_hash notice_language notice_version purpose",
    leads__DeletionTask="due_at",
)
# What finance does not meet: who the client is, and words that may say so.
NOT_FINANCE = _columns(
    leads__Share="notes reason",
    leads__ConsentDecision="note",
    leads__MoreRequest="reason",
    leads__DeletionTask="reason",
) | {"leads.Lead": disclosure.CONTACT | {"notes", "collaboration_outcomes"}}
# What an agent does not meet: who may come in, and the terms the company has not agreed to.
NOT_AGENT = _columns(
    partners__User="email last_login created_at",
    partners__Invitation="email created_at expires_at",
    partners__ApiKey="name created_at",
    partners__Partner="proposed_commission capacity_wanted",
)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one role may meet.

    :param partner: whose rows; None for those of all partners
    :param columns: model → columns met, of that partner's rows; or of all, for staff
    :param never: model → columns not met
    :param disclosed: (lead, column) of what is disclosed of leads
    :param leads: the only leads that rows may be about; None for all
    :param self_id: the row of whoever looks, who knows about itself
    """

    partner: str | None = None
    columns: Columns = field(default_factory=dict)
    never: Columns = field(default_factory=dict)
    disclosed: frozenset[tuple[str, str]] = frozenset()
    leads: frozenset[str] | None = None
    self_id: str = ""

    def allows(self, canary: Canary) -> bool:
        """Return whether CANARY is this role's to meet."""
        named = self.columns.get(canary.model, self.columns.get("*", frozenset()))
        if canary.column in SECRET.get(canary.model, ()) or not (
            canary.column in named or named == ALL
        ):
            return (canary.row, canary.column) in self.disclosed
        if canary.row == self.self_id:
            return True
        if canary.column in self.never.get(canary.model, ()):
            return False
        if self.partner is not None and canary.partner != self.partner:
            return False
        return self.leads is None or canary.lead is None or canary.lead in self.leads


NOTHING = Sight()
STAFF = {"*": ALL}


def joined(*parts: Columns) -> Columns:
    """Return the columns of all PARTS."""
    found: dict[str, frozenset[str]] = {}
    for part in parts:
        for model, names in part.items():
            found[model] = found.get(model, frozenset()) | names
    return found


def of_partner(partner_id: str, *beside: Columns) -> Sight:
    """Return what somebody of the partner may meet: its rows, and what is disclosed to it."""
    return Sight(partner_id, joined(MEMBER, *beside), disclosed=disclosed_to(partner_id))


def disclosed_to(partner_id: str) -> frozenset[tuple[str, str]]:
    """Return (lead, column) for what the partner may see of leads."""
    shares = Share.objects.filter(partner_id=partner_id, status__in=("sent", "accepted", "closed"))
    return frozenset(
        (str(share.lead_id), column)
        for share in shares
        for group in share.effective
        for column in GROUPS[group]
    )
