"""Bodies of webhooks and mails about commissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from commissions.models import Commission
from commissions.wire import commission_told
from events import payloads
from events.models import Delivery
from events.payloads import Mail
from events.versions import version_of
from partners.models import Partner
from portal.lib.access import THE_SYSTEM


def register() -> None:
    """Tell `events` who builds what (called once when the apps are loaded)."""
    payloads.register("commission.recorded", build_commission)
    payloads.register("commission.updated", build_commission)
    payloads.register_mail("commission_recorded", mail_commission_recorded)


def build_commission(deliveries: Sequence[Delivery]) -> dict[str, dict[str, Any] | None]:
    """Build the body of `commission.recorded` and `commission.updated`."""
    wanted = {delivery.refs["commission"] for delivery in deliveries}
    version = version_of("share_id", "lead_id", "partner_id")
    visible = Commission.objects.visible_to(THE_SYSTEM).annotate(version=version)
    found = visible.in_bulk(list(wanted))
    return {delivery.pk: _told(found.get(delivery.refs["commission"])) for delivery in deliveries}


def _told(commission: Commission | None) -> dict[str, Any] | None:
    if commission is None:
        return None
    return {
        "leadId": commission.share_id,
        "version": getattr(commission, "version"),  # noqa: B009 - read with it, above
        "commission": commission_told(commission),
    }


def mail_commission_recorded(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the partner's contact that a commission was recorded; figures stand in the portal."""
    found = Commission.objects.visible_to(THE_SYSTEM).select_related("partner")
    commission = found.filter(pk=refs["commission"]).first()
    if commission is None or not commission.partner.contact_email:
        return None
    if commission.partner.status == Partner.Status.SUSPENDED:
        return None
    return Mail(
        to=commission.partner.contact_email,
        subject=_("A commission was recorded for %(partner)s")
        % {"partner": commission.partner.name},
        text=_("See it here:\n\n%(link)s\n")
        % {"link": f"{settings.PORTAL_ORIGIN}/portal/commissions/"},
    )
