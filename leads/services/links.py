"""Links that let a client in without an account."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.payloads import SEALED_TO
from events.services import queue_mail, record_event
from leads.actors import require_own
from leads.duplicates import normalised_email
from leads.errors import Erased, NoAddress
from leads.models import ClientLink
from leads.services.resolving import lock_lead
from portal.lib.access import THE_SYSTEM, Actor, Can, require
from portal.lib.secrets import sealed


def issue_client_link(*, actor: Actor, lead_id: str) -> str:
    """Return the token of a new link to the lead's client pages; only its hash is kept.

    :raises Erased: if there is nobody left to let in
    """
    token = ClientLink.new_token()
    with transaction.atomic():
        require(actor, Can.SHARE_LEAD)
        lead = lock_lead(lead_id)
        require_own(actor, lead)
        if lead.erased_at is not None:
            raise Erased(_("This client was erased."))
        ClientLink.objects.create(
            lead=lead,
            token_hash=ClientLink.hash_of(token),
            expires_at=timezone.now() + timedelta(days=settings.CLIENT_LINK_DAYS),
        )
        record_event(Event.Kind.CLIENT_LINK_ISSUED, actor=actor, lead_id=str(lead.pk))
    return token


def send_client_link(*, actor: Actor, lead_id: str) -> None:
    """Send a new link to the lead's own address; it is made when the mail leaves.

    :raises Erased: if there is nobody left to write to
    :raises NoAddress: if the lead has no email address
    """
    with transaction.atomic():
        require(actor, Can.SHARE_LEAD)
        lead = lock_lead(lead_id)
        require_own(actor, lead)
        if lead.erased_at is not None:
            raise Erased(_("This client was erased."))
        if not lead.email:
            raise NoAddress(_("The lead has no email address; make a link and pass it on."))
        event = record_event(Event.Kind.CLIENT_LINK_SENT, actor=actor, lead_id=str(lead.pk))
        queue_mail(event, "client_link", refs={"lead": str(lead.pk)})


def ask_for_links(*, email: str) -> None:
    """Have new links sent to EMAIL if it is a client's, whoever asks.

    Whether it is one is looked up when the mail leaves, so that neither the answer nor the time it
    takes tells. Until then the address waits sealed.
    """
    with transaction.atomic():
        event = record_event(Event.Kind.CLIENT_LINK_SENT, actor=THE_SYSTEM)
        queue_mail(event, "client_links", refs={SEALED_TO: sealed(normalised_email(email))})


def prune_links(*, actor: Actor = THE_SYSTEM) -> int:
    """Delete the links that open nothing any more; return how many."""
    require(actor, Can.SHARE_LEAD)
    return ClientLink.objects.filter(expires_at__lt=timezone.now()).delete()[0]
