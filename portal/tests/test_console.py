"""The webhook console: what partners and staff see of messages, and what they can do with them."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conftest import ClientFor
from events import services, signing
from events.models import Attempt, Delivery, Endpoint, Event
from leads.groups import Groups
from leads.models import Share
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.console.debugger import examine
from portal.lib.access import THE_SYSTEM
from portal.partner.words import reference

pytestmark = pytest.mark.django_db
OWN, OVERSIGHT = "/portal/settings/webhooks/", "/analytics/webhooks/"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def endpoint_of(partner: Partner, url: str, **fields: Any) -> Endpoint:
    given = {"verified_at": timezone.now(), "secret": SECRET, "challenge": "c"} | fields
    return Endpoint.objects.create(partner=partner, url=url, **given)


def delivery_to(endpoint: Endpoint, **fields: Any) -> Delivery:
    event = services.record_event(
        Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, partner_id=endpoint.partner_id
    )
    given: dict[str, Any] = {"type": "lead.shared", "state": "sent", "attempts": 1} | fields
    return Delivery.objects.create(
        channel="webhook", endpoint=endpoint, partner_id=endpoint.partner_id,
        event_id=event.pk, event_at=event.at, **given,
    )  # fmt: skip


def tried(delivery: Delivery, **fields: Any) -> Attempt:
    given: dict[str, Any] = {
        "number": 1, "started_at": timezone.now(), "duration_ms": 42, "status": 200
    } | fields  # fmt: skip
    return Attempt.objects.create(delivery=delivery, **given)


@pytest.fixture
def mine(acme: Partner) -> Endpoint:
    return endpoint_of(acme, "https://hooks.acme.example/in", description="Our CRM")


@pytest.fixture
def theirs(rival: Partner) -> Endpoint:
    return endpoint_of(rival, "https://hooks.rival.example/in")


@pytest.fixture
def rivals_share(rival: Partner, dana: User) -> Share:
    lead = LeadFactory.create(agent=dana)
    return share_lead(actor=dana, partner_id=rival.pk, lead_id=lead.pk, choice=Groups.everything())


@pytest.fixture
def owner(amira: User, client_for: ClientFor) -> Client:
    return client_for(amira)


@pytest.fixture
def dana_client(dana: User, client_for: ClientFor) -> Client:
    return client_for(dana)


class TestOverview:
    def test_shows_the_own_addresses_with_their_health_and_messages(
        self, owner: Client, mine: Endpoint, theirs: Endpoint
    ) -> None:
        sent, failed = delivery_to(mine), delivery_to(mine, state="failed", last_error="http_503")
        delivery_to(theirs)
        tried(sent)
        tried(failed, status=503, error="http_503")

        page = owner.get("/portal/settings/webhooks/").content.decode()

        assert "https://hooks.acme.example/in" in page
        assert "Our CRM" in page
        assert "1 / 2 (50%)" in page
        assert "42 ms" in page
        assert "Delivered" in page
        assert "Given up" in page
        assert "Answered 503" in page
        assert "rival" not in page

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("?state=failed", {"lead.revoked"}),
            ("?state=delivered", {"lead.shared"}),
            ("?type=lead.revoked", {"lead.revoked"}),
            ("?state=nonsense&cursor=x", {"lead.shared", "lead.revoked"}),
        ],
    )
    def test_shows_what_was_asked_for(
        self, query: str, shown: set[str], owner: Client, mine: Endpoint
    ) -> None:
        delivery_to(mine)
        delivery_to(mine, type="lead.revoked", state="failed")
        rows = owner.get(
            f"/portal/settings/webhooks/{query}", headers={"HX-Request": "true"}
        ).content.decode()
        assert {name for name in ("lead.shared", "lead.revoked") if name in rows} == shown
        assert "<html" not in rows

    def test_asks_the_database_no_more_for_more_messages(
        self, owner: Client, mine: Endpoint, django_assert_max_num_queries: Any
    ) -> None:
        for _turn in range(30):
            tried(delivery_to(mine))
        with django_assert_max_num_queries(12):
            page = owner.get("/portal/settings/webhooks/").content.decode()
        assert "cursor=" in page

    def test_staff_see_all_partners(
        self, dana_client: Client, mine: Endpoint, theirs: Endpoint, amira: User
    ) -> None:
        delivery_to(mine)
        page = dana_client.get("/analytics/webhooks/").content.decode()
        assert mine.url in page
        assert theirs.url in page
        assert "Rival Realty" in page
        assert dana_client.get("/portal/settings/webhooks/").status_code == 403

    def test_is_not_for_members(self, milo: User, client_for: ClientFor, mine: Endpoint) -> None:
        assert client_for(milo).get("/portal/settings/webhooks/").status_code == 403
        assert client_for(milo).get("/analytics/webhooks/").status_code == 403


class TestSearch:
    """Which lead a message is about, and finding the messages of one."""

    @pytest.fixture
    def told(self, mine: Endpoint, share: Share) -> Delivery:
        delivery_to(mine, type="webhook.test")
        return delivery_to(mine, refs={"share": str(share.pk)})

    def rows(self, client: Client, query: dict[str, str], base: str = OWN) -> str:
        return client.get(base, query, headers={"HX-Request": "true"}).content.decode()

    def test_names_the_lead_by_the_word_its_own_page_uses(
        self, owner: Client, told: Delivery, share: Share
    ) -> None:
        link = f'<a href="/portal/leads/{share.pk}/">{reference(str(share.pk))}</a>'
        assert link in self.rows(owner, {})
        assert link in owner.get(f"{OWN}deliveries/{told.pk}/").content.decode()

    def test_takes_staff_to_their_own_page_of_the_lead(
        self, dana_client: Client, told: Delivery, share: Share
    ) -> None:
        link = f'<a href="/leads/{share.lead_id}/">{reference(str(share.pk))}</a>'
        assert link in self.rows(dana_client, {}, OVERSIGHT)
        assert link in dana_client.get(f"{OVERSIGHT}deliveries/{told.pk}/").content.decode()

    @pytest.mark.parametrize("base", [OWN, OVERSIGHT])
    @pytest.mark.parametrize("shown", ["whole", "tail", "said"])
    def test_finds_by_id_and_by_lead(
        self,
        base: str,
        shown: str,
        owner: Client,
        dana_client: Client,
        told: Delivery,
        share: Share,
    ) -> None:
        client = owner if base == OWN else dana_client
        webhook_id, lead = str(told.webhook_id), str(share.pk)
        typed = {
            "whole": (webhook_id, lead),
            "tail": (webhook_id[-6:].upper(), lead[-6:]),
            "said": (f" {webhook_id[-6:]} ", reference(lead)),
        }[shown]
        for query in ({"id": typed[0]}, {"lead": typed[1]}):
            found = self.rows(client, query, base)
            assert f"/deliveries/{told.pk}/" in found
            assert "webhook.test" not in found

    @pytest.mark.parametrize("typed", ["zzzzzz", "é", "abc", "msg_", "' OR 1=1", "uuuuuu"])
    @pytest.mark.parametrize("field", ["id", "lead"])
    def test_says_that_nothing_fits(
        self, field: str, typed: str, owner: Client, told: Delivery
    ) -> None:
        assert "Nothing fits this filter" in self.rows(owner, {field: typed})

    def test_finds_nothing_of_a_rival(
        self, owner: Client, told: Delivery, theirs: Endpoint, rivals_share: Share
    ) -> None:
        hidden = delivery_to(theirs, refs={"share": str(rivals_share.pk)})
        for query in (
            {"id": str(hidden.webhook_id)},
            {"id": str(hidden.webhook_id)[-6:]},
            {"lead": str(rivals_share.pk)},
            {"lead": reference(str(rivals_share.pk))},
            {"endpoint": theirs.pk, "id": str(hidden.webhook_id)},
        ):
            assert "Nothing fits this filter" in self.rows(owner, query)

    def test_keeps_to_the_days(self, owner: Client, told: Delivery) -> None:
        at = timezone.localtime().replace(year=2026, month=3, day=5, hour=12)
        Delivery.objects.filter(pk=told.pk).update(created_at=at)
        seen = f"/deliveries/{told.pk}/"
        assert seen in self.rows(owner, {"since": "2026-03-05", "until": "2026-03-05"})
        assert seen not in self.rows(owner, {"since": "2026-03-06"})
        assert seen not in self.rows(owner, {"until": "2026-03-04"})
        for no_day in ("yesterday", "0001-01-01", "9999-12-31"):
            assert seen in self.rows(owner, {"since": no_day, "until": no_day})

    def test_keeps_what_was_searched_for_in_the_pages_after(
        self, owner: Client, mine: Endpoint, share: Share, django_assert_max_num_queries: Any
    ) -> None:
        for _turn in range(30):
            delivery_to(mine, refs={"share": str(share.pk)})
        with django_assert_max_num_queries(15):
            page = owner.get(OWN, {"lead": reference(str(share.pk))}).content.decode()
        after = re.search(r'rel="next" href="([^"]*)"', page)
        assert after is not None
        assert "lead=Lead" in after[1]
        assert "cursor=" in after[1]


class TestManyAddresses:
    def test_are_paged_and_each_can_be_chosen(
        self, dana_client: Client, theirs: Endpoint, acme: Partner
    ) -> None:
        old = delivery_to(theirs)
        Endpoint.objects.filter(pk=theirs.pk).update(
            created_at=timezone.now() - timedelta(days=400)
        )
        for turn in range(30):
            endpoint_of(acme, f"https://hooks.acme.example/{turn}", removed_at=None)

        page = dana_client.get(OVERSIGHT).content.decode()
        after = re.search(r'href="\?(addresses=[^"]*)"', page)
        assert after is not None
        assert f"/endpoints/{theirs.pk}/" not in page
        further = dana_client.get(f"{OVERSIGHT}?{html.unescape(after[1])}").content.decode()
        assert f"/endpoints/{theirs.pk}/" in further

        chosen = dana_client.get(OVERSIGHT, {"endpoint": theirs.pk}).content.decode()
        assert f'<option value="{theirs.pk}" selected>' in chosen
        assert f"/deliveries/{old.pk}/" in chosen

        signature = signing.sign([signing.key_of(SECRET)], "msg_1", 1_700_000_000, b"{}")
        debugger = f"{OVERSIGHT}debugger/?endpoint={theirs.pk}"
        assert (
            f'<option value="{theirs.pk}" selected>' in dana_client.get(debugger).content.decode()
        )
        typed = {"webhook_id": "msg_1", "webhook_timestamp": "1700000000", "body": "{}"}
        typed |= {"endpoint": theirs.pk, "webhook_signature": signature}
        assert "The signature fits." in dana_client.post(debugger, typed).content.decode()


class TestOneMessage:
    def test_shows_every_attempt(self, owner: Client, mine: Endpoint) -> None:
        delivery = delivery_to(mine, state="pending", attempts=2, last_error="timeout")
        tried(delivery, status=None, error="egress_blocked", duration_ms=3)
        tried(
            delivery, number=2, status=500, error="http_500", response_head="<b>out of memory</b>",
            fields=["lead.budget"], body_sha256=bytes(32),
        )  # fmt: skip

        page = owner.get(f"/portal/settings/webhooks/deliveries/{delivery.pk}/").content.decode()

        assert delivery.webhook_id in page
        assert "Trying again" in page
        assert "connection_failed" in page
        assert "egress" not in page
        assert "HTTP 500" in page
        assert "&lt;b&gt;out of memory" in page
        assert "lead.budget" in page
        assert "0" * 64 in page

    @pytest.mark.parametrize("kind", ["deliveries", "endpoints"])
    def test_anothers_is_not_there(
        self, kind: str, owner: Client, theirs: Endpoint, mine: Endpoint
    ) -> None:
        named = delivery_to(theirs).pk if kind == "deliveries" else theirs.pk
        assert owner.get(f"/portal/settings/webhooks/{kind}/{named}/").status_code == 404


class TestOneEndpoint:
    def test_says_how_it_goes(self, owner: Client, mine: Endpoint) -> None:
        tried(delivery_to(mine))
        page = owner.get(f"/portal/settings/webhooks/endpoints/{mine.pk}/").content.decode()
        assert "100%" in page
        assert "Working" in page
        assert "Our CRM" in page
        assert SECRET not in page

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"enabled": False, "disabled_reason": "gone"}, "It answered 410 Gone"),
            ({"verified_at": None}, "has not echoed our challenge"),
            ({"failing_since": timezone.now()}, "Every attempt has failed since"),
            ({"pending_url": "https://new.acme.example/"}, "takes over as soon as"),
        ],
    )
    def test_says_what_is_wrong(
        self, fields: dict[str, Any], said: str, owner: Client, mine: Endpoint
    ) -> None:
        Endpoint.objects.filter(pk=mine.pk).update(**fields)
        page = owner.get(f"/portal/settings/webhooks/endpoints/{mine.pk}/").content.decode()
        assert said in page


class TestDebugger:
    BODY = '{"type":"lead.shared","data":{"name":"Zoë"}}'

    def signature(self, body: str, secret: str = SECRET, at: int = 1_700_000_000) -> str:
        return signing.sign([signing.key_of(secret)], "msg_1", at, body.encode())

    def look(self, signature: str, body: str, *, secrets: list[str] | None = None) -> Any:
        return examine(
            secrets=secrets or [SECRET], webhook_id="msg_1", timestamp="1700000000",
            signature=signature, body=body, now=1_700_000_010,
        )  # fmt: skip

    def test_shows_the_signed_string_and_that_it_fits(self) -> None:
        found = self.look(self.signature(self.BODY), self.BODY)
        assert (found.fits, found.notes) == (True, [])
        assert found.signed == "msg_1.1700000000." + self.BODY

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (
                '{ "type": "lead.shared", "data": {"name": "Zo\\u00eb"} }',
                "parsed and written again",
            ),
            (BODY + "\r\n", "blanks or line ends"),
            (BODY[:-3], "no JSON"),
            (BODY.replace("shared", "revoked"), "another's"),
        ],
    )
    def test_says_what_differs(self, body: str, said: str) -> None:
        found = self.look(self.signature(self.BODY), body)
        assert not found.fits
        assert said in " ".join(found.notes)

    def test_knows_the_secret_before_a_rotation(self) -> None:
        new = signing.new_secret()
        found = self.look(self.signature(self.BODY), self.BODY, secrets=[new, SECRET])
        assert found.fits
        assert "rotation" in found.notes[0]

    @pytest.mark.parametrize("signature", ["v1", "v1,***", "sha256=abc", "v1a,AAAA", ""])
    def test_says_so_of_what_is_no_signature(self, signature: str) -> None:
        found = self.look(signature, self.BODY)
        assert not found.fits
        assert found.notes

    def test_says_that_a_message_is_old(self) -> None:
        found = examine(
            secrets=[SECRET], webhook_id="msg_1", timestamp="1700000000",
            signature=self.signature(self.BODY), body=self.BODY, now=1_700_001_000,
        )  # fmt: skip
        assert found.fits
        assert "17 minutes old" in found.notes[0]

    def test_page_checks_with_the_own_secrets_only(
        self, owner: Client, mine: Endpoint, theirs: Endpoint
    ) -> None:
        typed = {
            "endpoint": mine.pk,
            "webhook_id": "msg_1",
            "webhook_timestamp": "1700000000",
            "webhook_signature": self.signature(self.BODY),
            "body": self.BODY,
        }
        page = owner.post("/portal/settings/webhooks/debugger/", typed)
        assert "The signature fits." in page.content.decode()
        assert SECRET not in page.content.decode()

        page = owner.post("/portal/settings/webhooks/debugger/", typed | {"endpoint": theirs.pk})
        assert page.status_code == 422

    def test_page_opens(self, owner: Client, dana_client: Client, mine: Endpoint) -> None:
        assert owner.get(reverse("webhooks:debugger")).status_code == 200
        assert dana_client.get(reverse("webhook_oversight:debugger")).status_code == 200


class TestActions:
    @pytest.fixture
    def page(self, mine: Endpoint) -> str:
        return f"/portal/settings/webhooks/endpoints/{mine.pk}/"

    def kinds(self) -> set[str]:
        return set(Event.objects.values_list("kind", flat=True))

    def test_changes_what_is_sent_and_waits_for_the_proof_of_a_new_address(
        self, owner: Client, mine: Endpoint, page: str
    ) -> None:
        answer = owner.post(
            f"{page}change/",
            {
                "url": "https://new.acme.example/in",
                "description": "Other CRM",
                "event_types": ["lead.shared"],
                "thin": "on",
                "headers": "X-Env: live\r\nAuthorization: Basic abc",
            },
        )

        mine.refresh_from_db()
        assert answer.status_code == 302
        assert (mine.url, mine.pending_url) == (
            "https://hooks.acme.example/in",
            "https://new.acme.example/in",
        )
        assert (mine.description, mine.event_types, mine.thin) == (
            "Other CRM",
            ["lead.shared"],
            True,
        )
        shown = owner.get(page).content.decode()
        assert "Authorization, X-Env" in shown
        assert "Basic abc" not in shown
        assert mine.deliveries.get().type == "webhook.verify"
        assert {"endpoint_changed", "endpoint_challenged"} <= self.kinds()

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"url": "http://hooks.acme.example/"}, "must start with https"),
            ({"url": "https://10.0.0.1/"}, "name a host"),
            ({"headers": "Host: evil.example"}, "host"),
            ({"headers": "no colon"}, "a colon and a value"),
        ],
    )
    def test_says_beside_the_field_what_is_wrong(
        self, typed: dict[str, str], said: str, owner: Client, mine: Endpoint, page: str
    ) -> None:
        answer = owner.post(f"{page}change/", {"url": mine.url} | typed)
        assert answer.status_code == 422
        assert said.lower() in answer.content.decode().lower()
        assert not Event.objects.filter(kind="endpoint_changed").exists()

    def test_shows_a_new_secret_once(self, owner: Client, mine: Endpoint, page: str) -> None:
        shown = owner.post(f"{page}rotate/", {"overlap_hours": "24"}).content.decode()
        mine.refresh_from_db()
        assert mine.secret in shown
        assert mine.signing_secrets() == [mine.secret, SECRET]
        assert mine.secret not in owner.get(page).content.decode()

    def test_staff_never_see_a_secret(
        self, admin_user: User, client_for: ClientFor, mine: Endpoint
    ) -> None:
        answer = client_for(admin_user).post(
            f"/analytics/webhooks/endpoints/{mine.pk}/rotate/", {"overlap_hours": "24"}
        )
        assert answer.status_code == 403
        mine.refresh_from_db()
        assert mine.secret == SECRET

    def test_signs_with_a_key_pair_and_stops_it(
        self, owner: Client, mine: Endpoint, page: str
    ) -> None:
        owner.post(f"{page}signing-key/")
        mine.refresh_from_db()
        assert signing.public_key_of(mine.signing_key) in owner.get(page).content.decode()
        assert mine.signing_key not in owner.get(page).content.decode()
        owner.post(f"{page}signing-key/", {"remove": "1"})
        mine.refresh_from_db()
        assert mine.signing_key == ""

    def test_sends_a_test_ten_times_an_hour(self, owner: Client, mine: Endpoint, page: str) -> None:
        for _turn in range(10):
            owner.post(f"{page}test/")
        assert mine.deliveries.filter(type="webhook.test", trigger="test").count() == 10
        answer = owner.post(f"{page}test/", follow=True)
        assert "ten times an hour" in answer.content.decode()
        assert mine.deliveries.count() == 10

    def test_sends_one_message_again_under_its_id(self, owner: Client, mine: Endpoint) -> None:
        delivery = delivery_to(mine, state="failed", attempts=10, finished_at=timezone.now())
        owner.post(f"/portal/settings/webhooks/deliveries/{delivery.pk}/resend/")
        again = Delivery.objects.get(pk=delivery.pk)
        assert (again.state, again.attempts_before, again.trigger) == ("pending", 10, "resend")
        assert again.webhook_id == delivery.webhook_id

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"state": "pending"}, "still on its way"),
            ({"state": "cancelled"}, "may not be sent any more"),
        ],
    )
    def test_does_not_send_again_what_it_must_not(
        self, fields: dict[str, str], said: str, owner: Client, mine: Endpoint
    ) -> None:
        delivery = delivery_to(mine, **fields)
        answer = owner.post(
            f"/portal/settings/webhooks/deliveries/{delivery.pk}/resend/", follow=True
        )
        assert said in answer.content.decode()
        assert Delivery.objects.get(pk=delivery.pk).state == fields["state"]

    def test_recovers_what_was_given_up_a_few_at_a_time(
        self, owner: Client, mine: Endpoint, page: str
    ) -> None:
        now = timezone.now()
        for _turn in range(40):
            delivery_to(mine, state="failed", finished_at=now)
        long_ago = delivery_to(mine, state="failed", finished_at=now - timedelta(days=2))
        withdrawn = delivery_to(mine, state="cancelled", finished_at=now)

        answer = owner.post(f"{page}recover/", {"hours": "24"}, follow=True)

        assert "40 messages are sent once more" in answer.content.decode()
        due = sorted(mine.deliveries.filter(state="pending").values_list("next_attempt_at"))
        assert timedelta(seconds=1.5) < due[-1][0] - due[0][0] < timedelta(seconds=2.5)
        kept = Delivery.objects.filter(pk__in=[long_ago.pk, withdrawn.pk])
        assert set(kept.values_list("state", flat=True)) == {"failed", "cancelled"}

    def test_what_happens_while_it_is_off_can_be_recovered(
        self, owner: Client, mine: Endpoint, page: str, acme: Partner
    ) -> None:
        owner.post(f"{page}disable/")
        event = services.record_event(Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, partner_id=acme.pk)
        services.queue_webhooks(event, "lead.shared", partner_id=acme.pk, refs={})
        missed = mine.deliveries.get(type="lead.shared")
        assert (missed.state, missed.last_error) == ("failed", "endpoint_disabled")

        assert (
            "receives nothing"
            in owner.post(f"{page}recover/", {"hours": "1"}, follow=True).content.decode()
        )
        owner.post(f"{page}verify/")
        mine.refresh_from_db()
        services.confirm_endpoint(actor=THE_SYSTEM, endpoint_id=mine.pk, echoed=mine.challenge)
        owner.post(f"{page}recover/", {"hours": "1"})
        missed.refresh_from_db()
        assert missed.state == "pending"

    def test_removes_it(self, owner: Client, mine: Endpoint, page: str) -> None:
        assert owner.post(f"{page}remove/").status_code == 302
        assert owner.get(page).status_code == 404

    @pytest.mark.parametrize(
        "action",
        ["change", "rotate", "signing-key", "test", "recover", "verify", "disable", "remove"],
    )
    def test_of_anothers_changes_nothing(
        self, action: str, owner: Client, theirs: Endpoint, mine: Endpoint
    ) -> None:
        before = Endpoint.objects.filter(pk=theirs.pk).values().get()
        answer = owner.post(
            f"/portal/settings/webhooks/endpoints/{theirs.pk}/{action}/",
            {"url": "https://x.example/", "overlap_hours": "0", "hours": "1"},
        )
        assert answer.status_code == 404
        assert Endpoint.objects.filter(pk=theirs.pk).values().get() == before
