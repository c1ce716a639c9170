"""Bodies of webhooks and mails about leads, built at each attempt from what is disclosed then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from events import payloads
from events.models import Delivery
from events.payloads import Mail
from events.versions import version_of
from leads import enquiry_mail
from leads.consent import DISCLOSURE_COLUMNS, disclose_row, disclosed_groups, rfc3339
from leads.models import DISCLOSING, Appointment, DeletionTask, Share
from leads.scrub import scrub
from partners.models import Partner
from portal.lib import formats, ids
from portal.lib.access import THE_SYSTEM
from portal.lib.rows import ByKeys, by_keys

Data = dict[str, Any]
Rows = Mapping[str, Data]


def register() -> None:
    """Tell `events` who builds what (called once when the apps are loaded)."""
    payloads.register("lead.shared", build_shared)
    payloads.register("lead.consent_updated", build_shared)
    payloads.register("lead.updated", build_updated)
    payloads.register("lead.revoked", build_revoked)
    payloads.register("appointment.shared", build_appointment)
    payloads.register("appointment.updated", build_appointment)
    payloads.register_mail("lead_shared", mail_lead_shared)
    payloads.register_mail("lead_revoked", mail_lead_revoked)
    payloads.register_mail("lead_consent_updated", mail_lead_consent_updated)
    payloads.register_mail("share_needs_agent", mail_share_needs_agent)
    payloads.register_mail("appointment_shared", mail_appointment_shared)
    payloads.register_mail("client_return", enquiry_mail.build)


def build_shared(deliveries: Sequence[Delivery]) -> dict[str, Data | None]:
    """Build the requirement's share body; none once the share discloses nothing any more."""
    rows = rows_of(deliveries)
    return {delivery.pk: _shared(rows.get(delivery.refs["share"])) for delivery in deliveries}


def build_updated(deliveries: Sequence[Delivery]) -> dict[str, Data | None]:
    """Build `lead.updated`: the status now and why, or the names of what was corrected."""
    rows = rows_of(deliveries)
    return {
        delivery.pk: _updated(rows.get(delivery.refs["share"]), delivery.refs)
        for delivery in deliveries
    }


def build_revoked(deliveries: Sequence[Delivery]) -> dict[str, Data | None]:
    """Build `lead.revoked`: what to delete and until when; none once all of it is shown again."""
    rows = rows_of(deliveries)
    wanted = {delivery.refs["deletion"] for delivery in deliveries}
    tasks = DeletionTask.objects.visible_to(THE_SYSTEM).in_bulk(list(wanted))
    return {
        delivery.pk: _revoked(
            rows.get(delivery.refs["share"]), tasks.get(delivery.refs["deletion"])
        )
        for delivery in deliveries
    }


def build_appointment(deliveries: Sequence[Delivery]) -> dict[str, Data | None]:
    """Build the appointment body; a client's address is left out while contact is withheld."""
    rows = rows_of(deliveries)
    wanted = {delivery.refs["appointment"] for delivery in deliveries}
    appointments = Appointment.objects.visible_to(THE_SYSTEM).in_bulk(list(wanted))
    return {
        delivery.pk: _appointment(
            rows.get(delivery.refs["share"]), appointments.get(delivery.refs["appointment"])
        )
        for delivery in deliveries
    }


def rows_of(deliveries: Sequence[Delivery]) -> dict[str, Data]:
    """Return what disclosure reads of each delivery's share, by the share's id, in one query."""
    wanted = {delivery.refs["share"] for delivery in deliveries}
    rows = _reading().read([ids.decode("share", share) for share in wanted])
    return {row["pk"]: row for row in rows}


@lru_cache(maxsize=1)
def _reading() -> ByKeys:
    columns = (*DISCLOSURE_COLUMNS, "reason", "lead__restricted_at")
    version = version_of("pk", "lead_id", "partner_id")
    return by_keys(Share.objects.visible_to(THE_SYSTEM).values(*columns, version=version))


def _shared(row: Data | None) -> Data | None:
    if row is None or row["status"] not in DISCLOSING:
        return None
    return {
        "leadId": row["pk"],
        "version": row["version"],
        "partnerId": row["partner_id"],
        "partnerName": row["partner__name"],
        "status": row["status"],
        "sharedAt": rfc3339(row["shared_at"]),
        "consent": disclosed_groups(row).as_wire(),
        "lead": disclose_row(row),
    }


def _updated(row: Data | None, refs: Mapping[str, Any]) -> Data | None:
    if row is None:
        return None
    reason = row["reason"]
    if (corrected := refs.get("corrected")) is not None:
        # What the partner sees no more, it has to delete and not to correct.
        seen = disclosed_groups(row)
        names = [name for group in seen for name in corrected.get(group, [])]
        if not names:
            return None
        reason = "corrected: " + ", ".join(names)
    return {
        "leadId": row["pk"],
        "version": row["version"],
        "status": row["status"],
        "reason": scrub(reason),
        "consent": disclosed_groups(row).as_wire(),
    }


