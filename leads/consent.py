"""The one door from a lead to a partner, and the rules that open it.

`effective = client's decision AND agent's choice AND ceiling of the partner type` (design.md
section 2.1), per group. What a partner sees is named here, column by column; a column nobody names
is never seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from leads.groups import GROUPS, Groups
from leads.models import DISCLOSING, ConsentDecision, Lead, Share
from leads.notices import ShownNotice
from leads.scrub import scrub
from partners.models import Partner
from partners.types import PartnerType
from portal.lib.money import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRule:
    """What the sharing form starts with, and what can never be passed to this type."""

    default: Groups
    ceiling: Groups = Groups.everything()
    # Wire keys of an allowed group that this type still never gets.
    never: frozenset[str] = frozenset()
    # Set: of the requirements only these keys.
    only_requirements: frozenset[str] | None = None


#                       contact  budget  requirements
_ALL = Groups(True, True, True)
_NO_CONTACT = Groups(False, True, True)
RULES: dict[str, TypeRule] = {
    PartnerType.CHANNEL: TypeRule(default=_NO_CONTACT),
    PartnerType.DEVELOPER: TypeRule(default=_ALL),
    PartnerType.BROKER: TypeRule(default=_NO_CONTACT),
    PartnerType.RERA_AGENT: TypeRule(default=_ALL),
    PartnerType.SERVICE_PROVIDER: TypeRule(
        default=Groups(False, False, True),
        ceiling=Groups(True, False, True),
        never=frozenset({"location"}),
        only_requirements=frozenset({"services", "moveInTimeline"}),
    ),
}

# Wire key → column of the lead (contract.md section 5).
CONTACT = {"name": "name", "email": "email", "phone": "phone", "location": "location"}
BUDGET = {
    "min": "budget_min",
    "max": "budget_max",
    "currency": "currency",
    "financing": "financing",
    "paymentPreference": "payment_preference",
}
REQUIREMENTS = {
    "propertyType": "property_type",
    "bedroomsMin": "bedrooms_min",
    "bedroomsMax": "bedrooms_max",
    "sizeMin": "size_min",
    "sizeMax": "size_max",
    "sizeUnit": "size_unit",
    "locations": "locations",
    "views": "views",
    "amenities": "amenities",
    "furnishing": "furnishing",
    "segment": "segment",
    "completion": "completion",
    "project": "project",
    "moveInTimeline": "move_in_timeline",
    "intent": "intent",
    "services": "services",
}
_LEAD_COLUMNS = sorted({*CONTACT.values(), *BUDGET.values(), *REQUIREMENTS.values(), "market"})
_SHARE_COLUMNS = (
    "pk",
    "status",
    "shared_at",
    "updated_at",
    "partner_id",
    "shares_contact",
    "shares_budget",
    "shares_requirements",
)
# For `Share.objects.values(*DISCLOSURE_COLUMNS)`: what `disclose_row` reads.
DISCLOSURE_COLUMNS = (
    *_SHARE_COLUMNS,
    "partner__type",
    "partner__name",
    *(f"lead__{column}" for column in _LEAD_COLUMNS),
)


def disclose(share: Share) -> dict[str, Any]:
    """Return everything this share's partner may see of the lead, and nothing else.

    `share.lead` and `share.partner` are read; load them with `select_related`.
    """
    row: dict[str, Any] = {column: getattr(share, column) for column in _SHARE_COLUMNS}
    row["partner__type"] = share.partner.type
    row |= {f"lead__{column}": getattr(share.lead, column) for column in _LEAD_COLUMNS}
    return disclose_row(row)


def disclose_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Do what :func:`disclose` does, from a row of `DISCLOSURE_COLUMNS`."""
    rule = RULES[row["partner__type"]]
    groups = disclosed_groups(row)
    out: dict[str, Any] = {
        "leadId": row["pk"],
        "market": row["lead__market"],
        "currency": row["lead__currency"],
        "sharedAt": rfc3339(row["shared_at"]),
    }
    if groups.contact:
        contact = {key: col for key, col in CONTACT.items() if key not in rule.never}
        out["customerInfo"] = _filled(row, contact, keep_free_text=True)
    if groups.budget:
        out["budgetDetails"] = _filled(row, BUDGET, keep_free_text=groups.contact)
        if row["lead__budget_max"] is not None:
            out["budget"] = plain(row["lead__budget_max"])
    if groups.requirements:
        wanted = REQUIREMENTS
        if rule.only_requirements is not None:
            wanted = {key: REQUIREMENTS[key] for key in sorted(rule.only_requirements)}
        out["preferences"] = _filled(row, wanted, keep_free_text=groups.contact)
    return out


def disclosed_groups(row: Mapping[str, Any]) -> Groups:
    """Return the groups a share discloses now: none once it ended other than by closing."""
    if row["status"] not in DISCLOSING:
        return Groups.none()
    effective = Groups(row["shares_contact"], row["shares_budget"], row["shares_requirements"])
    return effective & RULES[row["partner__type"]].ceiling


