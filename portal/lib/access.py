"""Who may do what: roles, rights, and the query set that shows each partner its own rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self, TypeVar

from django.db import models
from django.utils.translation import gettext as _

from portal.lib.errors import NotAllowed


class Role(models.TextChoices):
    """What an account is. The first three are staff, the rest belong to one partner."""

    ADMIN = "admin", "Admin"
    FINANCE = "finance", "Finance"
    AGENT = "agent", "Agent"
    OWNER = "owner", "Partner owner"
    MEMBER = "member", "Partner member"


PARTNER_SYSTEM = "partner_system"  # a partner's API key
SYSTEM = "system"  # the portal's own jobs
CLIENT = "client"  # the person a lead is about, behind a link and without an account

STAFF_ROLES = frozenset({Role.ADMIN, Role.FINANCE, Role.AGENT})
PARTNER_ROLES = frozenset({Role.OWNER, Role.MEMBER, PARTNER_SYSTEM})


class Actor(Protocol):
    """Whoever acts: a user, a partner's API key or the system."""

    @property
    def role(self) -> str: ...
    @property
    def partner_id(self) -> str | None: ...
    @property
    def actor_id(self) -> str: ...
    @property
    def is_active(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class SystemActor:
    """The portal itself, for scheduled jobs."""

    role: str = SYSTEM
    partner_id: str | None = None
    actor_id: str = SYSTEM
    is_active: bool = True


THE_SYSTEM = SystemActor()


class Can(StrEnum):
    """Rights, named by what they allow."""

    CAPTURE_LEAD = "capture_lead"
    SHARE_LEAD = "share_lead"
    WITHDRAW_SHARE = "withdraw_share"
    SHARE_APPOINTMENT = "share_appointment"
    EXPIRE_SHARE = "expire_share"
    WORK_LEAD = "work_lead"
    CLOSE_LEAD = "close_lead"
    CONFIRM_CLOSING = "confirm_closing"
    SEE_REVENUE = "see_revenue"
    MANAGE_PARTNERS = "manage_partners"
    CHANGE_SETTINGS = "change_settings"
    MANAGE_ENDPOINTS = "manage_endpoints"
    SEE_ANALYTICS = "see_analytics"
    DECIDE_CONSENT = "decide_consent"
    RECORD_WITHDRAWAL = "record_withdrawal"
    ATTEST_DELETION = "attest_deletion"
    ASK_FOR_MORE = "ask_for_more"
    ANSWER_REQUEST = "answer_request"
    PROPOSE_PARTNER = "propose_partner"
    CORRECT_LEAD = "correct_lead"
    RESTRICT_LEAD = "restrict_lead"
    ERASE_LEAD = "erase_lead"
    TAKE_COPY = "take_copy"
    EXPORT_AUDIT = "export_audit"
    SEE_LEADS = "see_leads"
    SEE_CONTACT = "see_contact"
    SEE_AUDIT = "see_audit"
    INVITE_PEOPLE = "invite_people"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_KEYS = "manage_keys"
    VIEW_AS_PARTNER = "view_as_partner"
    OPEN_ADMINISTRATION = "open_administration"
    MANAGE_AGREEMENTS = "manage_agreements"
    ACCEPT_AGREEMENT = "accept_agreement"
    APPROVE_COMMISSION = "approve_commission"
    CORRECT_COMMISSION = "correct_commission"
    SETTLE_COMMISSION = "settle_commission"
    IMPORT_STATEMENT = "import_statement"
    IMPORT_RATES = "import_rates"
    OPEN_DISPUTE = "open_dispute"
    DECIDE_DISPUTE = "decide_dispute"
    ADD_EVIDENCE = "add_evidence"


_STAFF_WORK = frozenset(
    {
        Can.CAPTURE_LEAD,
        Can.SHARE_LEAD,
        Can.WITHDRAW_SHARE,
        Can.SHARE_APPOINTMENT,
        Can.WORK_LEAD,
        Can.RECORD_WITHDRAWAL,
        Can.ANSWER_REQUEST,
        Can.PROPOSE_PARTNER,
        Can.CORRECT_LEAD,
        Can.RESTRICT_LEAD,
        Can.ERASE_LEAD,
        Can.SEE_LEADS,
        Can.SEE_CONTACT,
        Can.SEE_AUDIT,
    }
)
_PARTNER_WORK = frozenset(
    {Can.WORK_LEAD, Can.CLOSE_LEAD, Can.SEE_REVENUE, Can.ATTEST_DELETION, Can.ASK_FOR_MORE}
    | {Can.ADD_EVIDENCE}
)
_MONEY = frozenset(
    {
        Can.MANAGE_AGREEMENTS,
        Can.APPROVE_COMMISSION,
        Can.CORRECT_COMMISSION,
        Can.SETTLE_COMMISSION,
        Can.IMPORT_STATEMENT,
        Can.IMPORT_RATES,
        Can.OPEN_DISPUTE,
        Can.DECIDE_DISPUTE,
        Can.ADD_EVIDENCE,
    }
)
# Consent is the client's alone to give; what a client says of itself holds for its own lead only.
_OF_THE_CLIENT = frozenset({Can.DECIDE_CONSENT})
GRANTS: dict[str, frozenset[Can]] = {
    Role.ADMIN: frozenset(Can)
    - _OF_THE_CLIENT
    - {Can.CHANGE_SETTINGS, Can.ATTEST_DELETION, Can.ASK_FOR_MORE, Can.ACCEPT_AGREEMENT},
    Role.FINANCE: frozenset(
        {
            Can.SEE_REVENUE,
            Can.SEE_ANALYTICS,
            Can.CONFIRM_CLOSING,
            Can.SEE_LEADS,
            Can.SEE_AUDIT,
            Can.VIEW_AS_PARTNER,
            Can.OPEN_ADMINISTRATION,
        }
    )
    | _MONEY,
    Role.AGENT: _STAFF_WORK
    | {Can.CLOSE_LEAD, Can.CONFIRM_CLOSING, Can.SEE_ANALYTICS, Can.SEE_REVENUE, Can.TAKE_COPY}
    | {Can.VIEW_AS_PARTNER, Can.ADD_EVIDENCE},
    Role.OWNER: _PARTNER_WORK
    | {Can.CHANGE_SETTINGS, Can.MANAGE_ENDPOINTS}
    | {Can.INVITE_PEOPLE, Can.MANAGE_PEOPLE, Can.MANAGE_KEYS}
    | {Can.ACCEPT_AGREEMENT, Can.OPEN_DISPUTE},
    Role.MEMBER: _PARTNER_WORK | {Can.OPEN_DISPUTE},
    PARTNER_SYSTEM: _PARTNER_WORK | {Can.MANAGE_ENDPOINTS},
    CLIENT: _OF_THE_CLIENT | {Can.CORRECT_LEAD, Can.RESTRICT_LEAD, Can.ERASE_LEAD, Can.TAKE_COPY},
    SYSTEM: frozenset(Can) - _OF_THE_CLIENT,
}


def is_staff(actor: Actor) -> bool:
    """Return whether ACTOR works for the company that owns the leads."""
    return actor.role in STAFF_ROLES or actor.role == SYSTEM


def may(actor: Actor, right: Can) -> bool:
    """Return whether ACTOR has RIGHT. A limited API key leaves its holder only some."""
    limits: frozenset[Can] | None = getattr(actor, "key_rights", None)
    if limits is not None and right not in limits:
        return False
    return actor.is_active and right in GRANTS.get(actor.role, frozenset())


def require(actor: Actor, right: Can) -> None:
    """Open a service: refuse with :class:`NotAllowed` unless ACTOR has RIGHT."""
    if may(actor, right):
        return
    scopes_for: Callable[[Can], list[str]] | None = getattr(actor, "scopes_for", None)
    lacking = scopes_for(right) if scopes_for and right in GRANTS.get(actor.role, ()) else []
    if lacking:
        detail = _("This key lacks the scope for it: %(scopes)s.") % {"scopes": ", ".join(lacking)}
        raise NotAllowed(detail, right=right.value)
    raise NotAllowed(_("You have no right to do this."), right=right.value)


M = TypeVar("M", bound=models.Model)
LEAD = ""  # the row is the lead itself


def scope_of(actor: Actor) -> dict[str, str]:
    """Return what the leads ACTOR may see have to be, by lookup; empty for all of them.

    Staff with a market see the leads of that market, with a team those looked after by somebody of
    that team, with both those that are both.
    """
    market, team = getattr(actor, "market", ""), getattr(actor, "team", "")
    return ({"market": market} if market else {}) | ({"agent__team": team} if team else {})


class LeadScopedQuerySet(models.QuerySet[M]):
    """Rows about a lead, of which staff with a market or a team see only their own.

    `lead_lookup` is the path from the row to its lead; None for rows that are about no lead.
    """

    lead_lookup: str | None = None

    def in_scope(self, actor: Actor) -> Self:
        """Return the rows whose leads lie in ACTOR's market and team; all where it has neither."""
        wanted = scope_of(actor)
        if not wanted or self.lead_lookup is None:
            return self.all()
        path = f"{self.lead_lookup}__" if self.lead_lookup else ""
        return self.filter(**{f"{path}{name}": value for name, value in wanted.items()})


class PartnerScopedQuerySet(LeadScopedQuerySet[M]):
    """Rows that belong to a partner. Reads start with :meth:`visible_to`; by default nobody sees.

    `partner_lookup` is the path from the row to its partner's id.
    """

    partner_lookup = "partner_id"

    def visible_to(self, actor: Actor) -> Self:
        """Return the rows ACTOR may see: staff's in their scope, a partner's own, else none."""
        if not actor.is_active:
            return self.none()
        if is_staff(actor):
            return self.in_scope(actor)
        if actor.role in PARTNER_ROLES and actor.partner_id:
            return self.filter(**{self.partner_lookup: actor.partner_id})
        return self.none()


class StaffOnlyQuerySet(LeadScopedQuerySet[M]):
    """Rows only the company's own people may see."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the rows in scope for staff and none for anybody else."""
        return self.in_scope(actor) if actor.is_active and is_staff(actor) else self.none()


class OfLeadQuerySet(StaffOnlyQuerySet[M]):
    """Rows about a lead that only the company's own people may see."""

    lead_lookup = "lead"


# Who records about leads without knowing their table asks here; `leads` says it when it is ready.
_leads_of: list[Callable[[Actor], models.QuerySet[Any]]] = []


def register_leads(visible_to: Callable[[Actor], models.QuerySet[Any]]) -> None:
    """Let VISIBLE_TO say which leads an actor may see."""
    _leads_of[:] = [visible_to]


def about_visible_leads(actor: Actor, column: str = "lead_id") -> models.Q:
    """Return which rows with a lead's id in COLUMN, or none there, lie in ACTOR's scope."""
    if not scope_of(actor):
        return models.Q()
    leads = _leads_of[0](actor).order_by().values("pk")
    return models.Q(**{f"{column}__isnull": True}) | models.Q(**{f"{column}__in": leads})