def _revoked(row: Data | None, task: DeletionTask | None) -> Data | None:
    if row is None or task is None:
        return None
    seen = disclosed_groups(row)
    withdrawn = [group for group in task.groups if not seen[group]]
    if not withdrawn:
        return None
    return {
        "leadId": row["pk"],
        "version": row["version"],
        "status": row["status"],
        "consent": seen.as_wire(),
        "withdrawn": withdrawn,
        "attestBy": rfc3339(task.due_at),
    }


def _appointment(row: Data | None, appointment: Appointment | None) -> Data | None:
    if row is None or appointment is None or row["status"] not in DISCLOSING:
        return None
    if row["lead__restricted_at"] is not None:
        return None
    contact = disclosed_groups(row).contact
    return {
        "leadId": row["pk"],
        "version": row["version"],
        "appointment": appointment_told(appointment, contact=contact),
        "lead": disclose_row(row),
    }


def appointment_told(appointment: Appointment, *, contact: bool) -> Data:
    """Return an appointment as its partner may see it; CONTACT: whether contact is disclosed."""
    told: Data = {
        "id": appointment.external_id or str(appointment.pk),
        "date": rfc3339(appointment.starts_at),
        "type": appointment.type,
        "place": appointment.place,
    }
    if contact:
        told["location"] = appointment.location
    elif appointment.place == Appointment.Place.PROPERTY:
        told["location"] = scrub(appointment.location)
    return told


def _share(refs: Mapping[str, Any]) -> Share | None:
    shares = Share.objects.visible_to(THE_SYSTEM).select_related("partner", "lead__agent")
    return shares.filter(pk=refs["share"]).first()


def _reachable(share: Share) -> bool:
    """Return whether the share's partner can be written to: suspended ones get nothing."""
    partner = share.partner
    return partner.status != Partner.Status.SUSPENDED and bool(partner.contact_email)


def _told_by_mail(share: Share) -> bool:
    """Return whether the share's partner is still to be written to about the lead itself."""
    return share.is_live and _reachable(share)


def mail_lead_shared(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the partner's contact that a lead waits. The mail itself says nothing of the client."""
    share = _share(refs)
    if share is None or not _told_by_mail(share):
        return None
    return Mail(
        to=share.partner.contact_email,
        subject=_("A new lead for %(partner)s") % {"partner": share.partner.name},
        text=_("A lead was shared with you. See it and answer here:\n\n%(link)s\n")
        % {"link": partner_page(share)},
    )


def mail_lead_revoked(refs: Mapping[str, Any]) -> Mail | None:
    """Ask the partner's contact to delete what the client took back, and to confirm it."""
    share = _share(refs)
    task = DeletionTask.objects.visible_to(THE_SYSTEM).filter(pk=refs["deletion"]).first()
    if share is None or task is None or task.attested_at is not None or not _reachable(share):
        return None
    return Mail(
        to=share.partner.contact_email,
        subject=_("Please delete what you received of a lead"),
        text=_(
            "%(cause)s. Delete what you received of the lead everywhere you keep it, and confirm "
            "that you did by %(day)s. What to delete stands on the lead's page:\n\n%(link)s\n"
        )
        % {
            "cause": task.get_cause_display(),
            "day": formats.date(task.due_at),
            "link": partner_page(share),
        },
    )


def mail_lead_consent_updated(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the partner's contact that it sees more or less of a lead."""
    share = _share(refs)
    if share is None or share.status not in DISCLOSING or not _reachable(share):
        return None
    return Mail(
        to=share.partner.contact_email,
        subject=_("You see more or less of a lead"),
        text=_("What may be shared with you has changed. See the lead here:\n\n%(link)s\n")
        % {"link": partner_page(share)},
    )


def mail_appointment_shared(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the partner's contact that an appointment was made or moved."""
    share = _share(refs)
    if share is None or not _told_by_mail(share):
        return None
    return Mail(
        to=share.partner.contact_email,
        subject=_("An appointment for one of your leads"),
        text=_("When and where stands on the lead's page:\n\n%(link)s\n")
        % {"link": partner_page(share)},
    )


def mail_share_needs_agent(refs: Mapping[str, Any]) -> Mail | None:
    """Tell the lead's agent that a partner did not take it."""
    share = _share(refs)
    if share is None or share.lead.agent is None or not share.lead.agent.is_active:
        return None
    return Mail(
        to=share.lead.agent.email,
        subject=_("%(partner)s: lead %(status)s")
        % {"partner": share.partner.name, "status": share.get_status_display().lower()},
        text=_("Choose another partner here:\n\n%(link)s\n")
        % {"link": f"{settings.PORTAL_ORIGIN}/leads/{share.lead_id}/"},
    )


def partner_page(share: Share) -> str:
    """Return the address of the partner's page of this share."""
    return f"{settings.PORTAL_ORIGIN}/portal/leads/{share.pk}/"
