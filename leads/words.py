"""A lead in words, from the shape `leads.consent` lets it out in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leads.models import Lead
from partners.types import Service
from portal.lib import formats

Told = Mapping[str, Any]
"""The result of `leads.consent.disclose`."""


class Fact(NamedTuple):
    """One line of a card: its LABEL, its words and where a tap leads."""

    label: str | Promise
    text: str
    href: str = ""


_CHOICES: dict[str, dict[str, Any]] = {
    "intent": dict(Lead.Intent.choices),
    "financing": dict(Lead.Financing.choices),
    "sizeUnit": dict(Lead.SizeUnit.choices),
    "furnishing": dict(Lead.Furnishing.choices),
    "completion": dict(Lead.Completion.choices),
    "services": dict(Service.choices),
}
_PLAIN = (
    ("project", gettext_lazy("Project")),
    ("completion", gettext_lazy("Completion")),
    ("furnishing", gettext_lazy("Furnishing")),
    ("segment", gettext_lazy("Segment")),
    ("moveInTimeline", gettext_lazy("Move-in timeline")),
)
_LISTS = (
    ("views", gettext_lazy("Views")),
    ("amenities", gettext_lazy("Amenities")),
    ("services", gettext_lazy("Services")),
)


def in_full(view: Mapping[str, Any]) -> Told:
    """Return all of a lead in the shape of a disclosure, for staff and for the client.

    :param view: the result of `leads.consent.client_safe_view`
    """
    return {
        "currency": view["budget"]["currency"],
        "customerInfo": _filled(view["contact"]),
        "budgetDetails": _filled(view["budget"]),
        "preferences": _filled(view["preferences"]),
    }


def wish(told: Told) -> str:
    """Return one line about what the client is looking for, or nothing where that is unknown."""
    wanted = told.get("preferences", {})
    intent = _label("intent", wanted.get("intent", ""))
    parts = [intent, home_wanted(wanted), bedrooms(wanted)]
    return " · ".join(part for part in parts if part)


def budget(told: Told) -> str:
    """Return the budget as a range, or a dash where none is disclosed."""
    details = told.get("budgetDetails", {})
    low, high, currency = details.get("min"), details.get("max"), told["currency"]
    if low is not None and high is not None:
        return f"{formats.money(low, currency)} – {formats.money(high, currency)}"
    if high is not None:
        return _("up to %(amount)s") % {"amount": formats.money(high, currency)}
    if low is not None:
        return _("from %(amount)s") % {"amount": formats.money(low, currency)}
    return formats.NOTHING


def contact_facts(told: Told) -> list[Fact]:
    """Return who the client is; e-mail and phone lead to writing and calling."""
    info = told.get("customerInfo", {})
    facts = [
        Fact(_("Name"), info.get("name", "")),
        Fact(_("Phone"), info.get("phone", ""), f"tel:{info.get('phone', '')}"),
        Fact(_("Email"), info.get("email", ""), f"mailto:{info.get('email', '')}"),
        Fact(_("Lives in"), info.get("location", "")),
    ]
    return [fact for fact in facts if fact.text]


def budget_facts(told: Told) -> list[Fact]:
    """Return what the client can spend and how."""
    details = told.get("budgetDetails", {})
    facts = [
        Fact(_("Budget"), budget(told)),
        Fact(_("Financing"), _label("financing", details.get("financing", ""))),
        Fact(_("Payment preference"), details.get("paymentPreference", "")),
    ]
    return [fact for fact in facts if fact.text]


def requirement_facts(told: Told) -> list[Fact]:
    """Return what the client is looking for."""
    wanted = told.get("preferences", {})
    facts = [
        Fact(_("Wants to"), _label("intent", wanted.get("intent", ""))),
        Fact(_("Property type"), _capital(wanted.get("propertyType", ""))),
        Fact(_("Where"), ", ".join(wanted.get("locations", []))),
        Fact(_("Bedrooms"), _span(wanted.get("bedroomsMin"), wanted.get("bedroomsMax"))),
        Fact(_("Size"), size_wanted(wanted)),
        *(Fact(label, _capital(_label(key, wanted.get(key, "")))) for key, label in _PLAIN),
        *(
            Fact(label, ", ".join(_capital(_label(key, entry)) for entry in wanted.get(key, [])))
            for key, label in _LISTS
        ),
    ]
    return [fact for fact in facts if fact.text]


class Card(NamedTuple):
    """One of the three groups: its NAME, its ICON and what it says."""

    name: str
    icon: str
    facts: list[Fact]


def cards_of(told: Told) -> list[Card]:
    """Return the three groups of a lead as cards; what is not told has no facts."""
    return [
        Card("contact", "user-round", contact_facts(told)),
        Card("budget", "wallet", budget_facts(told)),
        Card("requirements", "list-checks", requirement_facts(told)),
    ]


def home_wanted(wanted: Mapping[str, Any]) -> str:
    """Return "Apartment in Dubai Marina, JBR", or the services wanted."""
    kind = _capital(wanted.get("propertyType", ""))
    places = ", ".join(wanted.get("locations", [])[:2])
    if kind and places:
        return _("%(kind)s in %(places)s") % {"kind": kind, "places": places}
    return kind or places or ", ".join(_label("services", s) for s in wanted.get("services", []))


def bedrooms(wanted: Mapping[str, Any]) -> str:
    """Return "2–3 bedrooms", or nothing where that is unknown."""
    low, high = wanted.get("bedroomsMin"), wanted.get("bedroomsMax")
    rooms = _span(low, high)
    number = (low if high is None else high) or 0
    told = ngettext("%(rooms)s bedroom", "%(rooms)s bedrooms", number) % {"rooms": rooms}
    return told if rooms else ""


def size_wanted(wanted: Mapping[str, Any]) -> str:
    """Return "1,100–1,300 sq ft", or nothing where that is unknown."""
    size = _span(wanted.get("sizeMin"), wanted.get("sizeMax"))
    return f"{size} {_label('sizeUnit', wanted.get('sizeUnit', ''))}".strip() if size else ""


def _span(low: int | None, high: int | None) -> str:
    if low is None and high is None:
        return ""
    if low is None:
        return _("up to %(amount)s") % {"amount": formats.number(high)}
    if high is None:
        return _("from %(amount)s") % {"amount": formats.number(low)}
    return formats.number(low) if low == high else f"{formats.number(low)}–{formats.number(high)}"


def _label(key: str, value: str) -> str:
    return str(_CHOICES.get(key, {}).get(value, value))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", [])}
