"""A partner asks for a group that is withheld: the agent forwards, the client decides."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import queue_mail, record_event
from leads.actors import require_own
from leads.consent import RULES
from leads.errors import AlreadyAsked, ConsentWithheld, ReasonRequired, RequestAnswered
from leads.groups import GROUPS
from leads.models import Lead, MoreRequest, Notice, Share
from leads.services.consent import Wish, apply, decide
from leads.services.resolving import lock_share, refused_by, resolve_share
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Conflict, IllegalTransition, Malformed, NotFound
from portal.lib.ids import is_id

Status = MoreRequest.Status
# Long enough to say what for, short enough to be read out to a client.
SHORTEST, LONGEST = 10, 500


def ask_for_more(*, actor: Actor, reference: str, group: str, reason: str) -> MoreRequest:
    """Put a partner's wish to see GROUP before the lead's agent.

    :param reference: the partner's `share_…`
    :param reason: what the group is needed for, 10 to 500 characters; agent and client read it
    :raises IllegalTransition: if the share has ended
    :raises ConsentWithheld: if the type never sees the group, or the lead is restricted
    :raises AlreadyAsked: if the same was asked and is not answered
    """
    twice = AlreadyAsked(_("You have asked for this already; it is not answered yet."))
    with refused_by("leads_morerequest_one_open_per_group", twice), transaction.atomic():
        require(actor, Can.ASK_FOR_MORE)
        share = lock_share(resolve_share(actor, reference))
        _check(share, group)
        if not SHORTEST <= len(reason.strip()) <= LONGEST:
            raise ReasonRequired(
                _("Say in %(shortest)s to %(longest)s characters what you need it for.")
                % {"shortest": SHORTEST, "longest": LONGEST}
            )
        asked = MoreRequest.objects.create(
            share=share, group=group, reason=reason.strip(), asked_by=actor.actor_id
        )
        event = _record(Event.Kind.MORE_ASKED, actor, asked)
        queue_mail(event, "more_asked", refs={"more": str(asked.pk)})
        if share.lead.needs_agent_since is None:
            _put_before_agent(share.lead, asked.asked_at)
    return asked


def _put_before_agent(lead: Lead, since: datetime | None) -> None:
    """Let the lead need its agent since then, or None: not any more."""
    lead.needs_agent_since = since
    lead.save(update_fields=["needs_agent_since"])


def _check(share: Share, group: str) -> None:
    if group not in GROUPS:
        raise Malformed(_("There is no such group."))
    if not share.is_live:
        raise IllegalTransition(_("This lead has ended; nothing more of it can be asked for."))
    if not RULES[share.partner.type].ceiling[group]:
        raise ConsentWithheld(
            _("%(type)s partners never see this.") % {"type": share.partner.get_type_display()}
        )
    if share.effective[group]:
        raise Conflict(_("This is shared with you already."))
    if share.lead.restricted:
        raise ConsentWithheld(_("Nothing of this lead may be shared at the moment."))


def forward_request(*, actor: Actor, request_id: str) -> MoreRequest:
    """Put a partner's request before the client; forwarding it twice forwards it once.

    :raises RequestAnswered: if it was declined, answered or has ended with the share
    """
    with transaction.atomic():
        require(actor, Can.ANSWER_REQUEST)
        request = _locked(actor, request_id)
        if request.status == Status.FORWARDED:
            return request
        _must_be(request, Status.ASKED)
        _seen_by_agent(request)
        request.status, request.forwarded_at = Status.FORWARDED, timezone.now()
        request.save(update_fields=["status", "forwarded_at"])
        event = _record(Event.Kind.MORE_FORWARDED, actor, request)
        queue_mail(event, "client_request", refs={"more": str(request.pk)})
    return request


def decline_request(*, actor: Actor, request_id: str) -> MoreRequest:
    """Say no to a partner's request without asking the client; the partner is told.

    :raises RequestAnswered: if it was forwarded, answered or has ended with the share
    """
    with transaction.atomic():
        require(actor, Can.ANSWER_REQUEST)
        request = _locked(actor, request_id)
        if request.status == Status.DECLINED:
            return request
        _must_be(request, Status.ASKED)
        _seen_by_agent(request)
        _answer(actor, request, Status.DECLINED)
    return request


def _seen_by_agent(request: MoreRequest) -> None:
    """Take the lead off the agent's list if this request, and nothing else, put it there."""
    lead = request.share.lead
    if lead.needs_agent_since == request.asked_at:
        others = MoreRequest.objects.filter(share__lead=lead, status=Status.ASKED)
        next_ = others.exclude(pk=request.pk).order_by("asked_at").first()
        _put_before_agent(lead, next_.asked_at if next_ else None)


def answer_request(
    *, actor: Actor, request_id: str, given: bool, notice: Notice | None = None
) -> MoreRequest:
    """Record what the client says to a forwarded request, and let it take effect at once.

    Forwarding was the agent's choice to share the group, so a yes is all that was missing.

    :param notice: the words the client was shown
    :raises RequestAnswered: if the opposite was said before, or the share has ended
    """
    with transaction.atomic():
        require(actor, Can.DECIDE_CONSENT)
        request = _locked(actor, request_id)
        answer = Status.GIVEN if given else Status.REFUSED
        if request.status == answer:
            return request
        _must_be(request, Status.FORWARDED)
        if given:
            setattr(request.share, f"chosen_{request.group}", True)
            request.share.save(update_fields=[f"chosen_{request.group}"])
        # Closed first: what the decision makes visible would settle it a second time.
        event = _answer(actor, request, answer)
        partner_id = str(request.share.partner_id)
        wish = Wish(request.group, given, partner_id, by_name=True)
        lead = request.share.lead
        decided = decide(actor=actor, lead_id=str(lead.pk), wishes=[wish], notice=notice)
        if given and not decided:  # the client had said yes, only the choice was missing
            apply(actor, lead, event, cause="withdrawn")
    return request


def _locked(actor: Actor, request_id: str) -> MoreRequest:
    """Return the request with its share, both and the lead locked.

    :raises NotFound: if ACTOR may know of no such request
    """
    known = MoreRequest.objects.select_related("share") if is_id("more", request_id) else None
    found = known.filter(pk=request_id).first() if known is not None else None
    if found is None:
        raise NotFound(_("There is no such request."))
    share = lock_share(found.share)
    require_own(actor, share.lead)
    request = MoreRequest.objects.select_for_update(no_key=True).get(pk=found.pk)
    request.share = share
    return request


def _must_be(request: MoreRequest, status: str) -> None:
    if request.status != status or not request.share.is_live:
        raise RequestAnswered(
            _("This request is not open any more: %(status)s.")
            % {"status": request.get_status_display().lower()}
        )


def _answer(actor: Actor, request: MoreRequest, status: str) -> Event:
    request.status, request.answered_at = status, timezone.now()
    request.save(update_fields=["status", "answered_at"])
    event = _record(Event.Kind.MORE_ANSWERED, actor, request)
    if status != Status.GIVEN:  # a yes is told with what the partner sees from then on
        queue_mail(event, "more_answered", refs={"more": str(request.pk)})
    return event


def _record(kind: str, actor: Actor, request: MoreRequest) -> Event:
    share = request.share
    return record_event(
        kind,
        actor=actor,
        partner_id=str(share.partner_id),
        lead_id=str(share.lead_id),
        share_id=str(share.pk),
        more=str(request.pk),
        group=request.group,
        answer=request.status,
    )
