"""The dispatcher against real sockets and a real database."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from events import outcomes, services
from events.models import Attempt, Delivery, Event
from events.tests import receiver as behaviour

pytestmark = pytest.mark.django_db(transaction=True)


def seconds_until(delivery: Delivery) -> float:
    delivery.refresh_from_db()
    return (delivery.next_attempt_at - timezone.now()).total_seconds()


class TestSuccess:
    def test_a_message_arrives_signed_and_is_written_down(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        endpoint = new_endpoint(acme)
        delivery = queue_one(endpoint)

        assert dispatcher()

        [got] = receiver.got
        assert Webhook(endpoint.secret).verify(got.body, got.headers) == got.message
        assert got.headers["webhook-id"] == delivery.webhook_id
        assert list(got.message) == ["type", "timestamp", "data"]
        assert got.message["timestamp"] == delivery.event_at.isoformat().replace("+00:00", "Z")
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == (Delivery.State.SENT, 1)
        assert delivery.finished_at is not None
        assert delivery.lease_id is None
        attempt = delivery.tries.get()
        assert (attempt.number, attempt.status, attempt.error) == (1, 200, "")
        assert attempt.fields == ["leadId", "lead.market"]
        assert attempt.response_head == "ok"
        assert len(bytes(attempt.body_sha256)) == 32

    @pytest.mark.parametrize(
        "data",
        [
            {"lead": {"customerInfo": {"phone": "+971500000001"}}},
            {"lead": {"budget": 2_200_000}},
            {"lead": {"preferences": {"project": "Marina Heights"}}},
            {"appointment": {"location": "Villa 7"}, "lead": {"market": "uae"}},
        ],
    )
    def test_an_answer_that_may_repeat_what_a_client_told_is_not_kept(
        self, acme, receiver, dispatcher, new_endpoint, queue_one, bodies, data
    ):
        bodies["personal"] = data
        delivery = queue_one(new_endpoint(acme), refs={"n": "personal"})

        assert dispatcher()

        attempt = delivery.tries.get()
        assert (attempt.status, attempt.response_head) == (200, "")

    def test_hundreds_go_out_once_each(self, acme, receiver, dispatcher, new_endpoint, queue_one):
        endpoints = [new_endpoint(acme, f"/ok{number}") for number in range(4)]
        sent = {queue_one(endpoint).webhook_id for endpoint in endpoints for _ in range(60)}

        assert dispatcher()

        assert {got.headers["webhook-id"] for got in receiver.got} == sent
        assert len(receiver.got) == len(sent)
        assert Delivery.objects.filter(state="sent").count() == Attempt.objects.count() == len(sent)

    def test_connections_are_kept(self, acme, receiver, dispatcher, new_endpoint, queue_one):
        delivery = queue_one(new_endpoint(acme))
        dispatcher()
        queue_one(delivery.endpoint)
        dispatcher()

        assert len(receiver.got) == 2
        assert len({got.peer for got in receiver.got}) == 1


class TestFailure:
    @pytest.mark.parametrize(
        ("how", "error", "status"),
        [
            ((500, {}, b"no"), "http_500", 500),
            ((404, {}, b"no"), "http_404", 404),
            ((302, {"Location": "/elsewhere"}, b""), "redirect", 302),
            ((307, {"Location": "http://10.0.0.1/"}, b""), "redirect", 307),
            (behaviour.hang, "timeout", None),
            (behaviour.drip, "timeout", None),
            (behaviour.drip_body, "timeout", None),
            (behaviour.reset, "connection_reset", None),
            (behaviour.nonsense, "invalid_answer", None),
        ],
    )
    def test_each_kind_is_named_and_tried_again_by_column(
        self, how, error, status, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        receiver.answers["/bad"] = how
        delivery = queue_one(new_endpoint(acme, "/bad"))
        began = time.monotonic()

        assert dispatcher()

        assert time.monotonic() - began < 4
        attempt = delivery.tries.get()
        assert (attempt.error, attempt.status) == (error, status)
        assert 55 < seconds_until(delivery) <= 60
        assert (delivery.state, delivery.last_error) == ("pending", error)
        assert receiver.at("/elsewhere") == []

    def test_nobody_listens(self, acme, dispatcher, new_endpoint, queue_one):
        delivery = queue_one(new_endpoint(acme, url="http://127.0.0.1:1/"))

        assert dispatcher()

        assert delivery.tries.get().error == "connection_refused"

    @pytest.mark.parametrize("how", [behaviour.endless, behaviour.bomb])
    def test_a_large_answer_is_not_read(
        self, how, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        receiver.answers["/large"] = how
        delivery = queue_one(new_endpoint(acme, "/large"))

        assert dispatcher()

        attempt = delivery.tries.get()
        assert (attempt.error, attempt.status) == ("", 200)
        assert len(attempt.response_head) <= 1000
        assert attempt.duration_ms < 1000

    def test_the_delays_follow_the_schedule_and_end(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        receiver.answers["/bad"] = (503, {}, b"")
        delivery = queue_one(new_endpoint(acme, "/bad"))
        delays = []

        for _ in range(4):
            dispatcher()
            delays.append(round(seconds_until(delivery)))
            Delivery.objects.update(next_attempt_at=timezone.now())

        assert delays[:3] == [60, 120, 240]
        assert (delivery.state, delivery.attempts) == ("failed", 4)
        event = Event.objects.get(kind=Event.Kind.WEBHOOK_EXHAUSTED)
        assert (event.ok, event.partner_id) == (False, acme.pk)
        assert event.data["delivery_id"] == delivery.pk
        dispatcher()
        assert len(receiver.got) == 4

    @pytest.mark.parametrize(
        ("wish", "delay"),
        [("600", 600), ("0", 60), ("999999999", 3600), ("soon", 60), ("2.5", 60), ("-5", 60)],
    )
    def test_retry_after_is_honoured_within_bounds(
        self, wish, delay, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        receiver.answers["/busy"] = (429, {"Retry-After": wish}, b"")
        delivery = queue_one(new_endpoint(acme, "/busy"))

        dispatcher()

        assert round(seconds_until(delivery)) == delay

    def test_retry_after_as_a_date(self):
        at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=900)
        delay = outcomes._seconds(at.strftime("%a, %d %b %Y %H:%M:%S GMT"))
        assert 898 < delay <= 900

    def test_410_disables_the_endpoint(self, acme, receiver, dispatcher, new_endpoint, queue_one):
        receiver.answers["/gone"] = (410, {}, b"")
        endpoint = new_endpoint(acme, "/gone")
        delivery = queue_one(endpoint)

        dispatcher()
        waiting = queue_one(endpoint)
        dispatcher()

        endpoint.refresh_from_db()
        delivery.refresh_from_db()
        waiting.refresh_from_db()
        assert (endpoint.enabled, endpoint.disabled_reason) == (False, "gone")
        assert (delivery.state, waiting.state) == ("failed", "pending")
        assert Event.objects.filter(kind=Event.Kind.ENDPOINT_DISABLED).count() == 1
        assert len(receiver.got) == 1


class TestBodies:
    def test_a_body_that_may_not_be_sent_any_more_is_cancelled(
        self, acme, receiver, dispatcher, new_endpoint, queue_one, bodies
    ):
        bodies["withdrawn"] = None
        delivery = queue_one(new_endpoint(acme), refs={"n": "withdrawn"})

        dispatcher()

        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == ("cancelled", 0)
        assert receiver.got == []
        assert not delivery.tries.exists()

    def test_a_withdrawal_beats_a_retry(
        self, acme, receiver, dispatcher, new_endpoint, queue_one, bodies
    ):
        receiver.answers["/bad"] = (500, {}, b"")
        delivery = queue_one(new_endpoint(acme, "/bad"), refs={"n": "one"})
        dispatcher()
        bodies["one"] = None
        Delivery.objects.update(next_attempt_at=timezone.now())

        dispatcher()

        delivery.refresh_from_db()
        assert delivery.state == "cancelled"
        assert len(receiver.got) == 1

    def test_a_body_of_more_than_64_kb_is_given_up(
        self, acme, receiver, dispatcher, new_endpoint, queue_one, bodies
    ):
        bodies["long"] = {"leadId": "x" * 65_536}
        delivery = queue_one(new_endpoint(acme), refs={"n": "long"})

        dispatcher()

        delivery.refresh_from_db()
        assert (delivery.state, delivery.last_error) == ("failed", "payload_too_large")
        assert receiver.got == []

    def test_a_builder_that_fails_stops_only_its_own_type(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        endpoint = new_endpoint(acme)
        broken = queue_one(endpoint, type="nobody.builds")
        queue_one(endpoint)

        dispatcher()

        broken.refresh_from_db()
        assert (broken.state, broken.last_error) == ("pending", "build_failed")
        assert len(receiver.got) == 1


class TestWhoGetsAnything:
    def test_a_suspended_partner_gets_nothing_until_it_is_active_again(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        queue_one(new_endpoint(acme))
        acme.status = "suspended"
        acme.save()
        dispatcher()
        assert receiver.got == []

        acme.status = "inactive"
        acme.save()
        dispatcher()
        assert len(receiver.got) == 1

    @pytest.mark.parametrize(
        "fields",
        [
            {"enabled": False},
            {"verified_at": None},
            {"enabled": False, "removed_at": timezone.now()},
        ],
    )
    def test_an_endpoint_that_does_not_receive_gets_nothing(
        self, fields, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        delivery = queue_one(new_endpoint(acme, **fields))

        dispatcher()

        delivery.refresh_from_db()
        assert (receiver.got, delivery.state) == ([], "pending")

    def test_an_unverified_endpoint_gets_its_challenge_and_then_the_rest(
        self, acme, amira, receiver, dispatcher, queue_one
    ):
        receiver.answers["/hook"] = behaviour.echo
        endpoint = services.create_endpoint(actor=amira, url=receiver.url("/hook"))
        queue_one(endpoint)

        dispatcher()

        endpoint.refresh_from_db()
        assert endpoint.verified
        assert receiver.got[0].message["type"] == "webhook.verify"
        assert Event.objects.filter(kind=Event.Kind.ENDPOINT_VERIFIED).count() == 1
        assert {got.message["type"] for got in receiver.got} == {"webhook.verify", "lead.shared"}

    @pytest.mark.parametrize(
        "answer", [b"ok", b"[]", b'{"challenge": 5}', b"\xff", b"[" * 8000, b'{"challenge": ""}']
    )
    def test_an_answer_without_the_echo_verifies_nothing(
        self, answer, acme, amira, receiver, dispatcher
    ):
        receiver.answers["/hook"] = (200, {}, answer)
        endpoint = services.create_endpoint(actor=amira, url=receiver.url("/hook"))

        dispatcher()

        endpoint.refresh_from_db()
        assert not endpoint.verified
        assert endpoint.deliveries.get().last_error == "challenge_not_echoed"

    def test_a_wrong_echo_verifies_nothing(self, acme, amira, receiver, dispatcher):
        receiver.answers["/hook"] = (200, {}, b'{"challenge": "something"}')
        endpoint = services.create_endpoint(actor=amira, url=receiver.url("/hook"))

        dispatcher()

        endpoint.refresh_from_db()
        assert not endpoint.verified
