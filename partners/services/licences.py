"""A partner's licences, as staff found them in the registers."""

from __future__ import annotations

import datetime as dt
from typing import TypedDict, Unpack

from django.db import transaction

from events.models import Event
from events.services import record_event
from partners.models import Licence, Partner
from partners.services.writing import assign, clean, locked
from portal.lib.access import Actor, Can, require


class LicenceFields(TypedDict, total=False):
    """What a register says of a licence; VALID_TO is its last day."""

    kind: str
    number: str
    authority: str
    region: str
    status: str
    valid_from: dt.date
    valid_to: dt.date
    checked_at: dt.datetime | None
    evidence: str


@transaction.atomic
def add_licence(*, actor: Actor, partner_id: str, **fields: Unpack[LicenceFields]) -> Licence:
    """Record a licence of a partner.

    :raises Unprocessable: if a field is wrong
    """
    require(actor, Can.MANAGE_PARTNERS)
    partner = locked(Partner, partner_id)
    licence = Licence(partner=partner, **fields)
    clean(licence)
    licence.save(force_insert=True)
    _record(actor, licence, "added", sorted(fields))
    return licence


@transaction.atomic
def change_licence(*, actor: Actor, licence_id: str, **fields: Unpack[LicenceFields]) -> Licence:
    """Change what FIELDS name of a licence. Shares made before keep what the gate saw.

    :raises Unprocessable: if a field is wrong
    """
    require(actor, Can.MANAGE_PARTNERS)
    licence = locked(Licence, licence_id)
    changed = assign(licence, fields)
    if not changed:
        return licence
    clean(licence)
    licence.save()
    _record(actor, licence, "changed", changed)
    return licence


@transaction.atomic
def remove_licence(*, actor: Actor, licence_id: str) -> None:
    """Delete a licence that was recorded by mistake; a lost one is marked revoked instead."""
    require(actor, Can.MANAGE_PARTNERS)
    licence = locked(Licence, licence_id)
    _record(actor, licence, "removed", [])
    licence.delete()


def _record(actor: Actor, licence: Licence, change: str, fields: list[str]) -> None:
    record_event(
        Event.Kind.LICENCE_CHANGED,
        actor=actor,
        partner_id=licence.partner_id,
        licence=licence.pk,
        change=change,
        fields=fields,
    )
