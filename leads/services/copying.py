"""Hand the client a copy of everything held, and remember that it was taken."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from events.models import Event
from events.services import record_event
from leads.actors import require_own
from leads.export import client_export
from leads.services.resolving import lock_lead
from portal.lib.access import Actor, Can, require


def take_copy(*, actor: Actor, lead_id: str, form: str = "json") -> dict[str, Any]:
    """Return the client's copy of everything (`leads.export`), and record that it was taken.

    :param form: in which form it is handed over, for the record: `json` or `pdf`
    :raises NotFound: if there is no such lead, or a client asks for another's
    """
    with transaction.atomic():
        require(actor, Can.TAKE_COPY)
        lead = lock_lead(lead_id)
        require_own(actor, lead)
        copy = client_export(lead)
        record_event(Event.Kind.CLIENT_COPY_TAKEN, actor=actor, lead_id=str(lead.pk), form=form)
    return copy
