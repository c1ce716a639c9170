"""Mails to a lead's agent about what the client answered. They do not name the client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events import payloads
from events.payloads import Mail
from leads.models import Proposal
from leads.timeline import refusal_in_words
from portal.lib.access import THE_SYSTEM

Status = Proposal.Status
_SUBJECTS: dict[str, str | Promise] = {
    Status.APPROVED: gettext_lazy("The client approved %(partner)s"),
    Status.DECLINED: gettext_lazy("The client does not want %(partner)s"),
}


def register() -> None:
    """Tell `events` who builds what (called once when the apps are loaded)."""
    payloads.register_mail("proposal_answered", mail_proposal_answered)


def mail_proposal_answered(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the lead's agent what the client said to a partner, and what came of it."""
    proposals = Proposal.objects.visible_to(THE_SYSTEM).select_related("partner", "lead__agent")
    found = proposals.filter(pk=refs["proposal"]).first()
    if found is None or found.status not in _SUBJECTS:
        return None
    agent = found.lead.agent
    if agent is None or not agent.is_active:
        return None
    link = f"{settings.PORTAL_ORIGIN}/leads/{found.lead_id}/"
    return Mail(
        to=agent.email,
        subject=str(_SUBJECTS[Status(found.status)]) % {"partner": found.partner.name},
        text=f"{_what_came_of(found)}\n\n{link}\n",
    )


def _what_came_of(proposal: Proposal) -> str:
    if proposal.status == Status.DECLINED:
        return _("Nothing was shared. Choose another partner here:")
    if proposal.share_id:
        return _("The lead was shared with it. See it here:")
    why = refusal_in_words(proposal.refusal)
    return _("Sharing was refused (%(why)s). See what can be done here:") % {"why": why}
