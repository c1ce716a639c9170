"""The work: leads, what their clients allow, and what was shared with whom."""

from leads.models.beside import ClientLink, PartnerDay
from leads.models.lead import ConsentDecision, Lead
from leads.models.privacy import (
    DeletionTask,
    MoreRequest,
    Notice,
    Proposal,
    Receipt,
    Suppression,
)
from leads.models.share import (
    DISCLOSING,
    LIVE,
    TRANSITIONS,
    Appointment,
    Share,
    ShareQuerySet,
    ShareStatus,
)

__all__ = [
    "DISCLOSING",
    "LIVE",
    "TRANSITIONS",
    "Appointment",
    "ClientLink",
    "ConsentDecision",
    "DeletionTask",
    "Lead",
    "MoreRequest",
    "Notice",
    "PartnerDay",
    "Proposal",
    "Receipt",
    "Share",
    "ShareQuerySet",
    "ShareStatus",
    "Suppression",
]
