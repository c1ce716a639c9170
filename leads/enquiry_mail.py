"""The mail that asks a person who was erased whether it was really them who sent our form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _

from events.payloads import SEALED_TO, Mail
from portal.lib.secrets import unsealed

SALT = "leads.return"
OPEN_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Return:
    """What the link stands for: the hashes to take off the list, and where to go on."""

    hashes: list[str]
    market: str


def build(refs: Mapping[str, Any]) -> Mail | None:
    """Write the mail; none once the address it waits with is too old to be read."""
    address = unsealed(refs.get(SEALED_TO, ""), seconds=OPEN_SECONDS)
    if address is None:
        return None
    token = signing.dumps([refs["hashes"], refs["market"]], salt=SALT)
    link = settings.PORTAL_ORIGIN + reverse("capture:return", args=[token])
    text = _(
        "Somebody sent our form with your details. Nothing of it is recorded yet, because we first "
        "want to be sure that it was you.\n\n"
        "If it was, open this link within a week and say so, then send the form once more:\n\n"
        "%(link)s\n\n"
        "If you are asked this again after that, write to %(contact)s.\n\n"
        "If it was not, there is nothing to do: we keep nothing of what was sent.\n\n%(company)s\n"
    )
    return Mail(
        to=address,
        subject=_("Was it you who wrote to us?"),
        text=text
        % {
            "link": link,
            "contact": settings.PRIVACY_EMAIL,
            "company": settings.PLATFORM_LEGAL_NAME,
        },
    )


def read_return_token(token: str) -> Return | None:
    """Return what TOKEN stands for, or None if it is not ours or too old."""
    try:
        hashes, market = signing.loads(token, salt=SALT, max_age=OPEN_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    return Return(hashes, market)
