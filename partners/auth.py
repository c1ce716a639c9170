"""Who calls the API: the holder of the key in the Authorization header, and nothing else."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import cast

from allauth.account.adapter import get_adapter
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from partners import keys, signed_calls
from partners.models import ApiKey, Partner
from portal.lib.access import STAFF_ROLES, Actor

NOTED_EVERY = timedelta(minutes=1)


class InvalidKey(AuthenticationFailed):
    default_detail = _("The key is not one of ours.")
    default_code = "invalid_key"


class KeyExpired(AuthenticationFailed):
    default_detail = _("The key is no longer valid.")
    default_code = "key_expired"


class KeySuspended(AuthenticationFailed):
    default_detail = _("The holder of this key is suspended.")
    default_code = "key_suspended"


class WrongNetwork(AuthenticationFailed):
    default_detail = _("The key may not be used from %(address)s.")
    default_code = "wrong_network"


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer pp_live_…`. Cookies do not authenticate API calls."""

    def authenticate(self, request: Request) -> tuple[Actor, ApiKey] | None:
        """Return who acts and with which key; None when no key is sent.

        :raises AuthenticationFailed: if the key is not, or no longer, good
        """
        words = request.META.get("HTTP_AUTHORIZATION", "").split()
        if not words:
            return None
        if len(words) != 2 or words[0].lower() != "bearer":
            raise InvalidKey
        secret = words[1]
        if not keys.is_well_formed(secret):  # answered without asking the database
            raise InvalidKey
        key = keys.find_key(secret)
        if key is None:
            raise InvalidKey
        _require_good(key)
        _require_network(key, request._request)
        actor = key.actor
        # The rights a limited key leaves its holder; `access.may` reads them.
        actor.key_rights = keys.rights_of(key.scopes)  # type: ignore[attr-defined]
        if key.scopes:  # and these, to say which scope a refused call lacks
            actor.scopes_for = keys.scopes_for  # type: ignore[attr-defined]
        return actor, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def check_signature(self, request: Request, body: bytes) -> None:
        """Check that REQUEST with its BODY is signed, if its key asks for that.

        :raises AuthenticationFailed: if the signature is missing, wrong, old or was used before
        :raises redis.RedisError: if nobody can say whether it was used before
        """
        key = cast(ApiKey, request.auth)
        if key.signing_secret:
            signed_calls.check(key, request._request, body)

    def note_use(self, key: ApiKey) -> None:
        """Remember that KEY was used, at most once a minute."""
        now = timezone.now()
        if key.last_used_at is not None and now - key.last_used_at < NOTED_EVERY:
            return
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - NOTED_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _require_network(key: ApiKey, request: HttpRequest) -> None:
    """Refuse a call from outside the networks of KEY.

    The address is the one before as many proxies as are ours (`TRUSTED_PROXY_COUNT`); what the
    caller writes into X-Forwarded-For itself is never it.
    """
    if not key.networks:
        return
    address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    if not keys.lets_in(key, address):
        raise WrongNetwork(WrongNetwork.default_detail % {"address": address})


def _require_good(key: ApiKey) -> None:
    if not key.is_in_use:
        raise KeyExpired
    if key.partner is not None and key.partner.status == Partner.Status.SUSPENDED:
        raise KeySuspended
    if key.user is not None and not (key.user.is_active and key.user.role in STAFF_ROLES):
        raise KeySuspended
