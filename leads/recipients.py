"""Who got what of a lead, when and how, and whether it has stopped.

For the client's consent page, the export and the agents' pages: the law wants every recipient named
(GDPR articles 15 and 19, DPDP section 11). Read from the events of each share and from the tries of
its messages, so that it says what happened and not what was meant to happen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from events import told
from events.models import Event
from events.told import Span, Stopping
from leads.groups import GROUPS, Groups
from leads.models import DeletionTask, Lead, Share
from partners.types import Market

PORTAL, WEBHOOK = "portal", "webhook"
COUNTRY = {Market.UAE: "AE", Market.INDIA: "IN"}
# Messages that carry what a share discloses.
CARRYING = ("lead.shared", "lead.consent_updated", "appointment.shared", "appointment.updated")
# Whose `groups` say what the partner may see from then on.
SETTING = (Event.Kind.LEAD_SHARED, Event.Kind.SHARE_PREFS_UPDATED, Event.Kind.DELETION_ASKED)
# After these it sees nothing any more.
_ENDING = (
    Event.Kind.SHARE_REJECTED,
    Event.Kind.SHARE_EXPIRED,
    Event.Kind.SHARE_WITHDRAWN,
    Event.Kind.SHARE_REVOKED,
)
# Group → the fields of a message that belong to it (`events.letters` names them).
_FIELDS = {
    "contact": "lead.customerInfo.%",
    "budget": "lead.budget%",
    "requirements": "lead.preferences.%",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceNumber:
    """A licence as the register knows it."""

    kind: str
    number: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One group on one way: shown in the portal, or sent by webhook.

    `last_at` is the last time it was sent, or the time it was shown no longer; None while it is.
    """

    group: str
    transport: str
    first_at: datetime
    last_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One share of a lead as its client may know it."""

    partner_id: str
    name: str
    type: str
    licences: tuple[LicenceNumber, ...]
    market: str
    country: str
    share_id: str
    status: str
    status_label: str
    is_live: bool
    shared_at: datetime
    # What the partner sees now.
    seen: Groups
    # Everything it has seen at any time.
    ever: Groups
    received: tuple[Received, ...]
    # The newest duty to delete, if there ever was one.
    deletion: DeletionTask | None
    # Since a group was taken away: messages still on their way that were built before, and when
    # the last of them ended. `stopped_at` is None while one is, and where nothing was taken away.
    under_way: int
    stopped_at: datetime | None


@dataclass(slots=True)
class _Shown:
    """What a partner saw in the portal, as the events tell it one after the other."""

    now: frozenset[str]
    since: dict[str, datetime]
    until: dict[str, datetime]
    narrowed_at: datetime | None = None

    def turn_to(self, groups: frozenset[str], at: datetime) -> None:
        for group in groups - self.now:
            self.since.setdefault(group, at)
        for group in self.now - groups:
            self.until[group] = self.narrowed_at = at
        self.now = groups


def recipients_of(lead: Lead) -> list[Recipient]:
    """Return everybody LEAD was ever shared with, one by one share, newest first.

    The shares of one partner stand together. Takes the same few queries for any number of shares.
    """
    shares = list(
        Share.objects.filter(lead=lead)
        .select_related("partner")
        .prefetch_related("partner__licences")
        .order_by("-shared_at", "-pk")
    )
    if not shares:
        return []
    ids = [str(share.pk) for share in shares]
    shown = _shown_of(shares)
    sent = told.told_by_webhook(ids, _FIELDS)
    narrowed = {pk: one.narrowed_at for pk, one in shown.items() if one.narrowed_at is not None}
    stops = told.stopping(narrowed, CARRYING) if narrowed else {}
    tasks = DeletionTask.objects.filter(share__in=ids).order_by("share", "-created_at", "-pk")
    newest = {str(task.share_id): task for task in tasks.distinct("share")}
    return [
        _recipient(
            share,
            shown[pk],
            sent.get(pk, {}),
            stops.get(pk),
            newest.get(pk),
            hidden=lead.restricted,
        )
        for share in _by_partner(shares)
        if (pk := str(share.pk))
    ]


def _shown_of(shares: Iterable[Share]) -> dict[str, _Shown]:
    """Return what the portal showed the partner of each share, from the events of the shares."""
    by_id = {str(share.pk): share for share in shares}
    events = Event.objects.filter(share_id__in=by_id, kind__in=(*SETTING, *_ENDING), ok=True)
    shown = {pk: _Shown(frozenset(), {}, {}) for pk in by_id}
    rows = events.order_by("at", "pk").values_list("share_id", "kind", "at", "data")
    for share_id, kind, at, data in rows:
        pk = str(share_id)
        shown[pk].turn_to(_groups_of(kind, data, by_id[pk]), at)
    return shown


def _groups_of(kind: str, data: dict[str, Any], share: Share) -> frozenset[str]:
    if kind in _ENDING:
        return frozenset()
    return frozenset(data.get("groups", share.received))


def _by_partner(shares: list[Share]) -> list[Share]:
    """Return SHARES, newest first, with those of one partner behind its newest."""
    of_partner: dict[str, list[Share]] = {}
    for share in shares:
        of_partner.setdefault(str(share.partner_id), []).append(share)
    return [share for together in of_partner.values() for share in together]


def _recipient(
    share: Share,
    shown: _Shown,
    sent: dict[str, Span],
    stop: Stopping | None,
    task: DeletionTask | None,
    *,
    hidden: bool,
) -> Recipient:
    partner = share.partner
    under_way = stop.under_way if stop else 0
    stopped_at = None
    if shown.narrowed_at is not None and not under_way:
        ended = stop.last_ended_at if stop else None
        stopped_at = max(shown.narrowed_at, ended or shown.narrowed_at)
    return Recipient(
        partner_id=str(partner.pk),
        name=partner.name,
        type=partner.get_type_display(),
        licences=tuple(
            LicenceNumber(
                kind=licence.get_kind_display(),
                number=licence.number,
                region=licence.get_region_display(),
            )
            for licence in partner.licences.all()
        ),
        market=partner.get_market_display(),
        country=COUNTRY[Market(partner.market)],
        share_id=str(share.pk),
        status=share.status,
        status_label=share.get_status_display(),
        is_live=share.is_live,
        shared_at=share.shared_at,
        seen=Groups.none() if hidden else share.disclosed,
        ever=share.received,
        received=tuple(_received(shown, sent)),
        deletion=task,
        under_way=under_way,
        stopped_at=stopped_at,
    )


def _received(shown: _Shown, sent: dict[str, Span]) -> Iterable[Received]:
    for group in GROUPS:
        if group in shown.since:
            until = None if group in shown.now else shown.until[group]
            first = shown.since[group]
            yield Received(group=group, transport=PORTAL, first_at=first, last_at=until)
        if span := sent.get(group):
            yield Received(
                group=group, transport=WEBHOOK, first_at=span.first_at, last_at=span.last_at
            )
