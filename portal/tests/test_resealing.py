"""A field key is replaced while everything goes on."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.core.management import CommandError, call_command

from events.models import Endpoint
from partners.models import Partner, User
from partners.services import issue_key
from portal.lib import secrets
from portal.lib.access import THE_SYSTEM

pytestmark = pytest.mark.django_db

OLD, NEW = (base64.urlsafe_b64encode(os.urandom(32)).decode() for _key in range(2))


@pytest.fixture
def keys(settings: Any) -> Iterator[Callable[..., None]]:
    """Return how to run with other field keys."""

    def use(*given: str) -> None:
        settings.FIELD_ENCRYPTION_KEYS = list(given)
        secrets._box.cache_clear()
        secrets._opened.cache_clear()

    yield use
    secrets._box.cache_clear()
    secrets._opened.cache_clear()


@pytest.fixture
def endpoint(keys: Callable[..., None], acme: Partner, amira: User) -> Endpoint:
    """What was sealed with the old key: an endpoint's secrets, a key's, a second factor's."""
    keys(OLD)
    made, _secret = issue_key(actor=THE_SYSTEM, partner=acme)
    made.signing_secret = "whsec_signing"
    made.save()
    factor = {"secret": secrets.sealed("SEED"), "used": 1}
    Authenticator.objects.create(user=amira, type="totp", data=factor)
    return Endpoint.objects.create(
        partner=acme, url="https://hooks.example", secret="whsec_own", challenge="c", headers="{}"
    )


def test_afterwards_the_old_key_is_not_needed(keys, endpoint, acme, amira, capsys) -> None:
    keys(NEW, OLD)
    call_command("reseal")
    assert capsys.readouterr().out == "4 values are sealed with the first key\n"

    keys(NEW)
    endpoint.refresh_from_db()
    assert (endpoint.secret, endpoint.headers) == ("whsec_own", "{}")
    assert acme.api_keys.get().signing_secret == "whsec_signing"
    data = Authenticator.objects.get(user=amira).data
    assert (secrets.unsealed_for_ever(data["secret"]), data["used"]) == ("SEED", 1)


def test_without_the_old_key_it_says_so_and_changes_nothing(keys, endpoint) -> None:
    keys(NEW)
    with pytest.raises(CommandError, match="not given"):
        call_command("reseal")

    keys(NEW, OLD)
    endpoint.refresh_from_db()
    assert endpoint.secret == "whsec_own"
    keys(NEW)
    with pytest.raises(InvalidToken):
        endpoint.refresh_from_db()
