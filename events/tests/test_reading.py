"""Timelines, the staff's list of events, what is due, mails and what is thrown away."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from events import payloads, pruning, selectors, services
from events.models import Attempt, Delivery, Event, StoredAnswer
from portal.lib import ids
from portal.lib.access import THE_SYSTEM
from portal.lib.errors import NotAllowed

LEAD = ids.encode("lead", ids.uuid7())
pytestmark = pytest.mark.django_db
KEYS = ["event", "leadId", "partnerId", "ok", "timestamp"]


@pytest.fixture
def story(acme, rival, dana):
    """The same lead, told to two partners."""
    for partner in (acme, rival):
        services.record_event(
            Event.Kind.LEAD_SHARED, actor=dana, partner_id=partner.pk, lead_id=LEAD
        )
    services.record_event(
        Event.Kind.LEAD_SHARE_FAILED,
        actor=dana,
        partner_id=acme.pk,
        lead_id=LEAD,
        ok=False,
        code="capacity_reached",
        partner_id_wanted=acme.pk,
    )
    services.record_event(Event.Kind.CONSENT_DECIDED, actor=dana, lead_id=LEAD)


class TestTimeline:
    def test_staff_see_all_of_it_newest_first(self, story, dana):
        kinds = [event.kind for event in selectors.timeline_for(user=dana, lead_id=LEAD)]
        assert kinds == ["consent_decided", "lead_share_failed", "lead_shared", "lead_shared"]

    def test_a_partner_sees_its_own_story_only(self, story, acme, amira):
        [event] = selectors.timeline_for(user=amira, lead_id=LEAD)
        assert (event.kind, event.partner_id) == ("lead_shared", acme.pk)

    def test_a_partner_cannot_ask_for_another(self, story, rival, amira):
        assert not selectors.timeline_for(user=amira, partner_id=rival.pk).exists()


class TestEventLines:
    def test_each_line_starts_with_the_five_fields(self, story, acme, admin_user):
        lines = [json.loads(line) for line in selectors.event_lines(user=admin_user)]
        assert len(lines) == 4
        assert all(list(line)[:5] == KEYS for line in lines)
        assert lines[0]["event"] == "lead_shared"
        assert lines[0]["partnerId"] == acme.pk
        assert lines[2]["ok"] is False
        assert lines[2]["code"] == "capacity_reached"
        assert lines[2]["partnerIdWanted"] == acme.pk

    def test_filters(self, story, admin_user):
        kinds = ["consent_decided"]
        assert len(list(selectors.event_lines(user=admin_user, kinds=kinds))) == 1
        later = timezone.now() + dt.timedelta(minutes=1)
        assert not list(selectors.event_lines(user=admin_user, since=later))
        assert len(list(selectors.event_lines(user=admin_user, until=later))) == 4

    def test_it_is_not_for_partners(self, story, amira):
        with pytest.raises(NotAllowed):
            selectors.event_lines(user=amira)

    def test_data_cannot_take_the_place_of_a_field(self, dana, admin_user):
        services.record_event(Event.Kind.LEAD_CAPTURED, actor=dana, event="other", lead_id=LEAD)
        [line] = selectors.event_lines(user=admin_user)
        assert json.loads(line)["event"] == "lead_captured"


class TestOldestDue:
    def test_what_may_not_be_sent_does_not_count(self, acme, new_endpoint, queue_one):
        assert selectors.oldest_due_seconds() == 0
        delivery = queue_one(new_endpoint(acme))
        Delivery.objects.update(next_attempt_at=timezone.now() - dt.timedelta(seconds=90))
        assert 89 < selectors.oldest_due_seconds() < 100
        delivery.endpoint.enabled = False
        delivery.endpoint.save()
        assert selectors.oldest_due_seconds() == 0


class TestEndpoints:
    def test_each_partner_lists_its_own(self, acme, rival, amira, rami, milo, new_endpoint):
        mine = new_endpoint(acme)
        new_endpoint(acme, "/removed", enabled=False, removed_at=timezone.now())
        assert list(selectors.endpoints_for(user=amira)) == [mine]
        assert not selectors.endpoints_for(user=rami)
        with pytest.raises(NotAllowed):
            selectors.endpoints_for(user=milo)


class TestPrune:
    def test_old_tries_and_answers_go_and_events_stay(
        self, acme, new_endpoint, queue_one, settings, monkeypatch
    ):
        monkeypatch.setattr(pruning, "BATCH", 2)
        delivery = queue_one(new_endpoint(acme))
        old = timezone.now() - dt.timedelta(days=settings.ATTEMPTS_KEPT_DAYS + 1)
        for number, at in enumerate([old, old, old, timezone.now()]):
            Attempt.objects.create(delivery=delivery, number=number, started_at=at, duration_ms=1)
        for key, days in (("old", 8), ("new", 6)):
            StoredAnswer.objects.create(
                caller="key",
                method="POST",
                path="/",
                key=key,
                body_sha256=b"",
                created_at=timezone.now() - dt.timedelta(days=days),
            )

        assert pruning.prune() == 4

        assert Attempt.objects.get().number == 3
        assert StoredAnswer.objects.get().key == "new"
        assert Event.objects.exists()

    def test_of_many_tries_each_statement_deletes_a_few_and_looks_at_no_new_one(
        self, acme, new_endpoint, queue_one, settings, django_assert_max_num_queries
    ):
        delivery = queue_one(new_endpoint(acme))
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO events_attempt
                    (delivery_id, number, started_at, duration_ms, error, fields, response_head)
                SELECT %s, 1, now() - (30000 - n) * interval '10 minutes', 1, '', '{}', ''
                FROM generate_series(1, 30000) n
                """,
                [Delivery._meta.pk.get_prep_value(delivery.pk)],
            )
        kept = settings.ATTEMPTS_KEPT_DAYS * 24 * 6

        batches = -(-(30_000 - kept) // pruning.BATCH)
        with django_assert_max_num_queries(1 + 2 + batches + 1):
            assert pruning.prune() in range(30_000 - kept - 2, 30_000 - kept + 2)
        assert pruning.prune() == 0

    def test_what_waits_for_a_removed_endpoint_is_cancelled(self, acme, new_endpoint, queue_one):
        delivery = queue_one(new_endpoint(acme, enabled=False, removed_at=timezone.now()))
        pruning.prune()
        delivery.refresh_from_db()
        assert delivery.state == "cancelled"


@pytest.mark.django_db(transaction=True)
class TestMails:
    @pytest.fixture
    def event(self, acme):
        return services.record_event(Event.Kind.LEAD_SHARED, actor=THE_SYSTEM)

    @pytest.fixture
    def letterbox(self, monkeypatch):
        def build(refs):
            if refs.get("withdrawn"):
                return None
            if refs.get("broken"):
                raise ValueError("john@client.example")
            return payloads.Mail(to="john@client.example", subject="A\nB", text="Hello")

        monkeypatch.setitem(payloads._mail_builders, "client_told", build)

    def test_a_mail_goes_out_once(self, event, letterbox, dispatcher):
        delivery = services.queue_mail(event, "client_told", refs={})
        dispatcher()
        dispatcher()
        [message] = mail.outbox
        assert (message.to, message.subject) == (["john@client.example"], "A B")
        assert delivery.webhook_id in message.message()["Message-ID"]
        delivery.refresh_from_db()
        assert (delivery.state, delivery.tries.count()) == ("sent", 1)

    def test_one_that_should_not_go_any_more_is_cancelled(self, event, letterbox, dispatcher):
        delivery = services.queue_mail(event, "client_told", refs={"withdrawn": 1})
        dispatcher()
        delivery.refresh_from_db()
        assert (delivery.state, mail.outbox) == ("cancelled", [])

    def test_a_broken_one_is_put_off_and_the_log_names_nobody(
        self, event, letterbox, dispatcher, caplog
    ):
        delivery = services.queue_mail(event, "client_told", refs={"broken": 1})
        services.queue_mail(event, "client_told", refs={})
        dispatcher()
        delivery.refresh_from_db()
        assert (delivery.state, delivery.last_error) == ("pending", "build_failed")
        assert len(mail.outbox) == 1
        assert "john" not in caplog.text

    def test_a_mail_server_that_is_gone_is_tried_again(
        self, event, letterbox, dispatcher, settings
    ):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
        delivery = services.queue_mail(event, "client_told", refs={})
        dispatcher()
        delivery.refresh_from_db()
        assert (delivery.state, delivery.last_error) == ("pending", "mail_failed")
