"""Tells a partner by mail that somebody changed one of its endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events import payloads
from events.models import Endpoint, Event
from events.payloads import Mail

CHANGED = "endpoint_changed"
Kind = Event.Kind
_SAID: dict[str, Promise | str] = {
    Kind.ENDPOINT_CREATED: gettext_lazy("The webhook address %(host)s was added"),
    Kind.ENDPOINT_CHANGED: gettext_lazy("The webhook address %(host)s was changed"),
    Kind.ENDPOINT_VERIFIED: gettext_lazy("The webhook address %(host)s was verified"),
    Kind.ENDPOINT_SECRET_ROTATED: gettext_lazy("The signing secret of %(host)s was rotated"),
    Kind.ENDPOINT_DISABLED: gettext_lazy("The webhook address %(host)s was switched off"),
    Kind.ENDPOINT_REMOVED: gettext_lazy("The webhook address %(host)s was removed"),
}


def register() -> None:
    """Let the queue write this mail."""
    payloads.register_mail(CHANGED, mail_changed)


def mail_changed(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the partner's contact what was changed; who did it stands in the portal's trail.

    It names the host alone, because an address may hold a password of the partner's.
    """
    endpoint = Endpoint.objects.select_related("partner").filter(pk=refs["endpoint"]).first()
    if endpoint is None or refs["kind"] not in _SAID:
        return None
    if endpoint.partner.status == "suspended" or not endpoint.partner.contact_email:
        return None
    host = urlsplit(endpoint.url).hostname or ""
    said = str(_SAID[refs["kind"]]) % {"host": host}
    parts = [
        _("Hello,"),
        f"{said}. {_waits(endpoint)}".strip(),
        _("If nobody of yours did this, look here at once and tell us:"),
        f"{settings.PORTAL_ORIGIN}/portal/settings/webhooks/",
        settings.PLATFORM_LEGAL_NAME,
    ]
    return Mail(
        to=endpoint.partner.contact_email,
        subject=f"{settings.PLATFORM_LEGAL_NAME}: {said}",
        text="\n\n".join(parts) + "\n",
    )


def _waits(endpoint: Endpoint) -> str:
    """Say which host takes over once it has proved itself, so that a stranger's is noticed."""
    host = urlsplit(endpoint.pending_url).hostname
    if not host:
        return ""
    return _("%(host)s takes its place once it has answered our challenge.") % {"host": host}
