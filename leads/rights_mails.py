"""Mails about the rights of clients: to a partner whose copy was wrong, to a client who waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from events import payloads
from events.payloads import Mail
from leads.models import DISCLOSING, Lead, Share
from partners.models import Partner
from portal.lib import formats
from portal.lib.access import THE_SYSTEM


def register() -> None:
    """Tell `events` who writes them (called once when the apps are loaded)."""
    payloads.register_mail("lead_corrected", lead_corrected)
    payloads.register_mail("client_erasure_asked", erasure_asked)


def lead_corrected(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the partner's contact that details it sees were wrong. Which ones stands on the page."""
    shares = Share.objects.visible_to(THE_SYSTEM).select_related("partner")
    share = shares.filter(pk=refs["share"], status__in=sorted(DISCLOSING)).first()
    if share is None or not any(share.disclosed[group] for group in refs["corrected"]):
        return None
    partner = share.partner
    if partner.status == Partner.Status.SUSPENDED or not partner.contact_email:
        return None
    link = f"{settings.PORTAL_ORIGIN}/portal/leads/{share.pk}/"
    text = _("Details of a lead were corrected. Replace your copy by what stands here:")
    return Mail(
        to=partner.contact_email,
        subject=_("A lead of yours was corrected"),
        text=f"{text}\n\n{link}\n",
    )


def erasure_asked(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the client that all use has stopped, and when the law lets us erase the details."""
    lead = Lead.objects.visible_to(THE_SYSTEM).filter(pk=refs["lead"]).first()
    if lead is None or not lead.email or lead.erase_after is None or lead.erased_at is not None:
        return None
    told = Partner.objects.filter(shares__lead=lead).distinct().order_by("name")
    names = "\n".join(f"- {partner.name}" for partner in told)
    parts = [
        _("Hello,"),
        _("You asked us to erase your details. From now on nobody uses them."),
        _("The law makes us keep them until %(day)s. Then they are erased, and we tell you.")
        % {"day": formats.date(lead.erase_after)},
        _("We told everybody who got them to delete them now:") + "\n" + names if names else "",
        _("Questions: %(contact)s.") % {"contact": settings.PRIVACY_EMAIL},
        settings.PLATFORM_LEGAL_NAME,
    ]
    return Mail(
        to=lead.email,
        subject=f"{settings.PLATFORM_LEGAL_NAME}: " + _("You asked to be erased"),
        text="\n\n".join(filter(None, parts)) + "\n",
    )
