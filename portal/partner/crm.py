"""Where each thing a partner sees of a lead belongs in its CRM: one table for CSV and document.

The names of columns are those the import of each system offers by itself, so that nothing has to be
made there first; what has no field of its own stands in the description. `docs/crm.md` is written
from this table by `python manage.py crm_fields`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from leads.consent import disclose_row
from leads.models import ShareStatus

Told = Mapping[str, Any]  # what `disclose` tells of a lead, and its `status`
SYSTEMS = {
    "hubspot": "HubSpot (contacts)",
    "salesforce": "Salesforce (leads)",
    "zoho": "Zoho CRM (leads)",
    "bitrix24": "Bitrix24 (leads)",
}
FORMATS = ("plain", *SYSTEMS)

# Our status in the words each system has from the start; whoever changed them maps anew on import.
_OPEN, _WORKED, _WON, _LOST = "open", "worked", "won", "lost"
_STAGES = {
    ShareStatus.SENT: _OPEN,
    ShareStatus.ACCEPTED: _WORKED,
    ShareStatus.IN_PROGRESS: _WORKED,
    ShareStatus.CLOSED: _WON,
}
_STATUS_WORDS = {
    "hubspot": {_OPEN: "New", _WORKED: "In progress", _WON: "Connected", _LOST: "Unqualified"},
    "salesforce": {
        _OPEN: "Open - Not Contacted",
        _WORKED: "Working - Contacted",
        _WON: "Closed - Converted",
        _LOST: "Closed - Not Converted",
    },
    "zoho": {
        _OPEN: "Not Contacted",
        _WORKED: "Contacted",
        _WON: "Contacted",
        _LOST: "Lost Lead",
    },
    "bitrix24": {
        _OPEN: "Unassigned",
        _WORKED: "In Progress",
        _WON: "Good lead",
        _LOST: "Junk lead",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing, where it stands in a message (`lead.shared`, below `data`), and its columns.

    A column left empty is not exported for that system.
    """

    source: str
    read: Callable[[Told], object]
    plain: str = ""
    hubspot: str = ""
    salesforce: str = ""
    zoho: str = ""
    bitrix24: str = ""


def _at(*path: str) -> Callable[[Told], object]:
    def read(told: Told) -> object:
        found: Any = told
        for step in path:
            found = found.get(step, {}) if isinstance(found, Mapping) else {}
        return "; ".join(map(str, found)) if isinstance(found, list) else found or ""

    return read


def _name(told: Told) -> str:
    return str(told.get("customerInfo", {}).get("name", "")).strip()


def _first(told: Told) -> str:
    return _name(told).rpartition(" ")[0]


def _last(told: Told) -> str:
    # Salesforce and Zoho take no lead without a last name: without contact it is the reference.
    return _name(told).rpartition(" ")[2] or str(told["leadId"])


def _title(told: Told) -> str:
    wanted = told.get("preferences", {})
    parts = (wanted.get("propertyType"), *wanted.get("locations", [])[:1], told["leadId"])
    return ", ".join(str(part) for part in parts if part)


def _description(told: Told) -> str:
    """Return what has no field of its own, one `name: value` after the other."""
    parts = {"reference": told["leadId"], **told.get("budgetDetails", {})}
    parts |= told.get("preferences", {})
    return "; ".join(
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in parts.items()
    )


def _of_platform(_told: Told) -> str:
    return str(settings.PLATFORM_LEGAL_NAME)


