"""Links that let a client in without an account."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from events.models import Event
from events.services import record_event
from leads.models import ClientLink
from leads.services.resolving import lock_lead
from portal.lib.access import Actor, Can, require


def issue_client_link(*, actor: Actor, lead_id: str) -> str:
    """Return the token of a new link to the lead's client pages; only its hash is kept."""
    token = ClientLink.new_token()
    with transaction.atomic():
        require(actor, Can.SHARE_LEAD)
        lead = lock_lead(lead_id)
        ClientLink.objects.create(
            lead=lead,
            token_hash=ClientLink.hash_of(token),
            expires_at=timezone.now() + timedelta(days=settings.CLIENT_LINK_DAYS),
        )
        record_event(Event.Kind.CLIENT_LINK_ISSUED, actor=actor, lead_id=str(lead.pk))
    return token
