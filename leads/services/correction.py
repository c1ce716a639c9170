"""Correct what is known of a lead, and tell those who saw what was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.payloads import SEALED_TO
from events.services import queue_mail, queue_webhooks, record_event
from leads import duplicates
from leads.actors import require_own
from leads.consent import BUDGET, CONTACT, REQUIREMENTS, disclose
from leads.errors import Erased, Suppressed
from leads.models import DISCLOSING, Lead, Share
from leads.places import region_of
from leads.services.capture import normalised_phone
from leads.services.resolving import lock_lead
from leads.suppression import is_suppressed
from portal.lib.access import CLIENT, Actor, Can, require
from portal.lib.errors import Malformed
from portal.lib.secrets import sealed

# What a client says of itself; the currency goes with the market.
OF_THE_CLIENT = frozenset({*CONTACT.values(), *BUDGET.values(), *REQUIREMENTS.values()}) - {
    "currency"
}
_RANGE = frozenset({"budget_min", "budget_max"})
OF_STAFF = OF_THE_CLIENT | {"region", "temperature", "score", "notes", "source"}


def correct_lead(*, actor: Actor, lead_id: str, changes: Mapping[str, Any]) -> Lead:
    """Replace columns of the lead by CHANGES; each partner that sees one of them is told.

    Nothing changed means nothing recorded. The event names columns, never values.

    :param changes: column of `Lead` → its new value; amounts in the lead's currency
    :raises Malformed: if a column may not be changed or refuses its value; `errors` names each
    :raises Suppressed: if staff would make it the lead of somebody who was erased
    :raises Erased: if there is nothing left to correct
    """
    with transaction.atomic():
        require(actor, Can.CORRECT_LEAD)
        lead = lock_lead(lead_id)
        require_own(actor, lead)
        if lead.erased_at is not None:
            raise Erased(_("This client was erased."))
        told_before, old_email = _told(lead), lead.email
        changed = _changed(actor, lead, changes)
        if not changed:
            return lead
        lead.updated_at = timezone.now()
        lead.save(update_fields=[*changed, "updated_at"])
        kind = Event.Kind.LEAD_CORRECTED
        event = record_event(kind, actor=actor, lead_id=str(lead.pk), columns=changed)
        _tell(lead, event, told_before)
        if "email" in changed and old_email:
            # To where it went until now: whoever reads there must learn that it changed.
            refs = {"lead": str(lead.pk), SEALED_TO: sealed(old_email)}
            queue_mail(event, "client_correction_notice", refs=refs)
    return lead


def _changed(actor: Actor, lead: Lead, changes: Mapping[str, Any]) -> list[str]:
    """Set the columns that differ on LEAD and return their names, sorted."""
    may = OF_THE_CLIENT if actor.role == CLIENT else OF_STAFF
    if unknown := sorted(set(changes) - may):
        raise _refused({name: [_("This cannot be changed here.")] for name in unknown})
    new = {name: _normalised(lead, name, value) for name, value in changes.items()}
    if "locations" in new and "region" not in new:
        # Where the property is decides which licence a partner needs.
        new["region"] = region_of(new["locations"], lead.market) or lead.region
    before = {name: getattr(lead, name) for name in new}
    if actor.role != CLIENT and is_suppressed(*_reached_by(before, new)):
        raise Suppressed(_("This person asked to be erased and may not be recorded again."))
    for name, value in new.items():
        setattr(lead, name, value)
    _validate(lead, set(new))
    return sorted(name for name, old in before.items() if getattr(lead, name) != old)


def _reached_by(before: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, str]:
    """Return the email and the phone that are not the lead's already; empty where they are."""
    email, phone = (
        str(new[name]) if name in new and new[name] != before[name] else ""
        for name in ("email", "phone")
    )
    return email, phone


def _normalised(lead: Lead, name: str, value: Any) -> Any:
    if name == "email":
        return duplicates.normalised_email(value or "")
    if name == "phone":
        return normalised_phone(value or "", lead.market)
    if value in (None, ""):
        field = lead._meta.get_field(name)
        return None if field.null else field.get_default()  # type: ignore[union-attr]
    return value.strip() if isinstance(value, str) else value


def _validate(lead: Lead, given: set[str]) -> None:
    if given & _RANGE:
        given = given | _RANGE  # the order of the two is checked whenever one is given
    others = {field.name for field in lead._meta.concrete_fields} - given
    try:
        lead.full_clean(exclude=others, validate_unique=False)
    except ValidationError as error:
        raise _refused(error.message_dict) from error


def _refused(messages: Mapping[str, list[str]]) -> Malformed:
    named = {"budget_max" if name == "__all__" else name: said for name, said in messages.items()}
    return Malformed(
        _("The lead has values that cannot be right."),
        errors=[
            {"pointer": f"#/{name}", "detail": " ".join(said), "code": "invalid"}
            for name, said in named.items()
        ],
    )


def _told(lead: Lead) -> dict[str, dict[str, Any]]:
    """Return what each partner is told of the lead now, by the share's id."""
    shares = Share.objects.filter(lead=lead, status__in=sorted(DISCLOSING))
    told = {}
    for share in shares.select_related("partner").order_by("pk"):
        share.lead = lead
        told[str(share.pk)] = disclose(share)
    return told


def _tell(lead: Lead, event: Event, told_before: Mapping[str, dict[str, Any]]) -> None:
    """Tell each partner which of the details it sees are corrected: their names, no values."""
    told_now = _told(lead)
    shares = Share.objects.filter(pk__in=told_now).select_related("partner")
    for share in shares.order_by("pk"):
        key = str(share.pk)
        if corrected := _differing(told_before[key], told_now[key]):
            queue_webhooks(
                event,
                "lead.updated",
                partner_id=str(share.partner_id),
                refs={"share": key, "corrected": corrected},
                endpoint_id=share.endpoint_id,
                mails=["lead_corrected"] if share.partner.contact_email else [],
            )


_NAMES = {"min": "budget", "max": "budget"}  # as a partner reads them, part for part
_PARTS = {"customerInfo": "contact", "budgetDetails": "budget", "preferences": "requirements"}


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names of what differs between two disclosures, by consent group."""
    found = {}
    for part, group in _PARTS.items():
        old, new = before.get(part, {}), now.get(part, {})
        keys = [key for key in {*old, *new} if old.get(key) != new.get(key)]
        if keys:
            found[group] = sorted({_NAMES.get(key, key) for key in keys})
    return found
