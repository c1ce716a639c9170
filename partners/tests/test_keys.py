"""Keys look as scanners expect, are kept as hashes, and are given out by those who may."""

from __future__ import annotations

import hashlib
import string
import zlib
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from events.models import Event
from partners import keys, services
from partners.models import ApiKey
from portal.lib.access import THE_SYSTEM, Can
from portal.lib.errors import NotAllowed, NotFound

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


class TestForm:
    def test_prefix_random_part_and_checksum(self):
        secret = keys.new_secret()
        text, check = secret[8:48], secret[48:]
        number = 0
        for char in check:
            number = number * 62 + BASE62.index(char)

        assert secret.startswith("pp_live_")
        assert len(secret) == 54
        assert number == zlib.crc32(text.encode())
        assert keys.is_well_formed(secret)
        assert keys.new_secret() != secret

    @given(st.integers(8, 53), st.sampled_from(BASE62))
    def test_one_wrong_character_is_noticed(self, place, char):
        secret = keys.new_secret()
        mistyped = secret[:place] + char + secret[place + 1 :]

        assert keys.is_well_formed(mistyped) == (mistyped == secret)

    @given(st.text())
    def test_other_texts_are_no_keys(self, text):
        assert not keys.is_well_formed(text)
        assert not keys.is_well_formed(keys.PREFIX + text)


@pytest.mark.django_db
class TestIssueKey:
    def test_keeps_the_hash_and_an_event_without_the_secret(self, admin_user, acme):
        key, secret = services.issue_key(
            actor=admin_user, partner=acme, name="CRM", scopes=["leads:read"]
        )

        kept = ApiKey.objects.values().get()
        assert bytes(kept["secret_hash"]) == hashlib.sha256(secret.encode()).digest()
        assert secret not in str(kept)
        event = Event.objects.get(kind="api_key_issued")
        assert (event.partner_id, event.data["key_id"]) == (acme.pk, key.pk)
        assert secret not in str(event.data)

    def test_who_may(self, admin_user, finance_user, dana, amira, milo, acme, rival):
        services.issue_key(actor=amira, partner=acme)
        services.issue_key(actor=admin_user, user=dana)
        for actor, holder in (
            (amira, {"partner": rival}),
            (milo, {"partner": acme}),
            (dana, {"partner": acme}),
            (dana, {"user": dana}),
            (finance_user, {"partner": acme}),
            (admin_user, {"user": amira}),
        ):
            with pytest.raises(NotAllowed):
                services.issue_key(actor=actor, **holder)
        assert ApiKey.objects.count() == 2

    def test_unknown_scopes(self, admin_user, acme):
        with pytest.raises(services.UnknownScope):
            services.issue_key(actor=admin_user, partner=acme, scopes=["everything"])

    def test_every_right_a_holder_can_use_is_in_a_scope(self):
        named = frozenset().union(*keys.SCOPES.values())

        assert {Can.WORK_LEAD, Can.CLOSE_LEAD, Can.SHARE_LEAD, Can.MANAGE_ENDPOINTS} <= named


@pytest.mark.django_db
class TestRevokeKey:
    def test_ends_it_once(self, amira, acme):
        key, _secret = services.issue_key(actor=amira, partner=acme)

        first = services.revoke_key(actor=amira, key_id=key.pk).revoked_at
        assert services.revoke_key(actor=amira, key_id=key.pk).revoked_at == first
        assert Event.objects.filter(kind="api_key_revoked").count() == 1

    def test_a_strangers_key_is_not_there(self, rami, amira, acme):
        key, _secret = services.issue_key(actor=amira, partner=acme)

        for key_id in (key.pk, "key_00000000000000000000000000", "nonsense"):
            with pytest.raises(NotFound):
                services.revoke_key(actor=rami, key_id=key_id)
        assert not ApiKey.objects.exclude(revoked_at=None).exists()


@pytest.mark.django_db
class TestCommand:
    def run(self, *args):
        out = StringIO()
        call_command("issue_api_key", *args, stdout=out)
        return out.getvalue()

    def test_prints_the_key_and_nothing_else(self, acme, amira, dana):
        for args in (["--partner", acme.pk], ["--partner", "Amira@acme.example"]):
            printed = self.run(*args)
            key = ApiKey.objects.get(secret_hash=keys.hash_of(printed.strip()))
            assert printed == printed.strip() + "\n"
            assert key.partner == acme
        printed = self.run("--agent", "dana@portal.example", "--scopes", "shares:write, leads:read")
        key = ApiKey.objects.get(secret_hash=keys.hash_of(printed.strip()))
        assert (key.user, key.scopes) == (dana, ["leads:read", "shares:write"])

    @pytest.mark.parametrize(
        "args",
        [
            ["--partner", "nobody@acme.example"],
            ["--partner", "partner_00000000000000000000000000"],
            ["--partner", "nonsense"],
            ["--partner", "dana@portal.example"],
            ["--agent", "amira@acme.example"],
            ["--agent", "nobody@portal.example"],
            ["--agent", "dana@portal.example", "--scopes", "everything"],
            [],
        ],
    )
    def test_refuses(self, amira, dana, args):
        with pytest.raises(CommandError):
            self.run(*args)

        assert not ApiKey.objects.exists()


def test_the_systems_actor_may_issue(acme):
    _key, secret = services.issue_key(actor=THE_SYSTEM, partner=acme)

    assert keys.is_well_formed(secret)
