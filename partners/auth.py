"""Who calls the API: the holder of the key in the Authorization header, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from partners import keys
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
        actor = key.actor
        # The rights a limited key leaves its holder; `access.may` reads them.
        actor.key_rights = keys.rights_of(key.scopes)  # type: ignore[attr-defined]
        return actor, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def note_use(self, key: ApiKey) -> None:
        """Remember that KEY was used, at most once a minute."""
        now = timezone.now()
        if key.last_used_at is not None and now - key.last_used_at < NOTED_EVERY:
            return
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - NOTED_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _require_good(key: ApiKey) -> None:
    expired = key.expires_at is not None and key.expires_at <= timezone.now()
    if key.revoked_at is not None or expired:
        raise KeyExpired
    if key.partner is not None and key.partner.status == Partner.Status.SUSPENDED:
        raise KeySuspended
    if key.user is not None and not (key.user.is_active and key.user.role in STAFF_ROLES):
        raise KeySuspended
