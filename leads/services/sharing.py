"""Share a lead with a partner: every check, in one transaction, behind every entrance."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.egress import Refused, checked_url
from events.models import Endpoint, Event
from events.services import queue_webhooks, record_event, refusals_recorded
from leads import terms
from leads.consent import RULES, Verdict, attestation, effective, verdicts, withheld
from leads.errors import (
    AlreadyShared,
    CallbackNotVerified,
    CapacityReached,
    ComplianceGate,
    ConsentWithheld,
    PartnerInactive,
    PartnerNameMismatch,
)
from leads.gate import gate_codes
from leads.groups import Groups
from leads.models import ConsentDecision, Lead, Share
from leads.notices import ShownNotice, remember
from leads.services.capture import LeadDraft, insert_lead
from leads.services.counting import count
from leads.services.recalling import take_off
from leads.services.resolving import Locked, lock_for_sharing, refused_by
from partners import licensing
from partners.models import Partner
from portal.lib import rows
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Malformed, NotFound
from portal.lib.ids import is_id


def share_lead(
    *,
    actor: Actor,
    partner_id: str,
    lead_id: str | None = None,
    draft: LeadDraft | None = None,
    choice: Groups | None = None,
    method: str = ConsentDecision.Method.UNSTATED,
    partner_name: str | None = None,
    callback_url: str | None = None,
    instead_of: str | None = None,
    note: str = "",
    notice: ShownNotice | None = None,
) -> Share:
    """Offer a lead to a partner.

    :param lead_id: the lead; without it DRAFT is recorded as a new lead of the partner's market
    :param choice: the agent's choice and, where the client has not decided, attestation; left out,
        the defaults of the partner's type
    :param method: how the client agreed, where the choice attests it
    :param partner_name: a claim; refused unless it is the partner's name
    :param callback_url: one of the partner's verified endpoints, to limit this share's webhooks to
    :param instead_of: the ended share that this one replaces
    :param note: how the client agreed, in the agent's words, kept with what the choice attests
    :param notice: what the agent was shown the client must have heard, kept with it too
    :raises NotAllowed, NotFound, PartnerNameMismatch, PartnerInactive, CallbackNotVerified,
        ComplianceGate, ConsentWithheld, CapacityReached, AlreadyShared: each recorded as
        `lead_share_failed`
    """
    failed = Event.Kind.LEAD_SHARE_FAILED
    already = AlreadyShared(_("This lead is already live with this partner."))
    with (
        refusals_recorded(failed, actor=actor, partner_id=partner_id, lead_id=lead_id),
        refused_by("leads_share_one_live_per_partner", already),
        transaction.atomic(),
    ):
        require(actor, Can.SHARE_LEAD)
        locked = lock_for_sharing(actor, partner_id, lead_id)
        partner = locked.partner
        check_partner(partner, partner_name)
        endpoint_id = _endpoint_for(partner, callback_url)
        lead = _lead_for(actor, locked, lead_id, draft)
        gate = pass_gate(partner, lead)
        choice = within_ceiling(partner, choice)
        decisions = locked.decisions
        attested = attestation(
            lead,
            partner,
            choice,
            decisions,
            by=actor.actor_id,
            method=method,
            note=note,
            notice=notice,
        )
        given = verdicts(decisions + attested, partner_id=str(partner.pk), market=lead.market)
        groups = effective(choice, given, partner.type)
        _check_something_is_left(groups, choice, given)
        _check_capacity(locked)
        if attested and notice is not None:
            remember(notice)
        with rows.together():
            rows.insert(attested)
            share = _insert_share(
                actor, lead, partner, choice, groups, gate, endpoint_id, _agreed(locked, lead)
            )
            share.withheld = withheld(choice, given)
            _tell(actor, share, instead_of)
        for task in locked.owed:  # what it may see again it need not delete
            take_off(task, groups)
    return share


def check_partner(partner: Partner, claimed_name: str | None = None) -> None:
    """Refuse a partner that gets no new leads, or is called otherwise than CLAIMED_NAME."""
    if claimed_name is not None and claimed_name.strip() != partner.name:
        raise PartnerNameMismatch(_("partnerName is not the name of this partner."))
    if partner.status != Partner.Status.ACTIVE:
        raise PartnerInactive(
            _("%(partner)s is %(status)s and gets no new leads.")
            % {"partner": partner.name, "status": partner.get_status_display().lower()}
        )


def _endpoint_for(partner: Partner, callback_url: str | None) -> str | None:
    if not callback_url:
        return None
    not_verified = CallbackNotVerified(
        _("This address is not one of the partner's verified endpoints. Only those get leads.")
    )
    try:
        address = checked_url(callback_url)  # however it is spelt, it is kept in its normal form
    except Refused as refused:
        raise not_verified from refused
    found = Endpoint.objects.receiving().filter(partner=partner, url=address)
    if (endpoint := found.first()) is None:
        raise not_verified
    return str(endpoint.pk)


def _lead_for(actor: Actor, locked: Locked, lead_id: str | None, draft: LeadDraft | None) -> Lead:
    if lead_id is not None:
        if locked.lead is None:
            raise NotFound(_("There is no such lead."))
        if locked.lead.restricted:
            raise ConsentWithheld(_("This lead is restricted: nothing of it may be shared."))
        return locked.lead
    if draft is None:
        raise Malformed(_("Name a lead or describe one."))
    return insert_lead(actor=actor, market=locked.partner.market, draft=draft)


def pass_gate(partner: Partner, lead: Lead) -> dict[str, object]:
    """Return what to freeze on the share, or refuse with every code that fails."""
    now = timezone.now()
    codes, licences = gate_codes(partner, lead, now)
    if codes:
        raise ComplianceGate(" ".join(licensing.describe(codes)), codes=codes)
    return licensing.gate_snapshot(
        partner, licences, lead_market=lead.market, region=lead.region, at=now
    )


def within_ceiling(partner: Partner, choice: Groups | None) -> Groups:
    """Return the choice, or the type's default; refuse a choice beyond the type's ceiling."""
    rule = RULES[partner.type]
    if choice is None:
        return rule.default & rule.ceiling
    beyond = [group for group in choice if not rule.ceiling[group]]
    if beyond:
        raise ConsentWithheld(
            _("%(type)s partners never see the client's %(groups)s.")
            % {"type": partner.get_type_display(), "groups": ", ".join(beyond)},
            groups=beyond,
        )
    return choice


def _check_something_is_left(groups: Groups, choice: Groups, given: dict[str, Verdict]) -> None:
    if groups:
        return
    reasons = withheld(choice, given)
    told = ", ".join(f"{group}: {reason}" for group, reason in reasons.items())
    raise ConsentWithheld(
        _("Nothing may be shared with this partner (%(reasons)s).") % {"reasons": told}
        if told
        else _("Choose at least one group to share."),
        withheld=reasons,
    )


def _check_capacity(locked: Locked) -> None:
    partner, active = locked.partner, locked.active
    if active >= partner.capacity:
        raise CapacityReached(
            _("%(partner)s works %(active)s of %(capacity)s leads and has no room left.")
            % {"partner": partner.name, "active": active, "capacity": partner.capacity},
            capacity=partner.capacity,
        )


def _agreed(locked: Locked, lead: Lead) -> terms.Frozen:
    """Return the commission terms the share keeps."""
    partner = locked.partner
    if locked.lead is None:  # it is new, so those of its project were not asked for yet
        return terms.in_force([partner], lead, timezone.now())[str(partner.pk)]
    return terms.frozen(partner, locked.agreed)


def _insert_share(
    actor: Actor,
    lead: Lead,
    partner: Partner,
    choice: Groups,
    groups: Groups,
    gate: dict[str, object],
    endpoint_id: str | None,
    agreed: terms.Frozen,
) -> Share:
    now = timezone.now()
    share = Share(
        lead=lead,
        partner=partner,
        chosen_contact=choice.contact,
        chosen_budget=choice.budget,
        chosen_requirements=choice.requirements,
        shares_contact=groups.contact,
        shares_budget=groups.budget,
        shares_requirements=groups.requirements,
        received_contact=groups.contact,
        received_budget=groups.budget,
        received_requirements=groups.requirements,
        commission_percent=agreed.percent,
        direction=agreed.direction,
        terms=agreed.terms,
        currency=lead.currency,
        gate=gate,
        endpoint_id=endpoint_id,
        shared_by=actor.actor_id,
        shared_at=now,
        updated_at=now,
        consent_updated_at=now,
    )
    rows.insert([share])
    count(share, now, received=1)
    return share


def _tell(actor: Actor, share: Share, instead_of: str | None) -> None:
    event = record_event(
        Event.Kind.LEAD_SHARED,
        actor=actor,
        partner_id=str(share.partner_id),
        lead_id=str(share.lead_id),
        share_id=str(share.pk),
        groups=list(share.effective),
    )
    refs = {"share": str(share.pk)}
    queue_webhooks(
        event,
        "lead.shared",
        partner_id=str(share.partner_id),
        refs=refs,
        endpoint_id=share.endpoint_id,
        mails=_mails(share),
    )
    _note_reassignment(share, instead_of)


def _mails(share: Share) -> list[str]:
    """Return whom to write to: the partner, and the client, who is told of each recipient."""
    mails = ["lead_shared"] if share.partner.contact_email else []
    return [*mails, "client_share_notice"] if share.lead.email else mails


def _note_reassignment(share: Share, instead_of: str | None) -> None:
    """Remember whom the share replaces, and that the agent has dealt with the lead."""
    lead = share.lead
    changed = []
    if instead_of:
        ended = lead.shares.filter(pk=instead_of).first() if is_id("share", instead_of) else None
        if ended is None or ended.is_live:
            raise NotFound(_("There is no ended share of this lead to replace."))
        lead.reassignment_history.append(
            {
                "from": str(ended.partner_id),
                "to": str(share.partner_id),
                "at": share.shared_at.isoformat(),
                "after": ended.status,
            }
        )
        changed.append("reassignment_history")
    if lead.needs_agent_since is not None:
        lead.needs_agent_since = None
        changed.append("needs_agent_since")
    if changed:
        lead.save(update_fields=changed)
