"""What receipts and copies of the data say on paper."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from leads.export_document import export_document
from leads.models import ConsentDecision, Receipt
from leads.records import labels_of
from leads.typesetting import Document, Section
from partners.licensing import TIME_ZONES
from partners.types import Market
from portal.lib import formats

_GROUPS = dict(ConsentDecision.Group.choices)
_STATES = dict(ConsentDecision.State.choices)
_METHODS = dict(ConsentDecision.Method.choices)
_SOURCES = dict(ConsentDecision.Source.choices)


def decisions_in_words(receipt: Receipt) -> list[str]:
    """Return a line for each decision of the receipt: what, for whom and what was said."""
    return [_line(record) for record in receipt.body["records"]]


def _line(record: dict[str, Any]) -> str:
    words = {
        "group": _group(record),
        "partner": _for_whom(record),
        "state": _state(record).lower(),
        "how": _method(record),
    }
    if record["event"]["stated_by"] == ConsentDecision.Source.AGENT:
        return _("- %(group)s, %(partner)s: %(state)s, as our agent noted (%(how)s)") % words
    return _("- %(group)s, %(partner)s: %(state)s") % words


def receipt_pdf(receipt: Receipt) -> bytes:
    """Return the receipt as a PDF to read and keep."""
    return receipt_document(receipt).as_pdf()


def receipt_document(receipt: Receipt) -> Document:
    """Return what the receipt says on paper. Like the receipt, nothing of the client but an id."""
    with timezone.override(TIME_ZONES[Market(receipt.lead.market)]):
        return _written(receipt)


def _written(receipt: Receipt) -> Document:
    body = receipt.body
    return Document(
        title=_("Receipt for your decision"),
        issuer=body["issuer"]["name"],
        footer=body["receipt_id"],
        intro=[
            _("You decided what %(platform)s may pass on to partners. This is the proof.")
            % {"platform": body["issuer"]["name"]}
        ],
        sections=[
            Section(heading=_("Decisions"), head=_heads(), rows=_decided(body["records"])),
            Section(heading=_("What each group holds"), facts=_fields(body["records"])),
            Section(heading=_("About this receipt"), facts=_about(receipt)),
            Section(
                heading=_("How to check it"),
                paragraphs=[
                    _(
                        "The file receipt.json beside this one holds the same as data, signed "
                        "with Ed25519 (JWS). Anybody can check it with the key published at "
                        "%(address)s."
                    )
                    % {"address": body["verify_with"]}
                ],
                facts=[
                    (_("Key"), receipt.key_id),
                    (_("SHA-256 of the JWS"), hashlib.sha256(receipt.jws.encode()).hexdigest()),
                ],
            ),
        ],
    )


def _heads() -> list[str]:
    return [_("Group"), _("Partner"), _("Decision"), _("Said by"), _("When")]


def _decided(records: list[dict[str, Any]]) -> list[list[str]]:
    return [
        [
            _group(record),
            _for_whom(record),
            _state(record),
            f"{_SOURCES[record['event']['stated_by']]}, {_method(record)}",
            _time(record["event"]["event_time"]),
        ]
        for record in records
    ]


def _fields(records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    groups = {record["pii_information"][0]["group"]: None for record in records}
    return [(str(_GROUPS[group]), ", ".join(labels_of(group))) for group in groups]


def _about(receipt: Receipt) -> list[tuple[str, str]]:
    body = receipt.body
    notice = next((r["privacy_notice"] for r in body["records"] if r["privacy_notice"]), None)
    first = body["records"][0]
    facts = [
        (_("Receipt"), body["receipt_id"]),
        (_("Issued"), _time(body["issued_at"])),
        (_("Your reference"), body["pii_principal_id"]),
        (_("Held by"), f"{body['issuer']['name']}, {body['issuer']['contact']}"),
        (_("Law"), first["jurisdiction"]["law"]),
        (_("Complaints to"), first["jurisdiction"]["authority"]),
        (_("To change or withdraw"), first["withdrawal_method"]),
    ]
    if notice:
        facts.append((_("What you were told"), f"{notice['version']} ({notice['language']})"))
        facts.append((_("SHA-256 of its text"), str(notice["text_sha256"])))
    return facts


def _group(record: dict[str, Any]) -> str:
    return str(_GROUPS[record["pii_information"][0]["group"]])


def _state(record: dict[str, Any]) -> str:
    return str(_STATES[record["event"]["event_state"]])


def _method(record: dict[str, Any]) -> str:
    return str(_METHODS[record["collection_method"]]).lower()


def _for_whom(record: dict[str, Any]) -> str:
    named = [str(partner["legal_name"]) for partner in record["recipient_third_parties"]]
    return ", ".join(named) or _("every partner")


def _time(at: str) -> str:
    return formats.exact_time(parse_datetime(at))


def export_pdf(data: Mapping[str, Any]) -> bytes:
    """Return a copy of everything (`leads.export.client_export`) as a PDF."""
    return export_document(data).as_pdf()
