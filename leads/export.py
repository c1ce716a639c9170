"""The client's copy of everything we hold: what, why, who got it, and what comes next.

Everything personal is in it, the company's own notes and marks too: they are the client's data as
well. Other people's data is left out. `docs/client-export.md` says what each key means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone

from events.models import Delivery, Event
from events.payloads import TO_CLIENT
from leads import retention
from leads.consent import BUDGET, CONTACT, REQUIREMENTS, rfc3339
from leads.models import (
    Appointment,
    ConsentDecision,
    DeletionTask,
    Lead,
    MoreRequest,
    Notice,
    Proposal,
    Share,
)
from leads.recipients import Received, Recipient, recipients_of
from leads.records import AUTHORITIES, LAWS, PURPOSES, RIGHTS, consent_record
from partners.models import Partner, User
from partners.types import Market
from portal.lib.access import STAFF_ROLES
from portal.lib.ids import is_id
from portal.lib.money import plain

SCHEMA = "client-export/1"
# Key of the export → column of the lead; the tests see to it that no column is forgotten.
DETAILS: dict[str, dict[str, str]] = {
    "contact": CONTACT,
    "budget": BUDGET,
    "requirements": REQUIREMENTS,
    "place": {"market": "market", "region": "region"},
    "internal": {
        "temperature": "temperature",
        "score": "score",
        "notes": "notes",
        "source": "source",
        "needsAgentSince": "needs_agent_since",
        "reassignments": "reassignment_history",
        "outcomes": "collaboration_outcomes",
    },
    "state": {
        "recordedAt": "created_at",
        "changedAt": "updated_at",
        "restrictedAt": "restricted_at",
        "erasureAskedAt": "erasure_asked_at",
        "eraseAfter": "erase_after",
        "erasedAt": "erased_at",
    },
}
ELSEWHERE = {"id": "reference", "agent": "agent"}
LEFT_OUT = {"duplicate_of": "names another lead, which may be another person's"}


def client_export(lead: Lead) -> dict[str, Any]:
    """Return everything held about the client of LEAD, ready to be written as JSON."""
    decisions = list(lead.decisions.select_related("partner", "lead").order_by("decided_at", "pk"))
    return {
        "schema": SCHEMA,
        "exportedAt": rfc3339(timezone.now()),
        "reference": str(lead.pk),
        "heldBy": _held_by(lead),
        "agent": {"name": str(lead.agent), "email": lead.agent.email} if lead.agent else None,
        **{part: _columns(lead, columns) for part, columns in DETAILS.items()},
        "consents": [{"record": consent_record(d), "note": d.note} for d in decisions],
        "notices": _notices(decisions),
        "receipts": [
            {"receipt": receipt.body, "jws": receipt.jws} for receipt in lead.receipts.all()
        ],
        "recipients": _recipients(lead),
        "requests": _requests(lead),
        "proposals": _proposals(lead),
        "messagesToYou": _messages(lead),
        "linksToYou": [
            {"madeAt": rfc3339(link.created_at), "worksUntil": rfc3339(link.expires_at)}
            for link in lead.client_links.order_by("created_at")
        ],
        "history": _history(lead),
        "retention": {"rule": retention.in_words(lead.market)},
        "rights": _rights(lead),
    }


def _held_by(lead: Lead) -> dict[str, Any]:
    return {
        "name": settings.PLATFORM_LEGAL_NAME,
        "contact": settings.PRIVACY_EMAIL,
        "storedIn": list(settings.DATA_COUNTRIES),
        "law": LAWS[Market(lead.market)],
        "purposes": list(PURPOSES.values()),
    }


def _rights(lead: Lead) -> dict[str, Any]:
    return {
        "yours": list(RIGHTS),
        "page": f"{settings.PORTAL_ORIGIN}/c/",
        "complaintsTo": AUTHORITIES[Market(lead.market)],
        "automatedDecisions": "none: scores and marks only advise people",
    }


def _columns(lead: Lead, columns: Mapping[str, str]) -> dict[str, Any]:
    return {key: _plain(getattr(lead, column)) for key, column in columns.items()}


def _plain(value: Any) -> Any:
    """Return VALUE as JSON knows it; nothing said is null."""
    if value is None or value == "":
        return None
    if isinstance(value, list):
        return [_with_names(entry) if isinstance(entry, dict) else entry for entry in value]
    if hasattr(value, "isoformat"):
        return rfc3339(value)
    return value if isinstance(value, int | str) else plain(value)


def _with_names(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a note about partners with their names, which say more than ids."""
    ids = [value for value in entry.values() if is_id("partner", str(value))]
    names = dict(Partner.objects.filter(pk__in=ids).values_list("pk", "name"))
    return {key: names.get(value, value) for key, value in entry.items()}


def _notices(decisions: Iterable[ConsentDecision]) -> list[dict[str, Any]]:
    """Return every text the client decided after, word for word."""
    shown = {decision.notice_hash for decision in decisions if decision.notice_hash}
    return [
        {
            "version": notice.version,
            "language": notice.language,
            "text": notice.text,
            "sha256": notice.sha256,
        }
        for notice in Notice.objects.filter(sha256__in=shown).order_by("first_shown_at", "pk")
    ]


