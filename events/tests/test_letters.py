"""What leaves for whom: signatures while a secret changes, added headers, thin bodies, proofs."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from events import headers, letters, payloads, shapes, signing
from events.models import Endpoint
from events.tests import receiver as behaviour

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = dt.timedelta(hours=1)
OLD = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class TestSignatures:
    def test_the_secret_before_signs_too_until_its_time_is_over(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        endpoint = new_endpoint(
            acme, previous_secret=OLD, previous_secret_until=timezone.now() + HOUR
        )
        queue_one(endpoint)
        dispatcher()
        Endpoint.objects.update(previous_secret_until=timezone.now() - HOUR)
        queue_one(endpoint)
        dispatcher()

        both, one = receiver.got
        assert len(both.headers["webhook-signature"].split()) == 2
        newest = both.headers | {"webhook-signature": both.headers["webhook-signature"].split()[0]}
        assert Webhook(endpoint.secret).verify(both.body, newest)
        assert Webhook(OLD).verify(both.body, both.headers)
        assert Webhook(endpoint.secret).verify(one.body, one.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(OLD).verify(one.body, one.headers)

    def test_an_ed25519_signature_stands_beside(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        key = signing.new_signing_key()
        endpoint = new_endpoint(acme, signing_key=key)
        queue_one(endpoint)

        dispatcher()

        [got] = receiver.got
        assert Webhook(endpoint.secret).verify(got.body, got.headers)
        symmetric, asymmetric = got.headers["webhook-signature"].split()
        assert symmetric.startswith("v1,")
        public = base64.b64decode(signing.public_key_of(key).removeprefix("whpk_"))
        signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode()
        Ed25519PublicKey.from_public_bytes(public).verify(
            base64.b64decode(asymmetric.removeprefix("v1a,")), signed + got.body
        )


class TestHeaders:
    def test_the_owners_headers_go_along(self, acme, receiver, dispatcher, new_endpoint, queue_one):
        given = headers.checked({"Authorization": "Bearer s3cret", "X-Tenant": "7"})
        queue_one(new_endpoint(acme, headers=headers.packed(given)))

        dispatcher()

        [got] = receiver.got
        assert (got.headers["authorization"], got.headers["x-tenant"]) == ("Bearer s3cret", "7")

    def test_none_replaces_ours_even_if_it_got_into_the_table(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        stored = {"Webhook-Id": "msg_x", "HOST": "other", "content-type": "text/plain", "X-A": "1"}
        endpoint = new_endpoint(acme, headers=headers.packed(stored))
        delivery = queue_one(endpoint)

        dispatcher()

        [got] = receiver.got
        assert got.headers["webhook-id"] == delivery.webhook_id
        assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert got.headers["content-type"] == "application/json"
        assert got.headers["x-a"] == "1"
        assert Webhook(endpoint.secret).verify(got.body, got.headers)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *((name, "x") for name in (
                "Host", "Content-Length", "content-type", "Connection", "Cookie", "TE", "Via",
                "webhook-signature", "Webhook-Anything", "X-Forwarded-For", "Forwarded", "Expect",
                "Transfer-Encoding", "Upgrade", "Trailer", "Proxy-Authorization", "Keep-Alive",
                "Accept-Encoding", "User-Agent", "Accept", "", "a b", "a:b", "ä", "x" * 65, "a_b",
            )),
            *(("X-A", value) for value in (
                "", " x", "x ", "a\r\nHost: evil", "a\nb", "a\x00b", "é", "x" * 1025, "a\tb",
            )),
        ],
    )  # fmt: skip
    def test_dangerous_ones_are_refused(self, name, value):
        with pytest.raises(headers.Refused):
            headers.checked({name: value})

    def test_there_may_be_ten_and_each_once(self):
        assert len(headers.checked({f"X-{n}": "a" for n in range(10)})) == 10
        with pytest.raises(headers.Refused):
            headers.checked({f"X-{n}": "a" for n in range(11)})
        with pytest.raises(headers.Refused):
            headers.checked({"X-A": "1", "x-a": "2"})


class TestThin:
    def test_ids_and_a_link_instead_of_what_a_client_told(
        self, acme, receiver, dispatcher, new_endpoint, queue_one, bodies, settings
    ):
        settings.PORTAL_ORIGIN = "https://portal.example"
        bodies["full"] = {
            "leadId": "share_1",
            "version": 3,
            "partnerId": "partner_1",
            "partnerName": "ABC Realty",
            "status": "sent",
            "reason": "Zenobia said so",
            "lead": {"customerInfo": {"name": "Zenobia"}},
            "appointment": {"id": "appt_1", "location": "Villa 7"},
        }
        delivery = queue_one(new_endpoint(acme, thin=True), refs={"n": "full"})

        dispatcher()

        assert receiver.got[0].message["data"] == {
            "leadId": "share_1",
            "partnerId": "partner_1",
            "status": "sent",
            "version": 3,
            "appointment": {"id": "appt_1"},
            "link": "https://portal.example/api/v1/leads/share_1",
        }
        assert "lead.customerInfo.name" not in delivery.tries.get().fields

    def test_a_commission_is_fetched_where_commissions_are(self, settings):
        settings.PORTAL_ORIGIN = "https://portal.example"
        told = {"leadId": "share_1", "version": 1, "commission": {"id": "rev_1", "amount": 5}}
        assert shapes.thin(told, "1") == {
            "leadId": "share_1",
            "version": 1,
            "commission": {"id": "rev_1"},
            "link": "https://portal.example/api/v1/commissions",
        }

    def test_a_version_nobody_knows_is_not_sent(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        delivery = queue_one(new_endpoint(acme, payload_version="2"))

        dispatcher()

        delivery.refresh_from_db()
        assert (delivery.state, delivery.last_error) == ("pending", "build_failed")
        assert receiver.got == []


class TestNewAddress:
    def test_it_gets_the_challenge_while_the_old_one_receives(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        receiver.answers["/new"] = behaviour.hang
        endpoint = new_endpoint(acme, pending_url=receiver.url("/new"))
        queue_one(endpoint, type=payloads.VERIFY)
        queue_one(endpoint)

        dispatcher()

        assert [got.message["type"] for got in receiver.at("/new")] == ["webhook.verify"]
        assert [got.message["type"] for got in receiver.at("/ok")] == ["lead.shared"]

    def test_that_it_is_gone_says_nothing_of_the_old_one(
        self, acme, receiver, dispatcher, new_endpoint, queue_one
    ):
        receiver.answers["/new"] = (410, {}, b"")
        endpoint = new_endpoint(acme, pending_url=receiver.url("/new"))
        challenge = queue_one(endpoint, type=payloads.VERIFY)

        dispatcher()

        endpoint.refresh_from_db()
        challenge.refresh_from_db()
        assert endpoint.enabled
        assert challenge.state == "failed"

    def test_one_that_may_not_be_dialled_is_not(self, acme, new_endpoint, queue_one):
        endpoint = new_endpoint(acme, pending_url="http://10.0.0.1/")
        challenge = queue_one(endpoint, type=payloads.VERIFY)
        challenge.attempts = 1

        written, [settled] = letters.write([challenge])

        assert (written, settled.error) == ([], "egress_blocked")
