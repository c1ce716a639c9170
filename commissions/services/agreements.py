"""Agreements with partners: offered in versions by finance, accepted or declined by the owner.

What is agreed counts for leads shared from then on; a share keeps the terms it was made under.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from commissions.agreement_text import Scope, compose, hash_of
from commissions.agreements import BASES
from commissions.models import Agreement, AgreementVersion
from commissions.terms import Terms, problems
from events.models import Event
from events.services import queue_mail, record_event
from leads.models import Lead
from partners.models import Partner, User
from partners.types import PartnerType
from portal.lib import ids
from portal.lib.access import Actor, Can, Role, require
from portal.lib.errors import Conflict, NotFound, Unprocessable


class TermsRefused(Unprocessable):
    """The terms cannot stand. `fields` says which part of them, and why."""

    code = "terms_refused"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is offered: terms, and the days of sharing they count for (both included)."""

    terms: Terms
    valid_from: dt.date
    valid_to: dt.date | None = None


def offer(
    *,
    actor: Actor,
    partner_id: str,
    draft: Draft,
    title: str,
    project: str = "",
    lead_id: str = "",
) -> AgreementVersion:
    """Offer PARTNER an agreement about all its leads, those of PROJECT, or one lead.

    :param title: what the partner reads; of one lead, without the client's name
    :raises TermsRefused: if they cannot stand
    :raises NotFound: if there is no such partner, or no such lead for ACTOR
    """
    with transaction.atomic():
        require(actor, Can.MANAGE_AGREEMENTS)
        partner = _locked_partner(actor, partner_id)
        agreement = Agreement(
            partner=partner,
            title=_titled(title),
            project=project.strip(),
            lead=_lead_of(actor, lead_id),
            created_by=actor.actor_id,
        )
        if agreement.project and agreement.lead:
            refused = {"project": [_("An agreement is about a project or about one lead.")]}
            raise TermsRefused(_("These terms cannot stand."), fields=refused)
        _check(partner, draft)
        agreement.save(force_insert=True)
        return _offer(actor, agreement, draft)


def offer_version(*, actor: Actor, agreement_id: str, draft: Draft) -> AgreementVersion:
    """Offer other terms under an agreement; what is still open of it is taken back.

    :raises Conflict: if the agreement has ended
    :raises TermsRefused: if they cannot stand
    """
    with transaction.atomic():
        require(actor, Can.MANAGE_AGREEMENTS)
        agreement = _locked_agreement(actor, agreement_id)
        _require_going_on(agreement)
        _check(agreement.partner, draft)
        for version in _open(agreement):
            _take_back(actor, version)
        return _offer(actor, agreement, draft)


def accept(*, actor: User, version_id: str, text_hash: str) -> AgreementVersion:
    """Accept a version for the own partner; accepting it again changes nothing.

    :param text_hash: of the text that was read
    :raises Conflict: if it was another text, or the offer was taken back, declined or has ended
    """
    with transaction.atomic():
        require(actor, Can.ACCEPT_AGREEMENT)
        version = _locked_version(actor, version_id)
        if version.accepted_at is not None:
            return version
        _require_offered(version)
        if not text_hash == version.text_hash == hash_of(version.text):
            raise Conflict(_("This is not the text that was offered. Read it once more."))
        version.accepted_at = timezone.now()
        version.accepted_by, version.accepted_name = actor.actor_id, actor.name[:200]
        version.save(update_fields=["accepted_at", "accepted_by", "accepted_name"])
        _record(Event.Kind.AGREEMENT_ACCEPTED, actor, version)
    return version


def decline(*, actor: Actor, version_id: str) -> AgreementVersion:
    """Decline a version for the own partner; what was agreed before goes on.

    :raises Conflict: if it was accepted, or ended otherwise
    """
    with transaction.atomic():
        require(actor, Can.ACCEPT_AGREEMENT)
        version = _locked_version(actor, version_id)
        _require_offered(version)
        _take_back(actor, version, declined=True)
    return version


def withdraw(*, actor: Actor, version_id: str) -> AgreementVersion:
    """Take back a version that nobody has accepted yet.

    :raises Conflict: if it was accepted, or ended otherwise
    """
    with transaction.atomic():
        require(actor, Can.MANAGE_AGREEMENTS)
        version = _locked_version(actor, version_id)
        _require_offered(version)
        _take_back(actor, version)
    return version


def end(*, actor: Actor, agreement_id: str) -> Agreement:
    """End an agreement for leads shared from now on; ending it again changes nothing."""
    with transaction.atomic():
        require(actor, Can.MANAGE_AGREEMENTS)
        agreement = _locked_agreement(actor, agreement_id)
        if agreement.ended_at is not None:
            return agreement
        for version in _open(agreement):
            _take_back(actor, version)
        agreement.ended_at = timezone.now()
        agreement.save(update_fields=["ended_at"])
        record_event(
            Event.Kind.AGREEMENT_ENDED,
            actor=actor,
            partner_id=str(agreement.partner_id),
            agreement=str(agreement.pk),
        )
    return agreement


