"""Reading partners."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.db.models.functions import Coalesce

from events.models import Endpoint, Event
from partners.inviting import has_account, hash_of, is_good
from partners.models import ApiKey, Invitation, Licence, Partner, User
from portal.lib.access import Actor
from portal.lib.ids import is_id

# Rows that only set a partner up; they go with it.
_SET_UP_MODELS = (User, Invitation, Licence, ApiKey)
_SET_UP_TABLES = frozenset({"events_endpoint"})
_SET_UP_EVENTS = (
    Event.Kind.PARTNER_CREATED,
    Event.Kind.PARTNER_CHANGED,
    Event.Kind.PARTNER_STATUS_CHANGED,
    Event.Kind.CAPACITY_CHANGED,
    Event.Kind.COMMISSION_PROPOSED,
    Event.Kind.COMMISSION_PROPOSAL_DECIDED,
    Event.Kind.LICENCE_CHANGED,
    Event.Kind.USER_CHANGED,
    Event.Kind.INVITATION_SENT,
    Event.Kind.INVITATION_ACCEPTED,
    Event.Kind.INVITATION_REVOKED,
    Event.Kind.API_KEY_ISSUED,
    Event.Kind.API_KEY_CHANGED,
    Event.Kind.API_KEY_ROTATED,
    Event.Kind.API_KEY_REVOKED,
    Event.Kind.ENDPOINT_CREATED,
    Event.Kind.ENDPOINT_CHALLENGED,
    Event.Kind.ENDPOINT_VERIFIED,
    Event.Kind.ENDPOINT_DISABLED,
    Event.Kind.ENDPOINT_REMOVED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The last default commission a partner proposed: PERCENT, and what became of it."""

    percent: Decimal
    state: str  # waiting, approved or refused
    at: dt.datetime


def partners_for(*, user: Actor) -> QuerySet[Partner]:
    """Return the partners USER may see, by name."""
    return Partner.objects.visible_to(user).order_by("name")


def with_counts(partners: QuerySet[Partner], *, user: Actor) -> QuerySet[Partner]:
    """Add to each partner its number of live shares, and of the commissions USER may see.

    Both are tables of apps above this one, reached by the names of their relations.
    """
    return partners.annotate(
        live_shares=_count("shares", lambda shares: shares.live()),
        commission_count=_count("commissions", lambda commissions: commissions.visible_to(user)),
    )


def _count(relation: str, of: Callable[[Any], Any]) -> Coalesce:
    model: Any = Partner._meta.get_field(relation).related_model
    rows = of(model.objects.filter(partner=OuterRef("pk"))).order_by()
    count = rows.values("partner").annotate(count=Count("*")).values("count")
    return Coalesce(Subquery(count), 0)


def latest_proposal(partner: Partner) -> Proposal | None:
    """Return what PARTNER proposed last and what an admin decided, or None if it never did."""
    event = (
        Event.objects.filter(
            partner_id=partner.pk,
            kind__in=[Event.Kind.COMMISSION_PROPOSED, Event.Kind.COMMISSION_PROPOSAL_DECIDED],
        )
        .order_by("-at", "-pk")
        .first()
    )
    if event is None:
        return None
    state = "waiting"
    if event.kind == Event.Kind.COMMISSION_PROPOSAL_DECIDED:
        state = "approved" if event.data["approved"] else "refused"
    return Proposal(percent=Decimal(event.data["percent"]), state=state, at=event.at)


def has_history(partner: Partner) -> bool:
    """Return whether anything happened with PARTNER beyond setting it up.

    Apps above this one add tables that point here, so the relations are asked, not named.
    """
    return (
        any(_has_rows(partner, relation) for relation in Partner._meta.related_objects)
        or Event.objects.filter(partner_id=partner.pk).exclude(kind__in=_SET_UP_EVENTS).exists()
    )


def _has_rows(partner: Partner, relation: ForeignObjectRel) -> bool:
    model = relation.related_model
    if model in _SET_UP_MODELS or model._meta.db_table in _SET_UP_TABLES:
        return False
    return model._base_manager.filter(**{relation.field.name: partner}).exists()


def endpoints_of(partner: Partner) -> QuerySet[Endpoint]:
    """Return the webhook addresses of PARTNER that were not removed, the oldest first."""
    return Endpoint.objects.kept().filter(partner_id=partner.pk).order_by("created_at", "pk")


def keys_of(*, user: Actor) -> QuerySet[ApiKey]:
    """Return the keys of USER's own partner, the newest first."""
    keys = ApiKey.objects.filter(partner_id=user.partner_id, partner__isnull=False)
    return keys.order_by("-created_at", "-pk")


def people_of(*, user: Actor) -> QuerySet[User]:
    """Return the active people of USER's own partner, owners first."""
    people = User.objects.filter(partner_id=user.partner_id, partner__isnull=False, is_active=True)
    return people.order_by("-role", "name", "pk")


def open_invitations(*, user: Actor) -> QuerySet[Invitation]:
    """Return the invitations USER may see that can still be accepted, with `inviter`, a name.

    It is None where one of the staff invited: a partner's scope does not show them.
    """
    inviter = User.objects.filter(pk=OuterRef("invited_by")).values("name")
    return Invitation.objects.visible_to(user).open().annotate(inviter=Subquery(inviter))


def invitation_of_token(token: str) -> Invitation | None:
    """Return the invitation TOKEN is the link of, if it can still be accepted."""
    return _if_good(Invitation.objects.filter(token_hash=hash_of(token)))


def good_invitation(*, invitation_id: str) -> Invitation | None:
    """Return the invitation with this id, if it can still be accepted."""
    if not is_id("invitation", invitation_id):
        return None
    return _if_good(Invitation.objects.filter(pk=invitation_id))


def _if_good(rows: QuerySet[Invitation]) -> Invitation | None:
    found = rows.select_related("partner", "invited_by__partner").first()
    usable = found is not None and is_good(found) and not has_account(found.email)
    return found if usable else None
