"""Mails to a partner whose endpoint fails: at the first message given up, at half time, at the end.

Each once for each time it starts to fail; a message that arrives ends that. They name the host
alone, because an address may hold a password of the partner's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from events import breaker, payloads, services
from events.models import Endpoint, Event
from events.payloads import Mail
from portal.lib import formats

EXHAUSTED, FAILING, DISABLED = "webhook_exhausted", "endpoint_failing", "endpoint_disabled"


def register() -> None:
    """Let the queue write these mails."""
    payloads.register_mail(EXHAUSTED, mail_exhausted)
    payloads.register_mail(FAILING, mail_failing)
    payloads.register_mail(DISABLED, mail_disabled)


def tell_exhausted(event: Event, endpoint_id: str) -> None:
    """Queue the mail that a message was given up, unless one was since the endpoint fails."""
    untold = Endpoint.objects.filter(pk=endpoint_id, told_exhausted_at__isnull=True)
    if untold.update(told_exhausted_at=Now()):
        services.queue_mail(event, EXHAUSTED, refs={"endpoint": endpoint_id})


def tell_failing(event: Event, endpoint_id: str) -> None:
    """Queue the mail that the endpoint will be switched off."""
    Endpoint.objects.filter(pk=endpoint_id).update(told_failing_at=Now())
    services.queue_mail(event, FAILING, refs={"endpoint": endpoint_id})


def tell_disabled(event: Event, endpoint_id: str) -> None:
    """Queue the mail that the endpoint was switched off."""
    services.queue_mail(event, DISABLED, refs={"endpoint": endpoint_id})


def mail_exhausted(refs: Mapping[str, Any]) -> Mail | None:
    """Tell that a message was given up."""
    endpoint = _endpoint(refs)
    if endpoint is None:
        return None
    return _mail(
        endpoint,
        _("A message for %(host)s was given up"),
        _(
            "We tried to deliver a message to %(host)s as often as we do, and it did not arrive."
            " Others are still tried.\n\nEach attempt with its answer stands here, and you can have"
            " the message sent again:"
        ),
    )


def mail_failing(refs: Mapping[str, Any]) -> Mail | None:
    """Warn that the endpoint will be switched off; nothing once a message arrived."""
    endpoint = _endpoint(refs)
    if endpoint is None or not endpoint.enabled or endpoint.failing_since is None:
        return None
    return _mail(
        endpoint,
        _("Nothing arrives at %(host)s"),
        _(
            "Since %(since)s no message has arrived at %(host)s. If none does, we switch it off on"
            " %(until)s.\n\nEach attempt with its answer stands here:"
        ),
        since=formats.date(endpoint.failing_since),
        until=formats.date(endpoint.failing_since + breaker.SWITCHED_OFF_AFTER),
    )


def mail_disabled(refs: Mapping[str, Any]) -> Mail | None:
    """Tell that the endpoint was switched off; nothing once it is on again."""
    endpoint = _endpoint(refs)
    if endpoint is None or endpoint.enabled:
        return None
    return _mail(
        endpoint,
        _("We switched off %(host)s"),
        _(
            "We send nothing to %(host)s any more: %(why)s.\n\nOnce it works again, switch it on"
            " here. You can then have sent what it missed:"
        ),
        why=endpoint.get_disabled_reason_display().lower(),
    )


def _endpoint(refs: Mapping[str, Any]) -> Endpoint | None:
    """Return the endpoint, if its partner is to be written to; suspended ones get nothing."""
    kept = Endpoint.objects.kept().select_related("partner").filter(pk=refs["endpoint"]).first()
    if kept is None or kept.partner.status == "suspended" or not kept.partner.contact_email:
        return None
    return kept


def _mail(endpoint: Endpoint, subject: str, text: str, **said: str) -> Mail:
    said["host"] = urlsplit(endpoint.url).hostname or ""
    link = f"{settings.PORTAL_ORIGIN}/portal/settings/webhooks/endpoints/{endpoint.pk}/"
    return Mail(
        to=endpoint.partner.contact_email,
        subject=subject % said,
        text=f"{text % said}\n\n{link}\n",
    )