def _check(partner: Partner, draft: Draft) -> None:
    found = {name: [reason] for name, reason in problems(draft.terms).items()}
    if draft.terms.base not in BASES[PartnerType(partner.type)]:
        found["base"] = [_("Partners of this type are not paid by that.")]
    if draft.valid_to is not None:
        if draft.valid_to < draft.valid_from:
            found["valid_to"] = [_("It ends before it begins.")]
        elif draft.valid_to < _today():
            found["valid_to"] = [_("It would have ended already.")]
    if found:
        raise TermsRefused(_("These terms cannot stand."), fields=found)


def _offer(actor: Actor, agreement: Agreement, draft: Draft) -> AgreementVersion:
    number = (agreement.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    terms = dataclasses.replace(
        draft.terms, agreement=str(agreement.pk), version=number, entered_by=(actor.actor_id,)
    )
    scope = Scope(
        title=agreement.title,
        project=agreement.project,
        one_deal=agreement.lead_id is not None,
        number=number,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
    )
    text = compose(agreement.partner, scope, terms)
    version = AgreementVersion(
        agreement=agreement,
        partner=agreement.partner,
        number=number,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        terms=terms.as_json(),
        text=text,
        text_hash=hash_of(text),
        entered_by=actor.actor_id,
    )
    version.save(force_insert=True)
    event = _record(Event.Kind.AGREEMENT_OFFERED, actor, version)
    owners = User.objects.filter(partner=agreement.partner, role=Role.OWNER, is_active=True)
    for owner_id in owners.order_by("pk").values_list("pk", flat=True):
        queue_mail(event, "agreement_offered", refs={"version": version.pk, "user": owner_id})
    return version


def _take_back(actor: Actor, version: AgreementVersion, *, declined: bool = False) -> None:
    version.withdrawn_at, version.withdrawn_by = timezone.now(), actor.actor_id
    version.save(update_fields=["withdrawn_at", "withdrawn_by"])
    _record(Event.Kind.AGREEMENT_WITHDRAWN, actor, version, declined=declined)


def _record(kind: str, actor: Actor, version: AgreementVersion, **data: Any) -> Event:
    return record_event(
        kind,
        actor=actor,
        partner_id=str(version.partner_id),
        agreement=str(version.agreement_id),
        terms=str(version.pk),
        version=version.number,
        text_hash=version.text_hash,
        **data,
    )


def _open(agreement: Agreement) -> list[AgreementVersion]:
    waiting = agreement.versions.filter(accepted_at=None, withdrawn_at=None)
    return list(waiting.select_for_update(no_key=True))


def _require_going_on(agreement: Agreement) -> None:
    if agreement.ended_at is not None:
        raise Conflict(_("This agreement has ended."))


def _require_offered(version: AgreementVersion) -> None:
    _require_going_on(version.agreement)
    if version.accepted_at is not None:
        raise Conflict(_("This version was accepted already."))
    if version.withdrawn_at is not None:
        raise Conflict(_("This version was taken back or declined."))
    if version.valid_to is not None and version.valid_to < _today():
        raise Conflict(_("The days this version was offered for are over."))


def _locked_partner(actor: Actor, partner_id: str) -> Partner:
    """Lock a partner first of all, so that its versions are numbered one after the other."""
    found = None
    if ids.is_id("partner", partner_id):
        seen = Partner.objects.visible_to(actor).select_for_update(no_key=True)
        found = seen.filter(pk=partner_id).first()
    if found is None:
        raise NotFound(_("There is no such partner."))
    return found


def _locked_agreement(actor: Actor, agreement_id: str) -> Agreement:
    seen = Agreement.objects.visible_to(actor)
    found = seen.filter(pk=agreement_id).first() if ids.is_id("agreement", agreement_id) else None
    if found is None:
        raise NotFound(_("There is no such agreement."))
    partner = _locked_partner(actor, str(found.partner_id))
    agreement = Agreement.objects.select_for_update(no_key=True).get(pk=agreement_id)
    agreement.partner = partner
    return agreement


def _locked_version(actor: Actor, version_id: str) -> AgreementVersion:
    seen = AgreementVersion.objects.visible_to(actor)
    found = seen.filter(pk=version_id).first() if ids.is_id("terms", version_id) else None
    if found is None:
        raise NotFound(_("There is no such agreement."))
    agreement = _locked_agreement(actor, str(found.agreement_id))
    version = AgreementVersion.objects.select_for_update(no_key=True).get(pk=version_id)
    version.agreement, version.partner = agreement, agreement.partner
    return version


def _titled(title: str) -> str:
    if not (named := title.strip()):
        refused = {"title": [_("Give it a title.")]}
        raise TermsRefused(_("These terms cannot stand."), fields=refused)
    return named


def _lead_of(actor: Actor, lead_id: str) -> Lead | None:
    if not lead_id:
        return None
    seen = Lead.objects.visible_to(actor)
    found = seen.filter(pk=lead_id).first() if ids.is_id("lead", lead_id) else None
    if found is None:
        raise NotFound(_("There is no such lead."))
    return found


def _today() -> dt.date:
    return timezone.now().date()
