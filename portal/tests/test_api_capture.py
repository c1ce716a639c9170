"""POST /api/leads: the client's decisions are provable, and who was erased stays erased."""

from __future__ import annotations

import json
from typing import Any

import pytest

from events.models import Event
from leads import notices, suppression
from leads.models import Lead, Notice, Receipt
from leads.tests.factories import LeadFactory
from partners.models import Partner
from portal.tests.callers import Caller

pytestmark = pytest.mark.django_db
CUSTOMER = {"name": "Layla Fiktiva", "email": "Layla.F@example.com", "phone": "0501234567"}


def capture(api: Caller, **consent: Any) -> Any:
    body: dict[str, Any] = {"market": "uae", "lead": {"customerInfo": CUSTOMER}}
    if consent:
        body["clientConsent"] = consent
    return api.post("/api/leads", body)


def test_our_notice_is_kept_with_the_decision(agent_api: Caller) -> None:
    shown = notices.current("uae", notices.FORM)
    answer = capture(agent_api, shareBudget=True, method="form", noticeVersion=shown.version)

    assert answer.status_code == 200
    lead = Lead.objects.get()
    told = {(d.notice_version, d.notice_hash, d.notice_language) for d in lead.decisions.all()}
    assert told == {(shown.version, shown.sha256, "en")}
    assert Notice.objects.get().text == shown.text
    record = Receipt.objects.get(lead=lead).body["records"][0]
    assert record["privacy_notice"]["text_sha256"] == shown.sha256


def test_a_notice_of_somebody_elses_is_kept_as_it_was_said(agent_api: Caller) -> None:
    capture(agent_api, shareBudget=True, noticeVersion="their-form-7")
    told = {(d.notice_version, d.notice_hash) for d in Lead.objects.get().decisions.all()}
    assert told == {("their-form-7", "")}
    assert not Notice.objects.exists()


def test_without_a_decision_there_is_no_receipt(agent_api: Caller) -> None:
    assert capture(agent_api).status_code == 200
    assert not Receipt.objects.exists()


def test_who_was_erased_is_not_recorded_again(agent_api: Caller, acme: Partner) -> None:
    suppression.add(LeadFactory.build(email="layla.f@example.com", phone=""))
    answers = [
        capture(agent_api, shareBudget=True),
        agent_api.post(
            "/api/share-lead",
            {"partnerId": acme.pk, "lead": {"customerInfo": CUSTOMER, "budget": 5_000_000}},
        ),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (409, "suppressed")
        assert "layla" not in answer.content.decode().lower()
    assert not Lead.objects.exists()
    kinds = sorted(Event.objects.filter(ok=False).values_list("kind", flat=True))
    assert kinds == ["lead_capture_refused", "lead_share_failed"]


def test_that_somebody_is_known_already_is_not_told(agent_api: Caller) -> None:
    first, second = capture(agent_api), capture(agent_api)

    assert Lead.objects.filter(duplicate_of__isnull=False).count() == 1
    assert first.json()["data"].keys() == second.json()["data"].keys()
    assert "uplicate" not in json.dumps(second.json())
