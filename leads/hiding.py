"""What staff without the right to contact data see of a lead: everything but who the client is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from leads.consent import BUDGET, CONTACT, REQUIREMENTS
from leads.models import Appointment, Lead
from leads.scrub import scrub
from portal.lib.access import Actor, Can, may

R = TypeVar("R")


def sees_contact(user: Actor) -> bool:
    """Return whether USER may know who clients are and how to reach them."""
    return may(user, Can.SEE_CONTACT)


def as_seen_by(user: Actor, lead: Lead) -> Lead:
    """Return LEAD, for a USER without the right emptied of contact data: to show, never to save.

    What people typed freely about the wish loses phone numbers and addresses, as for a partner
    without contact; notes may name the client and go.
    """
    if sees_contact(user):
        return lead
    lead.contact_hidden = True
    for column in (*CONTACT.values(), "notes"):
        setattr(lead, column, "")
    for column in {*BUDGET.values(), *REQUIREMENTS.values()}:
        value = getattr(lead, column)
        if isinstance(value, str):
            setattr(lead, column, scrub(value))
        elif isinstance(value, list):
            setattr(lead, column, [scrub(entry) for entry in value])
    return lead


def without_words(user: Actor, rows: Iterable[R], *columns: str) -> list[R]:
    """Return ROWS, for a USER without the right with COLUMNS emptied: words may name the client."""
    found = list(rows)
    if not sees_contact(user):
        for row in found:
            for column in columns:
                setattr(row, column, "")
    return found


def without_homes(user: Actor, appointments: Iterable[Appointment]) -> None:
    """Empty where the client lives in APPOINTMENTS for a USER without the right."""
    if sees_contact(user):
        return
    for appointment in appointments:
        at_home = appointment.place == Appointment.Place.CLIENT_ADDRESS
        appointment.location = "" if at_home else scrub(appointment.location)
