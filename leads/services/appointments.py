"""Tell a partner about a viewing or a meeting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import queue_mail, queue_webhooks, record_event, refusals_recorded
from leads.errors import ConsentWithheld
from leads.models import Appointment, Share
from leads.services.resolving import lock_share, resolve_share
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Conflict, IllegalTransition


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentDraft:
    """What is agreed. `external_id` is the caller's own; sending it again updates."""

    type: str
    starts_at: datetime
    location: str
    place: str = Appointment.Place.PROPERTY
    external_id: str = ""


def share_appointment(
    *,
    actor: Actor,
    partner_id: str,
    reference: str,
    draft: AppointmentDraft,
    claimed_status: str | None = None,
) -> Appointment:
    """Record an appointment of a live share and tell its partner.

    :param reference: the `share_…`, or the lead's id
    :param claimed_status: refused unless the share has it
    :raises NotFound: if the lead is not shared with this partner
    :raises IllegalTransition: if that share has ended
    :raises ConsentWithheld: if the lead is restricted
    """
    with (
        refusals_recorded(
            Event.Kind.APPOINTMENT_SHARE_FAILED,
            actor=actor,
            partner_id=partner_id,
            share_id=reference,
            lead_id=reference,
        ),
        transaction.atomic(),
    ):
        require(actor, Can.SHARE_APPOINTMENT)
        share = lock_share(resolve_share(actor, reference, partner_id))
        _check(share, claimed_status)
        appointment, is_new = _write(share, draft)
        _tell(actor, share, appointment, is_new=is_new)
    return appointment


def _check(share: Share, claimed_status: str | None) -> None:
    if not share.is_live:
        raise IllegalTransition(_("This share has ended; no appointments can be added."))
    if share.lead.restricted:
        raise ConsentWithheld(_("This lead is restricted: nothing of it may be shared."))
    if claimed_status and claimed_status != share.status:
        raise Conflict(
            _("The lead is %(status)s with this partner.")
            % {"status": share.get_status_display().lower()},
            current=share.status,
        )


def _write(share: Share, draft: AppointmentDraft) -> tuple[Appointment, bool]:
    known = None
    if draft.external_id:
        known = share.appointments.filter(external_id=draft.external_id).first()
    appointment = known or Appointment(share=share, external_id=draft.external_id)
    appointment.type, appointment.starts_at = draft.type, draft.starts_at
    appointment.location, appointment.place = draft.location, draft.place
    appointment.updated_at = timezone.now()
    appointment.full_clean(exclude=["share"], validate_unique=False, validate_constraints=False)
    appointment.save()
    return appointment, known is None


def _tell(actor: Actor, share: Share, appointment: Appointment, *, is_new: bool) -> None:
    kind = Event.Kind.APPOINTMENT_SHARED_WITH_PARTNER
    event = record_event(
        kind if is_new else Event.Kind.APPOINTMENT_UPDATED,
        actor=actor,
        partner_id=str(share.partner_id),
        lead_id=str(share.lead_id),
        share_id=str(share.pk),
        appointment=str(appointment.pk),
    )
    refs = {"share": str(share.pk), "appointment": str(appointment.pk)}
    queue_webhooks(
        event,
        "appointment.shared" if is_new else "appointment.updated",
        partner_id=str(share.partner_id),
        refs=refs,
        endpoint_id=share.endpoint_id,
    )
    if share.partner.contact_email:
        queue_mail(event, "appointment_shared", refs=refs)
