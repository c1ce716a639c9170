"""A key that asks for signatures takes signed calls only, each once; networks hold as well."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.test import Client
from standardwebhooks import Webhook

from leads.models import Share
from partners import services, signed_calls
from partners.models import ApiKey
from portal.lib.access import THE_SYSTEM
from portal.tests.test_api_calls import data_of, refused

pytestmark = pytest.mark.django_db


class Signing:
    """A system that signs its calls with the independent package of Standard Webhooks."""

    def __init__(self, **holder: Any) -> None:
        self.key, self.secret = services.issue_key(actor=THE_SYSTEM, signed=True, **holder)
        self.client = Client()
        self.count = 0

    def headers(
        self, method: str, target: str, body: str = "", *, late: int = 0, call_id: str = ""
    ) -> dict[str, str]:
        self.count += 1
        call_id = call_id or f"call_{self.key.pk}_{self.count}"
        at = datetime.fromtimestamp(int(datetime.now(UTC).timestamp()) - late, UTC)
        signer = Webhook(self.key.signing_secret)
        return {
            "Authorization": f"Bearer {self.secret}",
            "webhook-id": call_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signer.sign(call_id, at, f"{method} {target}\n{body}"),
        }

    def send(
        self, method: str, target: str, body: str = "", headers: dict[str, str] | None = None
    ) -> Any:
        given = self.headers(method, target, body) if headers is None else headers
        return self.client.generic(
            method, target, body, content_type="application/json", headers=given
        )


@pytest.fixture
def acme_signs(acme) -> Signing:
    return Signing(partner=acme)


class TestSigned:
    def test_get_and_post(self, acme_signs, share):
        data_of(acme_signs.send("GET", "/api/leads?limit=5"))
        body = json.dumps({"leadId": share.pk, "status": "accepted"})
        data_of(acme_signs.send("POST", "/api/partner-update", body))

        assert Share.objects.get().status == "accepted"

    def test_without(self, acme_signs):
        bare = {"Authorization": f"Bearer {acme_signs.secret}"}

        refused(acme_signs.send("GET", "/api/leads", headers=bare), 401, "signature_missing")
        for left_out in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            headers = acme_signs.headers("GET", "/api/leads")
            del headers[left_out]
            answer = acme_signs.send("GET", "/api/leads", headers=headers)
            refused(answer, 401, "signature_missing")
        assert ApiKey.objects.get().last_used_at is None

    @pytest.mark.parametrize(
        ("method", "target", "body"),
        [
            ("GET", "/api/leads?limit=6", ""),
            ("GET", "/api/v1/leads?limit=5", ""),
            ("GET", "/api/partner", ""),
            ("HEAD", "/api/leads?limit=5", ""),
        ],
    )
    def test_a_signature_fits_one_call_only(self, acme_signs, method, target, body):
        headers = acme_signs.headers("GET", "/api/leads?limit=5")
        answer = acme_signs.send(method, target, body, headers=headers)

        assert answer.status_code == 401

    def test_another_body(self, acme_signs, share):
        body = json.dumps({"leadId": share.pk, "status": "accepted"})
        headers = acme_signs.headers("POST", "/api/partner-update", body)
        answer = acme_signs.send("POST", "/api/partner-update", body + " ", headers=headers)

        refused(answer, 401, "signature_invalid")
        assert Share.objects.get().status == "sent"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("webhook-id", "a.b"),
            ("webhook-id", "a b"),
            ("webhook-id", "x" * 256),
            ("webhook-timestamp", "now"),
            ("webhook-timestamp", "-1"),
            ("webhook-timestamp", "1e9"),
            ("webhook-timestamp", "٣"),
            ("webhook-signature", "v1,"),
            ("webhook-signature", "nonsense"),
            ("webhook-signature", "v1,\u00e9"),
        ],
    )
    def test_what_is_no_signature(self, acme_signs, name, value):
        headers = acme_signs.headers("GET", "/api/leads") | {name: value}

        refused(acme_signs.send("GET", "/api/leads", headers=headers), 401, "signature_invalid")

    @pytest.mark.parametrize("late", [310, -310])
    def test_the_clocks_agree_within_five_minutes(self, acme_signs, late):
        headers = acme_signs.headers("GET", "/api/leads", late=late)
        refused(acme_signs.send("GET", "/api/leads", headers=headers), 401, "signature_too_old")
        headers = acme_signs.headers("GET", "/api/leads", late=late // 2)
        data_of(acme_signs.send("GET", "/api/leads", headers=headers))

    def test_several_signatures_one_of_which_is_right(self, acme_signs):
        headers = acme_signs.headers("GET", "/api/leads")
        headers["webhook-signature"] = f"v1,AAAA v2,x {headers['webhook-signature']}"

        data_of(acme_signs.send("GET", "/api/leads", headers=headers))

    def test_each_once(self, acme_signs):
        headers = acme_signs.headers("GET", "/api/leads")

        data_of(acme_signs.send("GET", "/api/leads", headers=headers))
        refused(acme_signs.send("GET", "/api/leads", headers=headers), 401, "signature_replayed")
        kept = redis.Redis.from_url(django_settings.REDIS_URL)
        names = list(kept.scan_iter(f"portal:signed:{acme_signs.key.pk}:*"))
        assert len(names) == 1
        assert kept.ttl(names[0]) > 2 * signed_calls.TOLERANCE

    def test_the_id_of_another_key_is_free(self, acme_signs, rival):
        other = Signing(partner=rival)
        for system in (acme_signs, other):
            headers = system.headers("GET", "/api/leads", call_id="the-same")
            data_of(system.send("GET", "/api/leads", headers=headers))

    def test_of_many_at_once_one(self, acme_signs):
        with ThreadPoolExecutor(20) as pool:
            key_id = str(acme_signs.key.pk)
            first = list(pool.map(lambda _n: signed_calls._is_first(key_id, "once"), range(60)))

        assert first.count(True) == 1

    def test_without_redis_nobody_gets_in(self, acme_signs, acme_api, monkeypatch):
        nowhere = redis.Redis(port=1, socket_connect_timeout=0.1)
        monkeypatch.setattr(signed_calls, "_redis", lambda: nowhere)

        answer = acme_signs.send("GET", "/api/leads")
        refused(answer, 503, "unavailable")
        assert answer.headers["Retry-After"]
        data_of(acme_api.get("/api/leads"))  # a key that is not signed does not need it

    def test_a_signature_under_a_key_that_asks_for_none_is_ignored(self, acme_api):
        data_of(acme_api.get("/api/leads", webhook_signature="nonsense"))


class TestNetworks:
    @pytest.fixture
    def key(self, acme):
        _key, secret = services.issue_key(
            actor=THE_SYSTEM, partner=acme, networks=["203.0.113.0/24"]
        )
        return {"Authorization": f"Bearer {secret}"}

    def test_from_within_and_outside(self, client, key):
        data_of(client.get("/api/leads", headers=key, REMOTE_ADDR="203.0.113.9"))
        answer = client.get("/api/leads", headers=key, REMOTE_ADDR="198.51.100.7")
        problem = refused(answer, 401, "wrong_network")

        assert "198.51.100.7" in problem["detail"]

    def test_what_the_caller_writes_itself_counts_for_nothing(self, client, key, settings):
        forged = key | {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9"}
        outside = {"REMOTE_ADDR": "198.51.100.7"}
        refused(client.get("/api/leads", headers=forged, **outside), 401, "wrong_network")
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
        appended = key | {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
        refused(client.get("/api/leads", headers=appended, **outside), 401, "wrong_network")
        honest = key | {"X-Forwarded-For": "10.0.0.1, 203.0.113.9"}
        data_of(client.get("/api/leads", headers=honest, REMOTE_ADDR="10.9.9.9"))

    def test_a_proxy_that_is_set_up_wrongly_lets_nobody_in(self, client, key, settings):
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
        client.raise_request_exception = False
        one = key | {"X-Forwarded-For": "203.0.113.9"}

        assert client.get("/api/leads", headers=one).status_code == 500
