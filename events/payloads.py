"""The types of messages, and who builds their bodies. The apps above register in `ready()`.

A builder gets a batch and answers with one body per delivery, in one query. `None` means that
the message may not be sent any more; it is then cancelled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from events.models import Delivery, Endpoint

VERIFY = "webhook.verify"
TEST = "webhook.test"
# What an endpoint may subscribe to (contract section 4).
TYPES = (
    "lead.shared",
    "lead.updated",
    "lead.consent_updated",
    "lead.revoked",
    "appointment.shared",
    "appointment.updated",
    "commission.recorded",
    "commission.updated",
)
# How the names of the templates begin that go to clients.
TO_CLIENT = "client_"
# The ref that holds an address about to be gone, sealed. It is dropped when the mail is settled.
SEALED_TO = "to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail ready to send."""

    to: str
    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()


Builder = Callable[[Sequence[Delivery]], Mapping[str, dict[str, Any] | None]]
MailBuilder = Callable[[Mapping[str, Any]], Mail | None]

_builders: dict[str, Builder] = {}
_mail_builders: dict[str, MailBuilder] = {}


def register(type: str, builder: Builder) -> None:
    """Let BUILDER make the `data` of messages of TYPE."""
    _builders[type] = builder


def register_mail(template: str, builder: MailBuilder) -> None:
    """Let BUILDER make the mails of TEMPLATE from their refs."""
    _mail_builders[template] = builder


def build(type: str, deliveries: Sequence[Delivery]) -> Mapping[str, dict[str, Any] | None]:
    """Return the `data` of DELIVERIES, all of TYPE, by their ids.

    :raises LookupError: if nobody registered the type
    """
    if type not in _builders:
        raise LookupError(f"nobody builds {type}")
    return _builders[type](deliveries)


def build_mail(template: str, refs: Mapping[str, Any]) -> Mail | None:
    """Return the mail of TEMPLATE for REFS, or None if it should not be sent any more.

    :raises LookupError: if nobody registered the template
    """
    if template not in _mail_builders:
        raise LookupError(f"nobody builds {template}")
    return _mail_builders[template](refs)


def mark_of(challenge: str) -> str:
    """Return what a message keeps of the CHALLENGE it was queued with."""
    return hashlib.sha256(challenge.encode()).hexdigest()[:16]


def challenges(deliveries: Sequence[Delivery]) -> Mapping[str, dict[str, Any] | None]:
    """Build `webhook.verify`: the endpoint must echo this to prove that it is the partner's.

    None for a challenge that was replaced since: its address may be another by now.
    """
    wanted = {delivery.endpoint_id for delivery in deliveries}
    open_ = dict(Endpoint.objects.kept().filter(pk__in=wanted).values_list("pk", "challenge"))
    return {
        delivery.pk: _challenge(delivery, open_.get(str(delivery.endpoint_id), ""))
        for delivery in deliveries
    }


def _challenge(delivery: Delivery, open_: str) -> dict[str, Any] | None:
    replaced = delivery.refs.get("proof", mark_of(open_)) != mark_of(open_)
    return {"challenge": open_} if open_ and not replaced else None


def tests(deliveries: Sequence[Delivery]) -> Mapping[str, dict[str, Any] | None]:
    """Build `webhook.test`: nothing of anybody, and marked so that nobody takes it for real."""
    return {
        delivery.pk: {"test": True, "leadId": "share_00000000000000000000000000", "version": 1}
        for delivery in deliveries
    }
