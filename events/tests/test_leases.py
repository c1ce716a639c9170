"""Who holds what: lanes, leases, lost workers and the database that goes away."""

from __future__ import annotations

import datetime as dt
import time
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from events import dispatch, egress, outcomes, queue, services
from events.models import Attempt, Delivery, Endpoint
from events.queue import Result
from events.tests import receiver as behaviour
from portal.lib.access import THE_SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)


class TestLanes:
    def test_a_hung_endpoint_costs_only_its_own_lane(
        self, acme, rival, receiver, dispatcher, new_endpoint, queue_one, settings
    ):
        settings.WEBHOOK_DEADLINE_SECONDS = 3
        receiver.answers["/hang"] = behaviour.hang
        hung = new_endpoint(rival, "/hang")
        stuck = [queue_one(hung) for _ in range(100)]
        fine = new_endpoint(acme)
        for _ in range(50):
            queue_one(fine)
        began = time.time()

        dispatcher(2.5)

        arrived = receiver.at("/ok")
        assert len(arrived) == 50
        assert max(got.at for got in arrived) - began < 2
        dispatch.close()
        hung.refresh_from_db()
        assert hung.lane == 1
        burnt = [d for d in Delivery.objects.filter(endpoint=hung) if d.attempts]
        assert len(burnt) <= 16 < len(stuck), "those that waited behind it lost no attempt"


class TestLeases:
    def test_what_a_lost_worker_held_is_sent_by_another(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        delivery = queue_one(new_endpoint(acme))
        queue.claim(10)
        Delivery.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))

        dispatcher()

        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts) == ("sent", 2)
        assert [attempt.error for attempt in delivery.tries.all()] == ["worker_lost", ""]

    def test_a_held_lease_is_not_taken(self, acme, receiver, dispatcher, new_endpoint, queue_one):
        queue_one(new_endpoint(acme))
        [held] = queue.claim(10)

        dispatcher()

        assert receiver.got == []
        held.refresh_from_db()
        assert held.state == "sending"

    def test_a_late_result_of_a_worker_that_lost_its_lease_is_refused(
        self, acme, new_endpoint, queue_one
    ):
        queue_one(new_endpoint(acme))
        [zombies] = queue.claim(10)
        Delivery.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
        queue.reclaim()
        [ours] = queue.claim(10)

        assert queue.record([Result(delivery=zombies, state="failed", error="late")]) == []
        ours.refresh_from_db()
        assert ours.state == "sending"
        assert len(queue.record([Result(delivery=ours, state="sent")])) == 1

    def test_two_claims_never_share(self, acme, new_endpoint, queue_one):
        endpoint = new_endpoint(acme)
        for _ in range(20):
            queue_one(endpoint)

        first, second = queue.claim(8), queue.claim(100)

        assert len(first) == 8
        assert not {d.pk for d in first} & {d.pk for d in second}
        assert len(second) == 8, "the lane of 16 holds what the first claim took"

    def test_nobody_gets_more_than_its_share(self, acme, new_endpoint, queue_one):
        large, *small = [new_endpoint(acme, f"/{number}") for number in range(4)]
        Endpoint.objects.update(lane=128)
        for _ in range(60):
            queue_one(large)
        for endpoint in small:
            queue_one(endpoint)

        claimed = queue.claim(16)

        assert {d.endpoint_id for d in claimed} >= {endpoint.pk for endpoint in small}


def cut_off() -> None:
    connection.connection.close()


class TestTheWorker:
    def test_one_that_is_asked_to_end_takes_nothing_new(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        endpoint = new_endpoint(acme)
        queue_one(endpoint)
        dispatcher()
        dispatch.stop_claiming()
        queue_one(endpoint)

        assert not dispatcher(2)

        assert len(receiver.got) == 1
        dispatch.close()
        assert dispatcher()
        assert len(receiver.got) == 2

    def test_blocked_addresses_go_to_the_security_log(
        self, acme, dispatcher, new_endpoint, queue_one, caplog, monkeypatch
    ):
        endpoint = new_endpoint(acme)
        delivery = queue_one(endpoint)
        monkeypatch.setattr(egress, "may_dial", lambda address: False)

        dispatcher()

        assert delivery.tries.get().error == "egress_blocked"
        [line] = [record for record in caplog.records if record.name == "portal.security"]
        assert endpoint.pk in line.getMessage()
        assert "127.0.0.1" not in line.getMessage()


class TestTheDatabase:
    def test_a_broken_connection_is_replaced(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        endpoint = new_endpoint(acme)
        queue_one(endpoint)
        dispatcher()
        dispatch._Here.dispatcher._database.submit(cut_off).result()
        queue_one(endpoint)

        dispatcher()

        assert len(receiver.got) == 2


def test_a_result_given_back_leaves_no_trace(acme, new_endpoint, queue_one):
    queue_one(new_endpoint(acme))
    [claimed] = queue.claim(1)

    queue.record([outcomes.given_back(claimed)])

    claimed.refresh_from_db()
    assert (claimed.state, claimed.attempts) == ("pending", 0)
    assert not Attempt.objects.exists()


def test_confirming_needs_the_present_challenge(acme, new_endpoint):
    endpoint = new_endpoint(acme, verified_at=None)
    for echoed in ("", "old", str(uuid.uuid4())):
        assert not services.confirm_endpoint(
            actor=THE_SYSTEM, endpoint_id=endpoint.pk, echoed=echoed
        )
    assert services.confirm_endpoint(
        actor=THE_SYSTEM, endpoint_id=endpoint.pk, echoed="the-challenge"
    )
