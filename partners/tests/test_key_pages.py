"""Owners look after their keys on pages; a secret is shown once, and nowhere else."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone

from partners import services
from partners.key_forms import SCOPE_WORDS
from partners.keys import SCOPES, find_key
from partners.models import ApiKey

pytestmark = pytest.mark.django_db
PAGE = "/portal/settings/keys/"
SECRET = re.compile(r"pp_live_[0-9A-Za-z]{46}")
NEW = {
    "name": "CRM",
    "scopes": ["leads:read", "leads:work"],
    "networks": "203.0.113.0/24\n2001:db8::/48, 198.51.100.7",
    "valid_through": "",
}


@pytest.fixture
def owner(client_for, amira):
    return client_for(amira)


@pytest.fixture
def key(amira, acme):
    return services.issue_key(actor=amira, partner=acme, name="CRM")[0]


class TestMaking:
    def test_shows_the_secret_this_once(self, owner):
        made = owner.post(PAGE, NEW)
        page = made.content.decode()
        secret = SECRET.search(page)[0]

        assert made.status_code == 200
        assert made.headers["Cache-Control"] == "no-store"
        found = find_key(secret)
        assert found.scopes == ["leads:read", "leads:work"]
        assert found.networks == ["203.0.113.0/24", "2001:db8::/48", "198.51.100.7/32"]
        assert not found.signing_secret
        assert not SECRET.search(owner.get(PAGE).content.decode())
        assert "CRM" in owner.get(PAGE).content.decode()

    def test_a_signed_one_shows_both(self, owner):
        page = owner.post(PAGE, NEW | {"signed": "on"}).content.decode()

        key = ApiKey.objects.get()
        assert key.signing_secret.startswith("whsec_")
        assert key.signing_secret.replace("+", "&#x2B;") in page or key.signing_secret in page
        for path in (PAGE, f"{PAGE}{key.pk}/"):
            assert "whsec_" not in owner.get(path).content.decode()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": ""},
            {"scopes": ["everything"]},
            {"scopes": ["shares:write"]},
            {"networks": "nonsense"},
            {"networks": "203.0.113.7/24"},
            {"valid_through": "2020-01-01"},
            {"valid_through": "soon"},
        ],
    )
    def test_what_is_wrong_is_said_beside_it(self, owner, wrong):
        page = owner.post(PAGE, NEW | wrong)

        assert page.status_code == 422
        assert next(iter(wrong)) in page.context["form"].errors
        assert not ApiKey.objects.exists()

    def test_its_last_day_ends_in_the_partners_time_zone(self, owner):
        owner.post(PAGE, NEW | {"valid_through": "2096-12-31"})

        ends = ApiKey.objects.get().expires_at
        assert ends == dt.datetime(2096, 12, 31, 20, tzinfo=dt.UTC)  # midnight in Dubai

    def test_scopes_have_words(self):
        assert SCOPE_WORDS.keys() <= SCOPES.keys()


class TestChanging:
    def test_an_end_left_alone_stays_to_the_second(self, owner, amira, key):
        services.rotate_key(actor=amira, key_id=key.pk)
        key.refresh_from_db()
        page = owner.get(f"{PAGE}{key.pk}/").context["form"]
        given = {name: page[name].value() or [] for name in page.fields}

        assert owner.post(f"{PAGE}{key.pk}/", given | {"name": "Old CRM"}).status_code == 302
        changed = ApiKey.objects.get(pk=key.pk)
        assert (changed.name, changed.expires_at) == ("Old CRM", key.expires_at)

    def test_saved(self, owner, key):
        owner.post(f"{PAGE}{key.pk}/", NEW)
        assert ApiKey.objects.get().networks[0] == "203.0.113.0/24"

    def test_rotated(self, owner, key):
        page = owner.post(f"{PAGE}{key.pk}/rotate/", {"overlap_hours": "168"}).content.decode()

        assert find_key(SECRET.search(page)[0]).pk != key.pk
        key.refresh_from_db()
        assert key.expires_at > timezone.now() + dt.timedelta(days=6)
        assert owner.post(f"{PAGE}{key.pk}/rotate/", {"overlap_hours": "9"}).status_code == 422

    def test_revoked(self, owner, key):
        owner.post(f"{PAGE}{key.pk}/revoke/")
        assert "Revoked" in owner.get(f"{PAGE}{key.pk}/").content.decode()
        assert not ApiKey.objects.get().is_in_use
        answer = owner.post(f"{PAGE}{key.pk}/rotate/", {"overlap_hours": "24"}, follow=True)
        assert "Make a new one" in answer.content.decode()
        assert ApiKey.objects.count() == 1


def test_owners_confirm_that_it_is_they(owner, key, settings):
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = -1

    for path in (PAGE, f"{PAGE}{key.pk}/", f"{PAGE}{key.pk}/rotate/", f"{PAGE}{key.pk}/revoke/"):
        answer = owner.post(path, NEW)
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/"), path
    assert ApiKey.objects.count() == 1
    assert ApiKey.objects.get().is_in_use


def test_an_owner_sees_no_other_companys_keys(client_for, rami, key):
    browser = client_for(rami)

    assert str(key) not in browser.get(PAGE).content.decode()
    assert browser.get(f"{PAGE}{key.pk}/").status_code == 404


def test_it_is_linked_for_owners_only(owner, client_for, milo):
    assert PAGE in owner.get("/portal/settings/").content.decode()
    assert PAGE not in client_for(milo).get("/portal/settings/").content.decode()
