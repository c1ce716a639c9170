"""Who may call, how often, and what any call is refused for."""

from __future__ import annotations

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import redis
from django.conf import settings as django_settings
from django.urls import path
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

from events.models import Event
from leads.api import LeadsView
from leads.models import Share
from partners import keys
from partners.models import ApiKey
from portal.lib import ratelimit
from portal.tests.callers import Caller, caller_for
from portal.tests.test_api_calls import UNKNOWN, data_of, refused

pytestmark = pytest.mark.django_db


class TestKeys:
    @pytest.mark.parametrize(
        "header",
        [
            "Bearer nonsense",
            "Bearer",
            "Bearer a b",
            "Basic dXNlcjpwYXNz",
            "Bearer pp_live_" + "A" * 46,
            "Bearer ключ",
        ],
    )
    def test_what_is_no_key_is_refused_without_a_query(
        self, client, header, django_assert_num_queries
    ):
        with django_assert_num_queries(0):
            response = client.get("/api/partner", headers={"Authorization": header})

        refused(response, 401, "invalid_key")
        assert response.headers["WWW-Authenticate"] == "Bearer"

    def test_without_a_key(self, client, amira):
        client.force_login(amira)  # a cookie is no key

        response = client.get("/api/partner")

        refused(response, 401, "not_authenticated")
        assert response.headers["WWW-Authenticate"] == "Bearer"

    def test_a_key_that_was_never_issued(self, db):
        refused(Caller(keys.new_secret()).get("/api/partner"), 401, "invalid_key")

    def test_an_expired_or_revoked_key(self, acme_api):
        ApiKey.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
        refused(acme_api.get("/api/partner"), 401, "key_expired")
        ApiKey.objects.update(expires_at=None, revoked_at=timezone.now())
        refused(acme_api.get("/api/partner"), 401, "key_expired")

    def test_a_suspended_partner_and_an_inactive_one(self, acme, acme_api):
        acme.status = "inactive"
        acme.save()
        data_of(acme_api.get("/api/partner"))
        acme.status = "suspended"
        acme.save()
        refused(acme_api.get("/api/partner"), 401, "key_suspended")

    def test_an_agent_who_left(self, dana, agent_api):
        dana.is_active = False
        dana.save()

        refused(agent_api.post("/api/leads", {"lead": {}}), 401, "key_suspended")

    @pytest.mark.parametrize("name", ["key", "api_key", "token", "cursor"])
    def test_a_key_in_the_address(self, client, acme_api, name):
        refused(client.get(f"/api/leads?{name}={acme_api.secret}"), 400, "malformed")

    def test_a_limited_key_can_do_what_its_scopes_name(self, acme, share):
        reader = caller_for(partner=acme, scopes=("leads:read",))
        worker = caller_for(partner=acme, scopes=("leads:work",))
        accept = {"leadId": share.pk, "status": "accepted"}

        data_of(reader.get("/api/leads"))
        refused(reader.get("/api/metrics"), 403, "not_allowed")
        assert reader.send("HEAD", "/api/metrics", b"").status_code == 403
        assert reader.send("HEAD", "/api/leads?limit=1", b"").status_code == 200
        refused(reader.post("/api/partner-update", accept), 403, "not_allowed")
        refused(worker.get("/api/leads"), 403, "not_allowed")
        data_of(worker.post("/api/partner-update", accept))

    def test_a_limited_agent_key_leaves_a_refusal_behind(self, dana, acme, lead):
        limited = caller_for(user=dana, scopes=("leads:capture",))
        body = {"leadId": lead.pk, "partnerId": acme.pk}

        refused(limited.post("/api/share-lead", body), 403, "not_allowed")

        assert Event.objects.filter(kind="lead_share_failed").count() == 1

    def test_use_is_noted_once_a_minute_and_not_for_malformed_calls(self, acme_api):
        acme_api.get("/api/leads?limit=0")
        assert ApiKey.objects.get().last_used_at is None
        acme_api.get("/api/partner")
        noted = ApiKey.objects.get().last_used_at
        assert noted is not None
        acme_api.get("/api/partner")
        assert ApiKey.objects.get().last_used_at == noted


