"""Everything that can be done with a lead. Each public function is one action, one transaction."""

from leads.services.appointments import AppointmentDraft, share_appointment
from leads.services.capture import LeadDraft, capture_lead
from leads.services.consent import Wish, decide
from leads.services.copying import take_copy
from leads.services.correction import correct_lead
from leads.services.deletion import attest_deletion, remind_deletions
from leads.services.enquiry import capture_from_form, welcome_back
from leads.services.erasure import apply_retention, ask_erasure, erase_lead
from leads.services.importing import ImportReport, ImportRow, import_leads
from leads.services.links import issue_client_link, prune_links, send_client_link
from leads.services.more import (
    answer_request,
    ask_for_more,
    decline_request,
    forward_request,
)
from leads.services.preferences import change_preferences
from leads.services.progress import (
    end_share,
    expire_shares,
    mark_seen,
    update_share,
    withdraw_share,
)
from leads.services.proposals import answer_proposal, propose_partner, withdraw_proposal
from leads.services.receipting import issue_receipts
from leads.services.resolving import resolve_share
from leads.services.restriction import lift_restriction, restrict_lead
from leads.services.seeing import note_contact_seen, note_contact_told
from leads.services.sharing import share_lead

__all__ = [
    "AppointmentDraft",
    "ImportReport",
    "ImportRow",
    "LeadDraft",
    "Wish",
    "answer_proposal",
    "answer_request",
    "apply_retention",
    "ask_erasure",
    "ask_for_more",
    "attest_deletion",
    "capture_from_form",
    "capture_lead",
    "change_preferences",
    "correct_lead",
    "decide",
    "decline_request",
    "end_share",
    "erase_lead",
    "expire_shares",
    "forward_request",
    "import_leads",
    "issue_client_link",
    "issue_receipts",
    "lift_restriction",
    "mark_seen",
    "note_contact_seen",
    "note_contact_told",
    "propose_partner",
    "prune_links",
    "remind_deletions",
    "resolve_share",
    "restrict_lead",
    "send_client_link",
    "share_appointment",
    "share_lead",
    "take_copy",
    "update_share",
    "welcome_back",
    "withdraw_proposal",
    "withdraw_share",
]
