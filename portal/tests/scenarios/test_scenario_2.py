"""Scenario 2: developer directly. The requirement's dollars are dirhams here, as booked."""

from __future__ import annotations

import pytest

from partners.tests.factories import PASSWORD
from portal.tests.scenarios.walk import PAYMENT, PROPERTY_MATCHES, NotYet, Step, Walk

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = (
    Step(1, 'Lead captured: client interested in "XYZ Towers"', "POST /api/leads"),
    Step(2, "Agent shares lead with XYZ Developer", "POST /api/share-lead, all three groups"),
    Step(3, "Developer receives full lead details", "signed webhook, API and portal"),
    Step(4, "Developer contacts client directly", "accepts, with the number to call before it"),
    Step(5, "Developer schedules site visit", "reports progress with notes"),
    Step(6, "System shares appointment with developer via API", "POST /api/share-appointment"),
    Step(7, "Developer conducts site visit", "the visit stands on the developer's page"),
    NotYet(8, "Developer sends proposal", PROPERTY_MATCHES),
    Step(9, "Client books unit", "what the developer reports next"),
    Step(10, "Developer reports booking", "the portal's form, as a person closes a deal"),
    Step(11, "Platform receives 5% commission: $800K * 5% = $40K", "the developer is who pays"),
    NotYet(12, "Developer pays commission to platform", PAYMENT),
)
JOHN = {"name": "John Doe", "email": "john@example.com", "phone": "+971501234567"}
WANTED = {
    "propertyType": "apartment",
    "bedroomsMin": 3,
    "bedroomsMax": 3,
    "completion": "ready",
    "project": "XYZ Towers",
}
EVERYTHING = {"shareContact": True, "shareBudget": True, "shareRequirements": True}


def test_a_developer_works_with_the_client(
    live, inbox, agent, listening, agreed, skyline, devika, finance_user
):
    walk = Walk(STEPS)
    agreed(skyline, 5)
    system = listening("skyline", skyline)
    developer = live.visitor(devika, PASSWORD)

    with walk.step(1):
        lead_id = agent.capture(
            market="uae",
            lead={"customerInfo": JOHN, "budget": 800000, "preferences": WANTED},
            clientConsent=EVERYTHING,
        )
    with walk.step(2):
        answer = agent.api.post(
            "/api/share-lead",
            {
                "leadId": lead_id,
                "partnerId": skyline.pk,
                "partnerName": "Skyline Developers",
                "callbackUrl": inbox.url("skyline"),
                "consent": EVERYTHING,
                "consentMethod": "call",
            },
        )
        assert answer.data["status"] == "sent"
        assert answer.data["consent"] == EVERYTHING
        assert answer.data["withheld"] == {}
        reference = answer.data["shareId"]
    with walk.step(3):
        arrival = inbox.wait_for("skyline", "lead.shared", reference)
        assert arrival.data["lead"]["customerInfo"] == JOHN
        assert arrival.data["lead"]["budget"] == 800000
        assert arrival.data["lead"]["preferences"] == WANTED
        assert system.lead(reference)["lead"] == arrival.data["lead"]
        page = developer.get(f"/portal/leads/{reference}/")
        assert all(value in page.words for value in ("John Doe", "john@example.com", "800,000"))
    with walk.step(4):
        assert "tel:+971501234567" in page.text or "+971 50 123 4567" in page.words
        assert system.report(reference, "accepted").data["status"] == "accepted"
    with walk.step(5):
        notes = "Called; the client wants to see the unit on Sunday"
        assert system.report(reference, "in_progress", notes=notes).status == 200
    with walk.step(6):
        appointment = {
            "id": "visit-1",
            "date": "2026-12-28T14:00:00Z",
            "location": "XYZ Towers, sales gallery",
            "type": "site_visit",
        }
        answer = agent.api.post(
            "/api/share-appointment",
            {
                "partner": {"partnerId": skyline.pk, "status": "in_progress"},
                "payload": {
                    "partnerId": skyline.pk,
                    "leadId": lead_id,
                    "appointment": appointment,
                },
            },
        )
        assert answer.data["appointmentId"]
        arrival = inbox.wait_for("skyline", "appointment.shared", reference)
        assert arrival.data["appointment"]["type"] == "site_visit"
        assert arrival.data["lead"]["customerInfo"] == JOHN
    with walk.step(7):
        page = developer.get(f"/portal/leads/{reference}/")
        assert "XYZ Towers, sales gallery" in page.words
    with walk.step(9, 10):
        page = developer.send(
            f"/portal/leads/{reference}/close/",
            {"agreement_value": "800,000", "notes": "Unit booked"},
            on=f"/portal/leads/{reference}/",
        )
        assert page.status == 200, page.words
        assert system.lead(reference)["status"] == "closed"
        assert system.lead(reference)["confirmedAt"]
    with walk.step(11):
        arrival = inbox.wait_for("skyline", "commission.recorded", reference)
        booked = arrival.data["commission"]
        assert booked["commissionAmount"] == 40000
        assert booked["commissionPercent"] == 5
        assert booked["direction"] == "partner_pays_platform"
        assert "40,000" in developer.get("/portal/commissions/").words
        finance = live.visitor(finance_user, PASSWORD)
        assert "40,000" in finance.get("/analytics/").words

    assert walk.is_done()
