"""From what a caller names to locked rows, in the one lock order: partner, lead, shares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from leads import terms
from leads.actors import is_in_scope
from leads.errors import PartnerMismatch
from leads.models import LIVE, ConsentDecision, DeletionTask, Lead, Share, ShareStatus
from partners.models import Partner
from portal.lib import ids, rows
from portal.lib.access import Actor, is_staff
from portal.lib.errors import DomainError, NotFound
from portal.lib.ids import is_id
from portal.lib.scope import sight_of

# What every share asks is written out once; compiling it each time costs more than running it.
_LOCKED = "WHERE id = %s FOR NO KEY UPDATE"
_COVERING = "WHERE lead_id = %s AND (partner_id = %s OR partner_id IS NULL)"
# What the partner has to delete of earlier shares of the lead.
_OWED = """
WHERE attested_at IS NULL
  AND share_id IN (SELECT id FROM leads_share WHERE lead_id = %s AND partner_id = %s)
"""
_LIVE_COUNT = """
SELECT count(*) FROM leads_share
WHERE partner_id = %s AND status IN ('sent', 'accepted', 'in_progress')
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """What sharing looks at: partner and lead locked, the decisions about both, live leads.

    `owed`: what the partner has still to delete of earlier shares of the lead.
    `agreed`: its commission terms for the lead, for `leads.terms.frozen` to read.
    """

    partner: Partner
    lead: Lead | None
    decisions: list[ConsentDecision]
    active: int
    owed: list[DeletionTask]
    agreed: list[tuple[Any, ...]]


def lock_for_sharing(actor: Actor, partner_id: str, lead_id: str | None) -> Locked:
    """Lock the partner named and then the lead, if one is named and exists in ACTOR's scope.

    Two agents may be after the partner's one free slot: it is counted while its row is locked.

    :raises NotFound: if ACTOR may see no such partner
    """
    if not is_id("partner", partner_id) or not (is_staff(actor) or actor.partner_id == partner_id):
        raise NotFound(_("There is no such partner."))
    partner_key = ids.decode("partner", partner_id)
    lead_key = ids.decode("lead", lead_id) if lead_id and is_id("lead", lead_id) else None
    # One message: the locks in their order, then what may only be read under them.
    partners, leads, decisions, active, owed, agreed = rows.read_together(
        rows.reading(Partner, _LOCKED, [partner_key]),
        rows.reading(Lead, _LOCKED, [lead_key]),
        rows.reading(ConsentDecision, _COVERING, [lead_key, partner_key]),
        rows.Reading(_LIVE_COUNT, [partner_key]),
        rows.reading(DeletionTask, _OWED, [lead_key, partner_key]),
        terms.asked([partner_key], lead_key, timezone.now()),
    )
    if not partners:
        raise NotFound(_("There is no such partner."))
    lead = leads[0] if leads and is_in_scope(actor, leads[0]) else None
    return Locked(partners[0], lead, decisions, active[0][0], owed, agreed)


def lock_lead(lead_id: str) -> Lead:
    """Lock the lead, so that decisions, shares and closings of it come one after another.

    :raises NotFound: if there is none
    """
    if is_id("lead", lead_id):
        (found,) = rows.read_together(rows.reading(Lead, _LOCKED, [ids.decode("lead", lead_id)]))
        if found:
            return cast("Lead", found[0])
    raise NotFound(_("There is no such lead."))


def resolve_share(actor: Actor, reference: str, partner_id: str | None = None) -> Share:
    """Return the share a caller means by REFERENCE, not locked yet.

    A partner names its own `share_…`; staff may also send the lead's id with PARTNER_ID, meaning
    the live share or else the newest.

    :raises PartnerMismatch: if a partner names another partner
    :raises NotFound: if the caller may see no such share
    """
    if partner_id is not None and not is_staff(actor) and partner_id != actor.partner_id:
        raise PartnerMismatch(_("partnerId is not the partner this key belongs to."))
    shares = Share.objects.visible_to(actor)
    if partner_id is not None:
        known = is_id("partner", partner_id)
        shares = shares.filter(partner=partner_id) if known else shares.none()
    if is_id("share", reference):
        with sight_of(actor):
            share = shares.filter(pk=reference).first()
    elif is_staff(actor) and partner_id and is_id("lead", reference):
        of_lead = list(shares.filter(lead=reference).order_by("-shared_at", "-pk"))
        share = next((s for s in of_lead if s.status in LIVE), of_lead[0] if of_lead else None)
    else:
        share = None
    if share is None:
        raise NotFound(_("There is no such lead."))
    return share


def lock_share(share: Share) -> Share:
    """Lock the share's lead and then the share; return it fresh, with lead and partner loaded."""
    lead = lock_lead(str(share.lead_id))
    locked = Share.objects.select_for_update(no_key=True, of=("self",)).select_related("partner")
    fresh = locked.get(pk=share.pk)
    fresh.lead = lead
    return fresh


def live_shares_of(lead: Lead, *, but: Share) -> list[Share]:
    """Lock and return the lead's live shares other than BUT; the lead is locked already."""
    others = Share.objects.select_for_update(no_key=True, of=("self",)).select_related("partner")
    live: list[str] = [ShareStatus(status).value for status in LIVE]
    return list(others.filter(lead=lead, status__in=live).exclude(pk=but.pk).order_by("pk"))


def decisions_about(lead: Lead, partner: Partner) -> list[ConsentDecision]:
    """Return the decisions about LEAD that cover PARTNER, in any order."""
    keys = [ids.decode("lead", str(lead.pk)), ids.decode("partner", str(partner.pk))]
    (found,) = rows.read_together(rows.reading(ConsentDecision, _COVERING, keys))
    return found


@contextmanager
def refused_by(constraint: str, refusal: DomainError) -> Iterator[None]:
    """Turn the database's refusal by CONSTRAINT into REFUSAL. Goes around the atomic block."""
    try:
        yield
    except IntegrityError as error:
        if constraint in str(error):
            raise refusal from error
        raise
