"""What an endpoint's messages are signed with."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events import signing
from events.models import Endpoint, Event
from events.services.owned import lock_endpoint, recorded
from portal.lib.access import Actor, Can, require
from portal.lib.errors import Unprocessable

DEFAULT_OVERLAP = timedelta(days=1)
LONGEST_OVERLAP = timedelta(days=7)  # as Svix allows (reference of Standard Webhooks' makers)


class OverlapRefused(Unprocessable):
    """A secret overlaps for seven days at most."""

    code = "overlap_refused"


@transaction.atomic
def rotate_secret(
    *, actor: Actor, endpoint_id: str, overlap: timedelta = DEFAULT_OVERLAP
) -> Endpoint:
    """Give the endpoint a new secret; the one until now signs as well for OVERLAP, 0 to 7 days.

    :raises NotFound: if ACTOR has no such endpoint
    :raises OverlapRefused: if OVERLAP is longer, or negative
    """
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = lock_endpoint(actor, endpoint_id)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise OverlapRefused(_("The secrets may overlap for up to seven days."))
    endpoint.previous_secret = endpoint.secret if overlap else ""
    endpoint.previous_secret_until = timezone.now() + overlap if overlap else None
    endpoint.secret = signing.new_secret()
    endpoint.save(update_fields=["secret", "previous_secret", "previous_secret_until"])
    hours = round(overlap.total_seconds() / 3600, 2)
    recorded(Event.Kind.ENDPOINT_SECRET_ROTATED, actor, endpoint, overlap_hours=hours)
    return endpoint


@transaction.atomic
def make_signing_key(*, actor: Actor, endpoint_id: str) -> Endpoint:
    """Sign with a new Ed25519 key as well (`v1a`); its public half is the partner's to know.

    :raises NotFound: if ACTOR has no such endpoint
    """
    return _signing_key(actor, endpoint_id, signing.new_signing_key())


@transaction.atomic
def remove_signing_key(*, actor: Actor, endpoint_id: str) -> Endpoint:
    """Sign with the secret only.

    :raises NotFound: if ACTOR has no such endpoint
    """
    return _signing_key(actor, endpoint_id, "")


def _signing_key(actor: Actor, endpoint_id: str, key: str) -> Endpoint:
    require(actor, Can.MANAGE_ENDPOINTS)
    endpoint = lock_endpoint(actor, endpoint_id)
    if key == endpoint.signing_key:  # there is none to remove
        return endpoint
    endpoint.signing_key = key
    endpoint.save(update_fields=["signing_key"])
    recorded(Event.Kind.ENDPOINT_CHANGED, actor, endpoint, changed=["signing_key"])
    return endpoint
