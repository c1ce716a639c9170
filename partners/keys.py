"""API keys: how one looks, what a limited one may do, from where, and finding one by its secret.

`pp_live_`, 40 random characters and a checksum of 6, all base62, so that scanners find a leaked key
and a mistyped one is refused without a query. 238 random bits need no slow hash, and finding the
hash by an index tells nothing by the time it takes: whoever measures it would have to choose the
SHA-256 of a guess byte by byte, which nobody can.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model

from partners.models import ApiKey, Partner, User
from portal.lib.access import Can

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

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


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


def scopes_for(right: Can) -> list[str]:
    """Return the scopes of which any one gives a limited key RIGHT."""
    return [scope for scope, rights in SCOPES.items() if right in rights]


def _columns(model: type[Model], *names: str) -> tuple[str, ...]:
    # Loading a row by hand wants its columns in the order of the model's fields.
    return tuple(f.attname for f in model._meta.concrete_fields if f.attname in names)


_KEY = _columns(
    ApiKey,
    "id",
    "name",
    "prefix",
    "scopes",
    "networks",
    "signing_secret",
    "expires_at",
    "revoked_at",
    "last_used_at",
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
    read = list(values)
    for place, from_db_value in _readers(model, names):
        read[place] = from_db_value(read[place])
    return model.from_db("default", names, read)


@lru_cache(maxsize=8)
def _readers(model: type[Model], names: tuple[str, ...]) -> list[tuple[int, Any]]:
    """Return the places of the columns that are not in the table as in Python, and how to read."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    found = [getattr(fields[name], "from_db_value", None) for name in names]
    return [(place, reader) for place, reader in enumerate(found) if reader is not None]


def lets_in(key: ApiKey, address: Address) -> bool:
    """Return whether KEY may be used from ADDRESS; one without networks may from anywhere."""
    if not key.networks:
        return True
    mapped = getattr(address, "ipv4_mapped", None)  # as a server on IPv6 sees IPv4
    return any((mapped or address) in network for network in _networks(tuple(key.networks)))


@lru_cache(maxsize=1024)
def _networks(written: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(network) for network in written)
