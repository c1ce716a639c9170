"""The story of a lead in plain words, for the staff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import Event
from events.selectors import timeline_for
from leads.models import ConsentDecision, Lead
from partners.models import ApiKey, Partner, User
from portal.lib.access import SYSTEM, Actor

Kind = Event.Kind
SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of a timeline (`templates/components/timeline.html`)."""

    text: str
    who: str
    at: datetime
    tone: str


# %(partner)s is the partner's name, %(groups)s the groups an event names.
_SAID: dict[str, tuple[str | Promise, str]] = {
    Kind.LEAD_CAPTURED: (gettext_lazy("The lead was captured"), ""),
    Kind.LEAD_SHARED: (gettext_lazy("Shared with %(partner)s: %(groups)s"), "info"),
    Kind.LEAD_SHARE_FAILED: (
        gettext_lazy("Sharing with %(partner)s was refused: %(refusal)s"),
        "bad",
    ),
    Kind.SHARE_PREFS_UPDATED: (gettext_lazy("%(partner)s now sees: %(groups)s"), "info"),
    Kind.SHARE_ACCEPTED: (gettext_lazy("%(partner)s accepted the lead"), "good"),
    Kind.SHARE_IN_PROGRESS: (gettext_lazy("%(partner)s is working on the lead"), "info"),
    Kind.SHARE_REJECTED: (gettext_lazy("%(partner)s rejected the lead"), "bad"),
    Kind.SHARE_WITHDRAWN: (gettext_lazy("Withdrawn from %(partner)s"), "warn"),
    Kind.SHARE_EXPIRED: (gettext_lazy("%(partner)s did not answer in time"), "warn"),
    Kind.SHARE_REVOKED: (gettext_lazy("The client revoked sharing with %(partner)s"), "bad"),
    Kind.SHARE_CLOSED: (gettext_lazy("%(partner)s closed the deal"), "good"),
    Kind.PARTNER_COMMISSION_RECORDED: (
        gettext_lazy("The commission of %(partner)s was recorded"),
        "good",
    ),
    Kind.PARTNER_COMMISSION_FAILED: (
        gettext_lazy("A closing by %(partner)s was refused: %(refusal)s"),
        "bad",
    ),
    Kind.CLOSING_CONFIRMED: (gettext_lazy("The closing by %(partner)s was confirmed"), "good"),
    Kind.COMMISSION_APPROVED: (gettext_lazy("The commission of %(partner)s was approved"), "good"),
    Kind.COMMISSION_CORRECTED: (
        gettext_lazy("The commission of %(partner)s was corrected"),
        "warn",
    ),
    Kind.COMMISSION_REVERSED: (gettext_lazy("The commission of %(partner)s was reversed"), "bad"),
    Kind.COMMISSION_DUE: (gettext_lazy("The commission of %(partner)s fell due"), "info"),
    Kind.COMMISSION_PAID: (gettext_lazy("The commission of %(partner)s was paid"), "good"),
    Kind.MILESTONE_MET: (
        gettext_lazy("A milestone of the deal with %(partner)s was met"),
        "info",
    ),
    Kind.DEAL_RECORDED: (
        gettext_lazy("Our papers about the deal of %(partner)s were recorded"),
        "info",
    ),
    Kind.RECONCILIATION_OPENED: (gettext_lazy("A difference with %(partner)s was found"), "warn"),
    Kind.RECONCILIATION_ASSIGNED: (
        gettext_lazy("A difference with %(partner)s was given to somebody"),
        "",
    ),
    Kind.RECONCILIATION_SETTLED: (
        gettext_lazy("A difference with %(partner)s was settled"),
        "info",
    ),
    Kind.EVIDENCE_ADDED: (gettext_lazy("A paper about the deal of %(partner)s was added"), ""),
    Kind.EVIDENCE_READ: (gettext_lazy("A paper about the deal of %(partner)s was read"), ""),
    Kind.DISPUTE_OPENED: (
        gettext_lazy("The commission of %(partner)s was disputed"),
        "warn",
    ),
    Kind.DISPUTE_ANSWERED: (
        gettext_lazy("A message in the dispute with %(partner)s"),
        "",
    ),
    Kind.DISPUTE_DECIDED: (gettext_lazy("The dispute with %(partner)s was decided"), "info"),
    Kind.DISPUTE_WITHDRAWN: (gettext_lazy("The dispute with %(partner)s was withdrawn"), ""),
    Kind.APPOINTMENT_SHARED_WITH_PARTNER: (
        gettext_lazy("An appointment was shared with %(partner)s"),
        "info",
    ),
    Kind.APPOINTMENT_UPDATED: (
        gettext_lazy("%(partner)s was told that an appointment changed"),
        "info",
    ),
    Kind.APPOINTMENT_SHARE_FAILED: (
        gettext_lazy("Sharing an appointment with %(partner)s was refused: %(refusal)s"),
        "bad",
    ),
    Kind.CONSENT_DECIDED: (gettext_lazy("The client decided"), "info"),
    Kind.CONSENT_WITHDRAWN: (gettext_lazy("The client withdrew consent"), "bad"),
    Kind.CLIENT_LINK_ISSUED: (gettext_lazy("A link for the client was made"), ""),
    Kind.CLIENT_LINK_SENT: (gettext_lazy("A link was sent to the client's own address"), ""),
    Kind.CLIENT_COPY_TAKEN: (gettext_lazy("A copy of everything was taken for the client"), ""),
    Kind.RECEIPT_ISSUED: (gettext_lazy("A receipt of the decisions was issued"), ""),
    Kind.DELETION_ASKED: (gettext_lazy("%(partner)s was asked to delete: %(groups)s"), "warn"),
    Kind.DELETION_ATTESTED: (
        gettext_lazy("%(partner)s confirmed the deletion"),
        "good",
    ),
    Kind.DELETION_REMINDED: (
        gettext_lazy("%(partner)s was reminded to confirm a deletion"),
        "warn",
    ),
    Kind.MORE_ASKED: (gettext_lazy("%(partner)s asked for: %(groups)s"), "info"),
    Kind.MORE_FORWARDED: (
        gettext_lazy("The client was asked whether %(partner)s may see: %(groups)s"),
        "info",
    ),
    Kind.MORE_ANSWERED: (gettext_lazy("The request of %(partner)s was answered"), ""),
    Kind.PARTNER_PROPOSED: (
        gettext_lazy("The client was asked about %(partner)s: %(groups)s"),
        "info",
    ),
    Kind.PROPOSAL_ANSWERED: (gettext_lazy("The client answered about %(partner)s"), ""),
    Kind.LEAD_CORRECTED: (gettext_lazy("The client's details were corrected"), ""),
    Kind.LEAD_RESTRICTED: (
        gettext_lazy("The lead was restricted: no partner sees anything of it"),
        "warn",
    ),
    Kind.LEAD_RESTRICTION_LIFTED: (gettext_lazy("The restriction was lifted"), "info"),
    Kind.ERASURE_ASKED: (gettext_lazy("The client asked to be erased"), "bad"),
    Kind.LEAD_ERASED: (gettext_lazy("The client was erased"), "bad"),
    Kind.LEADS_IMPORTED: (gettext_lazy("The lead was imported from a file"), ""),
    Kind.LEAD_CAPTURE_REFUSED: (gettext_lazy("Recording the lead again was refused"), "warn"),
    Kind.SUPPRESSION_LIFTED: (
        gettext_lazy("The client may be recorded again"),
        "info",
    ),
}
# What an event says by the answer in its data.
_SAID_OF: dict[tuple[str, str], tuple[str | Promise, str]] = {
    (Kind.DELETION_ATTESTED, "retained"): (
        gettext_lazy("%(partner)s keeps what it got, because the law or a deal demands it"),
        "warn",
    ),
    (Kind.MORE_ANSWERED, "given"): (
        gettext_lazy("The client allowed what %(partner)s asked for: %(groups)s"),
        "good",
    ),
    (Kind.MORE_ANSWERED, "refused"): (
        gettext_lazy("The client refused what %(partner)s asked for: %(groups)s"),
        "bad",
    ),
    (Kind.MORE_ANSWERED, "declined"): (
        gettext_lazy("The request of %(partner)s was declined: %(groups)s"),
        "bad",
    ),
    (Kind.MORE_ANSWERED, "cancelled"): (
        gettext_lazy("The request of %(partner)s ended with its share: %(groups)s"),
        "",
    ),
    (Kind.ERASURE_ASKED, "elsewhere"): (
        gettext_lazy(
            "Somebody with the same email or phone asked to be erased without proof that this is "
            "theirs: ask the client whether to erase it too"
        ),
        "warn",
    ),
    (Kind.PROPOSAL_ANSWERED, "approved"): (
        gettext_lazy("The client approved %(partner)s: %(groups)s"),
        "good",
    ),
    (Kind.PROPOSAL_ANSWERED, "declined"): (
        gettext_lazy("The client does not want %(partner)s"),
        "bad",
    ),
    (Kind.PROPOSAL_ANSWERED, "cancelled"): (
        gettext_lazy("The question about %(partner)s was taken back"),
        "",
    ),
}
# What the client decided: for every partner, and for one.
_DECIDED: dict[str, tuple[str | Promise, str | Promise]] = {
    "given": (
        gettext_lazy("The client allowed: %(groups)s."),
        gettext_lazy("The client allowed %(partner)s to see: %(groups)s."),
    ),
    "refused": (
        gettext_lazy("The client refused: %(groups)s."),
        gettext_lazy("The client refused to let %(partner)s see: %(groups)s."),
    ),
    "withdrawn": (
        gettext_lazy("The client withdrew: %(groups)s."),
        gettext_lazy("The client withdrew from %(partner)s: %(groups)s."),
    ),
}
_REFUSALS: dict[str, str | Promise] = {
    "capacity_reached": gettext_lazy("no capacity left"),
    "already_shared": gettext_lazy("it already has the lead"),
    "partner_inactive": gettext_lazy("it gets no new leads"),
    "callback_not_verified": gettext_lazy("the callback address is not verified"),
    "partner_name_mismatch": gettext_lazy("the name was another partner's"),
    "consent_withheld": gettext_lazy("consent is missing"),
    "compliance_gate": gettext_lazy("the licence or service check failed"),
    "not_allowed": gettext_lazy("no right to do this"),
    "illegal_transition": gettext_lazy("the share has ended"),
    "not_found": gettext_lazy("it is not there any more"),
}


