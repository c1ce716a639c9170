"""Papers that prove a closing or a claim: handed in by either side, kept once, read by both."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from commissions import papers
from commissions.models import Dispute, Evidence
from events.models import Event
from events.services import record_event
from leads.models import Share, ShareStatus
from leads.services.resolving import lock_share, resolve_share
from portal.lib.access import PARTNER_ROLES, Actor, Can, require
from portal.lib.errors import Conflict, NotFound
from portal.lib.ids import is_id


def add_evidence(
    *, actor: Actor, reference: str, content: bytes, name: str, dispute_id: str = ""
) -> Evidence:
    """Keep a paper about the closing of a share, or about a dispute over it; both sides read it.

    The same bytes handed in again are the paper that is there.

    :param content: a PDF, PNG or JPEG of at most `EVIDENCE_MAX_BYTES`
    :param name: what the file is called; its path and ending are ours
    :raises PaperRefused: if it is too large, or no such file
    :raises Conflict: if nothing was closed, the client is erased, the dispute has ended, or there
        are `EVIDENCE_PER_SHARE` papers already
    """
    with transaction.atomic():
        require(actor, Can.ADD_EVIDENCE)
        share = lock_share(resolve_share(actor, reference))
        paper = _read(content)
        digest = hashlib.sha256(paper.content).hexdigest()
        if (same := share.evidence.filter(sha256=digest).first()) is not None:
            return same
        _check(share)
        added = Evidence(
            share=share,
            partner_id=share.partner_id,
            dispute=_dispute_of(actor, share, dispute_id) if dispute_id else None,
            by_partner=actor.role in PARTNER_ROLES,
            file_name=papers.named(name, paper.content_type),
            content_type=paper.content_type,
            size=len(paper.content),
            sha256=digest,
            content=paper.content,
            added_by=actor.actor_id,
        )
        added.save(force_insert=True)
        _record(actor, added, share)
    return added


def _record(actor: Actor, added: Evidence, share: Share) -> None:
    record_event(
        Event.Kind.EVIDENCE_ADDED,
        actor=actor,
        partner_id=str(share.partner_id),
        lead_id=str(share.lead_id),
        share_id=str(share.pk),
        evidence=str(added.pk),
        content_type=added.content_type,
    )


def note_read(*, actor: Actor, paper: Evidence) -> None:
    """Record that one of the company's people read PAPER, which may name the client."""
    with transaction.atomic():
        record_event(
            Event.Kind.EVIDENCE_READ,
            actor=actor,
            partner_id=str(paper.partner_id),
            lead_id=str(paper.share.lead_id),
            share_id=str(paper.share_id),
            evidence=str(paper.pk),
        )


def _read(content: bytes) -> papers.Paper:
    most = settings.EVIDENCE_MAX_BYTES
    if len(content) > most:
        raise papers.PaperRefused(_("At most %(most)s MB.") % {"most": most // 1_000_000})
    return papers.read(content)


def _check(share: Share) -> None:
    if share.status != ShareStatus.CLOSED:
        raise Conflict(_("Papers are about a closed deal; this lead is not closed."))
    if share.lead.erased_at is not None:
        raise Conflict(_("The client was erased; nothing more is kept about this deal."))
    most = settings.EVIDENCE_PER_SHARE
    if share.evidence.count() >= most:
        raise Conflict(_("At most %(most)s papers about one deal.") % {"most": most})


def _dispute_of(actor: Actor, share: Share, dispute_id: str) -> Dispute:
    seen = Dispute.objects.visible_to(actor).filter(commission__share=share)
    found = seen.filter(pk=dispute_id).first() if is_id("dispute", dispute_id) else None
    if found is None:
        raise NotFound(_("There is no such dispute."))
    if found.status != Dispute.Status.OPEN:
        raise Conflict(_("This dispute has ended."))
    return found
