"""Scenario 3: RERA agent in India."""

from __future__ import annotations

import pytest

from events.models import Event
from leads.models import Share
from partners.tests.factories import PartnerFactory
from partners.types import Market, PartnerType
from portal.tests.scenarios.walk import (
    PAYMENT,
    PROPERTY_MATCHES,
    RERA_CHECKS,
    NotYet,
    Step,
    Walk,
)

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = (
    Step(1, "Lead captured: client in Mumbai", "POST /api/leads in India, in rupees"),
    Step(2, "System checks: RERA registration required", "who has none is refused, with codes"),
    Step(3, "Agent shares with RERA-registered partner", "POST /api/share-lead, gate frozen"),
    Step(4, "RERA agent receives lead", "signed webhook with contact, budget, requirements"),
    NotYet(5, "RERA agent verifies builder, project, carpet area, completion", RERA_CHECKS),
    NotYet(6, "RERA agent shares RERA-compliant properties only", PROPERTY_MATCHES),
    NotYet(7, "Client views properties with full transparency", PROPERTY_MATCHES),
    Step(8, "RERA agent facilitates transaction", "accepts and reports progress"),
    NotYet(9, "All documentation RERA-compliant", RERA_CHECKS),
    Step(10, "Deal closes with RERA protection", "POST /api/partner-update"),
    Step(11, "Commission recorded with RERA invoice", "in rupees; the invoice comes with payment"),
    NotYet(12, "Tax-compliant commission payment", PAYMENT),
)
CLIENT = {"name": "Arjun Namuna", "email": "arjun.n@example.com", "phone": "+919000000011"}
EVERYTHING = {"shareContact": True, "shareBudget": True, "shareRequirements": True}


def test_a_rera_agent_works_in_its_state(live, inbox, agent, listening, agreed, sahyadri):
    walk = Walk(STEPS)
    agreed(sahyadri, 12)
    system = listening("sahyadri", sahyadri)
    unregistered = PartnerFactory.create(
        name="Deccan Channel", type=PartnerType.CHANNEL, market=Market.INDIA
    )

    def share(lead_id: str, partner_id: str):
        return agent.api.post(
            "/api/share-lead",
            {
                "leadId": lead_id,
                "partnerId": partner_id,
                "consent": EVERYTHING,
                "consentMethod": "document",
            },
        )

    def capture(*locations: str) -> str:
        return agent.capture(
            market="india",
            lead={
                "customerInfo": CLIENT,
                "budget": {"min": 21000000, "max": 26000000, "financing": "home_loan"},
                "preferences": {"bedroomsMin": 2, "locations": list(locations)},
            },
            clientConsent=EVERYTHING,
        )

    with walk.step(1):
        lead_id = capture("Andheri West", "Goregaon")
    with walk.step(2):
        refused = share(lead_id, unregistered.pk)
        assert (refused.status, refused.json["code"]) == (422, "compliance_gate")
        assert refused.json["codes"] == ["AGENT_NOT_REGISTERED_IN_STATE"]
        # The state of the property decides, not where the agent sits.
        refused = share(capture("Bengaluru"), sahyadri.pk)
        assert refused.json["codes"] == ["AGENT_NOT_REGISTERED_IN_STATE"]
        failed = Event.objects.filter(kind="lead_share_failed", ok=False)
        assert [event.data["code"] for event in failed] == ["compliance_gate"] * 2
        assert not Share.objects.exists()
    with walk.step(3):
        reference = share(lead_id, sahyadri.pk).data["shareId"]
        gate = Share.objects.get(pk=reference).gate
        assert gate["result"] == "passed"
        assert gate["number"] == "A51800000001"
    with walk.step(4):
        arrival = inbox.wait_for("sahyadri", "lead.shared", reference)
        lead = arrival.data["lead"]
        assert lead["customerInfo"]["name"] == "Arjun Namuna"
        assert lead["budget"] == 26000000
        assert lead["budgetDetails"]["currency"] == lead["currency"] == "INR"
        assert lead["preferences"]["locations"] == ["Andheri West", "Goregaon"]
    with walk.step(8):
        for status in ("accepted", "in_progress"):
            assert system.report(reference, status).data["status"] == status
    with walk.step(10):
        answer = system.report(reference, "closed", agreementValue=24000000, currency="INR")
        assert answer.data["status"] == "closed"
    with walk.step(11):
        booked = answer.json["commission"]
        assert (booked["commissionAmount"], booked["currency"]) == (2880000, "INR")
        assert booked["claimDiffers"] is False
        arrival = inbox.wait_for("sahyadri", "commission.recorded", reference)
        assert arrival.data["commission"]["id"] == booked["id"]
        assert system.api.get("/api/metrics").data["commission"] == {"INR": 2880000}

    assert walk.is_done()