def timeline_of(*, user: Actor, lead: Lead) -> list[Happening]:
    """Return the newest events of LEAD as sentences, newest first."""
    happened = timeline_for(user=user, lead_id=str(lead.pk))
    # Each mail to the client brings a link of its own; the mail is what matters.
    happened = happened.exclude(kind=Kind.CLIENT_LINK_ISSUED, actor=SYSTEM)
    # Who looked has a page of its own (`leads.who_saw`), and would fill this one.
    happened = happened.exclude(kind=Kind.CONTACT_SEEN)
    events = list(happened[:SHOWN])
    known = Partner.objects.visible_to(user).in_bulk(
        {event.partner_id for event in events if event.partner_id}
    )
    partners = {str(pk): partner.name for pk, partner in known.items()}
    actors = actor_names(event.actor for event in events)
    told = [(event, *_said(event)) for event in events]
    return [
        Happening(
            text=_sentence(said, event, partners.get(str(event.partner_id), _("a partner"))),
            who=actors.get(event.actor, ""),
            at=event.at,
            tone=tone,
        )
        for event, said, tone in told
    ]


def _said(event: Event) -> tuple[str, str]:
    """Return the sentence for EVENT, by the answer it holds where that matters, and its tone."""
    for key in ("answer", "outcome", "status"):
        if found := _SAID_OF.get((event.kind, event.data.get(key, ""))):
            return str(found[0]), found[1]
    said, tone = _SAID.get(event.kind, (event.get_kind_display(), ""))
    return str(said), tone