class TestAddresses:
    @pytest.mark.parametrize("path", ["", "nowhere", "share-lead/", "v1/nowhere", "leads/a/b"])
    def test_what_is_no_address(self, client, path):
        refused(client.get(f"/api/{path}"), 404, "not_found")
        refused(client.post(f"/api/{path}"), 404, "not_found")

    def test_another_method(self, acme_api):
        for method in ("GET", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"):
            answer = acme_api.send(method, "/api/share-lead", {})
            refused(answer, 405, "method_not_allowed")
            assert answer.headers["Allow"] == "POST"

    def test_another_method_of_a_page(self, client):
        for method in ("OPTIONS", "TRACE", "PUT"):
            answer = client.generic(method, "/accounts/login/")
            assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")

    def test_accept_never_makes_a_page_of_an_answer(self, acme_api):
        response = acme_api.get("/api/partner", Accept="text/html" + ",a/b;q=0.1" * 500)

        assert response.headers["Content-Type"] == "application/json"

    @pytest.mark.parametrize(
        "query",
        [
            "?ordering=phone",
            "?partnerId=partner_1",
            "?status=sent&status=closed",
            "?status=nonsense",
            "?status=",
            "?limit=0",
            "?limit=101",
            "?limit=1e1",
            "?limit=%D9%A1",
            "?limit=",
            "?cursor=",
            "?cursor=%00",
            "?cursor=nonsense",
            "?cursor=W10",
            "?cursor=WyIyMDI2LTAxLTAxIiwieCJd",
            "?cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwIiwieCJd",
            "?cursor=" + "W" * 5000,
            "?lead__name__startswith=a",
            "?format=html",
        ],
    )
    def test_queries_that_are_not_documented(self, acme_api, query):
        problem = refused(acme_api.get(f"/api/leads{query}"), 400, "malformed")

        assert problem["errors"][0]["pointer"].startswith("?")

    def test_a_post_takes_no_query(self, agent_api):
        refused(agent_api.post("/api/leads?status=sent", {"lead": {}}), 400, "malformed")

    @pytest.mark.parametrize(
        "reference", ["x", "share_", "share_1", UNKNOWN, "lead_00000000000000000000000000", "%00"]
    )
    def test_references_that_name_nothing(self, acme_api, reference):
        refused(acme_api.get(f"/api/leads/{reference}"), 404, "not_found")


class TestDeprecation:
    def test_an_address_that_will_go_away_says_so(self, acme_api, monkeypatch):
        assert "Deprecation" not in acme_api.get("/api/leads").headers
        since = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
        monkeypatch.setattr(LeadsView, "deprecated_since", since)
        monkeypatch.setattr(LeadsView, "sunset_at", since + dt.timedelta(days=365))
        described = SchemaGenerator(patterns=[path("api/leads", LeadsView.as_view())])

        answer = acme_api.get("/api/leads")

        assert answer.headers["Deprecation"] == "@1795392000"
        assert answer.headers["Sunset"] == "Tue, 23 Nov 2027 00:00:00 GMT"
        assert 'rel="deprecation"' in answer.headers["Link"]
        schema = described.get_schema(request=None, public=True)
        assert schema["paths"]["/api/leads"]["get"]["deprecated"] is True


class TestRateLimit:
    @pytest.fixture(autouse=True)
    def limited(self, settings):
        settings.API_RATE_LIMIT, settings.API_RATE_BURST = 60, 5

    def test_a_burst_and_then_one_a_second(self, acme_api, rival_api):
        answers = [acme_api.get("/api/leads").status_code for _call in range(6)]

        assert answers == [200] * 5 + [429]
        response = acme_api.get("/api/leads")
        refused(response, 429, "rate_limited")
        assert response.headers["Retry-After"] == "1"
        assert response.headers["RateLimit"].startswith('"key";r=0;t=')
        assert rival_api.get("/api/leads").status_code == 200

    def test_every_counted_answer_says_what_is_left(self, acme_api, share, settings):
        settings.API_RATE_LIMIT = 1  # so slow that nothing is given back meanwhile
        answers = [
            acme_api.get("/api/leads"),
            acme_api.get("/api/leads?nonsense=1"),
            acme_api.post("/api/partner-update", b"no json"),
            acme_api.send("DELETE", "/api/leads", b""),
            acme_api.get("/api/leads/share_00000000000000000000000000"),
        ]

        assert [answer.status_code for answer in answers] == [200, 400, 400, 405, 404]
        for left, answer in zip((4, 3, 2, 1, 0), answers, strict=True):
            assert answer.headers["RateLimit-Policy"] == '"key";q=5;w=300'
            said = re.fullmatch(r'"key";r=(\d);t=(\d+)', answer.headers["RateLimit"])
            assert int(said[1]) == left
            assert 60 * (4 - left) < int(said[2]) <= 60 * (5 - left)

    def test_what_is_not_counted_says_nothing(self, client, acme_api, settings):
        assert "RateLimit" not in client.get("/api/leads").headers
        settings.API_RATE_LIMIT = 0
        assert "RateLimit" not in acme_api.get("/api/leads").headers

    def test_fifty_threads_get_the_burst_and_each_another_rest(self, acme_api):
        # So slow that nothing is given back meanwhile.
        def call(_number):
            return ratelimit.count("threads", per_minute=0.1, burst=30)

        with ThreadPoolExecutor(50) as pool:
            counted = list(pool.map(call, range(200)))

        let_through = [each for each in counted if not each.wait]
        assert sorted(each.left for each in let_through) == list(range(30))
        assert {each.left for each in counted if each.wait} == {0}
        assert all(0 < each.wait <= 600 for each in counted if each.wait)

    def test_fifty_callers_at_once_get_the_burst(self, acme_api, settings):
        settings.API_RATE_LIMIT, settings.API_RATE_BURST = 1, 7
        throttles = [ratelimit.KeyThrottle() for _n in range(50)]
        key = ApiKey.objects.get()

        with ThreadPoolExecutor(50) as pool:
            asked = [
                pool.submit(throttle.allow_request, SimpleNamespace(auth=key), SimpleNamespace())
                for throttle in throttles
            ]
        assert [one.result() for one in asked].count(True) == 7
        ratelimit.start_anew(str(key.pk))

    def test_without_redis_calls_go_through(self, acme_api, monkeypatch):
        nowhere = redis.Redis(port=1, socket_connect_timeout=0.1)
        script = nowhere.register_script("return 0")
        monkeypatch.setattr(ratelimit, "_script", lambda: script)
        monkeypatch.setattr(ratelimit.KeyThrottle, "asked_again_at", 0.0)

        assert [acme_api.get("/api/leads").status_code for _call in range(7)] == [200] * 7

    def test_a_bucket_leaves_redis_by_itself(self, db):
        ratelimit.seconds_to_wait("leaves", per_minute=60, burst=5)

        kept = redis.Redis.from_url(django_settings.REDIS_URL).pttl("portal:rate:leaves")
        assert 0 < kept <= 1000


def test_a_fault_of_ours_tells_nothing(acme_api, monkeypatch):
    def broken(**_):
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("leads.selectors.shares_for", broken)
    acme_api.client.raise_request_exception = False

    response = acme_api.get("/api/leads")

    refused(response, 500, "server_error")
    assert b"hunter2" not in response.content
    assert not Share.objects.exists()
