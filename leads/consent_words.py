"""Decisions about consent in plain words: who decided what, when and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leads.groups import GROUPS
from leads.models import ConsentDecision
from leads.timeline import Happening, actor_names, groups_in_words
from portal.lib import formats

Names = Mapping[str, str]
"""Names by the ids of actors, from `leads.timeline.actor_names`."""

State, Source = ConsentDecision.State, ConsentDecision.Source
# One sentence for every partner, one for a partner named.
_BY_CLIENT: dict[str, tuple[str | Promise, str | Promise]] = {
    State.GIVEN: (
        gettext_lazy("The client allowed this on %(day)s, %(method)s"),
        gettext_lazy("The client allowed this for %(partner)s on %(day)s, %(method)s"),
    ),
    State.REFUSED: (
        gettext_lazy("The client refused this on %(day)s, %(method)s"),
        gettext_lazy("The client refused this for %(partner)s on %(day)s, %(method)s"),
    ),
    State.WITHDRAWN: (
        gettext_lazy("The client withdrew this on %(day)s, %(method)s"),
        gettext_lazy("The client withdrew this for %(partner)s on %(day)s, %(method)s"),
    ),
}


def names_in(decisions: Iterable[ConsentDecision]) -> dict[str, str]:
    """Return the names of those who made or recorded DECISIONS."""
    return actor_names(decision.decided_by for decision in decisions)


def source_of(decision: ConsentDecision, names: Names) -> str:
    """Return who decided it, when, how and in which words, as a sentence or two."""
    partner = decision.partner.name if decision.partner else ""
    recorder = _recorder(decision, names)
    words = {
        "day": formats.date(decision.decided_at),
        "method": decision.get_method_display().lower(),
        "partner": partner,
        "agent": recorder or _("an agent"),
    }
    if decision.source == Source.AGENT:
        said = _("Attested by %(agent)s on %(day)s, %(method)s") % words
        return said + _ending(decision)
    said = str(_BY_CLIENT[decision.state][bool(partner)]) % words + _ending(decision)
    return f"{said} {_('Recorded by %(agent)s.') % words}" if recorder else said


def _ending(decision: ConsentDecision) -> str:
    return _(": “%(note)s”.") % {"note": decision.note} if decision.note else "."


def _recorder(decision: ConsentDecision, names: Names) -> str:
    """Return who wrote it down, or nothing where that was the client."""
    by_client = decision.decided_by == str(decision.lead_id)
    return "" if by_client else names.get(decision.decided_by, "")


def consent_story(decisions: Iterable[ConsentDecision], names: Names) -> list[Happening]:
    """Return DECISIONS as lines in their order, those made in one act together."""
    acts = groupby(decisions, key=_act)
    return [_decided(list(made), names) for _key, made in acts]


def _act(decision: ConsentDecision) -> tuple[object, ...]:
    second = decision.decided_at.replace(microsecond=0)
    return decision.partner_id, decision.source, decision.state, decision.method, second


def _decided(made: list[ConsentDecision], names: Names) -> Happening:
    first = made[0]
    recorder = _recorder(first, names)
    words = {
        "groups": groups_in_words(sorted((d.group for d in made), key=GROUPS.index)).capitalize(),
        "state": first.get_state_display().lower(),
        "partner": first.partner.name if first.partner else "",
        "method": first.get_method_display().lower(),
        "agent": recorder or _("an agent"),
    }
    text = (
        _("%(groups)s: %(state)s for %(partner)s")
        if first.partner
        else _("%(groups)s: %(state)s for every partner")
    )
    if first.source == Source.AGENT:
        who = _("attested by %(agent)s, %(method)s")
    elif recorder:
        who = _("the client, %(method)s, recorded by %(agent)s")
    else:
        who = _("the client, %(method)s")
    said = text % words + (_(": “%(note)s”") % {"note": first.note} if first.note else "")
    given = first.state == State.GIVEN
    return Happening(
        text=said, who=who % words, at=first.decided_at, tone="good" if given else "bad"
    )
