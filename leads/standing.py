"""How each group stands with a partner: who decided what, and what comes of choosing it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leads.consent import RULES, Verdict, verdict
from leads.consent_words import Names, source_of
from leads.models import ConsentDecision, Lead
from partners.types import PartnerType
from portal.lib import formats

EXPLICIT = "explicit"
THINGS: dict[str, str | Promise] = {
    "contact": gettext_lazy("contact details"),
    "budget": gettext_lazy("the budget"),
    "requirements": gettext_lazy("the requirements"),
}
_MANY: dict[str, str | Promise] = {
    PartnerType.CHANNEL: gettext_lazy("Channel partners"),
    PartnerType.DEVELOPER: gettext_lazy("Developers"),
    PartnerType.BROKER: gettext_lazy("Brokers"),
    PartnerType.RERA_AGENT: gettext_lazy("RERA agents"),
    PartnerType.SERVICE_PROVIDER: gettext_lazy("Service providers"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One group and one partner.

    `sources` say who decided or which rule holds; `effect` what comes of sharing it all the same,
    nothing where nothing stands against it. `undecided`: only the client can allow it, and has
    said nothing yet.
    """

    group: str
    sources: tuple[str, ...]
    effect: str = ""
    tone: str = "good"
    undecided: bool = False


def is_explicit(lead: Lead) -> bool:
    """Return whether the lead's market asks for the client's own act."""
    return bool(settings.CONSENT_POLICY[lead.market] == EXPLICIT)


def standing_of(
    group: str,
    partner_type: str,
    decisions: Iterable[ConsentDecision],
    *,
    lead: Lead,
    partner_id: str,
    names: Names,
    asked_at: datetime | None = None,
) -> Standing:
    """Return how GROUP of LEAD stands with a partner of this type.

    :param partner_id: "" for any partner, of whom nothing has been decided by name
    :param asked_at: when the client was asked about this partner, while there is no answer
    """
    if never := beyond_ceiling(group, partner_type):
        return Standing(group=group, sources=(never,), tone="bad")
    known = list(decisions)
    ask = {"partner_id": partner_id, "group": group}
    # An attestation is told of even where it counts for nothing.
    newest = verdict(known, policy="attested", **ask)
    counting = verdict(known, policy=settings.CONSENT_POLICY[lead.market], **ask)
    if newest.decision is None:
        said = (_whether_asked(asked_at), *unusual(group, partner_type))
        return _undecided(group, said, explicit=is_explicit(lead), asked=asked_at is not None)
    told = (source_of(newest.decision, names),)
    if counting.decision is None:
        return _not_counting(group, told)
    if counting.given:
        return Standing(group=group, sources=told)
    return Standing(group=group, sources=told, tone="bad", effect=_left_out(counting))


def _whether_asked(at: datetime | None) -> str:
    if at is None:
        return _("Nobody has asked the client yet.")
    day = {"day": formats.date(at)}
    return _("The client was asked on %(day)s and has not answered yet.") % day


def _undecided(group: str, said: tuple[str, ...], *, explicit: bool, asked: bool) -> Standing:
    if explicit and asked:
        effect = _("It stays out until the client allows it.")
    elif explicit:
        effect = _("It stays out until the client allows it: ask the client.")
    elif asked:
        effect = _("By ticking it you attest that the client agreed.")
    else:
        effect = _("By ticking it you attest that the client agreed; or ask the client.")
    return Standing(group=group, sources=said, effect=effect, tone="warn", undecided=explicit)


def _not_counting(group: str, told: tuple[str, ...]) -> Standing:
    return Standing(
        group=group,
        sources=told,
        effect=_("In this market only the client's own word counts: ask the client."),
        tone="warn",
        undecided=True,
    )


def _left_out(given: Verdict) -> str:
    withdrawn = given.decision is not None and (
        given.decision.state == ConsentDecision.State.WITHDRAWN
    )
    if withdrawn:
        return _("It is left out whatever you tick. Only the client can allow it again.")
    return _("It is left out whatever you tick. Only the client can allow it.")


def beyond_ceiling(group: str, partner_type: str) -> str:
    """Return that this type never sees GROUP, or nothing where it may or no type is chosen."""
    if not partner_type or RULES[partner_type].ceiling[group]:
        return ""
    return _("%(partners)s never see %(thing)s.") % {
        "partners": _MANY[partner_type],
        "thing": THINGS[group],
    }


def unusual(group: str, partner_type: str) -> tuple[str, ...]:
    """Return that this type starts without GROUP, or nothing where it starts with it."""
    if not partner_type or RULES[partner_type].default[group]:
        return ()
    return (
        _("%(partners)s start without %(thing)s.")
        % {"partners": _MANY[partner_type], "thing": THINGS[group]},
    )
