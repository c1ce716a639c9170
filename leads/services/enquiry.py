"""What comes of the public form: a new lead with its client's own decisions, or nothing."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from events.models import Event
from events.payloads import SEALED_TO
from events.services import queue_mail, record_event
from leads import receipts, suppression
from leads.actors import ClientActor
from leads.errors import AlreadyRecorded, Suppressed
from leads.groups import Groups
from leads.models import ConsentDecision, Lead
from leads.notices import ShownNotice
from leads.services.capture import (
    LeadDraft,
    drawn_up,
    insert_lead,
    record_client_decisions,
    told,
)
from leads.services.resolving import refused_by
from portal.lib.access import THE_SYSTEM, Can, require
from portal.lib.secrets import sealed

RETURN_MAIL = "client_return"


def capture_from_form(
    *, lead_id: str, market: str, draft: LeadDraft, consent: Groups, shown_notice: ShownNotice
) -> Lead | None:
    """Record what a client sent with our form, and the client's decision about each group.

    :param lead_id: the id the form was handed out with; it can be recorded once
    :param shown_notice: the notice that stood on the form
    :return: None where nothing was recorded: the form was sent before, or the person was erased
        and is first asked by mail whether it is really back. Neither is told to whoever sent it
    :raises Malformed: if a column refuses its value
    """
    require(THE_SYSTEM, Can.CAPTURE_LEAD)
    sent_before = AlreadyRecorded(_("This form was sent before."))
    try:
        with refused_by("leads_lead_pkey", sent_before), transaction.atomic():
            lead = insert_lead(actor=THE_SYSTEM, market=market, draft=draft, lead_id=lead_id)
            record_client_decisions(
                ClientActor(lead_id),
                lead,
                consent,
                method=ConsentDecision.Method.FORM,
                told=told(shown_notice),
            )
            receipts.issue(lead)
    except AlreadyRecorded:
        return None
    except Suppressed as refusal:
        _ask_whether_back(market, draft, refusal)
        return None
    return lead


def _ask_whether_back(market: str, draft: LeadDraft, refusal: Suppressed) -> None:
    """Ask the address by mail; it waits sealed, because nothing of the person may be kept."""
    person = drawn_up(actor=THE_SYSTEM, market=market, draft=draft)
    hashes = [digest.hex() for digest in suppression.digests_of(person.email, person.phone)]
    with transaction.atomic():
        event = record_event(
            Event.Kind.LEAD_CAPTURE_REFUSED,
            actor=THE_SYSTEM,
            ok=False,
            code=refusal.code,
            source="form",
        )
        refs = {SEALED_TO: sealed(person.email), "hashes": hashes, "market": market}
        queue_mail(event, RETURN_MAIL, refs=refs)


def welcome_back(*, hashes: list[str]) -> None:
    """Let a person be recorded again who followed the link in our mail; HASHES are from there."""
    require(THE_SYSTEM, Can.ERASE_LEAD)
    suppression.lift_together([bytes.fromhex(digest) for digest in hashes])
