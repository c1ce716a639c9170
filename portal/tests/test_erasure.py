"""An erased client is found nowhere: in no table, not in Redis, in no log, and stays away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import redis
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from commissions.models import Commission
from commissions.services import rebuild_partner_days, report_status
from events import dispatch
from events.models import Delivery, Endpoint, Event, StoredAnswer
from events.tests.receiver import Handler, Receiver, receiving
from leads import services
from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import ConsentDecision, DeletionTask, Lead, PartnerDay, Share
from leads.services.consent import Wish
from partners.models import Partner, User
from portal.tests.callers import Caller

pytestmark = pytest.mark.django_db(transaction=True)

EMAIL, PHONE = "zenobia.quist@canary.example", "+971501239876"
# Every value of the client's, in a form that nothing else has.
CANARIES = (
    "zenobia", "quist", "canary", "1239876", "quirkville", "7654321", "6543217", "plan-q",
    "penthousery", "hilltopia", "moonview", "goldtaps", "ultra-q", "tower-q", "fortnight-q",
    "noteworthy", "campaign-q", "tells-of-her", "her-gate", "her-lawyer",
)  # fmt: skip
LEAD = {
    "customerInfo": {
        "name": "Zenobia Quist", "email": EMAIL, "phone": "050 123 9876", "location": "Quirkville",
    },
    "budget": {
        "min": 6543217, "max": 7654321, "currency": "AED", "financing": "cash",
        "paymentPreference": "plan-q",
    },
    "preferences": {
        "propertyType": "penthousery", "bedroomsMin": 2, "bedroomsMax": 3,
        "locations": ["Hilltopia"], "views": ["moonview"], "amenities": ["goldtaps"],
        "segment": "ultra-q", "project": "Tower-Q", "moveInTimeline": "fortnight-q",
        "intent": "buy",
    },
}  # fmt: skip


def parrot(handler: Handler, body: bytes) -> None:
    """Answer with what was sent, as badly written systems do."""
    handler.answer(200, {}, body)


@dataclass
class Story:
    """A client whose details went everywhere they can go."""

    lead_id: str
    acme: Share
    rival: Share
    bayview: Share
    receiver: Receiver


@pytest.fixture
def story(
    dana: User, amira: User, rami: User, acme: Partner, rival: Partner, bayview: Partner,
    agent_api: Caller, client: Client,
) -> Iterator[Story]:  # fmt: skip
    with receiving() as receiver:
        receiver.answers["/in"] = parrot
        Endpoint.objects.create(
            partner=acme,
            url=receiver.url("/in"),
            secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            verified_at=timezone.now(),
        )
        Partner.objects.update(contact_email="desk@partner.example")
        lead_id = captured(agent_api)
        acme_share = shared_and_closed(agent_api, dana, amira, acme, lead_id)
        rival_share = shared_and_rejected(dana, rami, rival, lead_id)
        bayview_share = services.share_lead(
            actor=dana, partner_id=bayview.pk, lead_id=lead_id, choice=Groups.everything()
        )
        ended_and_explained(amira, acme_share, lead_id)
        client.force_login(dana)
        client.get(f"/leads/{lead_id}/")
        dispatch.drain()
        yield Story(lead_id, acme_share, rival_share, bayview_share, receiver)
    dispatch.close()


def captured(agent_api: Caller) -> str:
    body = {"lead": LEAD, "market": "uae"}
    answer = agent_api.post("/api/leads", body, idempotency_key="for-zenobia-quist")
    assert answer.status_code == 200, answer.content
    lead_id: str = answer.json()["data"]["leadId"]
    return lead_id


def shared_and_closed(
    agent_api: Caller, dana: User, amira: User, acme: Partner, lead_id: str
) -> Share:
    services.correct_lead(
        actor=dana,
        lead_id=lead_id,
        changes={"notes": "noteworthy", "source": "campaign-q", "score": 99, "temperature": "hot"},
    )
    share = services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead_id, choice=Groups.everything()
    )
    ConsentDecision.objects.bulk_create(
        ConsentDecision(
            lead_id=lead_id, partner=acme, group=group, state="given", source="agent",
            method="call", note="Zenobia said so on her own phone", decided_by=dana.actor_id,
        )
        for group in ("contact", "budget")
    )  # fmt: skip
    appointment = {
        "partner": {"partnerId": acme.pk, "status": "sent"},
        "payload": {
            "partnerId": acme.pk,
            "leadId": share.pk,
            "appointment": {
                "id": "visit-of-quist",
                "date": "2026-12-28T14:00:00Z",
                "location": "her-gate 7",
                "type": "viewing",
                "place": "client_address",
            },
        },
    }
    made = agent_api.post("/api/share-appointment", appointment, idempotency_key="visit")
    assert made.status_code == 200, made.content
    services.update_share(actor=amira, reference=share.pk, status="accepted")
    report_status(
        actor=amira,
        reference=share.pk,
        status="closed",
        agreement_value=Decimal(5_000_000),
        claimed_percent=Decimal(30),
        notes="Sold to Zenobia Quist",
    )
    return share


def shared_and_rejected(dana: User, rami: User, rival: Partner, lead_id: str) -> Share:
    share = services.share_lead(actor=dana, partner_id=rival.pk, lead_id=lead_id)
    services.update_share(
        actor=rami, reference=share.pk, status="rejected", reason="Zenobia tells-of-her"
    )
    return share


def ended_and_explained(amira: User, share: Share, lead_id: str) -> None:
    """The client withdraws the budget, and the partner says in its words why it keeps a copy."""
    client = ClientActor(lead_id)
    services.decide(actor=client, lead_id=lead_id, wishes=[Wish("budget", False, share.partner_id)])
    services.attest_deletion(
        actor=amira, reference=share.pk, outcome="retained", reason="her-lawyer asks for it"
    )
    services.correct_lead(actor=client, lead_id=lead_id, changes={"location": "New Quirkville"})


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        return [row[0] for row in cursor.fetchall()]


def rows_with(canaries: tuple[str, ...]) -> list[str]:
    """Return which table holds which canary, whatever the column."""
    found = []
    with connection.cursor() as cursor:
        for table in tables():
            for canary in canaries:
                cursor.execute(
                    f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', [f"%{canary}%"]
                )
                if cursor.fetchone()[0]:
                    found.append(f"{table}: {canary}")
    found += [
        f"session: {canary}"
        for session in Session.objects.all()
        for canary in canaries
        if canary in str(session.get_decoded()).lower()
    ]
    return found


def redis_text(url: str) -> str:
    store = redis.Redis.from_url(url)
    parts = []
    for key in store.scan_iter():
        parts += [repr(key), repr(store.dump(key))]
    return " ".join(parts).lower()


def kept() -> dict[str, Any]:
    """Return what no erasure may touch: money, figures and the story without the person."""
    return {
        "commissions": list(Commission.objects.order_by("pk").values()),
        "days": list(PartnerDay.objects.order_by("pk").values()),
        "events": list(Event.objects.order_by("at", "id").values()),
        "decisions": list(
            ConsentDecision.objects.order_by("pk").values("pk", "group", "state", "decided_at")
        ),
        "terms": list(
            Share.objects.order_by("pk").values("pk", "commission_percent", "currency", "closed_at")
        ),
    }


def test_the_story_put_every_canary_somewhere(story: Story) -> None:
    found = rows_with(CANARIES)

    assert {entry.partition(": ")[2] for entry in found} == set(CANARIES)


class TestErased:
    def test_no_canary_is_left(self, story, settings, caplog):
        mail.outbox.clear()

        services.ask_erasure(actor=ClientActor(story.lead_id), lead_id=story.lead_id)

        waiting = Delivery.objects.filter(state="pending", channel="email")
        assert rows_with(CANARIES) == []
        assert set(waiting.filter(type__startswith="client_").values_list("type", flat=True)) == {
            "client_erased"
        }
        dispatch.drain()
        assert rows_with(CANARIES) == []
        assert not [canary for canary in CANARIES if canary in redis_text(settings.REDIS_URL)]
        assert not [canary for canary in CANARIES if canary in caplog.text.lower()]

    def test_mails_afterwards_name_nobody(self, story):
        mail.outbox.clear()

        services.ask_erasure(actor=ClientActor(story.lead_id), lead_id=story.lead_id)
        dispatch.drain()

        to_client = [sent for sent in mail.outbox if sent.to == [EMAIL]]
        assert len(to_client) == 1
        for partner in ("Acme Channel Partners", "Rival Realty", "Bayview Brokers"):
            assert partner in to_client[0].body
        texts = [sent.subject + sent.body for sent in mail.outbox]
        assert not [c for c in CANARIES for text in texts if c in text.lower()]
        assert not Delivery.objects.filter(refs__has_key="to").exists()

    def test_every_recipient_is_told_to_delete(self, story):
        services.ask_erasure(actor=ClientActor(story.lead_id), lead_id=story.lead_id)
        before = len(story.receiver.got)
        dispatch.drain()

        tasks = DeletionTask.objects.open().filter(cause="erased")
        # Rival never saw the contact: a channel partner's default.
        owed = {str(task.share_id): set(task.groups) for task in tasks}
        assert owed[str(story.bayview.pk)] == {"contact", "budget", "requirements"}
        assert owed[str(story.rival.pk)] == {"budget", "requirements"}
        assert {"contact", "requirements"} <= owed[str(story.acme.pk)]
        revoked = [
            got.message for got in story.receiver.got[before:] if b'"lead.revoked"' in got.body
        ]
        assert [message["data"]["leadId"] for message in revoked] == [story.acme.pk]
        assert not [c for c in CANARIES if c in json.dumps(revoked).lower()]

    def test_live_shares_end_and_the_closed_one_stays_closed(self, story):
        services.ask_erasure(actor=ClientActor(story.lead_id), lead_id=story.lead_id)

        status = dict(Share.objects.values_list("pk", "status"))
        assert status == {
            story.acme.pk: "closed",
            story.rival.pk: "rejected",
            story.bayview.pk: "revoked",
        }
        assert not any(share.disclosed for share in Share.objects.all())

    def test_money_figures_and_events_are_what_they_were(self, story):
        before = kept()

        services.ask_erasure(actor=ClientActor(story.lead_id), lead_id=story.lead_id)

        after = kept()
        assert after["events"][: len(before["events"])] == before["events"]
        for what in ("commissions", "days", "decisions", "terms"):
            assert after[what] == before[what]
        assert rebuild_partner_days() == 0

    def test_the_person_does_not_come_back(self, story, dana, agent_api, acme):
        services.ask_erasure(actor=ClientActor(story.lead_id), lead_id=story.lead_id)

        by_api = agent_api.post("/api/leads", {"lead": LEAD, "market": "uae"})
        inline = {"partnerId": acme.pk, "lead": LEAD}
        shared = agent_api.post("/api/share-lead", inline)
        changed = {**LEAD, "customerInfo": {"name": "Z", "phone": "00971 50 123 9876"}}
        by_phone = agent_api.post("/api/leads", {"lead": changed, "market": "uae"})

        for answer in (by_api, shared, by_phone):
            assert (answer.status_code, answer.json()["code"]) == (409, "suppressed")
        assert Lead.objects.filter(erased_at__isnull=True).count() == 0
        assert rows_with(CANARIES) == []

    def test_nothing_is_kept_to_be_answered_again(self, story):
        assert StoredAnswer.objects.count() == 2

        services.ask_erasure(actor=ClientActor(story.lead_id), lead_id=story.lead_id)

        assert not StoredAnswer.objects.exists()

    def test_pages_and_calls_know_nobody(self, story, client, amira, agent_api, acme_api, acme):
        services.ask_erasure(actor=ClientActor(story.lead_id), lead_id=story.lead_id)

        page = client.get(f"/leads/{story.lead_id}/")
        assert page.status_code == 200
        assert b"Erased client" in page.content
        listed = client.get("/leads/", {"q": "Quist"})
        answers = [
            page,
            listed,
            acme_api.get(f"/api/leads/{story.acme.pk}"),
            acme_api.get("/api/leads"),
        ]
        refused = agent_api.post("/api/share-lead", {"leadId": story.lead_id, "partnerId": acme.pk})
        assert refused.status_code == 422
        client.force_login(amira)
        answers.append(client.get(f"/portal/leads/{story.acme.pk}/"))
        for answer in answers:
            assert answer.status_code == 200
            # "Quist" stands in the search box, as it was typed.
            assert not [
                c for c in CANARIES if c in answer.content.decode().lower().replace('"quist"', "")
            ]

    def test_it_happens_once(self, story):
        client = ClientActor(story.lead_id)
        first = services.ask_erasure(actor=client, lead_id=story.lead_id)
        again = services.ask_erasure(actor=client, lead_id=story.lead_id)

        assert first.erased_at == again.erased_at
        assert Event.objects.filter(kind="lead_erased").count() == 1
        assert Event.objects.filter(kind="erasure_asked").count() == 1
