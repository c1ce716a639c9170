"""The mail that tells a partner's owner of an offered agreement; written when it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from commissions.models import AgreementVersion
from events import payloads
from events.payloads import Mail
from partners.models import Partner, User
from portal.lib.access import THE_SYSTEM, Role


def register() -> None:
    """Let the queue write this mail."""
    payloads.register_mail("agreement_offered", agreement_offered)


def agreement_offered(refs: Mapping[str, Any]) -> Mail | None:
    """Tell an owner that terms wait for an answer; nothing once they were taken back or answered.

    The terms themselves stand in the portal only.
    """
    versions = AgreementVersion.objects.visible_to(THE_SYSTEM).select_related("partner")
    open_ones = versions.filter(accepted_at=None, withdrawn_at=None)
    version = open_ones.filter(pk=refs["version"]).first()
    if version is None or version.partner.status == Partner.Status.SUSPENDED:
        return None
    owners = User.objects.filter(partner_id=version.partner_id, role=Role.OWNER, is_active=True)
    owner = owners.filter(pk=refs["user"]).first()
    if owner is None:
        return None
    parts = [
        _("Hello,"),
        _("%(platform)s offers %(company)s commission terms. Accept or decline them here:")
        % {"platform": settings.PLATFORM_LEGAL_NAME, "company": version.partner.name},
        f"{settings.PORTAL_ORIGIN}/portal/agreements/{version.pk}/",
        _("Until you accept, the terms agreed before go on. Deals are never changed afterwards."),
        settings.PLATFORM_LEGAL_NAME,
    ]
    subject = f"{settings.PLATFORM_LEGAL_NAME}: {_('Commission terms to read')}"
    return Mail(to=owner.email, subject=subject, text="\n\n".join(parts) + "\n")
