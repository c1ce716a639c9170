"""A partner's system registers where it wants to be told, and proves that it lives there."""

from __future__ import annotations

import pytest

from events import dispatch
from events.models import Delivery, Endpoint, StoredAnswer
from events.tests.receiver import echo, receiving

pytestmark = pytest.mark.django_db

PATH = "/api/webhook-endpoints"
URL = "https://hook.partner.example/in"
SHOWN = ["id", "url", "verified", "enabled", "eventTypes"]


def test_registering_shows_the_secret_this_once(acme, acme_api):
    made = acme_api.post(PATH, {"url": URL, "eventTypes": ["lead.shared"]})

    assert made.status_code == 200
    data = made.json()["data"]
    assert list(data)[:5] == SHOWN
    assert (data["url"], data["verified"], data["enabled"]) == (URL, False, True)
    assert data["eventTypes"] == ["lead.shared"]
    assert data["secret"] == Endpoint.objects.get().secret
    assert Endpoint.objects.get(pk=data["id"]).partner == acme
    listed = acme_api.get(PATH).json()
    assert [list(row) for row in listed["data"]] == [[name for name in data if name != "secret"]]
    assert listed["next"] is None


def test_a_replayed_registration_keeps_its_secret_to_itself(acme_api):
    first = acme_api.post(PATH, {"url": URL}, idempotency_key="one")
    again = acme_api.post(PATH, {"url": URL}, idempotency_key="one")

    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["data"]["id"] == first.json()["data"]["id"]
    assert "secret" not in again.json()["data"]
    assert "whsec_" not in str(StoredAnswer.objects.get().body)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"url": "http://hook.partner.example/"}, 422, "url_refused"),
        ({"url": "https://169.254.169.254/latest"}, 422, "url_refused"),
        ({"url": 5}, 400, None),
        ({}, 400, None),
        ({"url": URL, "secret": "whsec_mine"}, 400, None),
        ({"url": URL, "eventTypes": ["lead.stolen"]}, 400, None),
    ],
)
def test_what_is_refused_changes_nothing(body, status, code, acme_api):
    refused = acme_api.post(PATH, body)

    assert refused.status_code == status
    assert code is None or refused.json()["code"] == code
    assert not Endpoint.objects.exists()
    assert not Delivery.objects.exists()


def test_an_agent_registers_none_and_a_rival_finds_none(agent_api, acme_api, rival_api):
    made = acme_api.post(PATH, {"url": URL}).json()["data"]

    assert agent_api.post(PATH, {"url": URL}).status_code == 403
    assert agent_api.get(PATH).status_code == 403
    assert rival_api.get(PATH).json()["data"] == []
    assert rival_api.post(f"{PATH}/{made['id']}/verify").status_code == 404
    assert Delivery.objects.filter(channel="webhook").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_challenge_that_is_echoed_verifies(acme_api):
    try:
        with receiving() as receiver:
            made = acme_api.post(PATH, {"url": receiver.url("/in")}).json()["data"]
            dispatch.drain()
            assert not acme_api.get(PATH).json()["data"][0]["verified"]

            receiver.answers["/in"] = echo
            asked = acme_api.post(f"{PATH}/{made['id']}/verify")
            dispatch.drain()

            assert asked.status_code == 202
            assert acme_api.get(PATH).json()["data"][0]["verified"]
            assert len(receiver.got) == 2
    finally:
        dispatch.close()
