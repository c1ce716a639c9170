"""Keys are limited, changed, rotated and revoked by their owners, who are told each time."""

from __future__ import annotations

import datetime as dt
from ipaddress import ip_address

import pytest
import time_machine
from django.utils import timezone

from events.models import Delivery, Event
from events.payloads import build_mail
from partners import services
from partners.keys import find_key, lets_in
from partners.models import ApiKey
from partners.services import KeyRules
from partners.services.keys import MAX_KEYS, MAX_NETWORKS
from portal.lib.access import THE_SYSTEM
from portal.lib.errors import NotAllowed, NotFound

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def kinds() -> list[str]:
    return [event.kind for event in Event.objects.filter(kind__startswith="api_key").order_by("at")]


class TestNetworks:
    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            ("203.0.113.0/24", "203.0.113.0/24"),
            (" 203.0.113.7 ", "203.0.113.7/32"),
            ("2001:DB8::/48", "2001:db8::/48"),
            ("2001:db8:0:0:0:0:0:1", "2001:db8::1/128"),
        ],
    )
    def test_are_kept_in_one_spelling(self, amira, acme, written, kept):
        key, _secret = services.issue_key(actor=amira, partner=acme, networks=[written, written])

        assert ApiKey.objects.get(pk=key.pk).networks == [kept]

    @pytest.mark.parametrize(
        "written",
        ["", "nonsense", "203.0.113.7/24", "203.0.113.0/33", "010.0.0.1", "1", "0.0.0.0/0", "::/0",
         "fe80::1%eth0", "203.0.113.0/255.255.255.0x", "x" * 500],
    )  # fmt: skip
    def test_what_is_none(self, amira, acme, written):
        with pytest.raises(services.NetworkRefused):
            services.issue_key(actor=amira, partner=acme, networks=[written])

    def test_not_too_many(self, amira, acme):
        many = [f"203.0.113.{n}" for n in range(MAX_NETWORKS + 1)]

        services.issue_key(actor=amira, partner=acme, networks=many[1:])
        with pytest.raises(services.NetworkRefused):
            services.issue_key(actor=amira, partner=acme, networks=many)

    @pytest.mark.parametrize(
        ("address", "let_in"),
        [
            ("203.0.113.255", True),
            ("203.0.114.0", False),
            ("::ffff:203.0.113.9", True),
            ("2001:db8::5", True),
            ("2001:db8:1::5", False),
        ],
    )
    def test_who_is_in(self, address, let_in):
        key = ApiKey(networks=["203.0.113.0/24", "2001:db8::/48"])

        assert lets_in(key, ip_address(address)) == let_in
        assert lets_in(ApiKey(), ip_address(address))


class TestIssue:
    def test_expiry_lies_ahead(self, amira, acme):
        with pytest.raises(services.ExpiryRefused):
            services.issue_key(actor=amira, partner=acme, expires_at=timezone.now())

    def test_not_more_than_anybody_needs(self, amira, acme, rami, rival):
        made = [services.issue_key(actor=amira, partner=acme)[0] for _n in range(MAX_KEYS)]

        with pytest.raises(services.KeyLimitReached):
            services.issue_key(actor=amira, partner=acme)
        services.issue_key(actor=rami, partner=rival)
        services.revoke_key(actor=amira, key_id=made[0].pk)
        services.issue_key(actor=amira, partner=acme)

    def test_a_signed_key_is_found_with_its_signing_secret(self, amira, acme):
        key, secret = services.issue_key(
            actor=amira, partner=acme, signed=True, networks=["203.0.113.7"]
        )

        found = find_key(secret)
        assert found is not None
        assert found.signing_secret == key.signing_secret
        assert found.signing_secret.startswith("whsec_")
        assert found.networks == ["203.0.113.7/32"]
        assert found.get_deferred_fields() & {"signing_secret", "networks"} == set()
        kept = ApiKey.objects.extra(select={"sealed": "signing_secret"}).values("sealed").get()
        assert key.signing_secret not in kept["sealed"]

    def test_every_owner_is_told_and_nobody_else(self, amira, milo, acme, rami):
        services.issue_key(actor=THE_SYSTEM, partner=acme, name="CRM")

        mail = Delivery.objects.get(channel="email")
        written = build_mail(mail.type, mail.refs)
        assert written is not None
        assert written.to == amira.email
        assert "was made: pp_live_" in written.text
        assert "CRM" in written.text
        assert "http" in written.text
        assert amira.name not in str(mail.refs)

    def test_who_is_no_owner_any_more_is_not_told(self, amira, acme):
        services.issue_key(actor=amira, partner=acme)
        amira.is_active = False
        amira.save()

        mail = Delivery.objects.get(channel="email")
        assert build_mail(mail.type, mail.refs) is None


