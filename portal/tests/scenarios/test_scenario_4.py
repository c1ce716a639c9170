"""Scenario 4: a partner rejects, and another gets the lead."""

from __future__ import annotations

import pytest

from commissions.models import Commission
from leads.models import Lead
from partners.tests.factories import PASSWORD
from portal.tests.scenarios.walk import CLIENTS_APPROVAL, NotYet, Step, Walk

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = (
    Step(1, "Lead shared with partner A", "POST /api/share-lead and signed webhook"),
    Step(2, "Partner A reviews lead", "the lead's page in the portal"),
    Step(3, 'Partner A rejects: "Outside our capacity"', "the portal's form, reason required"),
    Step(4, "System updates status to rejected", "API; nothing is disclosed any more"),
    Step(5, "Agent notified of rejection", "on top of the inbox as needing her"),
    Step(6, "Agent evaluates alternative partners", "the lead's page offers partner B"),
    NotYet(7, "Agent requests client approval for reassignment", CLIENTS_APPROVAL),
    NotYet(8, "Client approves new partner", CLIENTS_APPROVAL),
    Step(9, "Agent shares with partner B", "the form, instead of the rejected share"),
    Step(10, "Partner B accepts", "POST /api/partner-update"),
    Step(11, "Partner B works lead", "POST /api/partner-update"),
    Step(12, "Deal closes with partner B", "POST /api/partner-update"),
    Step(13, "Commission to partner B only", "one commission; A sees neither it nor the lead"),
)
CLIENT = {"name": "Zayd Mithal", "email": "zayd.m@example.com", "phone": "+971500000041"}


def test_a_rejected_lead_is_reassigned(live, inbox, agent, listening, acme, amira, rival):
    walk = Walk(STEPS)
    first, second = listening("acme", acme), listening("rival", rival)
    reviewer = live.visitor(amira, PASSWORD)
    lead_id = agent.capture(
        market="uae",
        lead={
            "customerInfo": CLIENT,
            "budget": 1600000,
            "preferences": {"locations": ["Business Bay"]},
        },
    )

    with walk.step(1):
        body = {"leadId": lead_id, "partnerId": acme.pk}
        reference = agent.api.post("/api/share-lead", body).data["shareId"]
        inbox.wait_for("acme", "lead.shared", reference)
    with walk.step(2):
        page = reviewer.get(f"/portal/leads/{reference}/")
        assert "1,600,000" in page.words
        assert CLIENT["name"] not in page.text
    with walk.step(3):
        address = f"/portal/leads/{reference}/"
        page = reviewer.send(f"{address}reject/", {"reason": ""}, on=address)
        assert page.status == 422
        page = reviewer.send(f"{address}reject/", {"reason": "Outside our capacity"}, on=address)
        assert page.status == 200, page.words
    with walk.step(4):
        seen = first.lead(reference)
        assert seen["status"] == "rejected"
        assert set(seen["lead"]) == {"leadId", "market", "currency", "sharedAt"}
        assert "1,600,000" not in reviewer.get(address).words
    with walk.step(5):
        page = agent.browser.get("/leads/?state=needs_agent")
        assert lead_id in page.text
        assert CLIENT["name"] in page.words
    with walk.step(6):
        page = agent.browser.get(f"/leads/{lead_id}/")
        assert "Outside our capacity" in page.words
        assert f'value="{rival.pk}"' in page.text
    with walk.step(9):
        page = agent.share_on_page(
            lead_id,
            partner=rival.pk,
            instead_of=reference,
            share_budget="on",
            share_requirements="on",
        )
        assert "Shared with Rival Realty" in page.words
        new_reference = second.reference_of(lead_id)
        assert new_reference != reference
        inbox.wait_for("rival", "lead.shared", new_reference)
        [moved] = Lead.objects.get(pk=lead_id).reassignment_history
        assert (moved["from"], moved["to"], moved["after"]) == (acme.pk, rival.pk, "rejected")
        assert lead_id not in agent.browser.get("/leads/?state=needs_agent").text
    with walk.step(10):
        assert second.report(new_reference, "accepted").data["status"] == "accepted"
    with walk.step(11):
        assert second.report(new_reference, "in_progress").data["status"] == "in_progress"
    with walk.step(12):
        answer = second.report(new_reference, "closed", agreementValue=1500000)
        assert answer.data["status"] == "closed"
    with walk.step(13):
        assert Commission.objects.get().partner_id == rival.pk
        inbox.wait_for("rival", "commission.recorded", new_reference)
        assert [entry["leadId"] for entry in second.api.get("/api/commissions").data] == [
            new_reference
        ]
        assert first.api.get("/api/commissions").data == []
        assert not inbox.arrivals("acme", "commission.recorded")
        assert first.api.get(f"/api/leads/{new_reference}").status == 404
        assert reviewer.get(f"/portal/leads/{new_reference}/").status == 404

    assert walk.is_done()