def _sentence(said: str, event: Event, partner: str) -> str:
    if event.kind in (Kind.CONSENT_DECIDED, Kind.CONSENT_WITHDRAWN):
        return _decided(event, partner) or said
    return said % {
        "partner": partner,
        "groups": groups_in_words(_groups_of(event)),
        "refusal": refusal_in_words(str(event.data.get("code", ""))),
    }


def _groups_of(event: Event) -> list[str]:
    if event.kind == Kind.DELETION_ASKED:  # its `groups` are those the partner still sees
        return list(event.data.get("withdrawn", []))
    return list(event.data.get("groups", [event.data.get("group", "")]))


def _decided(event: Event, partner: str) -> str:
    """Return what the client decided, one sentence for each state a group came to."""
    by_name = bool(event.partner_id)
    return " ".join(
        str(said[by_name]) % {"partner": partner, "groups": groups_in_words(event.data[state])}
        for state, said in _DECIDED.items()
        if event.data.get(state)
    )


def refusal_in_words(code: str) -> str:
    """Return why something was refused, to stand after a colon."""
    return str(_REFUSALS.get(code, code.replace("_", " ")))


def groups_in_words(groups: Iterable[str]) -> str:
    """Return the names of GROUPS as a list to read, or that there are none."""
    labels = dict(ConsentDecision.Group.choices)
    named = [str(labels[group]).lower() for group in groups if group in labels]
    return ", ".join(named) or _("nothing")


def actor_names(actors: Iterable[str]) -> dict[str, str]:
    """Return a name for each of ACTORS: a person, a partner's system, the client or the portal."""
    given = set(actors)
    people = User.objects.in_bulk([actor for actor in given if actor.startswith("user_")])
    keys = ApiKey.objects.select_related("partner").in_bulk(
        [actor for actor in given if actor.startswith("key_")]
    )
    names = {str(pk): str(person) for pk, person in people.items()}
    names |= {
        str(pk): _("system of %(partner)s") % {"partner": key.partner}
        for pk, key in keys.items()
        if key.partner
    }
    # A client acts under the id of the own lead.
    names |= {actor: _("the client") for actor in given if actor.startswith("lead_")}
    return names | {SYSTEM: _("the portal")}
