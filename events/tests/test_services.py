"""Writing down what happened, queueing what others are told, and the life of an endpoint."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from redis import ConnectionError as RedisGone

from events import doorbell, payloads, services
from events.models import Delivery, Endpoint, Event
from portal.lib.access import THE_SYSTEM
from portal.lib.errors import Conflict, NotAllowed, NotFound

pytestmark = pytest.mark.django_db

URL = "https://hook.partner.example/in"


class TestRecordEvent:
    def test_it_keeps_who_what_and_the_ids(self, acme, dana):
        event = services.record_event(
            Event.Kind.LEAD_CAPTURED, actor=dana, partner_id=acme.pk, market="uae"
        )
        event.refresh_from_db()
        assert (event.actor, event.partner_id, event.ok) == (dana.pk, acme.pk, True)
        assert event.data == {"market": "uae"}
        assert event.sequence == 1

    @pytest.mark.parametrize("change", ["update", "delete"])
    def test_the_database_refuses_to_change_the_past(self, change, dana):
        event = services.record_event(Event.Kind.LEAD_CAPTURED, actor=dana)
        rows = Event.objects.filter(pk=event.pk)
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(ok=False) if change == "update" else rows.delete()
        assert rows.get().ok

    def test_a_refusal_outlives_the_rollback(self, acme, dana):
        def refuse():
            with transaction.atomic():
                services.record_event(Event.Kind.LEAD_SHARED, actor=dana)
                raise Conflict("no")

        recorded = services.refusals_recorded(
            Event.Kind.LEAD_SHARE_FAILED, actor=dana, partner_id=acme.pk, lead_id="lead_junk"
        )
        with pytest.raises(Conflict), recorded:
            refuse()

        event = Event.objects.get()
        assert (event.kind, event.ok) == (Event.Kind.LEAD_SHARE_FAILED, False)
        assert event.data == {"code": "conflict"}
        assert (event.partner_id, event.lead_id) == (acme.pk, None)

    def test_success_and_other_errors_record_nothing(self, dana):
        with services.refusals_recorded(Event.Kind.LEAD_SHARE_FAILED, actor=dana):
            pass
        with (
            pytest.raises(ZeroDivisionError),
            services.refusals_recorded(Event.Kind.LEAD_SHARE_FAILED, actor=dana),
        ):
            raise ZeroDivisionError
        assert not Event.objects.exists()


class TestQueueWebhooks:
    @pytest.fixture
    def event(self, acme):
        return services.record_event(Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, partner_id=acme.pk)

    def test_each_receiving_endpoint_of_the_partner_gets_one(
        self, acme, rival, event, new_endpoint
    ):
        wanted = [
            new_endpoint(acme, "/all"),
            new_endpoint(acme, "/some", event_types=["lead.shared", "lead.revoked"]),
        ]
        new_endpoint(acme, "/other", event_types=["lead.revoked"])
        new_endpoint(acme, "/unverified", verified_at=None)
        off = new_endpoint(acme, "/off", enabled=False)
        new_endpoint(acme, "/removed", enabled=False, removed_at=timezone.now())
        new_endpoint(rival, "/rival")

        queued = services.queue_webhooks(
            event, "lead.shared", partner_id=acme.pk, refs={"share": "share_x"}
        )

        assert queued == 2
        pending = Delivery.objects.filter(state="pending")
        assert {d.endpoint_id for d in pending} == {e.pk for e in wanted}
        missed = Delivery.objects.exclude(state="pending").get()
        assert (missed.endpoint_id, missed.state, missed.last_error) == (
            off.pk,
            "failed",
            "endpoint_disabled",
        )
        first = pending.first()
        assert (first.state, first.attempts, first.refs) == ("pending", 0, {"share": "share_x"})
        assert first.webhook_id.startswith("msg_")
        assert first.next_attempt_at <= timezone.now()

    def test_only_to_the_endpoint_asked_for(self, acme, rival, event, new_endpoint):
        one, _other, strangers = (
            new_endpoint(acme, "/1"),
            new_endpoint(acme, "/2"),
            new_endpoint(rival, "/3"),
        )
        for endpoint, count in ((one, 1), (strangers, 0)):
            assert count == services.queue_webhooks(
                event, "lead.shared", partner_id=acme.pk, refs={}, endpoint_id=endpoint.pk
            )

    def test_it_takes_two_statements(self, acme, event, new_endpoint, django_assert_num_queries):
        for number in range(3):
            new_endpoint(acme, f"/{number}")
        with django_assert_num_queries(2):
            services.queue_webhooks(event, "lead.shared", partner_id=acme.pk, refs={})


class TestNudge:
    @pytest.fixture
    def rung(self, monkeypatch):
        """Ring a bell that is not there."""

        class Silent:
            def __getattr__(self, name):
                raise RedisGone("no Redis at secret-host")

        monkeypatch.setattr(doorbell, "bell", Silent)

    def test_without_redis_the_change_is_kept_and_the_log_tells_no_address(
        self, rung, caplog, django_capture_on_commit_callbacks
    ):
        with caplog.at_level(logging.WARNING), django_capture_on_commit_callbacks(execute=True):
            services.nudge()
        assert "secret-host" not in caplog.text
        assert "ConnectionError" in caplog.text

    def test_one_ring_is_enough_until_it_is_heard(self, django_capture_on_commit_callbacks):
        def ring() -> None:
            with django_capture_on_commit_callbacks(execute=True):
                services.nudge()

        doorbell.take_down()
        doorbell.bell().delete(doorbell.WAITING)
        for _ in range(3):
            ring()
        assert doorbell.bell().llen(doorbell.WAITING) == 1
        doorbell.wait(5)
        assert doorbell.bell().llen(doorbell.WAITING) == 0
        ring()
        assert doorbell.bell().llen(doorbell.WAITING) == 1
        doorbell.wait(5)

    def test_without_redis_one_waits_no_longer_and_no_shorter(self, monkeypatch):
        class Silent:
            def __getattr__(self, name: str) -> Any:
                raise RedisGone("no Redis")

        monkeypatch.setattr(doorbell, "listening", Silent)
        began = time.monotonic()
        doorbell.wait(0.2)
        assert 0.2 <= time.monotonic() - began < 1


class TestEndpoints:
    def test_a_new_one_is_challenged_and_gets_a_secret(self, acme, amira):
        endpoint = services.create_endpoint(
            actor=amira, url=URL, event_types=["lead.shared", "lead.shared"]
        )
        endpoint.refresh_from_db()
        assert (endpoint.partner, endpoint.url) == (acme, URL)
        assert (endpoint.verified, endpoint.enabled) == (False, True)
        assert endpoint.event_types == ["lead.shared"]
        assert endpoint.secret.startswith("whsec_")
        delivery = endpoint.deliveries.get()
        assert (delivery.type, delivery.refs["endpoint"]) == (payloads.VERIFY, endpoint.pk)
        assert payloads.build(payloads.VERIFY, [delivery]) == {
            delivery.pk: {"challenge": endpoint.challenge}
        }
        event = Event.objects.get(kind=Event.Kind.ENDPOINT_CREATED)
        assert (event.partner_id, event.data) == (acme.pk, {"endpoint_id": endpoint.pk})

    def test_the_secret_is_not_readable_in_the_database(self, amira):
        endpoint = services.create_endpoint(actor=amira, url=URL)
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM events_endpoint")
            [[stored]] = cursor.fetchall()
        assert endpoint.secret.removeprefix("whsec_") not in stored
        assert Endpoint.objects.get().secret == endpoint.secret

    def test_five_are_enough_and_none_twice(self, amira):
        for number in range(5):
            services.create_endpoint(actor=amira, url=f"{URL}/{number}")
        with pytest.raises(services.EndpointExists):
            services.create_endpoint(actor=amira, url=f"{URL}/0")
        with pytest.raises(services.EndpointLimitReached):
            services.create_endpoint(actor=amira, url=f"{URL}/5")
        services.remove_endpoint(actor=amira, endpoint_id=Endpoint.objects.first().pk)
        services.create_endpoint(actor=amira, url=f"{URL}/0")

    @pytest.mark.parametrize("url", ["http://hook.partner.example/", "https://10.0.0.1/", ""])
    def test_an_address_we_do_not_deliver_to(self, url, amira):
        with pytest.raises(services.UrlRefused) as refused:
            services.create_endpoint(actor=amira, url=url)
        assert refused.value.status == 422
        assert not Endpoint.objects.exists()

    def test_an_event_type_that_does_not_exist(self, amira):
        with pytest.raises(services.UnknownEventType):
            services.create_endpoint(actor=amira, url=URL, event_types=["lead.stolen"])

    def test_members_and_agents_manage_none(self, milo, dana, acme):
        for actor in (milo, dana):
            with pytest.raises(NotAllowed):
                services.create_endpoint(actor=actor, url=URL, partner_id=acme.pk)

    def test_an_admin_names_the_partner_and_a_partner_is_always_its_own(
        self, admin_user, amira, acme, rival
    ):
        assert (
            services.create_endpoint(actor=admin_user, url=URL, partner_id=rival.pk).partner_id
            == rival.pk
        )
        assert (
            services.create_endpoint(actor=amira, url=URL, partner_id=rival.pk).partner_id
            == acme.pk
        )
        for nobody in (None, "", "partner_nonsense", "lead_01jd8v2m5v0000000000000000"):
            with pytest.raises(NotFound):
                services.create_endpoint(actor=admin_user, url=URL, partner_id=nobody)

    def test_strangers_find_none(self, amira, rami):
        endpoint = services.create_endpoint(actor=amira, url=URL)
        for act in (services.request_verification, services.remove_endpoint):
            with pytest.raises(NotFound):
                act(actor=rami, endpoint_id=endpoint.pk)
        assert Endpoint.objects.kept().exists()

    def test_a_new_challenge_replaces_the_old(self, amira):
        endpoint = services.create_endpoint(actor=amira, url=URL)
        asked = services.request_verification(actor=amira, endpoint_id=endpoint.pk)
        assert asked.challenge != endpoint.challenge
        assert sorted(d.state for d in endpoint.deliveries.all()) == ["cancelled", "pending"]

    def test_a_disabled_one_starts_again_from_its_proof(self, amira, acme, new_endpoint):
        endpoint = new_endpoint(acme)
        services.disable_endpoint(actor=THE_SYSTEM, endpoint_id=endpoint.pk, reason="gone")
        asked = services.request_verification(actor=amira, endpoint_id=endpoint.pk)
        assert (asked.enabled, asked.disabled_reason) == (False, "")
        asked.refresh_from_db()
        services.confirm_endpoint(actor=THE_SYSTEM, endpoint_id=asked.pk, echoed=asked.challenge)
        asked.refresh_from_db()
        assert (asked.enabled, asked.verified) == (True, True)

    def test_a_verified_one_stays_so_while_it_is_asked_again(self, amira, acme, new_endpoint):
        endpoint = new_endpoint(acme)
        assert services.request_verification(actor=amira, endpoint_id=endpoint.pk).verified

    def test_removing_cancels_what_waits_and_forgets_the_secret(
        self, amira, acme, new_endpoint, queue_one
    ):
        endpoint = new_endpoint(acme)
        delivery = queue_one(endpoint)
        services.remove_endpoint(actor=amira, endpoint_id=endpoint.pk)
        endpoint.refresh_from_db()
        delivery.refresh_from_db()
        assert (endpoint.enabled, endpoint.secret, delivery.state) == (False, "", "cancelled")
        assert Event.objects.filter(kind=Event.Kind.ENDPOINT_REMOVED).exists()
