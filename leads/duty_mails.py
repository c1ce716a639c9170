"""Mails about duties and requests: to the partner's contact and to the lead's agent.

They name neither the client nor the reason; both stand behind the sign-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from events import payloads
from events.payloads import Mail
from leads.models import DeletionTask, MoreRequest, Share
from partners.models import Partner
from portal.lib import formats
from portal.lib.access import THE_SYSTEM


def register() -> None:
    """Tell `events` who builds what (called once when the apps are loaded)."""
    payloads.register_mail("deletion_reminder", mail_deletion_reminder)
    payloads.register_mail("more_asked", mail_more_asked)
    payloads.register_mail("more_answered", mail_more_answered)


def mail_deletion_reminder(refs: Mapping[str, Any]) -> Mail | None:
    """Remind the partner's contact of an open deletion; none once it is confirmed."""
    tasks = DeletionTask.objects.visible_to(THE_SYSTEM).select_related("share__partner")
    task = tasks.open().filter(pk=refs["deletion"]).first()
    if task is None or not _is_written_to(task.share.partner):
        return None
    due = {"day": formats.date(task.due_at)}
    subject = (
        _("Overdue since %(day)s: delete a client's data")
        if task.overdue
        else _("Please delete a client's data by %(day)s")
    )
    return Mail(
        to=task.share.partner.contact_email,
        subject=subject % due,
        text=_(
            "%(why)s. Delete what you hold of this lead by %(day)s and confirm it here:"
            "\n\n%(link)s\n"
        )
        % {**due, "why": task.get_cause_display(), "link": _partner_page(task.share)},
    )


def mail_more_asked(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the lead's agent that a partner asks to see more."""
    request = _request(refs)
    if request is None or request.status != MoreRequest.Status.ASKED:
        return None
    agent = request.share.lead.agent
    if agent is None or not agent.is_active:
        return None
    return Mail(
        to=agent.email,
        subject=_("%(partner)s asks to see more of a lead")
        % {"partner": request.share.partner.name},
        text=_("Read what for, and ask the client or decline:\n\n%(link)s\n")
        % {"link": f"{settings.PORTAL_ORIGIN}/leads/{request.share.lead_id}/"},
    )


def mail_more_answered(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the partner's contact that it may not see what it asked for."""
    request = _request(refs)
    if request is None or not _is_written_to(request.share.partner):
        return None
    return Mail(
        to=request.share.partner.contact_email,
        subject=_("You may not see more of a lead"),
        text=_("What you asked for and the answer stand on the lead's page:\n\n%(link)s\n")
        % {"link": _partner_page(request.share)},
    )


def _request(refs: Mapping[str, Any]) -> MoreRequest | None:
    requests = MoreRequest.objects.visible_to(THE_SYSTEM)
    return (
        requests.select_related("share__partner", "share__lead__agent")
        .filter(pk=refs["more"])
        .first()
    )


def _is_written_to(partner: Partner) -> bool:
    """Return whether PARTNER can be written to: suspended ones get nothing."""
    return partner.status != Partner.Status.SUSPENDED and bool(partner.contact_email)


def _partner_page(share: Share) -> str:
    return f"{settings.PORTAL_ORIGIN}/portal/leads/{share.pk}/"
