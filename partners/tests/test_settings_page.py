"""The settings page through HTTP: the owner changes, a member reads, strangers find nothing."""

from decimal import Decimal
from typing import Any

import pytest

from events import services as webhooks
from events.models import Delivery, Endpoint, Event
from events.services import proving
from partners import services
from partners.models import Partner

pytestmark = pytest.mark.django_db

PAGE = "/portal/settings/"
HTMX = {"HX-Request": "true"}
URL = "http://127.0.0.1:8001/inbox"


@pytest.fixture
def owner(amira, client_for) -> Any:
    return client_for(amira)


@pytest.fixture
def member(milo, client_for) -> Any:
    return client_for(milo)


@pytest.fixture
def endpoint(amira) -> Endpoint:
    return webhooks.create_endpoint(actor=amira, url=URL)


def text_of(response) -> Any:
    return response.content.decode()


class TestContactAndCapacity:
    GIVEN = {
        "contact_email": "leads@acme.example",
        "contact_phone": "+971501234567",
        "capacity_wanted": "4",
    }

    def test_the_owner_saves_them_and_comes_back_to_the_page(self, owner, acme):
        response = owner.post(PAGE, self.GIVEN, follow=True)
        acme.refresh_from_db()
        assert response.redirect_chain == [(PAGE, 302)]
        assert "Saved." in text_of(response)
        assert (acme.contact_email, acme.contact_phone, acme.capacity) == (
            "leads@acme.example",
            "+971501234567",
            4,
        )

    def test_by_htmx_only_the_card_comes_back(self, owner):
        page = text_of(owner.post(PAGE, self.GIVEN, headers=HTMX))
        assert 'id="contact"' in page
        assert "hx-swap-oob" in page
        assert "<html" not in page
        assert 'id="endpoints"' not in page

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_more_than_the_limit_is_said_beside_the_field_and_nothing_typed_is_lost(
        self, owner, acme, headers
    ):
        response = owner.post(PAGE, {**self.GIVEN, "capacity_wanted": "11"}, headers=headers)
        page = text_of(response)
        assert response.status_code == 422
        assert "You may take up to 10 leads at a time." in page
        assert "leads@acme.example" in page
        acme.refresh_from_db()
        assert acme.capacity == 10

    @pytest.mark.parametrize(
        ("field", "value"),
        [("contact_email", "nobody"), ("capacity_wanted", "-1"), ("capacity_wanted", "many")],
    )
    def test_a_wrong_value_is_refused(self, owner, field, value):
        assert owner.post(PAGE, {**self.GIVEN, field: value}).status_code == 422

    def test_empty_capacity_takes_all_the_admin_allows(self, owner, acme):
        Partner.objects.filter(pk=acme.pk).update(capacity_wanted=3)
        owner.post(PAGE, {**self.GIVEN, "capacity_wanted": ""})
        acme.refresh_from_db()
        assert acme.capacity == 10


class TestProposal:
    ADDRESS = PAGE + "commission/"

    def test_it_waits_until_an_admin_decides(self, owner, admin_user, acme):
        page = text_of(owner.post(self.ADDRESS, {"percent": "18.5"}, follow=True))
        assert "Waiting for our decision" in page
        assert "18.5%" in page
        services.decide_commission_proposal(
            actor=admin_user, partner_id=acme.pk, approve=False, percent=Decimal("18.5")
        )
        page = text_of(owner.get(PAGE))
        assert "Refused" in page
        assert "Waiting for our decision" not in page

    @pytest.mark.parametrize("percent", ["", "0", "101", "15", "1.234", "much"])
    def test_a_senseless_one_is_refused(self, owner, acme, percent):
        response = owner.post(self.ADDRESS, {"percent": percent}, headers=HTMX)
        assert response.status_code == 422
        assert 'id="commission"' in text_of(response)
        acme.refresh_from_db()
        assert acme.proposed_commission is None


