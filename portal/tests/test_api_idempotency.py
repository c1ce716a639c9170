"""A call with an Idempotency-Key happens once, whatever happens meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from events.models import Event, StoredAnswer
from leads import services
from leads.models import Lead, Share
from leads.tests.factories import LeadFactory
from portal.tests.callers import Caller, caller_for
from portal.tests.test_api_calls import data_of, refused

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


@pytest.mark.django_db
class TestOneAtATime:
    def body(self, acme, lead):
        return {"leadId": lead.pk, "partnerId": acme.pk}

    def test_the_same_call_is_answered_as_before(self, agent_api, acme, lead):
        body = self.body(acme, lead)

        first = agent_api.post("/api/share-lead", body, Idempotency_Key=KEY)
        again = agent_api.post("/api/v1/share-lead", body, Idempotency_Key=KEY)

        assert again.content == first.content
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert Share.objects.count() == 1
        assert Event.objects.filter(kind="lead_share_failed").count() == 0

    def test_a_refusal_is_kept_with_its_event(self, agent_api, acme, lead):
        body = {**self.body(acme, lead), "partnerName": "Wrong"}

        first = agent_api.post("/api/share-lead", body, Idempotency_Key=KEY)
        again = agent_api.post("/api/share-lead", body, Idempotency_Key=KEY)

        assert again.content == first.content
        assert again.headers["Content-Type"] == "application/problem+json"
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.status_code == 422
        assert Event.objects.filter(kind="lead_share_failed").count() == 1

    def test_another_body_is_refused(self, agent_api, acme, lead):
        agent_api.post("/api/share-lead", self.body(acme, lead), Idempotency_Key=KEY)
        other = self.body(acme, LeadFactory.create())

        response = agent_api.post("/api/share-lead", other, Idempotency_Key=KEY)

        refused(response, 422, "idempotency_key_reused")
        assert Share.objects.count() == 1

    def test_another_caller_or_path_is_another_call(self, agent_api, admin_user, acme, lead):
        agent_api.post("/api/share-lead", self.body(acme, lead), Idempotency_Key=KEY)
        someone = caller_for(user=admin_user)

        response = someone.post("/api/share-lead", self.body(acme, lead), Idempotency_Key=KEY)
        refused(response, 409, "already_shared")
        data_of(agent_api.post("/api/leads", {"lead": {}}, Idempotency_Key=KEY))

    def test_a_new_key_of_the_same_holder_is_the_same_caller(self, agent_api, dana, acme, lead):
        body = self.body(acme, lead)
        first = agent_api.post("/api/share-lead", body, Idempotency_Key=KEY)

        again = caller_for(user=dana).post("/api/share-lead", body, Idempotency_Key=KEY)

        assert data_of(again) == data_of(first)

    @pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "schlüssel", "\x07"])
    def test_what_is_no_key(self, agent_api, acme, lead, key):
        body = self.body(acme, lead)

        refused(agent_api.post("/api/share-lead", body, Idempotency_Key=key), 400, "malformed")
        assert not Share.objects.exists()

    def test_a_malformed_call_keeps_nothing(self, agent_api, acme, lead):
        refused(agent_api.post("/api/share-lead", {"x": 1}, Idempotency_Key=KEY), 400, "malformed")

        assert not StoredAnswer.objects.exists()
        data_of(agent_api.post("/api/share-lead", self.body(acme, lead), Idempotency_Key=KEY))

    def test_a_crash_before_the_end_keeps_nothing(self, agent_api, acme, lead, monkeypatch):
        def crash(*_args, **_kwargs):
            raise RuntimeError

        agent_api.client.raise_request_exception = False
        with monkeypatch.context() as broken:
            broken.setattr("leads.api._shared", crash)  # the service has ended by then
            response = agent_api.post("/api/share-lead", self.body(acme, lead), Idempotency_Key=KEY)
        assert response.status_code == 500
        assert not StoredAnswer.objects.exists()
        assert not Share.objects.exists()

        data_of(agent_api.post("/api/share-lead", self.body(acme, lead), Idempotency_Key=KEY))

    def test_secrets_are_not_kept(self, acme_api):
        body = {"url": "https://partner.example/hook"}

        first = acme_api.post("/api/webhook-endpoints", body, Idempotency_Key=KEY)
        again = acme_api.post("/api/webhook-endpoints", body, Idempotency_Key=KEY)

        secret = data_of(first)["secret"]
        assert "secret" not in data_of(again)
        assert secret not in str(StoredAnswer.objects.get().body)


@pytest.mark.django_db(transaction=True)
class TestCrash:
    """The answer is kept in the transaction of its effect: there are both, or neither."""

    @pytest.fixture
    def body(self, acme, lead):
        return {"leadId": lead.pk, "partnerId": acme.pk}

    def test_the_database_goes_away_before_the_answer_is_kept(self, agent_api, body, monkeypatch):
        def gone(*_given):
            with connection.cursor() as cursor:  # the share is written by now
                cursor.execute("SELECT count(*) FROM leads_share")
                assert cursor.fetchone()[0] == 1
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        self.crashes(agent_api, body, monkeypatch, "events.idempotency._without", gone)

    def test_the_process_stops_after_it_was_kept(self, agent_api, body, monkeypatch):
        save = StoredAnswer.save

        def saved(row, **given):
            save(row, **given)
            if row.status is not None:
                raise RuntimeError  # as near to a kill as the test itself survives

        self.crashes(agent_api, body, monkeypatch, "events.models.StoredAnswer.save", saved)

    def crashes(self, agent_api, body, monkeypatch, where, crash):
        with monkeypatch.context() as broken, ThreadPoolExecutor(1) as pool:
            broken.setattr(where, crash)
            assert pool.submit(_call, agent_api.secret, body).result() == 500
        assert not StoredAnswer.objects.exists()
        assert not Share.objects.exists()
        assert not Event.objects.filter(kind__startswith="lead_share").exists()

        first = agent_api.post("/api/share-lead", body, Idempotency_Key=KEY)
        assert "Idempotency-Replayed" not in first.headers
        again = agent_api.post("/api/share-lead", body, Idempotency_Key=KEY)
        assert data_of(again) == data_of(first)
        assert Share.objects.count() == 1


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_while_the_first_runs_the_second_is_told_so(self, agent_api, acme, lead, monkeypatch):
        working, finish = threading.Event(), threading.Event()
        share_lead = services.share_lead

        def slow(**given):
            share = share_lead(**given)
            working.set()
            assert finish.wait(10)
            return share

        monkeypatch.setattr(services, "share_lead", slow)
        body = {"leadId": lead.pk, "partnerId": acme.pk}
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(_call, agent_api.secret, body)
            assert working.wait(10)
            second = agent_api.post("/api/share-lead", body, Idempotency_Key=KEY)
            finish.set()
            assert first.result() == 200

        refused(second, 409, "idempotency_key_in_use")
        again = agent_api.post("/api/share-lead", body, Idempotency_Key=KEY)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert Share.objects.count() == 1

    def test_ten_at_once_do_it_once(self, agent_api, acme, db):
        body = {"partnerId": acme.pk, "lead": {"budget": 100}}
        with ThreadPoolExecutor(10) as pool:
            statuses = list(pool.map(lambda _n: _call(agent_api.secret, body), range(10)))

        assert set(statuses) <= {200, 409}
        assert 200 in statuses
        assert (Lead.objects.count(), Share.objects.count()) == (1, 1)


def _call(secret: str, body: dict) -> int:
    caller = Caller(secret)
    caller.client.raise_request_exception = False
    try:
        return caller.post("/api/share-lead", body, Idempotency_Key=KEY).status_code
    finally:
        connection.close()
