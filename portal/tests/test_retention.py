"""What the rules of retention end, what holds them up, and how it is told before it is done."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from commissions.models import Commission, Dispute, ReconciliationItem
from commissions.services import report_status
from events.models import Delivery, Event
from leads import retention, services, tasks
from leads.groups import Groups
from leads.models import ClientLink, DeletionTask, Lead, Share, Suppression
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db
NOW = datetime(2030, 1, 1, 3, tzinfo=UTC)
RULES: list[dict[str, Any]] = [
    {
        "market": "uae",
        "valid_from": date(2026, 1, 1),
        "minimum": 0,
        "without_deal": 100,
        "with_deal": 1000,
    },
    {
        "market": "india",
        "valid_from": date(2026, 1, 1),
        "minimum": 50,
        "without_deal": 100,
        "with_deal": 1000,
    },
]


@pytest.fixture(autouse=True)
def rules(settings: Any) -> None:
    settings.RETENTION_RULES = RULES


def lead_of(days_ago: int, **fields: Any) -> Lead:
    at = NOW - timedelta(days=days_ago)
    return LeadFactory.create(created_at=at, updated_at=at, **fields)


def due(at: datetime = NOW) -> dict[str, str]:
    return {found.lead_id: found.rule for found in retention.due(at)}


def shared(dana: User, partner: Partner, lead: Lead, *, days_ago: int) -> Share:
    with time_machine.travel(NOW - timedelta(days=days_ago), tick=False):
        return services.share_lead(
            actor=dana, partner_id=partner.pk, lead_id=lead.pk, choice=Groups(False, True, True)
        )


def closed(dana: User, owner: User, partner: Partner, *, days_ago: int, **claim: Any) -> Lead:
    lead = lead_of(days_ago)
    share = shared(dana, partner, lead, days_ago=days_ago)
    with time_machine.travel(NOW - timedelta(days=days_ago), tick=False):
        services.update_share(actor=owner, reference=share.pk, status="accepted")
        report_status(
            actor=owner,
            reference=share.pk,
            status="closed",
            agreement_value=Decimal(1_000_000),
            **claim,
        )
    return lead


class TestDue:
    def test_a_lead_without_activity_for_long_enough(self):
        old = lead_of(101)
        lead_of(99)

        assert due() == {old.pk: "uae, rule of 2026-01-01, without a deal"}

    def test_any_event_is_an_activity(self):
        lead = lead_of(101)
        Event.objects.create(
            kind="client_link_sent", actor="system", lead_id=lead.pk, at=NOW - timedelta(days=3)
        )

        assert due() == {}

    def test_a_correction_is_an_activity(self):
        lead = lead_of(101)
        Lead.objects.filter(pk=lead.pk).update(updated_at=NOW - timedelta(days=3))

        assert due() == {}

    def test_a_deal_is_kept_longer(self, dana, amira, acme):
        lead = closed(dana, amira, acme, days_ago=999)
        Commission.objects.update(status="paid")

        assert due() == {}
        assert due(NOW + timedelta(days=2)) == {lead.pk: "uae, rule of 2026-01-01, with a deal"}

    def test_the_newest_rule_that_has_begun_holds(self, settings):
        settings.RETENTION_RULES = [
            *RULES,
            {**RULES[0], "valid_from": date(2029, 6, 1), "without_deal": 10},
            {**RULES[0], "valid_from": date(2031, 1, 1), "without_deal": 1},
        ]
        lead = lead_of(11)
        lead_of(9)

        assert due() == {lead.pk: "uae, rule of 2029-06-01, without a deal"}

    def test_the_first_rule_covers_what_was_before(self):
        assert retention.rule_for("uae", datetime(2020, 1, 1, tzinfo=UTC)).without_deal == 100

    def test_each_market_has_its_own(self, settings):
        settings.RETENTION_RULES = [RULES[0], {**RULES[1], "without_deal": 500}]
        lead_of(101, market="india", region="IN-MH", currency="INR")

        assert due() == {}

    def test_many_come_in_batches(self, monkeypatch):
        monkeypatch.setattr(retention, "BATCH", 2)
        leads = [lead_of(200) for _ in range(5)]

        assert set(due()) == {lead.pk for lead in leads}


class TestHeld:
    def test_by_a_live_share(self, dana, acme):
        shared(dana, acme, lead_of(500), days_ago=500)

        assert due() == {}

    def test_by_a_deletion_nobody_confirmed(self, dana, acme):
        lead = lead_of(500)
        share = shared(dana, acme, lead, days_ago=500)
        Share.objects.filter(pk=share.pk).update(status="revoked")
        task = DeletionTask.objects.create(share=share, groups=["budget"], due_at=NOW)

        assert due() == {}

        DeletionTask.objects.filter(pk=task.pk).update(attested_at=NOW, outcome="deleted")
        assert set(due()) == {lead.pk}

    @pytest.mark.parametrize(("status", "held"), [("pending", True), ("approved", True),
                                                  ("on_hold", True), ("paid", False),
                                                  ("reversed", False)])  # fmt: skip
    def test_by_money_not_settled(self, dana, amira, acme, status, held):
        lead = closed(dana, amira, acme, days_ago=1100)
        Commission.objects.update(status=status)

        assert due() == ({} if held else {lead.pk: "uae, rule of 2026-01-01, with a deal"})

    def test_by_a_closing_under_review(self, dana, amira, acme):
        lead = closed(dana, amira, acme, days_ago=1100, claimed_percent=Decimal(30))
        Commission.objects.update(status="paid")

        assert due() == {}

        ReconciliationItem.objects.update(status="settled")
        assert set(due()) == {lead.pk}

    def test_by_an_open_dispute(self, dana, amira, acme):
        lead = closed(dana, amira, acme, days_ago=1100)
        Commission.objects.update(status="paid")
        Dispute.objects.create(
            commission=Commission.objects.get(), partner=acme, by_partner=True, due_on=NOW.date(),
            opened_by=amira.actor_id, claimed_amount=2, recorded_amount=1, currency="AED",
        )  # fmt: skip

        assert due() == {}

        Dispute.objects.update(status="withdrawn")
        assert set(due()) == {lead.pk}

    def test_by_a_restriction(self):
        lead_of(500, restricted_at=NOW - timedelta(days=500))

        assert due() == {}


class TestApplied:
    def test_erases_and_tells_nobody_who_did_not_ask(self):
        lead = lead_of(101)

        with time_machine.travel(NOW, tick=False):
            erased = services.apply_retention()

        lead.refresh_from_db()
        assert [found.lead_id for found in erased] == [lead.pk]
        assert (lead.name, lead.email, lead.erased_at) == ("", "", NOW)
        assert Event.objects.get(kind="lead_erased").data["because"] == "retention"
        assert not Delivery.objects.exists()

    def test_who_did_not_ask_may_be_recorded_again(self):
        lead_of(101)

        with time_machine.travel(NOW, tick=False):
            services.apply_retention()

        assert not Suppression.objects.exists()

    def test_who_asked_is_erased_when_the_law_lets_us(self, dana):
        lead = LeadFactory.create(market="india", region="IN-MH", currency="INR")
        asked = timezone.now()
        services.ask_erasure(actor=dana, lead_id=lead.pk)

        with time_machine.travel(asked + timedelta(days=49), tick=False):
            assert services.apply_retention() == []
        with time_machine.travel(asked + timedelta(days=51), tick=False):
            (erased,) = services.apply_retention()

        lead.refresh_from_db()
        assert erased == retention.Due(lead.pk, "asked for by the client")
        assert (lead.name, lead.phone) == ("", "")
        assert Suppression.objects.count() == 2
        assert Delivery.objects.filter(type="client_erased", state="pending").exists()

    def test_stops_at_its_limit(self):
        for _ in range(3):
            lead_of(101)

        with time_machine.travel(NOW, tick=False):
            assert len(services.apply_retention(limit=2)) == 2
            assert len(services.apply_retention(limit=2)) == 1

    def test_what_happened_meanwhile_counts(self, monkeypatch):
        lead = lead_of(101)
        stale = [retention.Due(lead.pk, "as read before")]
        monkeypatch.setattr(services.erasure.retention, "due", lambda _now: iter(stale))
        Event.objects.create(kind="lead_corrected", actor="system", lead_id=lead.pk, at=NOW)

        with time_machine.travel(NOW, tick=False):
            assert services.apply_retention() == []

        lead.refresh_from_db()
        assert lead.erased_at is None

    def test_one_that_cannot_be_erased_does_not_keep_the_others(self, monkeypatch, caplog):
        broken, sound = sorted((lead_of(101) for _ in range(2)), key=lambda lead: lead.pk)
        whole = services.erasure._clear

        def clear(lead: Lead) -> None:
            if lead.pk == broken.pk:
                raise ValueError(lead.email)
            whole(lead)

        monkeypatch.setattr(services.erasure, "_clear", clear)
        with time_machine.travel(NOW, tick=False):
            erased = services.apply_retention()

        assert [found.lead_id for found in erased] == [sound.pk]
        assert f"lead {broken.pk} was not erased: ValueError" in caplog.text
        assert broken.email not in caplog.text
        broken.refresh_from_db()
        assert broken.erased_at is None

    def test_every_night_old_links_go_too(self):
        lead = lead_of(1)
        for days in (-1, 1):
            ClientLink.objects.create(
                lead=lead, token_hash=bytes([days + 2]) * 32,
                expires_at=timezone.now() + timedelta(days=days),
            )  # fmt: skip

        tasks.apply_retention()

        assert ClientLink.objects.count() == 1


class TestCommand:
    def test_a_dry_run_tells_and_changes_nothing(self):
        leads = sorted(lead_of(101).pk for _ in range(2))
        out = StringIO()

        with time_machine.travel(NOW, tick=False):
            call_command("apply_retention", "--dry-run", stdout=out)

        assert out.getvalue().splitlines() == [
            *leads,
            "uae, rule of 2026-01-01, without a deal: 2 would be erased",
            "2 would be erased",
        ]
        assert not Lead.objects.filter(erased_at__isnull=False).exists()

    def test_it_says_what_it_did(self):
        lead = lead_of(101)
        out = StringIO()

        with time_machine.travel(NOW, tick=False):
            call_command("apply_retention", stdout=out)

        assert out.getvalue().splitlines()[0] == lead.pk
        assert out.getvalue().splitlines()[-1] == "1 erased"


def test_the_rules_are_told_to_clients() -> None:
    assert "100 days after the last activity" in retention.in_words("uae")
    assert "law makes us keep" not in retention.in_words("uae")
    assert "erase them 50 days later" in retention.in_words("india")
