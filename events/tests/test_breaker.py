"""Pauses, lanes and streaks of failures, judged by the database; no test waits for a clock."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from events import breaker, outcomes, payloads, queue, selectors
from events.models import Delivery, Endpoint, Event
from events.queue import Result

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = dt.timedelta(hours=1)
State, Trigger = Delivery.State, Delivery.Trigger


@pytest.fixture
def endpoint(acme: Any, new_endpoint: Any, settings: Any) -> Endpoint:
    settings.WEBHOOK_RETRY_JITTER = 0.0
    type(acme).objects.filter(pk=acme.pk).update(contact_email="desk@acme.example")
    made: Endpoint = new_endpoint(acme)
    return made


@pytest.fixture
def comes_to(queue_one: Any) -> Any:
    """Return how to let a message to an endpoint end with each of ERRORS, all in one batch."""

    def come(endpoint: Endpoint, *errors: str, milliseconds: int = 5, **fields: Any) -> None:
        Endpoint.objects.filter(pk=endpoint.pk).update(lane=128)
        batch = []
        for error in errors:
            delivery = queue_one(endpoint, **fields)
            Delivery.objects.filter(pk=delivery.pk).update(
                state="sending", attempts=1, lease_id=LEASE, lease_until=LATER
            )
            delivery.refresh_from_db()
            batch.append(ended(delivery, error, milliseconds))
        outcomes.settle(batch)
        endpoint.refresh_from_db()

    return come


LEASE = "0123456789abcdef0123456789abcdef"
LATER = timezone.now() + dt.timedelta(days=1)


def ended(delivery: Delivery, error: str, milliseconds: int = 5) -> Result:
    """Return what came of DELIVERY: sent without an ERROR."""
    result = (
        outcomes.put_off(delivery, error)
        if error
        else Result(delivery=delivery, state=Delivery.State.SENT)
    )
    result.started_at, result.milliseconds = time.time(), milliseconds
    if error not in {*breaker.SILENT, "not_sent"}:
        result.status = int(error.removeprefix("http_") or 200)
    return result


def paused(endpoint: Endpoint) -> float:
    """Return for how many seconds ENDPOINT is paused; 0 if it is not."""
    endpoint.refresh_from_db()
    if endpoint.open_until is None:
        return 0.0
    return (endpoint.open_until - timezone.now()).total_seconds()


def let_the_pause_end(endpoint: Endpoint) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(open_until=timezone.now() - HOUR)


class TestPause:
    def test_five_without_an_answer_in_a_row(self, endpoint, comes_to, queue_one):
        comes_to(endpoint, "timeout", "connection_refused", "tls_error", "dns_error")
        assert paused(endpoint) == 0
        comes_to(endpoint, "connection_reset")
        waiting = queue_one(endpoint)

        assert 25 < paused(endpoint) <= 30
        assert queue.claim(10) == []
        assert selectors.oldest_due_seconds() == 0
        waiting.refresh_from_db()
        assert (waiting.state, waiting.attempts) == ("pending", 0)

    def test_an_answer_in_between_ends_the_row(self, endpoint, comes_to):
        comes_to(endpoint, *["timeout"] * 4, "http_500", *["timeout"] * 4)
        assert paused(endpoint) == 0
        assert endpoint.silent_in_row == 4

    @pytest.mark.parametrize(
        ("failed", "arrived", "opens"), [(7, 3, True), (10, 0, True), (6, 4, False), (9, 0, False)]
    )
    def test_seven_of_ten_failed(self, endpoint, comes_to, failed, arrived, opens):
        comes_to(endpoint, *["http_500"] * failed, *[""] * arrived)
        assert (paused(endpoint) > 0) is opens

    def test_what_is_longer_ago_than_the_window_does_not_count(self, endpoint, comes_to):
        comes_to(endpoint, *["http_500"] * 9)
        assert endpoint.window_tried == 9
        Endpoint.objects.update(window_started_at=timezone.now() - dt.timedelta(seconds=301))
        comes_to(endpoint, "http_500")

        assert paused(endpoint) == 0
        assert (endpoint.window_tried, endpoint.window_failed) == (1, 1)

    def test_batches_of_several_workers_add_up(self, endpoint, comes_to):
        for _ in range(5):
            comes_to(endpoint, "http_503", "http_503")
        assert paused(endpoint) > 0

    def test_what_we_could_not_send_is_not_the_endpoints_fault(self, endpoint, comes_to):
        comes_to(endpoint, *["not_sent"] * 12)
        assert paused(endpoint) == 0
        assert endpoint.failing_since is None

    def test_late_failures_do_not_prolong_it(self, endpoint, comes_to):
        comes_to(endpoint, *["timeout"] * 5)
        until = endpoint.open_until
        comes_to(endpoint, *["timeout"] * 5)
        comes_to(endpoint, "")

        assert endpoint.open_until == until
        assert endpoint.openings == 1


class TestAfterThePause:
    @pytest.fixture
    def tried(self, endpoint: Endpoint, comes_to: Any, queue_one: Any) -> Endpoint:
        """An endpoint whose pause is over, with three messages waiting."""
        comes_to(endpoint, *["timeout"] * 5)
        Delivery.objects.update(next_attempt_at=LATER)
        for _ in range(3):
            queue_one(endpoint)
        let_the_pause_end(endpoint)
        return endpoint

    def test_one_message_is_tried_whoever_asks(self, tried):
        assert len(queue.claim(10)) == 1
        assert queue.claim(10) == []

    def test_one_that_arrives_lets_more_follow_and_ever_more(self, tried):
        lanes = []
        [probe] = queue.claim(10)
        outcomes.settle([ended(probe, "")])
        for _ in range(2):
            tried.refresh_from_db()
            lanes.append(tried.lane)
            outcomes.settle([ended(claimed, "") for claimed in queue.claim(1)])

        assert paused(tried) == 0
        assert tried.openings == 0
        assert lanes == [2, 4]
        assert tried.lane == 8

    def test_a_slow_one_widens_nothing(self, tried):
        [probe] = queue.claim(10)
        outcomes.settle([ended(probe, "", milliseconds=4000)])

        assert paused(tried) == 0
        assert tried.lane == 1

    def test_failing_again_doubles_the_pause_up_to_a_quarter_of_an_hour(self, tried):
        pauses = []
        for _ in range(6):
            Delivery.objects.filter(state="pending").update(next_attempt_at=timezone.now())
            [probe] = queue.claim(10)
            outcomes.settle([ended(probe, "http_500")])
            pauses.append(round(paused(tried)))
            let_the_pause_end(tried)

        assert pauses == [60, 120, 240, 480, 900, 900]


class TestWhilePaused:
    def test_challenges_and_tests_go_out(self, endpoint, comes_to, queue_one):
        comes_to(endpoint, *["timeout"] * 5)
        for _ in range(3):
            queue_one(endpoint)
        challenge = queue_one(endpoint, type=payloads.VERIFY)
        assert [claimed.pk for claimed in queue.claim(10)] == [challenge.pk]
        Delivery.objects.filter(pk=challenge.pk).delete()
        test = queue_one(endpoint, type=payloads.TEST, trigger=Trigger.TEST)
        assert [claimed.pk for claimed in queue.claim(10)] == [test.pk]

    def test_a_test_that_arrives_ends_it(self, endpoint, comes_to, queue_one):
        comes_to(endpoint, *["timeout"] * 5)
        queue_one(endpoint, type=payloads.TEST, trigger=Trigger.TEST)

        outcomes.settle([ended(claimed, "") for claimed in queue.claim(10)])

        assert paused(endpoint) == 0

    def test_challenges_say_nothing_of_the_address_in_use(self, endpoint, comes_to):
        comes_to(endpoint, *["timeout"] * 12, type=payloads.VERIFY)

        assert paused(endpoint) == 0
        assert endpoint.failing_since is None

    def test_whoever_proves_itself_begins_anew(self, endpoint, comes_to, queue_one):
        comes_to(endpoint, *["timeout"] * 5)
        queue_one(endpoint, type=payloads.VERIFY)
        [challenge] = queue.claim(10)
        result = ended(challenge, "")
        result.echo = "the-challenge"

        outcomes.settle([result])

        endpoint.refresh_from_db()
        assert (endpoint.open_until, endpoint.openings) == (None, 0)
        assert (endpoint.failing_since, endpoint.silent_in_row) == (None, 0)

    def test_an_unproven_one_gets_no_test(self, endpoint, queue_one):
        Endpoint.objects.update(verified_at=None)
        queue_one(endpoint, type=payloads.TEST, trigger=Trigger.TEST)

        assert queue.claim(10) == []

    def test_one_that_is_off_to_be_proven_anew_gets_its_challenge_alone(self, endpoint, queue_one):
        Endpoint.objects.update(enabled=False, disabled_reason="")
        queue_one(endpoint)
        queue_one(endpoint, type=payloads.TEST, trigger=Trigger.TEST)
        challenge = queue_one(endpoint, type=payloads.VERIFY)

        assert [claimed.pk for claimed in queue.claim(10)] == [challenge.pk]
        Endpoint.objects.update(disabled_reason="gone")
        Delivery.objects.update(state="pending", lease_id=None, lease_until=None)
        assert queue.claim(10) == []


def templates() -> list[str]:
    """Return the mails that wait, in their order."""
    mails = Delivery.objects.filter(channel=Delivery.Channel.EMAIL).order_by("pk")
    return list(mails.values_list("type", flat=True))


class TestStreaks:
    def test_it_begins_with_a_failure_and_ends_with_a_message_that_arrives(
        self, endpoint, comes_to
    ):
        comes_to(endpoint, "http_500")
        began = endpoint.failing_since
        assert began is not None
        comes_to(endpoint, "http_500")
        assert endpoint.failing_since == began
        assert endpoint.last_failed_at > began
        comes_to(endpoint, "", "http_500")
        assert endpoint.failing_since > began
        comes_to(endpoint, "http_500", "")
        assert endpoint.failing_since is None
        assert endpoint.last_sent_at is not None

    def test_failures_far_apart_are_not_of_one(self, endpoint, comes_to):
        comes_to(endpoint, "http_500")
        long_ago = timezone.now() - 37 * HOUR
        Endpoint.objects.update(
            failing_since=timezone.now() - 130 * HOUR,
            last_failed_at=long_ago,
            told_failing_at=long_ago,
        )
        comes_to(endpoint, "http_500")

        assert endpoint.failing_since > timezone.now() - HOUR
        assert endpoint.enabled
        assert endpoint.told_failing_at is None

    def since(self, hours: int) -> None:
        Endpoint.objects.update(
            failing_since=timezone.now() - hours * HOUR, last_failed_at=timezone.now() - HOUR
        )

    def test_half_way_its_people_are_warned_once(self, endpoint, comes_to):
        comes_to(endpoint, "http_500")
        self.since(59)
        comes_to(endpoint, "http_500")
        assert templates() == []
        self.since(61)
        comes_to(endpoint, "http_500")
        comes_to(endpoint, "http_500")

        assert templates() == ["endpoint_failing"]
        event = Event.objects.get(kind=Event.Kind.ENDPOINT_FAILING)
        assert (event.data["hours"], event.partner_id) == (61, endpoint.partner_id)
        mail = payloads.build_mail("endpoint_failing", {"endpoint": endpoint.pk})
        assert mail is not None
        assert mail.to == "desk@acme.example"
        assert "127.0.0.1" in mail.subject
        assert "/ok" not in mail.text
        comes_to(endpoint, "")
        assert payloads.build_mail("endpoint_failing", {"endpoint": endpoint.pk}) is None
        self.since(61)
        comes_to(endpoint, "http_500")
        assert templates() == ["endpoint_failing", "endpoint_failing"]

    def test_after_five_days_it_is_switched_off_and_can_begin_anew(self, endpoint, comes_to):
        comes_to(endpoint, "http_500")
        self.since(119)
        comes_to(endpoint, "http_500")
        assert endpoint.enabled
        self.since(120)
        comes_to(endpoint, "http_500")

        assert (endpoint.enabled, endpoint.disabled_reason) == (False, "failing")
        assert endpoint.failing_since is None
        assert templates() == ["endpoint_failing", "endpoint_disabled"]
        event = Event.objects.get(kind=Event.Kind.ENDPOINT_DISABLED)
        assert event.data["reason"] == "failing"
        mail = payloads.build_mail("endpoint_disabled", {"endpoint": endpoint.pk})
        assert mail is not None
        assert "five days" in mail.text

    def test_410_switches_off_at_once_with_a_notice(self, endpoint, queue_one):
        queue_one(endpoint)
        [claimed] = queue.claim(1)
        gone = outcomes.given_up(claimed, "http_410")
        gone.started_at, gone.status = time.time(), 410

        outcomes.settle([gone])

        endpoint.refresh_from_db()
        assert (endpoint.enabled, endpoint.disabled_reason) == (False, "gone")
        assert templates() == ["endpoint_disabled"]

    def test_the_first_message_given_up_is_told_of_once(self, endpoint, comes_to, settings):
        settings.WEBHOOK_RETRY_SCHEDULE = []
        comes_to(endpoint, "http_500", "http_500")
        comes_to(endpoint, "http_500")
        assert templates() == ["webhook_exhausted"]
        comes_to(endpoint, "", "http_500")

        assert templates() == ["webhook_exhausted", "webhook_exhausted"]
        assert Event.objects.filter(kind=Event.Kind.WEBHOOK_EXHAUSTED).count() == 4
        mail = payloads.build_mail("webhook_exhausted", {"endpoint": endpoint.pk})
        assert mail is not None
        assert endpoint.pk in mail.text

    def test_a_suspended_partner_is_not_written_to(self, endpoint, acme):
        type(acme).objects.update(status="suspended")
        assert payloads.build_mail("webhook_exhausted", {"endpoint": endpoint.pk}) is None


class TestTriggers:
    def test_a_message_asked_for_again_has_the_whole_schedule(self, endpoint, queue_one, settings):
        settings.WEBHOOK_RETRY_SCHEDULE = [60, 120]
        delivery = queue_one(endpoint, attempts=3, attempts_before=3, trigger=Trigger.RESEND)
        delays = []
        for _ in range(3):
            [claimed] = queue.claim(1)
            outcomes.settle([ended(claimed, "http_500")])
            delivery.refresh_from_db()
            delays.append(round((delivery.next_attempt_at - timezone.now()).total_seconds()))
            Delivery.objects.update(next_attempt_at=timezone.now())

        assert delays[:2] == [60, 120]
        assert (delivery.state, delivery.attempts) == ("failed", 6)
        assert [(a.number, a.trigger) for a in delivery.tries.all()] == [
            (4, "resend"),
            (5, "resend"),
            (6, "resend"),
        ]

    def test_a_test_is_tried_once_and_never_reported_as_lost(self, endpoint, queue_one):
        test = queue_one(endpoint, type=payloads.TEST, trigger=Trigger.TEST)
        outcomes.settle([ended(claimed, "http_500") for claimed in queue.claim(1)])

        test.refresh_from_db()
        assert (test.state, test.tries.get().trigger) == ("failed", "test")
        assert templates() == []
        assert not Event.objects.filter(kind=Event.Kind.WEBHOOK_EXHAUSTED).exists()


def test_workers_that_settle_the_same_endpoints_do_not_block_each_other(
    acme, new_endpoint, queue_one, settings
):
    settings.WEBHOOK_RETRY_SCHEDULE = []
    endpoints = [new_endpoint(acme, f"/{number}") for number in range(4)]
    batches = []
    for order in (endpoints, endpoints[::-1]):
        for endpoint in order * 3:
            queue_one(endpoint)
        batches.append(queue.claim(12))
    failed = []

    def settle(batch: list[Delivery]) -> None:
        try:
            outcomes.settle([ended(delivery, "http_500") for delivery in batch])
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=settle, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failed == []
    assert set(Delivery.objects.filter(channel="webhook").values_list("state", flat=True)) == {
        "failed"
    }
    assert set(Endpoint.objects.values_list("window_failed", flat=True)) == {6}
