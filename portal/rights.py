"""Who may do what, as one table: rights by role, and what the requirement says of each type.

`docs/permissions.md` is written from here (`manage.py permissions`), and the tests run each row.
"""

from __future__ import annotations

from dataclasses import dataclass

from leads.consent import RULES
from leads.groups import GROUPS
from partners.types import TYPES, PartnerType
from portal.lib.access import CLIENT, GRANTS, PARTNER_SYSTEM, SYSTEM, Can, Role

ROLES: dict[str, str] = {
    Role.ADMIN: "Admin",
    Role.FINANCE: "Finance",
    Role.AGENT: "Agent",
    Role.OWNER: "Owner",
    Role.MEMBER: "Member",
    PARTNER_SYSTEM: "Partner's key",
    CLIENT: "Client",
    SYSTEM: "The portal",
}
CHANNEL, DEVELOPER, BROKER, RERA, SERVICE = (
    PartnerType.CHANNEL,
    PartnerType.DEVELOPER,
    PartnerType.BROKER,
    PartnerType.RERA_AGENT,
    PartnerType.SERVICE_PROVIDER,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the requirement about a type of partner, and what in the portal answers it.

    `by`: a right (`Can`), a disclosure group ("contact", …), keys a type never gets
    ("never:location"), a read limited to the own rows ("own"), a check ("gate"), columns no
    disclosure names ("internal"), or what is still "to come".
    """

    type: str
    allowed: bool
    says: str
    by: str
    what: str = ""


def _yes(type_: str, says: str, by: str, what: str = "") -> Row:
    return Row(type_, True, says, by, what)


def _no(type_: str, says: str, by: str, what: str = "") -> Row:
    return Row(type_, False, says, by, what)


TO_COME = "to come"
REQUIRED: tuple[Row, ...] = (
    _yes(CHANNEL, "Generate qualified leads for the platform", TO_COME, "lead submission"),
    _yes(CHANNEL, "Refer high-value clients", TO_COME, "lead submission"),
    _yes(CHANNEL, "Promote properties to their network", TO_COME, "listings"),
    _yes(CHANNEL, "Pre-qualify leads before submission", TO_COME, "lead submission"),
    _yes(CHANNEL, "Follow up with shared leads", Can.WORK_LEAD),
    _yes(CHANNEL, "Report deal outcomes and closures", Can.CLOSE_LEAD),
    _yes(CHANNEL, "Maintain commission reconciliation", Can.SEE_REVENUE),
    _yes(CHANNEL, "Access to shared leads (with consent)", "own"),
    _yes(CHANNEL, "View property listings", TO_COME, "listings"),
    _yes(CHANNEL, "Receive lead notifications", Can.WORK_LEAD, "mail; webhooks by owner and key"),
    _yes(CHANNEL, "Submit deal updates", Can.WORK_LEAD),
    _no(CHANNEL, "Cannot access client contact info without consent", "contact"),
    _no(CHANNEL, "Cannot modify lead data", Can.CORRECT_LEAD),
    _no(CHANNEL, "Cannot access internal agent data", "internal"),
    _yes(DEVELOPER, "Provide project inventory", TO_COME, "projects"),
    _yes(DEVELOPER, "Update availability and pricing", TO_COME, "projects"),
    _yes(DEVELOPER, "Handle property viewings", Can.WORK_LEAD, "appointments on the lead's page"),
    _yes(DEVELOPER, "Manage direct client interactions", "contact"),
    _yes(DEVELOPER, "Process bookings and payments", TO_COME, "bookings"),
    _yes(DEVELOPER, "Coordinate with internal agents", Can.ASK_FOR_MORE),
    _yes(DEVELOPER, "Share project updates", TO_COME, "projects"),
    _yes(DEVELOPER, "Full lead details (contact + requirements)", "contact"),
    _yes(DEVELOPER, "Appointment scheduling access", Can.WORK_LEAD, "appointments are shown"),
    _yes(DEVELOPER, "Project upload and management", TO_COME, "projects"),
    _yes(DEVELOPER, "Direct client communication", "contact"),
    _no(DEVELOPER, "Cannot access leads for other developers", "own"),
    _no(DEVELOPER, "Cannot modify platform settings", Can.MANAGE_PARTNERS),
    _no(DEVELOPER, "Cannot access competitor data", "own"),
    _yes(BROKER, "Represent clients in transactions", Can.WORK_LEAD),
    _yes(BROKER, "Negotiate deals on behalf of clients", Can.WORK_LEAD),
    _yes(BROKER, "Handle paperwork and documentation", TO_COME, "documents"),
    _yes(BROKER, "Coordinate viewings and inspections", Can.WORK_LEAD, "appointments are shown"),
    _yes(BROKER, "Provide market insights", TO_COME, "messages"),
    _yes(BROKER, "Ensure regulatory compliance", "gate"),
    _yes(BROKER, "Close deals and collect commission", Can.CLOSE_LEAD),
    _yes(BROKER, "Full client contact access (with consent)", "contact"),
    _yes(BROKER, "Lead budget information", "budget"),
    _yes(BROKER, "Requirement details", "requirements"),
    _yes(BROKER, "Appointment management", Can.WORK_LEAD, "appointments are shown"),
    _no(BROKER, "Cannot access internal agent notes", "internal"),
    _no(BROKER, "Cannot share leads with other brokers", Can.SHARE_LEAD),
    _no(BROKER, "Cannot modify platform data", Can.CORRECT_LEAD),
    _yes(RERA, "Comply with RERA regulations", "gate"),
    _yes(RERA, "Provide registered property information", TO_COME, "listings"),
    _yes(RERA, "Maintain transparency in transactions", Can.CLOSE_LEAD),
    _yes(RERA, "Handle client grievances", TO_COME, "grievances"),
    _yes(RERA, "Submit RERA-compliant documentation", TO_COME, "documents"),
    _yes(RERA, "Ensure builder RERA registration", TO_COME, "projects"),
    _yes(RERA, "Facilitate compliant transactions", "gate"),
    _yes(RERA, "Full client contact (with consent)", "contact"),
    _yes(RERA, "RERA property database access", TO_COME, "listings"),
    _yes(RERA, "Compliance dashboard", TO_COME, "compliance"),
    _yes(RERA, "Legal document templates", TO_COME, "documents"),
    _no(RERA, "Cannot access non-RERA properties", TO_COME, "listings"),
    _no(RERA, "Cannot bypass compliance checks", "gate"),
    _no(RERA, "Cannot share RERA violations", TO_COME, "compliance"),
    _yes(SERVICE, "Provide ancillary services (loans, legal, interior, etc.)", Can.WORK_LEAD),
    _yes(SERVICE, "Follow up with referred clients", Can.WORK_LEAD),
    _yes(SERVICE, "Deliver quality service", Can.WORK_LEAD),
    _yes(SERVICE, "Report service outcomes", Can.CLOSE_LEAD),
    _yes(SERVICE, "Maintain service standards", TO_COME, "feedback"),
    _yes(SERVICE, "Handle client feedback", TO_COME, "feedback"),
    _yes(SERVICE, "Basic client contact (with consent)", "contact"),
    _yes(SERVICE, "Service-specific requirements", "requirements"),
    _yes(SERVICE, "Limited lead details", "requirements"),
    _no(SERVICE, "Cannot access property details", "never:propertyType"),
    _no(SERVICE, "Cannot contact clients for property sales", "never:propertyType"),
    _no(SERVICE, "Cannot access financial information", "never:budget"),
)


def as_markdown() -> str:
    """Return `docs/permissions.md`."""
    parts = [_HEAD, _rights(), _TYPES_HEAD, _types(), _REQUIRED_HEAD, *map(_required, TYPES)]
    return "\n".join(parts)


def _rights() -> str:
    lines = [_line("Right", *ROLES.values()), _line(*["---"] * (len(ROLES) + 1))]
    for right in Can:
        marks = ("✅" if right in GRANTS[role] else "–" for role in ROLES)
        lines.append(_line(f"`{right.value}`", *marks))
    return "\n".join(lines) + "\n"


def _types() -> str:
    lines = [_line("Type", *GROUPS, "never"), _line(*["---"] * (len(GROUPS) + 2))]
    for name, rule in RULES.items():
        cells = [
            f"starts {'with' if rule.default[group] else 'without'}"
            if rule.ceiling[group]
            else "❌ never"
            for group in GROUPS
        ]
        never = ", ".join(sorted(rule.never)) or "–"
        if rule.only_requirements is not None:
            never += f"; of requirements only {', '.join(sorted(rule.only_requirements))}"
        lines.append(_line(name, *cells, never))
    return "\n".join(lines) + "\n"


def _required(type_: str) -> str:
    lines = [f"### {type_}\n", _line("", "The requirement says", "Here"), _line(*["---"] * 3)]
    for row in REQUIRED:
        if row.type == type_:
            here = f"{row.by}: {row.what}" if row.what else row.by
            lines.append(_line("✅" if row.allowed else "❌", row.says, here))
    return "\n".join(lines) + "\n"


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


_HEAD = """# Who may do what

Written by `python manage.py permissions > docs/permissions.md` from `portal.lib.access.GRANTS`,
`leads.consent.RULES` and `portal.rights.REQUIRED`, which pages, API and admin ask too; a test
compares. A key limited to scopes has fewer rights than its holder, never more.

Staff with a market or a team see and act on the leads of that market, or whose agent is of that
team, only; other leads answer as if they were not there, and figures count only theirs. When an
agent changes the team, figures follow with the nightly comparison. How much of a partner's capacity
is used is told whole. Finance sees leads without contact data.

## Rights by role
"""
_TYPES_HEAD = """## What a type of partner sees

The client's decision and the agent's choice can only narrow this.
"""
_REQUIRED_HEAD = """## What the requirement says of each type

"own": a partner reads only what was shared with it. "internal": no disclosure names these columns.
"gate": the licence check before sharing. "never": what the type's ceiling leaves out. "contact",
"budget" and "requirements" are groups of consent. "to come" is not built yet.
"""