FIELDS = (
    Field(source="leadId", read=_at("leadId"), plain="leadId"),
    Field(source="status", read=_at("status"), plain="status"),
    Field(source="sharedAt", read=_at("sharedAt"), plain="sharedAt"),
    Field(source="lead.market", read=_at("market"), plain="market"),
    Field(source="a title made of what is wanted", read=_title, bitrix24="Lead name"),
    Field(
        source="lead.customerInfo.name, all but the last word",
        read=_first,
        hubspot="First Name",
        salesforce="First Name",
        zoho="First Name",
        bitrix24="First name",
    ),
    Field(
        source="lead.customerInfo.name, the last word; leadId while contact is withheld",
        read=_last,
        hubspot="Last Name",
        salesforce="Last Name",
        zoho="Last Name",
        bitrix24="Last name",
    ),
    Field(source="lead.customerInfo.name", read=_name, plain="name"),
    Field(
        source="lead.customerInfo.name; leadId while contact is withheld",
        read=lambda told: _name(told) or told["leadId"],
        salesforce="Company",
        zoho="Company",
    ),
    Field(
        source="lead.customerInfo.email",
        read=_at("customerInfo", "email"),
        plain="email",
        hubspot="Email",
        salesforce="Email",
        zoho="Email",
        bitrix24="Work email",
    ),
    Field(
        source="lead.customerInfo.phone",
        read=_at("customerInfo", "phone"),
        plain="phone",
        hubspot="Phone Number",
        salesforce="Phone",
        zoho="Phone",
        bitrix24="Work phone",
    ),
    Field(
        source="lead.customerInfo.location",
        read=_at("customerInfo", "location"),
        plain="location",
        hubspot="City",
        salesforce="City",
        zoho="City",
        bitrix24="City",
    ),
    Field(source="lead.budget", read=_at("budget"), plain="budget", bitrix24="Total"),
    Field(source="lead.budgetDetails.min", read=_at("budgetDetails", "min"), plain="budgetMin"),
    Field(source="lead.currency", read=_at("currency"), plain="currency", bitrix24="Currency"),
    Field(
        source="lead.budgetDetails.financing",
        read=_at("budgetDetails", "financing"),
        plain="financing",
    ),
    Field(
        source="lead.budgetDetails.paymentPreference",
        read=_at("budgetDetails", "paymentPreference"),
        plain="paymentPreference",
    ),
    *(
        Field(source=f"lead.preferences.{key}", read=_at("preferences", key), plain=key)
        for key in (
            "propertyType",
            "bedroomsMin",
            "bedroomsMax",
            "sizeMin",
            "sizeMax",
            "sizeUnit",
            "locations",
            "views",
            "amenities",
            "furnishing",
            "segment",
            "completion",
            "project",
            "intent",
            "moveInTimeline",
            "services",
        )
    ),
    Field(
        source="who shared it",
        read=_of_platform,
        salesforce="Lead Source",
        zoho="Lead Source",
        bitrix24="Source information",
    ),
    Field(
        source="leadId, lead.budgetDetails.*, lead.preferences.*",
        read=_description,
        hubspot="Message",
        salesforce="Description",
        zoho="Description",
        bitrix24="Comment",
    ),
)
_STATUS_COLUMN = {
    "hubspot": "Lead Status",
    "salesforce": "Lead Status",
    "zoho": "Lead Status",
    "bitrix24": "Stage",
}


def columns(system: str) -> list[tuple[str, Callable[[Told], object]]]:
    """Return the columns of SYSTEM, one of FORMATS, in their order."""
    found = [(str(getattr(one, system)), one.read) for one in FIELDS if getattr(one, system)]
    if system in _STATUS_COLUMN:
        found.append((_STATUS_COLUMN[system], lambda told: status_word(system, told["status"])))
    return found


def status_word(system: str, status: str) -> str:
    """Return what SYSTEM calls a lead in STATUS of ours."""
    return _STATUS_WORDS[system][_STAGES.get(ShareStatus(status), _LOST)]


def csv_rows(rows: Iterable[Mapping[str, Any]], system: str) -> Iterator[list[object]]:
    """Yield the heading and a row for each of ROWS, which have DISCLOSURE_COLUMNS."""
    wanted = columns(system)
    yield [name for name, _read in wanted]
    for row in rows:
        told = {**disclose_row(row), "status": row["status"]}
        yield [read(told) for _name, read in wanted]


def as_markdown() -> str:
    """Return the tables of docs/crm.md."""
    heads = list(SYSTEMS)
    lines = [_PREFACE, _row(["In `lead.shared`", *SYSTEMS.values()]), _row(["---"] * 5)]
    for one in FIELDS:
        named = [str(getattr(one, system)) for system in heads]
        if any(named):
            lines.append(_row([one.source, *(name or "–" for name in named)]))
    lines.append(_row(["status", *(_STATUS_COLUMN[system] for system in heads)]))
    lines += ["", "## Status", "", _row(["Ours", *SYSTEMS.values()]), _row(["---"] * 5)]
    for status in ShareStatus.values:
        lines.append(_row([f"`{status}`", *(status_word(system, status) for system in heads)]))
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


_PREFACE = """# Leads in your CRM

Written by `python manage.py crm_fields > docs/crm.md` from the table in `portal/partner/crm.py`,
which the export uses too; a test compares.

The list of leads has a button for each of these: `/portal/leads.csv?format=hubspot`, `salesforce`,
`zoho`, `bitrix24` or `plain` (every field under its name in the API; `budgetMin` is
`budgetDetails.min`). It holds what the list holds (`?status=` filters it), newest first, in UTF-8
with commas. Only what a client lets you see is in it: a column of a group that is withheld is
empty, and of a share that has ended only reference, status, market, currency and the time it was
shared are left. A cell that a spreadsheet
would run gets an apostrophe in front.

The columns are called as each system calls its own fields, so that its import matches them by
itself or asks once; a status you renamed is mapped there too. To keep a lead in step, look for its
reference (`share_…`) in the description before you add it again, and map the same way what your
program gets by `lead.shared` and `lead.consent_updated`. When `lead.revoked` names a group, delete
its columns in your CRM and confirm the deletion.

## Fields
"""
