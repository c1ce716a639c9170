"""The client's copy on paper: the export in words, in the order a person asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import Delivery, Event
from leads import words
from leads.models import ConsentDecision, DeletionTask, Lead, MoreRequest, Proposal, ShareStatus
from leads.notices import blocks_of, countries_in_words
from leads.typesetting import Document, Section
from partners.licensing import TIME_ZONES
from partners.types import REGIONS, Market
from portal.lib import formats

Data = Mapping[str, Any]
_GROUPS = dict(ConsentDecision.Group.choices)
_EVENTS = dict(Event.Kind.choices)


_BY: dict[str, str | Promise] = {
    "you": gettext_lazy("you"),
    "us": gettext_lazy("one of us"),
    "partner": gettext_lazy("the partner"),
    "portal": gettext_lazy("the portal itself"),
}
_RIGHTS: dict[str, str | Promise] = {
    "access": gettext_lazy("See what we hold and who got it"),
    "copy": gettext_lazy("Take a copy"),
    "correction": gettext_lazy("Have it corrected"),
    "restriction": gettext_lazy("Have it kept but not used"),
    "erasure": gettext_lazy("Have it erased"),
    "withdrawal": gettext_lazy("Take back what you allowed, at any time"),
    "complaint": gettext_lazy("Complain"),
}
_MAILS: dict[str, str | Promise] = {
    "client_share_notice": gettext_lazy("Your details were shared"),
    "client_receipt": gettext_lazy("Receipt for your decision"),
    "client_link": gettext_lazy("Your link"),
    "client_request": gettext_lazy("A question for you"),
    "client_correction_notice": gettext_lazy("Your email address was changed"),
    "client_erased": gettext_lazy("Your details were erased"),
}


def export_document(data: Data) -> Document:
    """Return what a copy (`leads.export.client_export`) says on paper, in the client's time."""
    with timezone.override(TIME_ZONES[Market(data["place"]["market"])]):
        return _written(data)


def _written(data: Data) -> Document:
    held = data["heldBy"]
    return Document(
        title=_("Your data"),
        issuer=held["name"],
        footer=f"{data['reference']} · {_time(data['exportedAt'])}",
        intro=[
            _("This is everything %(platform)s holds about you and your request, as of %(time)s.")
            % {"platform": held["name"], "time": _time(data["exportedAt"])},
            _("The file with the same data as JSON holds the signed receipts as well."),
        ],
        sections=[
            *_details(data),
            *_recipients(data["recipients"]),
            *_consents(data["consents"]),
            *_questions(data),
            *_own_notes(data),
            *_happenings(data),
            *_law(data),
            *_notices(data["notices"]),
        ],
    )


def _details(data: Data) -> list[Section]:
    told = words.in_full(
        {
            "contact": data["contact"],
            "budget": data["budget"],
            "preferences": data["requirements"],
        }
    )
    facts = [
        *words.contact_facts(told),
        *words.budget_facts(told),
        *words.requirement_facts(told),
    ]
    region = REGIONS.get(data["place"]["region"] or "", formats.NOTHING)
    place = [(_("Market"), str(Market(data["place"]["market"]).label)), (_("Region"), region)]
    return [
        Section(
            heading=_("What you told us"),
            facts=[*((str(fact.label), fact.text) for fact in facts), *place],
        )
    ]


def _recipients(recipients: Iterable[Data]) -> list[Section]:
    sections = [
        Section(
            heading=_("Who got what"),
            paragraphs=[] if recipients else [_("Nobody: nothing was passed on.")],
        )
    ]
    for recipient in recipients:
        sections.append(
            Section(
                heading=str(recipient["name"]),
                level=3,
                facts=_facts_of(recipient),
                head=[_("Group"), _("By"), _("First"), _("Last")],
                rows=[
                    [
                        str(_GROUPS[got["group"]]),
                        _("webhook") if got["by"] == "webhook" else _("portal"),
                        _time(got["firstAt"]),
                        _time(got["lastAt"]) if got["lastAt"] else _("still shown"),
                    ]
                    for got in recipient["received"]
                ],
            )
        )
    return sections


