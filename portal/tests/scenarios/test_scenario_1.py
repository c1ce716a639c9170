"""Scenario 1: channel partner referral. The requirement's dollars are dirhams here, as booked."""

from __future__ import annotations

import pytest

from events.models import Event
from partners.tests.factories import PASSWORD
from portal.tests.scenarios.walk import PAYMENT, PROPERTY_MATCHES, NotYet, Step, Walk

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = (
    Step(1, "Lead captured on platform", "POST /api/leads, with the client's own decision"),
    Step(2, "Agent reviews lead quality", "the lead's page, internal fields included"),
    Step(3, "Agent identifies suitable channel partner", "Acme with its room in the form"),
    Step(4, "Agent shares lead with channel partner", "the form without contact"),
    Step(5, "Channel partner receives", "signed webhook, API and portal: no contact anywhere"),
    NotYet(6, "Channel partner finds matching properties", PROPERTY_MATCHES),
    Step(7, "Channel partner contacts internal agent (not client)", "accepts, reports with notes"),
    Step(8, "Agent coordinates viewing with client", "POST /api/share-appointment and webhook"),
    NotYet(9, "Client views properties found by partner", PROPERTY_MATCHES),
    Step(10, "Deal closes", "what the partner reports next"),
    Step(11, "Channel partner reports closure", "POST /api/partner-update"),
    Step(12, "Commission recorded: $500K * 20% = $100K", "answer, webhook and both dashboards"),
    NotYet(13, "Partner receives commission payment", PAYMENT),
)
CLIENT = {
    "name": "Nadia Probe",
    "email": "nadia.p@example.com",
    "phone": "+971500000081",
    "location": "Sharjah",
}
WANTED = {
    "propertyType": "apartment",
    "bedroomsMin": 2,
    "bedroomsMax": 2,
    "locations": ["Downtown Dubai"],
    "views": ["marina"],
}


def holds_contact(text: str) -> bool:
    return any(value in text for value in CLIENT.values())


def test_a_channel_partner_refers(live, inbox, agent, listening, agreed, acme, amira, finance_user):
    walk = Walk(STEPS)
    agreed(acme, 20)
    system = listening("acme", acme)
    partner_page = live.visitor(amira, PASSWORD)

    with walk.step(1):
        lead_id = agent.capture(
            market="uae",
            lead={"customerInfo": CLIENT, "budget": 500000, "preferences": WANTED},
            clientConsent={"shareContact": True, "shareBudget": True, "shareRequirements": True},
        )
        assert lead_id.startswith("lead_")
    with walk.step(2):
        page = agent.browser.get(f"/leads/{lead_id}/")
        assert page.status == 200
        assert CLIENT["name"] in page.words
        assert "500,000" in page.words
    with walk.step(3):
        assert f'value="{acme.pk}"' in page.text
        assert "Acme Channel Partners" in page.words
    with walk.step(4):
        page = agent.share_on_page(
            lead_id, partner=acme.pk, share_budget="on", share_requirements="on"
        )
        assert "Shared with Acme Channel Partners" in page.words
        reference = system.reference_of(lead_id)
    with walk.step(5):
        arrival = inbox.wait_for("acme", "lead.shared", reference)
        assert arrival.data["consent"] == {
            "shareContact": False,
            "shareBudget": True,
            "shareRequirements": True,
        }
        assert arrival.data["lead"]["budget"] == 500000
        assert arrival.data["lead"]["preferences"] == WANTED
        assert "customerInfo" not in arrival.data["lead"]
        assert not holds_contact(arrival.text)
        assert not holds_contact(system.api.get(f"/api/leads/{reference}").text)
        page = partner_page.get(f"/portal/leads/{reference}/")
        assert page.status == 200
        assert "500,000" in page.words
        assert not holds_contact(page.text)
        assert lead_id not in page.text
    with walk.step(7):
        assert system.report(reference, "accepted").data["status"] == "accepted"
        notes = "Three that fit in Downtown, please arrange a viewing"
        assert system.report(reference, "in_progress", notes=notes).status == 200
        page = agent.browser.get(f"/leads/{lead_id}/")
        assert "In progress" in page.words
    with walk.step(8):
        answer = agent.api.post(
            "/api/share-appointment",
            {
                "partner": {"partnerId": acme.pk, "status": "in_progress"},
                "payload": {
                    "partnerId": acme.pk,
                    "leadId": lead_id,
                    "appointment": {
                        "id": "appt_abc",
                        "date": "2026-12-28T14:00:00Z",
                        "location": "Property Site",
                        "type": "viewing",
                    },
                    "lead": {"customerInfo": CLIENT},
                },
            },
        )
        assert answer.data["partnerId"] == acme.pk
        arrival = inbox.wait_for("acme", "appointment.shared", reference)
        assert arrival.data["appointment"]["location"] == "Property Site"
        assert not holds_contact(arrival.text)
    with walk.step(10, 11):
        answer = system.report(
            reference,
            "closed",
            partnerId=acme.pk,
            agreementValue=500000,
            commissionPercent=20,
            notes="Successfully closed",
        )
        assert answer.data["status"] == "closed"
    with walk.step(12):
        booked = answer.json["commission"]
        assert booked["commissionAmount"] == 100000
        assert booked["commissionPercent"] == 20
        assert booked["currency"] == "AED"
        assert booked["recorded"] is True
        assert booked["direction"] == "platform_pays_partner"
        arrival = inbox.wait_for("acme", "commission.recorded", reference)
        assert arrival.data["commission"]["commissionAmount"] == 100000
        assert system.api.get("/api/metrics").data["commission"] == {"AED": 100000}
        assert "100,000" in partner_page.get("/portal/").words
        assert "100,000" in partner_page.get("/portal/commissions/").words
        finance = live.visitor(finance_user, PASSWORD)
        assert "100,000" in finance.get("/analytics/").words

    assert walk.is_done()
    # What the client is mailed goes its own way, at its own time; so do the looks of staff.
    to_client = ("receipt_issued", "client_link_issued", "contact_seen")
    told = Event.objects.filter(lead_id=lead_id, ok=True).exclude(kind__in=to_client).order_by("at")
    assert [event.kind for event in told] == [
        "lead_captured",
        "consent_decided",
        "lead_shared",
        "share_accepted",
        "share_in_progress",
        "appointment_shared_with_partner",
        "share_closed",
        "partner_commission_recorded",
        "closing_confirmed",
    ]
