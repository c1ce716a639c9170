"""How an endpoint shows that it is its partner's: it echoes a challenge nobody else was sent."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events import payloads
from events.models import Delivery, Endpoint, Event
from events.services.owned import cancel, lock_endpoint, recorded
from events.services.writing import nudge, record_event, webhook
from portal.lib.access import Actor, Can, require
from portal.lib.errors import DomainError

# They go to addresses of which nobody knows yet whose they are: the portal is no cannon.
CHALLENGES_AN_HOUR = 120  # of a partner


class TooManyChallenges(DomainError):
    """A partner's addresses are asked for their proof 120 times an hour at most."""

    code = "too_many_challenges"
    status = 429
    wait = 300  # seconds, for Retry-After


@transaction.atomic
def request_verification(*, actor: Actor, endpoint_id: str) -> Endpoint:
    """Send the endpoint a new challenge. One that is switched off comes on again by its proof.

    :raises NotFound: if ACTOR has no such endpoint
    :raises TooManyChallenges: if its partner's addresses were asked too often
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = lock_endpoint(actor, endpoint_id)
    # Switched off without a reason: it waits for its proof, and only the challenge is sent.
    endpoint.disabled_reason, endpoint.open_until = "", None
    endpoint.save(update_fields=["disabled_reason", "open_until"])
    renew_challenge(endpoint)
    event = record_event(
        Event.Kind.ENDPOINT_CHALLENGED,
        actor=actor,
        partner_id=endpoint.partner_id,
        endpoint_id=endpoint.pk,
    )
    queue_challenge(event, endpoint)
    return endpoint


def renew_challenge(endpoint: Endpoint) -> None:
    """Let no answer to an earlier challenge prove anything of ENDPOINT, also one on its way.

    Whoever was sent the last one may be another than the one that has to prove itself now.
    """
    endpoint.challenge = secrets.token_urlsafe(24)
    endpoint.save(update_fields=["challenge"])
    cancel(endpoint, type=payloads.VERIFY)


def queue_challenge(event: Event, endpoint: Endpoint) -> None:
    """Queue the present challenge of ENDPOINT; once it is replaced, this message is not sent.

    :raises TooManyChallenges: if its partner's addresses were asked too often
    """
    hour = timezone.now() - timedelta(hours=1)
    asked = Delivery.objects.filter(
        partner_id=endpoint.partner_id, type=payloads.VERIFY, created_at__gt=hour
    )
    if asked.count() >= CHALLENGES_AN_HOUR:
        raise TooManyChallenges(_("Your addresses were asked too often. Wait some minutes."))
    refs = {"endpoint": endpoint.pk, "proof": payloads.mark_of(endpoint.challenge)}
    webhook(event, payloads.VERIFY, endpoint.pk, endpoint.partner_id, refs).save()
    nudge()


@transaction.atomic
def confirm_endpoint(*, actor: Actor, endpoint_id: str, echoed: str) -> bool:
    """Mark the endpoint as verified if ECHOED is its present challenge; return whether it was."""
    endpoint = Endpoint.objects.kept().select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None or not secrets.compare_digest(endpoint.challenge.encode(), echoed.encode()):
        return False
    if endpoint.verified and endpoint.enabled and not endpoint.pending_url:
        return True
    if endpoint.pending_url:
        endpoint.url, endpoint.pending_url = endpoint.pending_url, ""
    endpoint.verified_at, endpoint.enabled, endpoint.disabled_reason = timezone.now(), True, ""
    # What an address did wrong before is not counted against the one that just answered.
    endpoint.failing_since = endpoint.told_failing_at = endpoint.told_exhausted_at = None
    endpoint.open_until, endpoint.openings = None, 0
    endpoint.save(
        update_fields=[
            "url", "pending_url", "verified_at", "enabled", "disabled_reason", "failing_since",
            "told_failing_at", "told_exhausted_at", "open_until", "openings",
        ]
    )  # fmt: skip
    recorded(Event.Kind.ENDPOINT_VERIFIED, actor, endpoint)
    return True
