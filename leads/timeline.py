"""The story of a lead in plain words, for the staff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import Event
from events.selectors import timeline_for
from leads.groups import GROUPS
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
    Kind.CONSENT_DECIDED: (gettext_lazy("The client allowed: %(groups)s"), "info"),
    Kind.CONSENT_WITHDRAWN: (gettext_lazy("The client withdrew consent"), "bad"),
    Kind.CLIENT_LINK_ISSUED: (gettext_lazy("A link for the client was made"), ""),
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
}


def timeline_of(*, user: Actor, lead: Lead) -> list[Happening]:
    """Return the newest events of LEAD as sentences, newest first."""
    events = list(timeline_for(user=user, lead_id=str(lead.pk))[:SHOWN])
    known = Partner.objects.visible_to(user).in_bulk(
        {event.partner_id for event in events if event.partner_id}
    )
    partners = {str(pk): partner.name for pk, partner in known.items()}
    actors = actor_names(event.actor for event in events)
    return [
        Happening(
            text=_sentence(event, partners.get(str(event.partner_id), _("a partner"))),
            who=actors.get(event.actor, ""),
            at=event.at,
            tone=_SAID.get(event.kind, ("", ""))[1],
        )
        for event in events
    ]


def _sentence(event: Event, partner: str) -> str:
    said = str(_SAID.get(event.kind, (event.get_kind_display(), ""))[0])
    groups = event.data.get("groups", event.data.get("given", []))
    code = str(event.data.get("code", ""))
    return said % {
        "partner": partner,
        "groups": groups_in_words(groups),
        "refusal": _REFUSALS.get(code, code.replace("_", " ")),
    }


def groups_in_words(groups: Iterable[str]) -> str:
    """Return the names of GROUPS as a list to read, or that there are none."""
    labels = dict(ConsentDecision.Group.choices)
    return ", ".join(str(labels[group]).lower() for group in groups) or _("nothing")


def actor_names(actors: Iterable[str]) -> dict[str, str]:
    """Return a name for each of ACTORS: a person, a partner's system or the portal."""
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
    return names | {SYSTEM: _("the portal")}


def consent_story(decisions: Iterable[ConsentDecision]) -> list[Happening]:
    """Return DECISIONS as sentences in their order, those made in one act together."""
    acts = groupby(decisions, key=_act)
    return [_decided(list(made)) for _key, made in acts]


def _act(decision: ConsentDecision) -> tuple[object, ...]:
    second = decision.decided_at.replace(microsecond=0)
    return decision.partner_id, decision.source, decision.state, decision.method, second


def _decided(made: list[ConsentDecision]) -> Happening:
    first = made[0]
    words = {
        "groups": groups_in_words(sorted((d.group for d in made), key=GROUPS.index)).capitalize(),
        "state": first.get_state_display().lower(),
        "partner": first.partner.name if first.partner else "",
        "method": first.get_method_display().lower(),
    }
    text = (
        _("%(groups)s: %(state)s for %(partner)s")
        if first.partner
        else _("%(groups)s: %(state)s for every partner")
    )
    by_client = first.source == ConsentDecision.Source.CLIENT
    who = _("the client, %(method)s") if by_client else _("attested by an agent, %(method)s")
    given = first.state == ConsentDecision.State.GIVEN
    return Happening(
        text=text % words, who=who % words, at=first.decided_at, tone="good" if given else "bad"
    )
