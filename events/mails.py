"""Mails wait in the same queue as webhooks and are written only when they leave."""

from __future__ import annotations

import logging
import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.mail import EmailMessage
from django.utils.html import strip_tags

from events import payloads
from events.models import Delivery
from events.outcomes import put_off
from events.payloads import Mail
from events.queue import Result

log = logging.getLogger(__name__)


@dataclass(slots=True, frozen=True)
class WrittenMail:
    """A mail and the delivery it belongs to."""

    delivery: Delivery
    mail: Mail


def write(deliveries: Sequence[Delivery]) -> tuple[list[WrittenMail], list[Result]]:
    """Return the mails of DELIVERIES, and what is settled already because it cannot be sent."""
    written: list[WrittenMail] = []
    settled: list[Result] = []
    for delivery in deliveries:
        try:
            mail = payloads.build_mail(delivery.type, delivery.refs)
        except Exception as error:  # noqa: BLE001 - one mail's fault must not stop the others
            log.error("a mail %s could not be built: %s", delivery.type, type(error).__name__)
            settled.append(put_off(delivery, "build_failed"))
            continue
        if mail is None:
            cancelled = Result(
                delivery=delivery, state=Delivery.State.CANCELLED, error="payload_cancelled"
            )
            cancelled.attempted = False
            settled.append(cancelled)
        else:
            written.append(WrittenMail(delivery, mail))
    return written, settled


def send(written: WrittenMail) -> Result:
    """Hand one mail to the mail server. A repeated one has the same Message-ID."""
    delivery, mail = written.delivery, written.mail
    began, started = time.monotonic(), time.time()
    message = EmailMessage(
        subject=" ".join(strip_tags(mail.subject).split()),
        body=mail.text,
        to=[mail.to],
        headers={"Message-ID": f"<{delivery.webhook_id}@portal>"},
    )
    for attached in mail.attachments:
        message.attach(attached.name, attached.content, attached.media_type)
    try:
        message.send()
        result = Result(delivery=delivery, state=Delivery.State.SENT)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        log.warning("a mail %s was not taken: %s", delivery.type, type(error).__name__)
        result = put_off(delivery, "mail_failed")
    result.started_at = started
    result.milliseconds = int((time.monotonic() - began) * 1000)
    return result
