"""Change what one partner sees of a lead (the requirement's `setSharePreferences`)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import queue_webhooks, record_event
from leads.consent import attestation, effective, verdicts, withheld
from leads.errors import Erased
from leads.groups import GROUPS, Groups
from leads.models import DISCLOSING, ConsentDecision, Share
from leads.notices import ShownNotice, remember
from leads.services.recalling import keep_regiven
from leads.services.resolving import decisions_about, lock_share, resolve_share
from leads.services.settling import settle_requests
from leads.services.sharing import within_ceiling
from portal.lib import rows
from portal.lib.access import Actor, Can, require
from portal.lib.errors import IllegalTransition


def change_preferences(
    *,
    actor: Actor,
    reference: str,
    choice: Groups,
    partner_id: str | None = None,
    method: str = ConsentDecision.Method.UNSTATED,
    note: str = "",
    notice: ShownNotice | None = None,
) -> Share:
    """Replace the agent's choice for one share; widening is a new attestation.

    What the client decided always wins. The partner is told when what it sees has changed.

    :param reference: the `share_…`, or the lead's id with PARTNER_ID
    :param note: how the client agreed, in the agent's words, kept with what the choice attests
    :param notice: what the agent was shown the client must have heard, kept with it too
    :raises ConsentWithheld: if CHOICE is beyond the ceiling of the partner's type
    :raises IllegalTransition: if the share has ended and discloses nothing
    :raises Erased: if there is nobody left to have agreed
    """
    with transaction.atomic():
        require(actor, Can.SHARE_LEAD)
        share = lock_share(resolve_share(actor, reference, partner_id))
        if share.lead.erased_at is not None:
            raise Erased(_("This client was erased."))
        if share.status not in DISCLOSING:
            raise IllegalTransition(
                _("This share has ended; the partner sees nothing of the lead any more.")
            )
        choice = within_ceiling(share.partner, choice)
        decisions = decisions_about(share.lead, share.partner)
        widened = Groups(*(choice[g] and not share.chosen[g] for g in GROUPS))
        attested = attestation(
            share.lead,
            share.partner,
            widened,
            decisions,
            by=actor.actor_id,
            method=method,
            note=note,
            notice=notice,
        )
        if attested and notice is not None:
            remember(notice)
        rows.insert(attested)
        decisions += attested
        share.chosen_contact, share.chosen_budget = choice.contact, choice.budget
        share.chosen_requirements = choice.requirements
        changed = recompute(share, decisions, chosen_anew=True)
        share.withheld = withheld(
            choice,
            verdicts(decisions, partner_id=str(share.partner_id), market=share.lead.market),
        )
        keep_regiven(share)
        _tell(actor, share, changed=changed)
    return share


def _tell(actor: Actor, share: Share, *, changed: bool) -> None:
    event = record_event(
        Event.Kind.SHARE_PREFS_UPDATED,
        actor=actor,
        partner_id=str(share.partner_id),
        lead_id=str(share.lead_id),
        share_id=str(share.pk),
        chosen=list(share.chosen),
        groups=list(share.effective),
    )
    if changed:
        queue_webhooks(
            event,
            "lead.consent_updated",
            partner_id=str(share.partner_id),
            refs={"share": str(share.pk)},
            endpoint_id=share.endpoint_id,
        )


def recompute(share: Share, decisions: list[ConsentDecision], *, chosen_anew: bool = False) -> bool:
    """Write the effective groups of a locked share from DECISIONS; return whether they changed.

    Nobody sees more of a share that has ended, and nobody anything of a lead that is restricted.

    :param chosen_anew: the agent's choice was changed and is written as well
    """
    before = share.effective
    groups = Groups.none() if share.lead.restricted else allowed(share, decisions)
    if share.status not in DISCLOSING:
        groups &= before
    if groups == before and not chosen_anew:
        return False
    share.set_effective(groups)
    share.updated_at = timezone.now()
    if groups != before:
        share.consent_version += 1
        share.consent_updated_at = share.updated_at
    share.save(update_fields=RECOMPUTED)
    settle_requests(share)
    return groups != before


def allowed(share: Share, decisions: list[ConsentDecision]) -> Groups:
    """Return decision AND choice AND ceiling, whether or not the lead is restricted."""
    given = verdicts(decisions, partner_id=str(share.partner_id), market=share.lead.market)
    return effective(share.chosen, given, share.partner.type)


RECOMPUTED = [
    *(f"{kind}_{group}" for kind in ("chosen", "shares", "received") for group in GROUPS),
    "consent_version",
    "consent_updated_at",
    "updated_at",
]
