"""A partner's system looks after its endpoints by the API, and a stranger finds none of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events import payloads, services
from events.models import Delivery, Endpoint, Event, StoredAnswer
from events.services import proving
from portal.lib.access import THE_SYSTEM
from portal.tests.callers import caller_for
from portal.tests.test_api_calls import data_of, refused
from portal.tests.test_api_schema import check_answer
from portal.tests.test_bad_bodies import NO_BODIES, contents
from portal.tests.webhook_world import LIST, NEW_URL, ONE, URL, last_event, message, told

pytestmark = pytest.mark.django_db

Kind = Event.Kind


class TestChanging:
    def test_everything_at_once_while_the_old_address_still_receives(self, acme_api, hook, path):
        body = {
            "url": NEW_URL,
            "eventTypes": ["lead.shared"],
            "description": "CRM",
            "thin": True,
            "headers": {"X-Env": "live", "Authorization": "Basic c2VjcmV0"},
        }
        changed = acme_api.send("PATCH", path, body)

        check_answer(changed, ONE, "patch")
        data = data_of(changed)
        assert (data["url"], data["pendingUrl"], data["verified"]) == (URL, NEW_URL, True)
        assert (data["eventTypes"], data["thin"]) == (["lead.shared"], True)
        assert data["headerNames"] == ["Authorization", "X-Env"]
        assert "c2VjcmV0" not in changed.content.decode()
        assert data_of(acme_api.get(path)) == data
        kinds = told().values_list("kind", "data__changed")
        names = ["description", "event_types", "headers", "pending_url", "thin"]
        assert list(kinds) == [(Kind.ENDPOINT_CHANGED, names), (Kind.ENDPOINT_CHALLENGED, None)]
        queued = Delivery.objects.order_by("id").values_list("channel", "type")
        assert list(queued) == [("email", "endpoint_changed"), ("webhook", "webhook.verify")]

    def test_the_proof_swaps_the_address_in(self, acme_api, hook, path):
        acme_api.send("PATCH", path, {"url": NEW_URL})
        hook.refresh_from_db()

        services.confirm_endpoint(actor=THE_SYSTEM, endpoint_id=hook.pk, echoed=hook.challenge)

        data = data_of(acme_api.get(path))
        assert (data["url"], data["pendingUrl"], data["state"]) == (NEW_URL, None, "working")

    def test_nothing_different_is_no_change(self, acme_api, path):
        for body in ({}, {"url": URL, "thin": False, "headers": {}, "enabled": True}):
            assert acme_api.send("PATCH", path, body).status_code == 200
        assert not told().exists()

    def test_off_and_on_again_by_its_proof(self, acme_api, hook, path):
        off = data_of(acme_api.send("PATCH", path, {"enabled": False}))
        assert (off["enabled"], off["disabledReason"], off["state"]) == (False, "owner", "disabled")
        assert last_event().kind == Kind.ENDPOINT_DISABLED

        on = data_of(acme_api.send("PATCH", path, {"enabled": True}))
        assert (on["enabled"], on["disabledReason"]) == (False, None)
        hook.refresh_from_db()
        services.confirm_endpoint(actor=THE_SYSTEM, endpoint_id=hook.pk, echoed=hook.challenge)
        assert data_of(acme_api.get(path))["enabled"]

    def test_what_its_owner_switched_off_stays_off_when_its_address_changes(self, acme_api, path):
        acme_api.send("PATCH", path, {"enabled": False})
        for body in ({"url": NEW_URL}, {"url": NEW_URL + "2", "enabled": False}):
            data = data_of(acme_api.send("PATCH", path, body))
            assert (data["enabled"], data["disabledReason"]) == (False, "owner")
        assert not Delivery.objects.filter(type=payloads.VERIFY, state="pending").exists()

    def test_removing(self, acme_api, hook, path):
        waiting = message(hook, state="pending", finished_at=None)

        removed = acme_api.send("DELETE", path, b"")

        check_answer(removed, ONE, "delete")
        refused(acme_api.get(path), 404, "not_found")
        refused(acme_api.send("DELETE", path, b""), 404, "not_found")
        waiting.refresh_from_db()
        assert waiting.state == "cancelled"
        hook.refresh_from_db()
        assert hook.secret == ""
        assert last_event().kind == Kind.ENDPOINT_REMOVED

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"url": "http://hook.acme-partner.com/"}, 422, "url_refused"),
            ({"url": "https://10.0.0.1/"}, 422, "url_refused"),
            ({"url": ""}, 400, "malformed"),
            ({"url": None}, 400, "malformed"),
            ({"url": ["x"]}, 400, "malformed"),
            ({"eventTypes": ["lead.everything"]}, 400, "malformed"),
            ({"eventTypes": "lead.shared"}, 400, "malformed"),
            ({"description": "x" * 81}, 400, "malformed"),
            ({"description": 5}, 400, "malformed"),
            ({"thin": "yes"}, 400, "malformed"),
            ({"thin": 1}, 400, "malformed"),
            ({"enabled": "false"}, 400, "malformed"),
            ({"headers": []}, 400, "malformed"),
            ({"headers": {"X-Env": 5}}, 400, "malformed"),
            ({"headers": {"X-Env": None}}, 400, "malformed"),
            ({"headers": {"Host": "intern"}}, 422, "headers_refused"),
            ({"headers": {"webhook-id": "mine"}}, 422, "headers_refused"),
            ({"headers": {"X-Env": "a\r\nHost: intern"}}, 422, "headers_refused"),
            ({"headers": {"X Env": "a"}}, 422, "headers_refused"),
            ({"headers": {"X-Env": ""}}, 422, "headers_refused"),
            ({"headers": {f"X-{n}": "a" for n in range(11)}}, 422, "headers_refused"),
            ({"secret": "whsec_mine"}, 400, "malformed"),
            ({"verified": True}, 400, "malformed"),
            ({"partnerId": "partner_0"}, 400, "malformed"),
            ({"payloadVersion": "2"}, 400, "malformed"),
        ],
    )
    def test_what_is_refused_changes_nothing(self, body, status, code, acme_api, path):
        before = Endpoint.objects.values().get()
        refused(acme_api.send("PATCH", path, body), status, code)
        assert Endpoint.objects.values().get() == before
        assert not told().exists()

    def test_an_address_belongs_to_one_endpoint_also_while_it_waits(self, acme, acme_api, path):
        other = acme_api.post(LIST, {"url": NEW_URL}).json()["data"]["id"]
        refused(acme_api.send("PATCH", path, {"url": NEW_URL}), 409, "endpoint_exists")
        third = NEW_URL + "/third"
        acme_api.send("PATCH", path, {"url": third})
        refused(acme_api.send("PATCH", f"{LIST}/{other}", {"url": third}), 409, "endpoint_exists")
        refused(acme_api.post(LIST, {"url": third}), 409, "endpoint_exists")

    def test_made_with_everything(self, acme_api):
        made = acme_api.post(
            LIST, {"url": URL, "description": "CRM", "thin": True, "headers": {"X-Env": "live"}}
        )
        check_answer(made, LIST)
        data = data_of(made)
        assert (data["description"], data["thin"], data["headerNames"]) == ("CRM", True, ["X-Env"])
        refused(
            acme_api.post(LIST, {"url": NEW_URL, "headers": {"Cookie": "a"}}),
            422,
            "headers_refused",
        )


class TestProof:
    """Nobody proves an address by the challenge of another."""

    def test_the_answer_of_an_address_that_was_taken_back(self, acme_api, hook, path):
        """Not ours is the address; ours answers late to a challenge that was replaced."""
        Endpoint.objects.update(verified_at=None)
        acme_api.send("PATCH", path, {"url": NEW_URL})
        hook.refresh_from_db()
        seen_by_ours = hook.challenge
        acme_api.send("PATCH", path, {"url": URL})

        assert not services.confirm_endpoint(
            actor=THE_SYSTEM, endpoint_id=hook.pk, echoed=seen_by_ours
        )
        hook.refresh_from_db()
        assert (hook.verified, hook.pending_url) == (False, "")

    def test_a_challenge_is_not_written_for_another_address(self, acme_api, hook, path):
        first = data_of(acme_api.send("PATCH", path, {"url": NEW_URL}))
        claimed = Delivery.objects.get(type=payloads.VERIFY)
        assert payloads.build(payloads.VERIFY, [claimed])[claimed.pk] is not None

        acme_api.send("PATCH", path, {"url": NEW_URL + "/other"})

        assert first["pendingUrl"] == NEW_URL
        assert payloads.build(payloads.VERIFY, [claimed]) == {claimed.pk: None}

    def test_an_answer_on_its_way_switches_nothing_on(self, acme_api, hook, path):
        acme_api.post(f"{path}/verify")
        hook.refresh_from_db()
        acme_api.send("PATCH", path, {"enabled": False})

        assert not services.confirm_endpoint(
            actor=THE_SYSTEM, endpoint_id=hook.pk, echoed=hook.challenge
        )
        assert not data_of(acme_api.get(path))["enabled"]

    def test_nobody_is_shot_at(self, acme_api, rival_api, path, monkeypatch):
        monkeypatch.setattr(proving, "CHALLENGES_AN_HOUR", 2)
        assert acme_api.post(f"{path}/verify").status_code == 202
        assert acme_api.post(LIST, {"url": NEW_URL}).status_code == 200

        again = acme_api.post(f"{path}/verify")
        refused(again, 429, "too_many_challenges")
        assert again.headers["Retry-After"] == "300"
        refused(acme_api.post(LIST, {"url": NEW_URL + "2"}), 429, "too_many_challenges")
        assert rival_api.post(LIST, {"url": URL}).status_code == 200
        assert Endpoint.objects.filter(partner__name__startswith="Acme").count() == 2


class TestSecrets:
    def test_rotating_shows_the_new_one_this_once(self, acme_api, hook, path):
        rotated = acme_api.post(f"{path}/rotate-secret", {"overlapHours": 48}, idempotency_key="r")
        again = acme_api.post(f"{path}/rotate-secret", {"overlapHours": 48}, idempotency_key="r")

        check_answer(rotated, ONE + "/rotate-secret")
        old, fresh = hook.secret, Endpoint.objects.get()
        assert data_of(rotated)["secret"] == fresh.secret != old
        assert fresh.signing_secrets() == [fresh.secret, old]
        assert again.headers["Idempotency-Replayed"] == "true"
        assert "secret" not in data_of(again)
        assert "whsec_" not in str(StoredAnswer.objects.get().body)
        until = fresh.previous_secret_until - timezone.now()
        assert timedelta(hours=47) < until <= timedelta(hours=48)
        event = last_event()
        assert (event.kind, event.data["overlap_hours"]) == (Kind.ENDPOINT_SECRET_ROTATED, 48)
        mail = Delivery.objects.get(type="endpoint_changed")
        assert mail.refs == {"endpoint": hook.pk, "kind": Kind.ENDPOINT_SECRET_ROTATED}

    def test_a_day_if_nothing_is_said_and_none_if_none_is_wanted(self, acme_api, path):
        assert data_of(acme_api.post(f"{path}/rotate-secret"))["previousSecretUntil"]
        none = data_of(acme_api.post(f"{path}/rotate-secret", {"overlapHours": 0}))
        assert none["previousSecretUntil"] is None
        assert len(Endpoint.objects.get().signing_secrets()) == 1

    @pytest.mark.parametrize(
        ("hours", "status", "code"),
        [
            (169, 422, "overlap_refused"),
            (-1, 400, "malformed"),
            (1.5, 400, "malformed"),
            ("a day", 400, "malformed"),
            (True, 400, "malformed"),
            (None, 400, "malformed"),
            (10**9, 400, "malformed"),
        ],
    )
    def test_overlaps_that_are_none(self, hours, status, code, acme_api, hook, path):
        refused(acme_api.post(f"{path}/rotate-secret", {"overlapHours": hours}), status, code)
        assert Endpoint.objects.get().secret == hook.secret

    def test_a_signing_key_comes_is_replaced_and_goes(self, acme_api, path):
        first = acme_api.post(f"{path}/signing-key")
        second = acme_api.post(f"{path}/signing-key")
        gone = acme_api.send("DELETE", f"{path}/signing-key", b"")

        check_answer(first, ONE + "/signing-key")
        check_answer(gone, ONE + "/signing-key", "delete")
        keys = [data_of(answer)["publicKey"] for answer in (first, second, gone)]
        assert keys[0].startswith("whpk_")
        assert keys[0] != keys[1]
        assert keys[2] is None
        assert "whsk_" not in first.content.decode()
        kinds = [event.data["changed"] for event in told()]
        assert kinds == [["signing_key"]] * 3
        acme_api.send("DELETE", f"{path}/signing-key", b"")
        assert told().count() == 3


# (method, what stands behind the endpoint's address, body): a rival, a stranger, a limited key.
CALLS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"enabled": False}),
    ("DELETE", "", None),
    ("POST", "/verify", {}),
    ("POST", "/rotate-secret", {}),
    ("POST", "/signing-key", {}),
    ("DELETE", "/signing-key", None),
    ("POST", "/test", {}),
    ("POST", "/recover", {"since": None}),
    ("GET", "/stats", None),
    ("GET", "/deliveries", None),
    ("GET", "/deliveries/{delivery}", None),
    ("POST", "/deliveries/{delivery}/resend", {}),
]


class TestWho:
    @pytest.fixture
    def ask(self, hook, path):
        delivery = message(hook)
        now = timezone.now().isoformat()

        def ask(api, method, tail, body, at=path):
            target = at + tail.format(delivery=delivery.pk)
            if method == "GET":
                return api.get(target)
            body = {"since": now} if body and "since" in body else body
            return api.send(method, target, b"" if body is None else body)

        return ask

    @pytest.mark.parametrize(("method", "tail", "body"), CALLS)
    def test_a_rival_finds_it_no_more_than_what_is_not_there(
        self, method, tail, body, ask, rival_api, acme_api, path
    ):
        before = {table: rows for table, rows in contents().items() if "apikey" not in table}
        theirs = ask(rival_api, method, tail, body)
        absent = ask(rival_api, method, tail, body, at=f"{LIST}/endpoint_{'0' * 26}")

        problems = [refused(answer, 404, "not_found") for answer in (theirs, absent)]
        assert len({str({**told, "requestId": ""}) for told in problems}) == 1
        after = {table: rows for table, rows in contents().items() if "apikey" not in table}
        assert after == before

    @pytest.mark.parametrize(("method", "tail", "body"), CALLS)
    def test_agents_and_limited_keys_have_no_right(self, method, tail, body, ask, agent_api, acme):
        limited = caller_for(partner=acme, scopes=("leads:read",))
        for api in (agent_api, limited):
            refused(ask(api, method, tail, body), 403, "not_allowed")
        assert Endpoint.objects.get().enabled

    def test_a_message_to_another_endpoint_is_not_at_this_one(self, acme_api, acme, path):
        other = Endpoint.objects.create(
            partner=acme, url=NEW_URL, secret="whsec_" + "c" * 32, verified_at=timezone.now()
        )
        elsewhere = message(other)
        refused(acme_api.get(f"{path}/deliveries/{elsewhere.pk}"), 404, "not_found")
        refused(acme_api.post(f"{path}/deliveries/{elsewhere.pk}/resend"), 404, "not_found")

    @pytest.mark.parametrize("tail", ["/rotate-secret", "/recover", "/test", "/signing-key"])
    def test_what_is_no_body(self, tail, acme_api, path):
        for name, body, status in NO_BODIES:
            if name == "empty" and tail != "/recover":
                continue
            answer = acme_api.send("POST", path + tail, body)
            refused(answer, status, "too_large" if status == 413 else "malformed")
        assert not told().exists()


def test_the_events_hold_no_address_and_no_secret(acme_api, path):
    acme_api.send("PATCH", path, {"url": NEW_URL, "headers": {"Authorization": "Basic eA=="}})
    acme_api.post(f"{path}/rotate-secret")
    said = str([event.data for event in told()])
    assert "acme-partner" not in said
    assert "whsec_" not in said
    assert "Basic" not in said
    refs = str(list(Delivery.objects.values_list("refs", flat=True)))
    assert "acme-partner" not in refs