# --- who got it --------------------------------------------------------------------------------
def _recipients(lead: Lead) -> list[dict[str, Any]]:
    shares = {str(share.pk): share for share in lead.shares.prefetch_related("appointments")}
    duties: dict[str, list[DeletionTask]] = {}
    for task in DeletionTask.objects.filter(share__lead=lead).order_by("created_at", "pk"):
        duties.setdefault(str(task.share_id), []).append(task)
    return [
        _recipient(recipient, shares[recipient.share_id], duties.get(recipient.share_id, []))
        for recipient in recipients_of(lead)
    ]


def _recipient(recipient: Recipient, share: Share, duties: list[DeletionTask]) -> dict[str, Any]:
    return {
        "name": recipient.name,
        "type": recipient.type,
        "country": recipient.country,
        "licences": [
            {"kind": licence.kind, "number": licence.number, "region": licence.region}
            for licence in recipient.licences
        ],
        "reference": recipient.share_id,
        "status": recipient.status,
        "sharedAt": rfc3339(recipient.shared_at),
        "acceptedAt": rfc3339(share.accepted_at),
        "closedAt": rfc3339(share.closed_at),
        "groupsSeenNow": list(recipient.seen),
        "groupsEverSeen": list(recipient.ever),
        "received": [_received(received) for received in recipient.received],
        "messagesUnderWay": recipient.under_way,
        "stoppedAt": rfc3339(recipient.stopped_at),
        "reasonGiven": share.reason or None,
        "notes": share.notes or None,
        "appointments": [_appointment(one) for one in share.appointments.all()],
        "deletions": [_deletion(task) for task in duties],
    }


def _received(received: Received) -> dict[str, Any]:
    return {
        "group": received.group,
        "by": received.transport,
        "firstAt": rfc3339(received.first_at),
        "lastAt": rfc3339(received.last_at),
    }


def _appointment(appointment: Appointment) -> dict[str, Any]:
    return {
        "type": appointment.type,
        "at": rfc3339(appointment.starts_at),
        "location": appointment.location or None,
        "place": appointment.place,
    }


def _deletion(task: DeletionTask) -> dict[str, Any]:
    return {
        "groups": list(task.groups),
        "cause": task.cause,
        "askedAt": rfc3339(task.created_at),
        "dueAt": rfc3339(task.due_at),
        "confirmedAt": rfc3339(task.attested_at),
        "outcome": task.outcome or None,
        "reason": task.reason or None,
    }


# --- what was asked and what happened -----------------------------------------------------------
def _requests(lead: Lead) -> list[dict[str, Any]]:
    asked = MoreRequest.objects.filter(share__lead=lead).select_related("share__partner")
    return [
        {
            "partner": more.share.partner.name,
            "group": more.group,
            "reason": more.reason or None,
            "status": more.status,
            "askedAt": rfc3339(more.asked_at),
            "putToYouAt": rfc3339(more.forwarded_at),
            "answeredAt": rfc3339(more.answered_at),
        }
        for more in asked.order_by("asked_at", "pk")
    ]


def _proposals(lead: Lead) -> list[dict[str, Any]]:
    proposals = Proposal.objects.filter(lead=lead).select_related("partner")
    return [
        {
            "partner": proposal.partner.name,
            "groups": list(proposal.groups),
            "status": proposal.status,
            "proposedAt": rfc3339(proposal.proposed_at),
            "decidedAt": rfc3339(proposal.decided_at),
        }
        for proposal in proposals.order_by("proposed_at", "pk")
    ]


def _messages(lead: Lead) -> list[dict[str, Any]]:
    about = Event.objects.filter(lead_id=lead.pk).values("pk")
    mails = Delivery.objects.filter(
        event_id__in=about, channel=Delivery.Channel.EMAIL, type__startswith=TO_CLIENT
    )
    return [
        {"type": mail.type, "state": mail.state, "at": rfc3339(mail.finished_at or mail.created_at)}
        for mail in mails.order_by("created_at", "pk")
    ]


def _history(lead: Lead) -> list[dict[str, Any]]:
    """Return what happened, by whom in general: the names of the people who acted are theirs."""
    events = Event.objects.filter(lead_id=lead.pk).order_by("at", "pk")
    rows = list(events.values_list("kind", "actor", "partner_id", "ok", "at"))
    partners = {partner_id for _kind, _actor, partner_id, _ok, _at in rows if partner_id}
    names = dict(Partner.objects.filter(pk__in=partners).values_list("pk", "name"))
    who = _actors({actor for _kind, actor, _partner_id, _ok, _at in rows}, lead)
    return [
        {
            "at": rfc3339(at),
            "event": kind,
            "done": ok,
            "by": who[actor],
            "partner": names.get(partner_id),
        }
        for kind, actor, partner_id, ok, at in rows
    ]


def _actors(actors: set[str], lead: Lead) -> dict[str, str]:
    """Return what each actor is: `you`, `us`, `partner` or, for the portal's own jobs, `portal`."""
    users = [actor for actor in actors if is_id("user", actor)]
    roles = dict(User.objects.filter(pk__in=users).values_list("pk", "role"))
    who = {actor: "partner" if is_id("key", actor) else "portal" for actor in actors}
    who |= {pk: "us" if role in STAFF_ROLES else "partner" for pk, role in roles.items()}
    return who | {str(lead.pk): "you"}
