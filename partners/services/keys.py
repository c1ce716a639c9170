"""Issuing API keys, changing, rotating and revoking them. Each tells the partner's owners."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from events import signing
from events.models import Event
from events.services import queue_mail, record_event
from partners.keys import SCOPES, SHOWN, hash_of, new_secret
from partners.models import ApiKey, Partner, User
from partners.services.writing import assign, locked
from portal.lib.access import STAFF_ROLES, Actor, Can, Role, may
from portal.lib.errors import Conflict, NotAllowed, NotFound, Unprocessable

MAX_KEYS = 20  # in use at a time; one per system and its successor is far less
MAX_NETWORKS = 20
DEFAULT_OVERLAP = timedelta(days=1)
LONGEST_OVERLAP = timedelta(days=7)  # the same as for endpoint secrets


class UnknownScope(Unprocessable):
    """There is no such scope."""

    code = "unknown_scope"


class NetworkRefused(Unprocessable):
    """It is no network in CIDR notation, or there are too many."""

    code = "network_refused"


class ExpiryRefused(Unprocessable):
    """The time is over already, or the overlap too long."""

    code = "expiry_refused"


class KeyLimitReached(Conflict):
    """The partner has as many keys in use as it may have."""

    code = "key_limit"


class KeyEnded(Conflict):
    """The key was revoked or has expired."""

    code = "key_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRules:
    """What a key is called and what limits it.

    :param scopes: what it may do; empty for all its holder may
    :param networks: from where it may be used, in CIDR notation; empty for anywhere
    """

    name: str = ""
    scopes: Iterable[str] = ()
    networks: Iterable[str] = ()
    expires_at: datetime | None = None

    def checked(self, kept: datetime | None = None) -> dict[str, object]:
        """Return the columns, in order and written the one way. KEPT is an expiry that may stay.

        :raises UnknownScope: if one of the scopes does not exist
        :raises NetworkRefused: if one of the networks is none
        :raises ExpiryRefused: if it would have expired already
        """
        if self.expires_at not in (None, kept) and self.expires_at <= timezone.now():
            raise ExpiryRefused(_("This time is over."))
        return {
            "name": self.name,
            "scopes": _scopes(self.scopes),
            "networks": _networks(self.networks),
            "expires_at": self.expires_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made, and its secrets, which can be shown only now."""

    key: ApiKey
    secret: str = field(repr=False)

    @property
    def signing_secret(self) -> str:
        return self.key.signing_secret


@transaction.atomic
def issue_key(
    *,
    actor: Actor,
    partner: Partner | None = None,
    user: User | None = None,
    name: str = "",
    scopes: Iterable[str] = (),
    networks: Iterable[str] = (),
    expires_at: datetime | None = None,
    signed: bool = False,
) -> tuple[ApiKey, str]:
    """Issue a key to PARTNER, or to USER, who must be staff; return it and the secret.

    The secret is not kept: this is the only time it can be shown.

    :param signed: every call must carry a signature; the key then has a `signing_secret`
    :raises NotAllowed: if ACTOR may not give keys to this holder
    :raises UnknownScope: if one of SCOPES does not exist
    :raises NetworkRefused: if one of NETWORKS is none
    :raises ExpiryRefused: if EXPIRES_AT is over
    :raises KeyLimitReached: if the partner has 20 in use
    """
    _require_holder(actor, partner, user)
    rules = KeyRules(name=name, scopes=scopes, networks=networks, expires_at=expires_at).checked()
    if partner is not None:
        _require_room(partner)
    made = _made(partner_id=partner and partner.pk, user=user, signed=signed, **rules)
    _recorded(Event.Kind.API_KEY_ISSUED, actor, made.key, scopes=made.key.scopes)
    return made.key, made.secret


@transaction.atomic
def change_key(*, actor: Actor, key_id: str, rules: KeyRules) -> ApiKey:
    """Let RULES hold for the key from now on.

    :raises NotFound: if there is no such key, or not for ACTOR
    :raises KeyEnded: if it is of no use any more
    :raises UnknownScope, NetworkRefused, ExpiryRefused: as for a new key
    """
    key = _locked_key(actor, key_id)
    _require_in_use(key)
    changed = assign(key, rules.checked(kept=key.expires_at))
    if changed:
        key.save(update_fields=changed)
        _recorded(Event.Kind.API_KEY_CHANGED, actor, key, changed=sorted(changed))
    return key