class TestChange:
    def test_says_what_changed_and_nothing_personal(self, amira, acme):
        key, _secret = services.issue_key(actor=amira, partner=acme, name="CRM")

        rules = KeyRules(name="Amira's CRM", scopes=["leads:read"], networks=["203.0.113.7"])
        services.change_key(actor=amira, key_id=key.pk, rules=rules)
        services.change_key(actor=amira, key_id=key.pk, rules=rules)

        event = Event.objects.get(kind="api_key_changed")
        assert event.data == {"key_id": key.pk, "changed": ["name", "networks", "scopes"]}
        kept = ApiKey.objects.get()
        assert (kept.name, kept.scopes) == ("Amira's CRM", ["leads:read"])

    def test_an_ended_one_stays_ended(self, amira, acme):
        key, _secret = services.issue_key(
            actor=amira, partner=acme, expires_at=timezone.now() + DAY
        )
        with (
            time_machine.travel(timezone.now() + 2 * DAY),
            pytest.raises(services.KeyEnded),
        ):
            services.change_key(actor=amira, key_id=key.pk, rules=KeyRules(expires_at=None))

    def test_a_strangers_is_not_there(self, rami, milo, amira, acme):
        key, _secret = services.issue_key(actor=amira, partner=acme)

        for actor in (rami, milo):
            for refused in (
                lambda who: services.change_key(actor=who, key_id=key.pk, rules=KeyRules()),
                lambda who: services.rotate_key(actor=who, key_id=key.pk),
            ):
                with pytest.raises(NotFound):
                    refused(actor)
        with pytest.raises(NotAllowed):
            services.issue_key(actor=milo, partner=acme)


class TestRotate:
    def test_the_new_one_may_the_same_and_the_old_one_ends(self, amira, acme):
        with time_machine.travel(timezone.now(), tick=False) as clock:
            old, _secret = services.issue_key(
                actor=amira,
                partner=acme,
                name="CRM",
                scopes=["leads:read"],
                networks=["203.0.113.7"],
                expires_at=timezone.now() + 90 * DAY,
                signed=True,
            )
            clock.shift(60 * DAY)
            made = services.rotate_key(actor=amira, key_id=old.pk, overlap=2 * DAY)

            new = ApiKey.objects.get(pk=made.key.pk)
            assert (new.name, new.scopes, new.networks) == (old.name, old.scopes, old.networks)
            assert new.expires_at == timezone.now() + 90 * DAY
            assert new.signing_secret not in ("", old.signing_secret)
            assert new.replaces_id == old.pk
            old.refresh_from_db()
            assert old.expires_at == timezone.now() + 2 * DAY
        assert kinds() == ["api_key_issued", "api_key_rotated"]
        assert made.secret not in repr(made)

    def test_without_overlap_it_ends_at_once(self, amira, acme):
        old, secret = services.issue_key(actor=amira, partner=acme)

        services.rotate_key(actor=amira, key_id=old.pk, overlap=dt.timedelta(0))

        found = find_key(secret)
        assert found is not None
        assert not found.is_in_use

    def test_an_overlap_prolongs_nothing(self, amira, acme):
        soon = timezone.now() + dt.timedelta(hours=1)
        old, _secret = services.issue_key(actor=amira, partner=acme, expires_at=soon)

        services.rotate_key(actor=amira, key_id=old.pk, overlap=7 * DAY)

        old.refresh_from_db()
        assert old.expires_at == soon

    @pytest.mark.parametrize("overlap", [8 * DAY, -DAY])
    def test_no_other_overlap(self, amira, acme, overlap):
        old, _secret = services.issue_key(actor=amira, partner=acme)
        with pytest.raises(services.ExpiryRefused):
            services.rotate_key(actor=amira, key_id=old.pk, overlap=overlap)

    def test_a_revoked_one_is_not_rotated(self, amira, acme):
        old, _secret = services.issue_key(actor=amira, partner=acme)
        services.revoke_key(actor=amira, key_id=old.pk)
        with pytest.raises(services.KeyEnded):
            services.rotate_key(actor=amira, key_id=old.pk)
