"""People who were erased and are not recorded again, known only by keyed hashes.

The hash is HMAC-SHA256 over the normalised address or number. Whoever has the table but not the
key can't try numbers against it; the key is no part of the database.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db import transaction

from events.models import Event
from events.services import record_event
from leads.models import Lead, Suppression
from portal.lib import secrets
from portal.lib.access import THE_SYSTEM, Actor, Can, require

ERASED_TOGETHER = timedelta(seconds=10)  # all leads of a person go in one transaction
_NOT_A_DIGIT = re.compile(r"\D")


def is_suppressed(email: str = "", phone: str = "") -> bool:
    """Return whether the owner of EMAIL or PHONE was erased and may not be recorded.

    :param phone: in E.164, or as it was written where it is nobody's number
    """
    known = _digests(email, phone)
    return bool(known) and Suppression.objects.filter(digest__in=known.values()).exists()


def add(lead: Lead) -> int:
    """Suppress the lead's address and number; return how many hashes are new."""
    rows = [
        Suppression(kind=kind, digest=digest)
        for kind, digest in _digests(lead.email, lead.phone).items()
    ]
    known = Suppression.objects.filter(digest__in=[row.digest for row in rows])
    before = known.count()
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows) - before


def lift(email: str = "", phone: str = "", *, actor: Actor = THE_SYSTEM) -> int:
    """Let the owner of EMAIL or PHONE be recorded again, because the person came back by itself.

    Returns how many hashes were removed.
    """
    return lift_hashes(digests_of(email, phone), actor=actor)


def lift_hashes(digests: Collection[bytes], *, actor: Actor = THE_SYSTEM) -> int:
    """Take DIGESTS off the list, where only they are known; return how many were on it."""
    with transaction.atomic():
        require(actor, Can.ERASE_LEAD)
        lifted = Suppression.objects.filter(digest__in=digests).delete()[0] if digests else 0
        if lifted:
            record_event(Event.Kind.SUPPRESSION_LIFTED, actor=actor, number=lifted)
    return lifted


def lift_together(digests: Collection[bytes]) -> int:
    """Let somebody be recorded again who has proven to own the address among DIGESTS.

    The number goes with it only where both were erased together: who owns an address could
    otherwise let a stranger be recorded again by typing the stranger's number.
    """
    listed = Suppression.objects.filter(digest__in=digests)
    emails = list(listed.filter(kind=Suppression.Kind.EMAIL))
    phones = listed.filter(kind=Suppression.Kind.PHONE)
    own = [
        phone
        for phone in phones
        if any(abs(phone.created_at - email.created_at) < ERASED_TOGETHER for email in emails)
    ]
    return lift_hashes([bytes(row.digest) for row in (*emails, *own)])


def digests_of(email: str, phone: str) -> list[bytes]:
    """Return the hashes EMAIL and PHONE are on the list by, if they are."""
    return list(_digests(email, phone).values())


def listed_among(digests: Collection[bytes]) -> set[bytes]:
    """Return those of DIGESTS that are on the list, in one query."""
    found = Suppression.objects.filter(digest__in=digests).values_list("digest", flat=True)
    return {bytes(digest) for digest in found}


def _digests(email: str, phone: str) -> dict[str, bytes]:
    """Return the hash of each value given, by its kind; spelling and punctuation count nothing."""
    values = {
        Suppression.Kind.EMAIL: email.strip().lower(),
        Suppression.Kind.PHONE: _NOT_A_DIGIT.sub("", phone),
    }
    return {kind.value: _digest(kind, value) for kind, value in values.items() if value}


def _digest(kind: str, value: str) -> bytes:
    key = settings.SUPPRESSION_KEY.encode() or secrets.derived_key("suppression")
    return hmac.new(key, f"{kind}:{value}".encode(), hashlib.sha256).digest()