class TestEndpoints:
    ADDRESS = PAGE + "endpoints/"

    def test_the_secret_is_shown_once_and_a_challenge_is_queued(self, owner):
        page = text_of(owner.post(self.ADDRESS, {"url": URL}))
        endpoint = Endpoint.objects.get()
        assert endpoint.secret in page
        assert "Not verified" in page
        assert endpoint.secret not in text_of(owner.get(PAGE))
        assert Delivery.objects.get(channel="webhook").type == "webhook.verify"

    @pytest.mark.parametrize("headers", [{}, HTMX])
    @pytest.mark.parametrize("url", ["", "nonsense", "ftp://acme.example/", "https://10.0.0.1/"])
    def test_an_address_we_do_not_deliver_to_is_refused(self, owner, url, headers):
        response = owner.post(self.ADDRESS, {"url": url}, headers=headers)
        assert response.status_code == 422
        assert not Endpoint.objects.exists()

    def test_the_same_address_twice_is_refused(self, owner, endpoint):
        response = owner.post(self.ADDRESS, {"url": URL})
        assert "registered already" in text_of(response)

    def test_another_challenge_is_sent(self, owner, endpoint):
        page = text_of(owner.post(f"{self.ADDRESS}{endpoint.pk}/verify/", follow=True))
        assert "on its way" in page
        assert Event.objects.filter(kind="endpoint_challenged").count() == 1

    def test_too_many_challenges_are_refused_in_words(self, owner, endpoint, monkeypatch):
        monkeypatch.setattr(proving, "CHALLENGES_AN_HOUR", 0)
        page = text_of(owner.post(f"{self.ADDRESS}{endpoint.pk}/verify/", follow=True))
        assert "asked too often" in page
        assert not Event.objects.filter(kind="endpoint_challenged").exists()

    def test_it_is_removed(self, owner, endpoint):
        page = text_of(owner.post(f"{self.ADDRESS}{endpoint.pk}/remove/", follow=True))
        assert URL not in page
        assert not Endpoint.objects.kept().exists()


class TestWhoMay:
    def posts(self, endpoint: Endpoint) -> list[tuple[str, dict]]:
        return [
            (PAGE, {"contact_email": "", "contact_phone": "", "capacity_wanted": "1"}),
            (PAGE + "commission/", {"percent": "20"}),
            (PAGE + "endpoints/", {"url": "http://127.0.0.1:8001/other"}),
            (f"{PAGE}endpoints/{endpoint.pk}/verify/", {}),
            (f"{PAGE}endpoints/{endpoint.pk}/remove/", {}),
        ]

    def test_a_member_reads_and_changes_nothing(self, member, endpoint, acme):
        page = text_of(member.get(PAGE))
        assert acme.contact_email in page
        assert URL in page
        assert "Save contact and capacity" not in page
        events = Event.objects.count()
        for address, data in self.posts(endpoint):
            assert member.post(address, data).status_code == 403
        assert Event.objects.count() == events

    def test_a_rival_sees_and_touches_only_its_own(self, rami, client_for, endpoint, acme):
        theirs = client_for(rami)
        page = text_of(theirs.get(PAGE))
        assert acme.name not in page
        assert URL not in page
        for address, data in self.posts(endpoint)[3:]:
            assert theirs.post(address, data).status_code == 404
        assert Endpoint.objects.kept().filter(pk=endpoint.pk).exists()

    @pytest.mark.parametrize("who", ["dana", "finance_user", "admin_user"])
    def test_it_is_not_for_staff(self, who, client_for, endpoint, request):
        client = client_for(request.getfixturevalue(who))
        assert client.get(PAGE).status_code == 403
        for address, data in self.posts(endpoint)[:3]:
            assert client.post(address, data).status_code == 403

    def test_nobody_gets_in_without_signing_in(self, client, endpoint):
        assert client.get(PAGE).status_code == 302
        for address, data in self.posts(endpoint):
            assert client.post(address, data).status_code == 302
            assert client.post(address, data, headers=HTMX).status_code == 401

    def test_changing_takes_a_post(self, owner, endpoint):
        for address, _data in self.posts(endpoint)[1:]:
            assert owner.get(address).status_code == 405


def test_licences_are_shown_and_an_expired_one_says_so(rohan, sahyadri, client_for):
    client = client_for(rohan)
    assert "A51800000001" in text_of(client.get(PAGE))
    sahyadri.licences.update(valid_to="2025-01-01")
    page = text_of(client.get(PAGE))
    assert "Expired" in page
    assert "Maharashtra" in page


def test_the_page_has_no_inline_style_or_script(owner, endpoint):
    page = text_of(owner.get(PAGE))
    assert " style=" not in page
    assert "<script>" not in page
    assert " onclick=" not in page
