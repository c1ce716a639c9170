"""What /metrics says, whom it tells, and what it never names."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import redis
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from events import metrics
from events.models import Delivery, Endpoint
from events.queue import Result
from events.tests.conftest import *  # noqa: F403 - endpoints, a receiver and a dispatcher
from partners.models import Partner

TOKEN = "a-token-of-the-test-that-nobody-guesses"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    metrics._redis().delete(metrics.KEY)


@pytest.fixture
def scraped(client: Any, settings: Any) -> Any:
    """Return how to read every figure by the token: name and labels to value."""
    settings.METRICS_TOKEN = TOKEN

    def read() -> dict[Any, float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    return read


def test_it_tells_what_is_due_held_and_in_flight(
    scraped: Any, acme: Partner, new_endpoint: Any, queue_one: Any
) -> None:
    soon = timezone.now() + dt.timedelta(minutes=5)
    open_, paused = new_endpoint(acme), new_endpoint(acme, "/paused", open_until=soon)
    new_endpoint(acme, "/off", enabled=False, disabled_reason="owner")
    new_endpoint(acme, "/tried", open_until=timezone.now() - dt.timedelta(seconds=1))
    for endpoint in (open_, open_, paused):
        queue_one(endpoint)
    late = timezone.now() - dt.timedelta(seconds=90)
    Delivery.objects.update(next_attempt_at=late)

    found = scraped()

    assert found["portal_deliveries_due", "ready"] == 2
    assert found["portal_deliveries_due", "held"] == 1
    assert 89 < found["portal_oldest_due_seconds",] < 100
    assert found["portal_deliveries_in_flight",] == 0
    states = {name[1]: found[name] for name in found if name[0] == "portal_endpoints_breaker"}
    assert states == {"closed": 1, "half_open": 1, "open": 1}
    assert found["portal_endpoints_off", "owner"] == 1
    assert found["portal_redis_up",] == 1


def test_a_lease_that_ran_out_is_due(scraped: Any, new_endpoint: Any, queue_one: Any, acme) -> None:
    delivery = queue_one(new_endpoint(acme))
    gone = timezone.now() - dt.timedelta(seconds=70)
    Delivery.objects.update(state="sending", lease_id=key_of(delivery), lease_until=gone)

    found = scraped()

    assert 69 < found["portal_oldest_due_seconds",] < 80
    assert found["portal_deliveries_in_flight",] == 1


def key_of(delivery: Delivery) -> Any:
    return Delivery._meta.pk.get_prep_value(delivery.pk)


@pytest.mark.django_db(transaction=True)
def test_the_dispatcher_counts_what_came_of_attempts(
    scraped: Any, acme: Partner, new_endpoint: Any, queue_one: Any, receiver: Any, dispatcher: Any,
    bodies: Any,
) -> None:  # fmt: skip
    receiver.answers["/broken"] = (503, {}, b"")
    queue_one(new_endpoint(acme))
    queue_one(new_endpoint(acme, "/broken"))

    assert dispatcher()
    metrics_sent()

    found = scraped()
    assert found["portal_attempts_total", "success", "webhook"] == 1
    assert found["portal_attempts_total", "http_5xx", "webhook"] == 1
    assert found["portal_settled_total", "sent", "webhook"] == 1
    assert found["portal_exchange_seconds_count",] == 2
    assert found["portal_wait_seconds_count",] == 2
    assert found["portal_claim_seconds_count",] >= 1
    assert found["portal_wait_seconds_bucket", "+Inf"] == 2


def metrics_sent() -> None:
    """Let the dispatcher of this process send what it counted: it does when it ends."""
    from events import dispatch  # noqa: PLC0415

    dispatch.close()


def result(error: str, **fields: Any) -> Result:
    delivery = Delivery(channel="webhook", attempts=1)
    return Result(delivery=delivery, state="pending", error=error, **fields)


@pytest.mark.parametrize(
    ("error", "named"),
    [("", "success"), ("http_404", "http_4xx"), ("http_599", "http_5xx"), ("timeout", "timeout")],
)
def test_answers_of_one_kind_are_one_class(error: str, named: str) -> None:
    assert metrics.class_of(result(error)) == named


def test_several_processes_make_one_figure(scraped: Any) -> None:
    for _process in range(2):
        counts = metrics.Counts()
        counts.results([result("timeout", milliseconds=120)])
        counts.send()

    found = scraped()

    assert found["portal_attempts_total", "timeout", "webhook"] == 2
    assert found["portal_exchange_seconds_bucket", "0.1"] == 0
    assert found["portal_exchange_seconds_bucket", "0.25"] == 2
    assert found["portal_exchange_seconds_sum",] == pytest.approx(0.24)


def test_without_redis_counts_wait_and_the_rest_is_told(scraped: Any, monkeypatch: Any) -> None:
    counts = metrics.Counts()
    counts.results([result("")])
    nobody = redis.Redis(port=1, socket_connect_timeout=0.1)
    with monkeypatch.context() as gone:
        gone.setattr(metrics, "_redis", lambda: nobody)
        counts.send()
        assert scraped()["portal_redis_up",] == 0
        counts.send()  # asks nobody: the pause is not over

    counts.send(at_once=True)

    assert scraped()["portal_attempts_total", "success", "webhook"] == 1


def test_a_backlog_costs_no_more_statements(
    client: Any, settings: Any, acme: Partner, new_endpoint: Any, queue_one: Any,
    django_assert_num_queries: Any,
) -> None:  # fmt: skip
    settings.METRICS_TOKEN = TOKEN
    for number in range(4):
        queue_one(new_endpoint(acme, f"/{number}"))
    with django_assert_num_queries(3):
        client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("given", ["Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer é"])
def test_a_wrong_token_opens_nothing(client: Any, settings: Any, token: str, given: str) -> None:
    settings.METRICS_TOKEN = token
    answer = client.get("/metrics", headers={"Authorization": given})
    assert (answer.status_code, answer["WWW-Authenticate"], answer.content) == (401, "Bearer", b"")


def test_a_wrong_token_is_refused_also_in_an_admins_session(client_for: Any, admin_user) -> None:
    answer = client_for(admin_user).get("/metrics", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


def test_nobody_is_named(scraped: Any, client: Any, acme: Partner, new_endpoint: Any) -> None:
    endpoint: Endpoint = new_endpoint(acme)
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    for name in (acme.pk, acme.name, endpoint.pk, endpoint.url):
        assert name not in text
