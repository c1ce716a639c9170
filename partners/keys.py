"""API keys: how one looks, what a limited one may do, issuing and revoking.

`pp_live_`, 40 random characters and a checksum of 6, all base62, so that scanners find a leaked key
and a mistyped one is refused without a query. 238 random bits need no slow hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import Event
from events.services import record_event
from partners.models import ApiKey, Partner, User
from portal.lib.access import STAFF_ROLES, Actor, Can, may
from portal.lib.errors import NotAllowed, NotFound, Unprocessable

M = TypeVar("M", bound=Model)

PREFIX = "pp_live_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM, CHECK = 40, 6
_SHAPE = re.compile(rf"^{PREFIX}[0-9A-Za-z]{{{RANDOM + CHECK}}}\Z")
SHOWN = len(PREFIX) + 4  # characters of a key that stay readable, to tell keys apart

# What a key limited to a scope may do. Reading scopes name addresses, the others rights.
SCOPES: dict[str, frozenset[Can]] = {
    "partner:read": frozenset(),
    "leads:read": frozenset(),
    "leads:work": frozenset({Can.WORK_LEAD, Can.CLOSE_LEAD, Can.ATTEST_DELETION, Can.ASK_FOR_MORE}),
    "leads:capture": frozenset({Can.CAPTURE_LEAD}),
    "shares:write": frozenset({Can.SHARE_LEAD, Can.WITHDRAW_SHARE}),
    "appointments:write": frozenset({Can.SHARE_APPOINTMENT}),
    "commissions:read": frozenset({Can.SEE_REVENUE}),
    "metrics:read": frozenset({Can.SEE_REVENUE}),
    "webhooks:manage": frozenset({Can.MANAGE_ENDPOINTS}),
}


class UnknownScope(Unprocessable):
    """There is no such scope."""

    code = "unknown_scope"


def new_secret() -> str:
    """Return a fresh key."""
    text = "".join(secrets.choice(ALPHABET) for _place in range(RANDOM))
    return PREFIX + text + checksum(text)


def checksum(text: str) -> str:
    """Return the CRC32 of TEXT as six base62 characters."""
    number = zlib.crc32(text.encode())
    digits = ""
    for _place in range(CHECK):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def is_well_formed(secret: str) -> bool:
    """Return whether SECRET can be a key: its form and checksum fit."""
    return bool(_SHAPE.match(secret)) and secret[-CHECK:] == checksum(secret[len(PREFIX) : -CHECK])


def hash_of(secret: str) -> bytes:
    """Return what is stored instead of SECRET."""
    return hashlib.sha256(secret.encode()).digest()


def rights_of(scopes: Iterable[str]) -> frozenset[Can] | None:
    """Return the rights SCOPES leave the holder; None, all of them, without any scope."""
    named = list(scopes)
    if not named:
        return None
    return frozenset().union(*(SCOPES.get(scope, frozenset()) for scope in named))


def _columns(model: type[Model], *names: str) -> tuple[str, ...]:
    # Loading a row by hand wants its columns in the order of the model's fields.
    return tuple(f.attname for f in model._meta.concrete_fields if f.attname in names)


_KEY = _columns(
    ApiKey, "id", "name", "prefix", "scopes", "expires_at", "revoked_at", "last_used_at"
)
_PARTNER = _columns(Partner, "id", "status")
_USER = _columns(User, "id", "email", "name", "role", "partner_id", "market", "team", "is_active")
# Asked on every call. Built by the ORM each time it would cost as much as two of a service's own
# statements; what is not read here is loaded by Django when somebody asks for it.
_FIND = f"""
SELECT {", ".join(f"k.{name}" for name in _KEY)},
       {", ".join(f"p.{name}" for name in _PARTNER)},
       {", ".join(f"u.{name}" for name in _USER)}
FROM partners_apikey k
LEFT JOIN partners_partner p ON p.id = k.partner_id
LEFT JOIN partners_user u ON u.id = k.user_id
WHERE k.secret_hash = %s
"""  # noqa: S608 - names of our own columns, no input


def find_key(secret: str) -> ApiKey | None:
    """Return the key with this secret and its holder, good or not; None if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [hash_of(secret)])
        row = cursor.fetchone()
    if row is None:
        return None
    after_key, after_partner = len(_KEY), len(_KEY) + len(_PARTNER)
    key = _loaded(ApiKey, _KEY, row[:after_key])
    of_partner, of_user = row[after_key:after_partner], row[after_partner:]
    key.partner = _loaded(Partner, _PARTNER, of_partner) if any(of_partner) else None
    key.user = _loaded(User, _USER, of_user) if any(of_user) else None
    return key


def _loaded(model: type[M], names: tuple[str, ...], values: tuple[Any, ...]) -> M:
    field: Any = model._meta.pk
    place = names.index("id")
    public = field.from_db_value(values[place])
    return model.from_db("default", names, (*values[:place], public, *values[place + 1 :]))


@transaction.atomic
def issue_key(
    *,
    actor: Actor,
    partner: Partner | None = None,
    user: User | None = None,
    name: str = "",
    scopes: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Issue a key to PARTNER, or to USER, who must be staff; return it and the secret.

    The secret is not kept: this is the only time it can be shown.
    :raises NotAllowed: if ACTOR may not give keys to this holder
    :raises UnknownScope: if one of SCOPES does not exist
    """
    _require_holder(actor, partner, user)
    named = sorted(set(scopes))
    if unknown := [scope for scope in named if scope not in SCOPES]:
        raise UnknownScope(_("There is no such scope: %s.") % ", ".join(unknown), scopes=unknown)
    secret = new_secret()
    key = ApiKey.objects.create(
        partner=partner,
        user=user,
        name=name,
        prefix=secret[:SHOWN],
        secret_hash=hash_of(secret),
        scopes=named,
        expires_at=expires_at,
    )
    record_event(
        Event.Kind.API_KEY_ISSUED,
        actor=actor,
        partner_id=key.partner_id,
        key_id=key.pk,
        scopes=named,
    )
    return key, secret


@transaction.atomic
def revoke_key(*, actor: Actor, key_id: str) -> ApiKey:
    """Make a key useless from now on. Revoking it again changes nothing.

    :raises NotFound: if there is no such key, or not for ACTOR
    """
    try:
        key = ApiKey.objects.select_for_update(of=("self",)).select_related("partner", "user")
        found = key.get(pk=key_id)
        _require_holder(actor, found.partner, found.user)
    except (ApiKey.DoesNotExist, ValueError, NotAllowed):
        raise NotFound(_("There is no such key.")) from None
    if found.revoked_at is None:
        found.revoked_at = timezone.now()
        found.save(update_fields=["revoked_at"])
        record_event(
            Event.Kind.API_KEY_REVOKED, actor=actor, partner_id=found.partner_id, key_id=found.pk
        )
    return found


def _require_holder(actor: Actor, partner: Partner | None, user: User | None) -> None:
    """Admins give keys to anybody who may hold one, owners to their own partner."""
    if (partner is None) == (user is None):
        raise ValueError("a key has one holder, a partner or a user")
    if user is not None and user.role not in STAFF_ROLES:
        raise NotAllowed(_("A partner's people use the partner's key."))
    own = partner is not None and actor.partner_id == partner.pk
    if may(actor, Can.MANAGE_PARTNERS) or (own and may(actor, Can.CHANGE_SETTINGS)):
        return
    raise NotAllowed(_("You have no right to do this."), right=Can.MANAGE_PARTNERS.value)