def _filled(
    row: Mapping[str, Any], columns: Mapping[str, str], *, keep_free_text: bool
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, column in columns.items():
        value = row[f"lead__{column}"]
        if value in (None, "", []):
            continue
        if isinstance(value, str):
            out[key] = value if keep_free_text else scrub(value)
        elif isinstance(value, list):
            out[key] = value if keep_free_text else [scrub(entry) for entry in value]
        else:
            out[key] = value if isinstance(value, int) else plain(value)
    return out


def rfc3339(at: datetime | None) -> str | None:
    """Return a time as outsiders see it: UTC, whole milliseconds, `Z`."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the newest decision that counts says about one group."""

    given: bool
    decision: ConsentDecision | None

    @property
    def by_client(self) -> bool:
        return self.decision is not None and self.decision.source == ConsentDecision.Source.CLIENT


def verdict(
    decisions: Iterable[ConsentDecision], *, partner_id: str, group: str, policy: str
) -> Verdict:
    """Return what counts for GROUP and this partner.

    Client rows beat agent rows; then the newest row that covers the partner wins; no row means no.
    Under the `explicit` policy an agent's attestation counts for nothing.

    :param decisions: all decisions about the lead, in any order
    """
    covering = [
        decision
        for decision in decisions
        if decision.group == group and decision.partner_id in (None, partner_id)
    ]
    by_client = [d for d in covering if d.source == ConsentDecision.Source.CLIENT]
    counting = by_client or ([] if policy == "explicit" else covering)
    if not counting:
        return Verdict(False, None)
    newest = max(counting, key=lambda decision: (decision.decided_at, str(decision.pk)))
    return Verdict(newest.state == ConsentDecision.State.GIVEN, newest)


def verdicts(
    decisions: Iterable[ConsentDecision], *, partner_id: str, market: str
) -> dict[str, Verdict]:
    """Return the :func:`verdict` of each group under the policy of MARKET."""
    known = list(decisions)
    policy = settings.CONSENT_POLICY[market]
    return {
        group: verdict(known, partner_id=partner_id, group=group, policy=policy) for group in GROUPS
    }


def attestation(
    lead: Lead,
    partner: Partner,
    choice: Groups,
    decisions: Iterable[ConsentDecision],
    *,
    by: str,
    method: str = ConsentDecision.Method.UNSTATED,
    note: str = "",
    notice: ShownNotice | None = None,
) -> list[ConsentDecision]:
    """Return, unsaved, what the agent BY says the client agreed to by choosing CHOICE.

    A group the client has decided needs no attestation, and none would count; where the policy is
    `explicit` a choice attests nothing.

    :param notice: what the agent was shown the client must have heard
    """
    if settings.CONSENT_POLICY[lead.market] == "explicit":
        return []
    by_client = {d.group for d in decisions if d.source == ConsentDecision.Source.CLIENT}
    return [
        ConsentDecision(
            lead=lead,
            partner=partner,
            group=group,
            state=ConsentDecision.State.GIVEN,
            source=ConsentDecision.Source.AGENT,
            method=method,
            note=note,
            notice_version=notice.version if notice else "",
            notice_hash=notice.sha256 if notice else "",
            notice_language=notice.language if notice else "",
            decided_by=by,
        )
        for group in choice
        if group not in by_client
    ]


def effective(choice: Groups, given: Mapping[str, Verdict], partner_type: str) -> Groups:
    """Return decision AND choice AND ceiling for each group."""
    client = Groups(*(given[group].given for group in GROUPS))
    return client & choice & RULES[partner_type].ceiling


def withheld(choice: Groups, given: Mapping[str, Verdict]) -> dict[str, str]:
    """Return, for each group the agent chose and the client does not allow, the reason in words."""
    return {group: _why_not(given[group]) for group in choice if not given[group].given}


def _why_not(given: Verdict) -> str:
    if given.decision is None:
        return _("the client has not agreed yet")
    if given.decision.state == ConsentDecision.State.WITHDRAWN:
        return _("withdrawn by the client")
    return _("refused by the client")


def client_safe_view(lead: Lead) -> dict[str, Any]:
    """Return the client's everyday view of the own request: no partner, no share, nothing internal.

    The client has one point of contact, the agent; who else works the lead stands on the consent
    page and in the export, because the law wants it there.
    """
    return {
        "reference": str(lead.pk)[-6:].upper(),
        "received_at": lead.created_at,
        "market": lead.get_market_display(),
        "contact": {key: getattr(lead, column) for key, column in CONTACT.items()},
        "budget": {key: getattr(lead, column) for key, column in BUDGET.items()},
        "preferences": {key: getattr(lead, column) for key, column in REQUIREMENTS.items()},
        "agent": {"name": str(lead.agent), "email": lead.agent.email} if lead.agent else None,
    }