def _facts_of(recipient: Data) -> list[tuple[str, str]]:
    licences = [f"{one['kind']} {one['number']}, {one['region']}" for one in recipient["licences"]]
    appointments = [
        f"{_time(one['at'])}, {one['location'] or formats.NOTHING}"
        for one in recipient["appointments"]
    ]
    facts = [
        (_("Kind"), str(recipient["type"])),
        (_("Country"), countries_in_words([recipient["country"]])),
        (_("Licences"), "; ".join(licences)),
        (_("Shared"), _time(recipient["sharedAt"])),
        (_("State"), str(ShareStatus(recipient["status"]).label)),
        (_("Sees now"), _listed(recipient["groupsSeenNow"])),
        (_("Stopped"), _time(recipient["stoppedAt"])),
        (_("Reason given"), recipient["reasonGiven"] or ""),
        (_("Its notes"), recipient["notes"] or ""),
        (_("Appointments"), "; ".join(appointments)),
        *((_("Deletion"), _deletion(task)) for task in recipient["deletions"]),
    ]
    return [(label, text) for label, text in facts if text not in ("", formats.NOTHING)]


def _deletion(task: Data) -> str:
    told = {"groups": _listed(task["groups"]), "due": _time(task["dueAt"])}
    if task["confirmedAt"] is None:
        return _("%(groups)s, due by %(due)s, not confirmed yet") % told
    told["outcome"] = str(DeletionTask.Outcome(task["outcome"]).label).lower()
    told["at"] = _time(task["confirmedAt"])
    said = _("%(groups)s: %(outcome)s, confirmed %(at)s") % told
    return f"{said} ({task['reason']})" if task["reason"] else said


def _consents(consents: Iterable[Data]) -> list[Section]:
    rows = [
        [
            str(_GROUPS[record["pii_information"][0]["group"]]),
            ", ".join(one["legal_name"] for one in record["recipient_third_parties"])
            or _("every partner"),
            str(ConsentDecision.State(record["event"]["event_state"]).label),
            _said_by(record) + (f": “{consent['note']}”" if consent["note"] else ""),
            _time(record["event"]["event_time"]),
        ]
        for consent in consents
        if (record := consent["record"])
    ]
    head = [_("Group"), _("Partner"), _("Decision"), _("Said by"), _("When")]
    return [Section(heading=_("What you decided"), head=head, rows=rows)] if rows else []


def _said_by(record: Data) -> str:
    source = ConsentDecision.Source(record["event"]["stated_by"]).label
    method = ConsentDecision.Method(record["collection_method"]).label
    return f"{source}, {str(method).lower()}"


def _questions(data: Data) -> list[Section]:
    rows = [
        [
            asked["partner"],
            f"{_GROUPS[asked['group']]}: “{asked['reason'] or ''}”",
            str(MoreRequest.Status(asked["status"]).label),
            _time(asked["askedAt"]),
        ]
        for asked in data["requests"]
    ]
    rows += [
        [
            asked["partner"],
            _listed(asked["groups"]),
            str(Proposal.Status(asked["status"]).label),
            _time(asked["proposedAt"]),
        ]
        for asked in data["proposals"]
    ]
    head = [_("Partner"), _("Asked for"), _("Answer"), _("When")]
    return [Section(heading=_("What was asked of you"), head=head, rows=rows)] if rows else []


