"""A partner's system sees what was sent to it, and asks for it again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from events import payloads
from events.models import Delivery, Endpoint, Event
from events.services import redelivery
from portal.tests.test_api_calls import data_of, refused
from portal.tests.test_api_schema import check_answer, schema
from portal.tests.webhook_world import ONE, attempt, last_event, message

pytestmark = pytest.mark.django_db

Kind = Event.Kind


class TestDeliveries:
    def test_what_was_sent_and_what_came_of_it(self, acme_api, hook, path):
        delivery = message(hook, refs={"share": "share_x"})
        attempt(delivery, response_head="Broken\x1b[31m <b>here</b>" + "x" * 600)

        listed = acme_api.get(f"{path}/deliveries")

        check_answer(listed, ONE + "/deliveries", "get")
        [shown] = data_of(listed)
        assert (shown["id"], shown["webhookId"]) == (delivery.pk, delivery.webhook_id)
        assert (shown["leadId"], shown["state"], shown["error"]) == (
            "share_x",
            "failed",
            "http_500",
        )
        [tried] = shown["attempts"]
        assert (tried["number"], tried["status"], tried["durationMs"]) == (1, 500, 20)
        assert tried["responseHead"].startswith("Broken\ufffd[31m <b>here</b>")
        assert len(tried["responseHead"]) == 500
        one = acme_api.get(f"{path}/deliveries/{delivery.pk}")
        check_answer(one, ONE + "/deliveries/{delivery}", "get")
        assert data_of(one) == shown

    def test_nothing_is_told_of_our_network(self, acme_api, hook, path):
        delivery = message(hook, last_error="egress_blocked")
        attempt(delivery, error="egress_blocked", status=None, response_head="")

        [shown] = data_of(acme_api.get(f"{path}/deliveries"))

        assert shown["error"] == shown["attempts"][0]["error"] == "connection_failed"

    def test_filters_and_pages(self, acme_api, hook, path):
        failed, sent = message(hook), message(hook, state="sent", last_error="")
        revoked = message(hook, type="lead.revoked")

        def found(query):
            return [row["id"] for row in data_of(acme_api.get(f"{path}/deliveries{query}"))]

        assert found("") == [revoked.pk, sent.pk, failed.pk]
        assert found("?state=failed") == [revoked.pk, failed.pk]
        assert found("?state=failed&type=lead.revoked") == [revoked.pk]
        assert found("?type=webhook.test") == []
        first = acme_api.get(f"{path}/deliveries?limit=2").json()
        assert [row["id"] for row in first["data"]] == [revoked.pk, sent.pk]
        assert found(f"?limit=2&cursor={first['next']}") == [failed.pk]

    @pytest.mark.parametrize("query", ["?state=lost", "?type=lead", "?limit=0", "?page=2", "?a=1"])
    def test_queries_that_are_none(self, query, acme_api, path):
        refused(acme_api.get(f"{path}/deliveries{query}"), 400, "malformed")

    def test_the_latest_ten_attempts_in_a_fixed_number_of_queries(
        self, acme_api, hook, path, django_assert_max_num_queries
    ):
        for _number in range(5):
            delivery = message(hook, attempts=12)
            for number in range(12):
                attempt(delivery, number + 1)
        acme_api.get(path)  # the key's last use is noted once a minute
        with django_assert_max_num_queries(9):
            rows = data_of(acme_api.get(f"{path}/deliveries"))
        numbers = [[one["number"] for one in row["attempts"]] for row in rows]
        assert numbers == [list(range(3, 13))] * 5

    def test_stats(self, acme_api, hook, path, django_assert_max_num_queries):
        empty = acme_api.get(f"{path}/stats")
        check_answer(empty, ONE + "/stats", "get")
        assert data_of(empty)["successRate"] is None
        delivery = message(hook, state="sent", attempts=4)
        for number, error in enumerate(["http_500", "", "", ""]):
            attempt(delivery, number + 1, error=error, duration_ms=100 * number)
        message(hook, state="pending", finished_at=None)
        with django_assert_max_num_queries(8):
            told = acme_api.get(f"{path}/stats")
        check_answer(told, ONE + "/stats", "get")
        data = data_of(told)
        assert (data["attempts"], data["succeeded"], data["failed"]) == (4, 3, 1)
        assert (data["successRate"], data["p95Ms"], data["waiting"]) == (75, 300, 1)


class TestSendingAgain:
    @pytest.mark.parametrize("state", ["failed", "sent"])
    def test_one_keeps_its_id_and_gets_the_whole_schedule(self, state, acme_api, hook, path):
        delivery = message(hook, state=state, attempts=10)

        resent = acme_api.post(f"{path}/deliveries/{delivery.pk}/resend")

        assert resent.status_code == 202
        check_answer(resent, ONE + "/deliveries/{delivery}/resend")
        data = data_of(resent, 202)
        assert (data["webhookId"], data["state"]) == (delivery.webhook_id, "pending")
        assert data["trigger"] == "resend"
        delivery.refresh_from_db()
        assert (delivery.attempts, delivery.attempts_before) == (10, 10)
        event = last_event()
        assert (event.kind, event.data["delivery_id"]) == (Kind.WEBHOOK_RESENT, delivery.pk)

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"state": "cancelled"}, "delivery_cancelled"),
            ({"state": "pending", "finished_at": None}, "delivery_not_finished"),
            ({"type": payloads.VERIFY}, "delivery_cancelled"),
            ({"attempts": redelivery.MOST_ATTEMPTS}, "resent_too_often"),
        ],
    )
    def test_messages_that_are_not_sent_again(self, fields, code, acme_api, hook, path):
        delivery = message(hook, **fields)
        refused(acme_api.post(f"{path}/deliveries/{delivery.pk}/resend"), 409, code)
        assert Delivery.objects.values("state").get(pk=delivery.pk) == {"state": delivery.state}
        assert last_event().kind == Kind.LEAD_SHARED

    @pytest.mark.parametrize("fields", [{"enabled": False}, {"verified_at": None}])
    def test_nothing_goes_to_an_endpoint_that_receives_nothing(self, fields, acme_api, hook, path):
        delivery = message(hook)
        Endpoint.objects.update(**fields)
        since = {"since": (timezone.now() - timedelta(hours=1)).isoformat()}
        for call, body in (
            (f"deliveries/{delivery.pk}/resend", {}),
            ("test", {}),
            ("recover", since),
        ):
            refused(acme_api.post(f"{path}/{call}", body), 409, "endpoint_not_receiving")
        assert Delivery.objects.get(channel="webhook").state == "failed"

    def test_nothing_goes_to_one_that_was_removed(self, acme_api, hook, path):
        delivery = message(hook)
        acme_api.send("DELETE", path, b"")
        for call in (f"deliveries/{delivery.pk}/resend", "test", "verify", "rotate-secret"):
            refused(acme_api.post(f"{path}/{call}"), 404, "not_found")

    def test_recovering_spreads_what_was_given_up(self, acme_api, hook, path):
        old = message(hook, finished_at=timezone.now() - timedelta(days=3))
        others = [
            message(hook, state="cancelled"),
            message(hook, type=payloads.VERIFY),
            message(hook, type=payloads.TEST),
            message(hook, attempts=redelivery.MOST_ATTEMPTS),
        ]
        lost = [message(hook) for _number in range(41)]
        since = timezone.now() - timedelta(days=1)

        recovered = acme_api.post(f"{path}/recover", {"since": since.isoformat()})

        assert recovered.status_code == 202
        check_answer(recovered, ONE + "/recover")
        assert data_of(recovered, 202)["recovered"] == 41
        back = Delivery.objects.filter(trigger="recover").order_by("next_attempt_at")
        assert [one.pk for one in back] == [one.pk for one in lost]
        times = list(back.values_list("next_attempt_at", flat=True))
        assert times[-1] - times[0] >= timedelta(seconds=1.9)
        assert {one.state for one in back} == {"pending"}
        for one in (old, *others):
            assert Delivery.objects.get(pk=one.pk).trigger == "schedule"
        event = last_event()
        assert (event.kind, event.data["number"]) == (Kind.WEBHOOKS_RECOVERED, 41)
        again = acme_api.post(f"{path}/recover", {"since": since.isoformat()})
        assert data_of(again, 202)["recovered"] == 0

    @pytest.mark.parametrize(
        ("since", "status", "code"),
        [
            (timedelta(days=15), 422, "recover_out_of_range"),
            (-timedelta(hours=1), 422, "recover_out_of_range"),
            ("yesterday", 400, "malformed"),
            ("2026-11-21", 400, "malformed"),
            (1798466400, 400, "malformed"),
            (None, 400, "malformed"),
        ],
    )
    def test_times_nothing_is_recovered_from(self, since, status, code, acme_api, hook, path):
        delivery = message(hook)
        if isinstance(since, timedelta):
            since = (timezone.now() - since).isoformat()
        refused(acme_api.post(f"{path}/recover", {"since": since}), status, code)
        assert Delivery.objects.get(pk=delivery.pk).state == "failed"

    def test_a_test_is_marked_and_rate_limited(self, acme_api, path, monkeypatch):
        monkeypatch.setattr(redelivery, "TESTS_AN_HOUR", 2)

        sent = acme_api.post(f"{path}/test", idempotency_key="t")
        again = acme_api.post(f"{path}/test", idempotency_key="t")

        assert sent.status_code == 202
        check_answer(sent, ONE + "/test")
        assert data_of(sent, 202) == data_of(again, 202)
        assert (data_of(sent, 202)["type"], data_of(sent, 202)["trigger"]) == (
            "webhook.test",
            "test",
        )
        assert last_event().kind == Kind.ENDPOINT_TESTED
        assert acme_api.post(f"{path}/test").status_code == 202
        limited = acme_api.post(f"{path}/test")
        refused(limited, 429, "too_many_tests")
        assert 3590 <= int(limited.headers["Retry-After"]) <= 3600
        assert Delivery.objects.filter(type=payloads.TEST).count() == 2

    def test_a_test_sent_again_stays_one_attempt(self, acme_api, hook, path):
        delivery = message(hook, type=payloads.TEST, trigger="test")
        resent = acme_api.post(f"{path}/deliveries/{delivery.pk}/resend")
        assert data_of(resent, 202)["trigger"] == "test"


def test_the_codes_a_call_may_answer_are_explained_and_listed():
    told = schema()["paths"]
    resend = told[ONE + "/deliveries/{delivery}/resend"]["post"]["responses"]["409"]
    assert "resent_too_often" in resend["description"]
    assert "too_many_tests" in told[ONE + "/test"]["post"]["responses"]["429"]["description"]
