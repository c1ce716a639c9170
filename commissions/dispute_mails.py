"""The mail that tells one side of a dispute what the other did; written when it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commissions.models import Dispute
from events import payloads
from events.models import Event
from events.payloads import Mail
from events.services import queue_mail
from partners.models import Partner, User
from portal.lib.access import Role, is_staff
from portal.lib.ids import is_id

Kind = Event.Kind
_SAID: dict[str, str | Promise] = {
    Kind.DISPUTE_OPENED: gettext_lazy("A commission is disputed"),
    Kind.DISPUTE_ANSWERED: gettext_lazy("A message in a dispute"),
    Kind.DISPUTE_DECIDED: gettext_lazy("A dispute was decided"),
    Kind.DISPUTE_WITHDRAWN: gettext_lazy("A dispute was withdrawn"),
}


def register() -> None:
    """Let the queue write this mail."""
    payloads.register_mail("dispute_moved", dispute_moved)


def queue(event: Event, dispute: Dispute, *, to_staff: bool) -> None:
    """Queue a mail about EVENT to the people of one side."""
    for user_id in _readers(dispute, to_staff=to_staff):
        refs = {"dispute": str(dispute.pk), "user": str(user_id), "kind": event.kind}
        queue_mail(event, "dispute_moved", refs=refs)


def _readers(dispute: Dispute, *, to_staff: bool) -> list[str]:
    """Return who is written to: finance (without any, the admins), or owners and who opened it."""
    active = User.objects.filter(is_active=True).order_by("pk")
    if to_staff:
        finance = list(active.filter(role=Role.FINANCE).values_list("pk", flat=True))
        return finance or list(active.filter(role=Role.ADMIN).values_list("pk", flat=True))
    own = active.filter(partner=dispute.partner_id)
    readers = own.filter(role=Role.OWNER)
    if is_id("user", dispute.opened_by):
        readers |= own.filter(pk=dispute.opened_by)
    return list(readers.values_list("pk", flat=True))


def dispute_moved(refs: Mapping[str, Any]) -> Mail | None:
    """Tell a reader what happened; nothing to those who may no longer see the dispute.

    What was said and how much it is about stand in the portal only.
    """
    reader = User.objects.filter(pk=refs["user"], is_active=True).first()
    if reader is None:
        return None
    seen = Dispute.objects.visible_to(reader).select_related("partner")
    dispute = seen.filter(pk=refs["dispute"]).first()
    if dispute is None:
        return None
    if not is_staff(reader) and dispute.partner.status == Partner.Status.SUSPENDED:
        return None
    page = "/disputes/" if is_staff(reader) else "/portal/disputes/"
    said = str(_SAID[refs["kind"]])
    subject = f"{settings.PLATFORM_LEGAL_NAME}: {said} ({dispute.partner.name})"
    text = _("See it here:\n\n%(link)s\n") % {
        "link": f"{settings.PORTAL_ORIGIN}{page}{dispute.pk}/"
    }
    return Mail(to=reader.email, subject=subject, text=f"{said}.\n\n{text}")