def _own_notes(data: Data) -> list[Section]:
    """Return what the company wrote down for itself; it is the client's to see all the same."""
    internal, agent = data["internal"], data["agent"]
    temperature = internal["temperature"]
    facts = [
        (_("Agent"), f"{agent['name']}, {agent['email']}" if agent else ""),
        (_("Interest"), str(Lead.Temperature(temperature).label) if temperature else ""),
        (_("Score"), "" if internal["score"] is None else str(internal["score"])),
        (_("Notes"), internal["notes"] or ""),
        (_("Source"), internal["source"] or ""),
        *((_("Outcome"), _outcome(entry)) for entry in internal["outcomes"]),
        *((_("Passed on"), _passed_on(entry)) for entry in internal["reassignments"]),
    ]
    return [
        Section(
            heading=_("What we noted for ourselves"),
            facts=[(label, text) for label, text in facts if text],
        )
    ]


def _outcome(entry: Data) -> str:
    parts = (entry.get("partner"), entry.get("outcome"), entry.get("reason"), _time(entry["at"]))
    return ", ".join(str(part) for part in parts if part)


def _passed_on(entry: Data) -> str:
    return _("from %(from)s to %(to)s, %(at)s") % {**entry, "at": _time(entry["at"])}


def _happenings(data: Data) -> list[Section]:
    rows = [
        [
            _time(happened["at"]),
            str(_EVENTS.get(happened["event"], happened["event"])),
            happened["partner"] or "",
            str(_BY[happened["by"]]),
        ]
        for happened in data["history"]
    ]
    mails = [
        [
            _time(mail["at"]),
            mail["type"].replace("_", " "),
            str(Delivery.State(mail["state"]).label),
        ]
        for mail in data["messagesToYou"]
    ]
    sections = []
    if rows:
        head = [_("When"), _("What"), _("Partner"), _("By")]
        sections.append(Section(heading=_("What happened"), head=head, rows=rows))
    if mails:
        head = [_("When"), _("Message"), _("State")]
        sections.append(Section(heading=_("What we wrote to you"), head=head, rows=mails))
    return sections


def _law(data: Data) -> list[Section]:
    held, rights, state = data["heldBy"], data["rights"], data["state"]
    facts = [
        (_("Held by"), f"{held['name']}, {held['contact']}"),
        (_("Stored in"), countries_in_words(held["storedIn"])),
        (_("What for"), "; ".join(held["purposes"])),
        (_("Law"), held["law"]),
        (_("Recorded"), _time(state["recordedAt"])),
        (_("Changed"), _time(state["changedAt"])),
        (_("Restricted"), _time(state["restrictedAt"])),
        (_("Erasure asked"), _time(state["erasureAskedAt"])),
        (_("Will be erased"), _time(state["eraseAfter"])),
        (_("Erased"), _time(state["erasedAt"])),
        (_("How long"), data["retention"]["rule"]),
        (_("Your page"), rights["page"]),
        (_("Complaints to"), rights["complaintsTo"]),
        (_("Decisions by machines"), rights["automatedDecisions"]),
    ]
    known = [(label, text) for label, text in facts if text != formats.NOTHING]
    mine = [str(_RIGHTS[right]) for right in rights["yours"]]
    return [
        Section(heading=_("How we keep it"), facts=known),
        Section(heading=_("Your rights"), points=mine),
    ]


def _notices(notices: Iterable[Data]) -> list[Section]:
    """Return the texts word for word: their headings become small ones."""
    sections = []
    for notice in notices:
        sections.append(
            Section(
                heading=_("What you were told: %(version)s") % notice,
                facts=[(_("SHA-256 of the text"), notice["sha256"])],
            )
        )
        for block in blocks_of(notice["text"]):
            if block.kind == "heading":
                sections.append(Section(heading=block.text, level=3))
            elif block.kind == "list":
                sections[-1].points.extend(block.points)
            else:
                sections[-1].paragraphs.append(block.text)
    return sections


def _listed(groups: Iterable[str]) -> str:
    return ", ".join(str(_GROUPS[group]) for group in groups) or _("nothing")


def _time(at: str | None) -> str:
    return formats.exact_time(parse_datetime(at)) if at else formats.NOTHING