@transaction.atomic
def rotate_key(*, actor: Actor, key_id: str, overlap: timedelta = DEFAULT_OVERLAP) -> NewKey:
    """Issue a key that may do the same; the old one ends after OVERLAP, 0 to 7 days.

    The new one lives as long as the old one was meant to, and is signed if that one was.

    :raises NotFound: if there is no such key, or not for ACTOR
    :raises KeyEnded: if it is of no use any more
    :raises ExpiryRefused: if OVERLAP is longer, or negative
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise ExpiryRefused(_("The keys may overlap for up to seven days."))
    old = _locked_key(actor, key_id)
    _require_in_use(old)
    now = timezone.now()
    made = _made(
        partner_id=old.partner_id,
        user=old.user,
        name=old.name,
        scopes=old.scopes,
        networks=old.networks,
        expires_at=old.expires_at and now + (old.expires_at - old.created_at),
        signed=bool(old.signing_secret),
        replaces=old,
    )
    old.expires_at = min(old.expires_at or now + overlap, now + overlap)
    old.save(update_fields=["expires_at"])
    hours = round(overlap.total_seconds() / 3600, 2)
    _recorded(
        Event.Kind.API_KEY_ROTATED, actor, made.key, replaces=str(old.pk), overlap_hours=hours
    )
    return made


@transaction.atomic
def revoke_key(*, actor: Actor, key_id: str) -> ApiKey:
    """Make a key useless from now on. Revoking it again changes nothing.

    :raises NotFound: if there is no such key, or not for ACTOR
    """
    key = _locked_key(actor, key_id)
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        _recorded(Event.Kind.API_KEY_REVOKED, actor, key)
    return key


def _made(*, signed: bool, **columns: object) -> NewKey:
    secret = new_secret()
    key = ApiKey.objects.create(
        prefix=secret[:SHOWN],
        secret_hash=hash_of(secret),
        signing_secret=signing.new_secret() if signed else "",
        **columns,
    )
    return NewKey(key=key, secret=secret)


def _scopes(scopes: Iterable[str]) -> list[str]:
    named = sorted(set(scopes))
    if unknown := [scope for scope in named if scope not in SCOPES]:
        said = _("There is no such scope: %s.") % ", ".join(unknown)
        raise UnknownScope(said, scopes=unknown, fields={"scopes": [said]})
    return named


def _networks(networks: Iterable[str]) -> list[str]:
    found = []
    for written in networks:
        try:
            network = ip_network(written.strip())
        except ValueError:
            said = _("%(network)s is no network. Write it as 203.0.113.0/24 or 2001:db8::/48.")
            raise _network_refused(said % {"network": written[:64]}) from None
        if "%" in str(network) or network.prefixlen == 0:
            raise _network_refused(_("Leave the networks empty to allow every address."))
        found.append(str(network))
    if len(found) > MAX_NETWORKS:
        raise _network_refused(_("A key has %(limit)s networks at most.") % {"limit": MAX_NETWORKS})
    return list(dict.fromkeys(found))


def _network_refused(said: str) -> NetworkRefused:
    return NetworkRefused(said, fields={"networks": [said]})


def _require_room(partner: Partner) -> None:
    locked(Partner, str(partner.pk))  # or two at once would both find room
    alive = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    if ApiKey.objects.filter(alive, partner=partner, revoked_at=None).count() >= MAX_KEYS:
        raise KeyLimitReached(
            _("%(limit)s keys are in use. Revoke one that is not needed.") % {"limit": MAX_KEYS},
            limit=MAX_KEYS,
        )


def _require_in_use(key: ApiKey) -> None:
    if not key.is_in_use:
        raise KeyEnded(_("This key was revoked or has expired. Make a new one."))


def _locked_key(actor: Actor, key_id: str) -> ApiKey:
    try:
        keys = ApiKey.objects.select_for_update(of=("self",)).select_related("partner", "user")
        key = keys.get(pk=key_id)
        _require_holder(actor, key.partner, key.user)
    except (ApiKey.DoesNotExist, ValueError, NotAllowed):
        raise NotFound(_("There is no such key.")) from None
    return key


def _require_holder(actor: Actor, partner: Partner | None, user: User | None) -> None:
    """Admins give keys to anybody who may hold one, owners to their own partner."""
    if (partner is None) == (user is None):
        raise ValueError("a key has one holder, a partner or a user")
    if user is not None and user.role not in STAFF_ROLES:
        raise NotAllowed(_("A partner's people use the partner's key."))
    own = partner is not None and actor.partner_id == partner.pk
    if may(actor, Can.MANAGE_PARTNERS) or (own and may(actor, Can.MANAGE_KEYS)):
        return
    raise NotAllowed(_("You have no right to do this."), right=Can.MANAGE_KEYS.value)


def _recorded(kind: str, actor: Actor, key: ApiKey, **data: Any) -> None:
    """Write down what happened to KEY, and tell its partner's owners by mail."""
    event = record_event(kind, actor=actor, partner_id=key.partner_id, key_id=key.pk, **data)
    if key.partner_id is None:
        return
    owners = User.objects.filter(partner_id=key.partner_id, role=Role.OWNER, is_active=True)
    for owner_id in owners.order_by("pk").values_list("pk", flat=True):
        refs = {"key": key.pk, "user": owner_id, "kind": kind}
        queue_mail(event, "key_changed", refs=refs)
