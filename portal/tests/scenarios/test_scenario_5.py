"""Scenario 5: three channel partners compete. Dollars are dirhams here, as booked."""

from __future__ import annotations

import pytest

from commissions.models import Commission
from partners.tests.factories import PartnerFactory
from portal.tests.scenarios.walk import CLIENTS_APPROVAL, PROPERTY_MATCHES, NotYet, Step, Walk

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = (
    Step(1, "High-value lead ($2M+)", "POST /api/leads"),
    Step(2, "Agent shares with 3 channel partners simultaneously", "one form, three partners"),
    Step(3, "All partners receive (WITHOUT contact info)", "three webhooks, three references"),
    NotYet(4, "Partners submit property matches to agent", PROPERTY_MATCHES),
    NotYet(5, "Agent curates best options", PROPERTY_MATCHES),
    NotYet(6, "Agent presents top 5 properties to client", PROPERTY_MATCHES),
    NotYet(7, "Client selects 2 for viewing", CLIENTS_APPROVAL),
    Step(8, "Agent coordinates viewings", "POST /api/share-appointment to A and B, not to C"),
    NotYet(9, "Client chooses property from partner B", CLIENTS_APPROVAL),
    Step(10, "Deal closes", "B reports it"),
    Step(11, "Commission to partner B: $2M * 15% = $300K", "answer and webhook"),
    Step(12, "Partners A & C: no commission", "told that it is over: no winner, no price"),
    Step(13, "Agent maintains partner relationships", "their room is free; the next lead goes out"),
)
CLIENT = {"name": "Victor Primer", "email": "victor.p@example.com", "phone": "+971500000051"}
WANTED = {"segment": "luxury", "bedroomsMin": 4, "bedroomsMax": 4, "views": ["sea"]}


def test_three_partners_compete_and_one_closes(live, inbox, agent, listening, acme, rival):
    walk = Walk(STEPS)
    marina = PartnerFactory.create(name="Marina Lane")
    partners = {"acme": acme, "rival": rival, "marina": marina}
    systems = {name: listening(name, partner) for name, partner in partners.items()}

    with walk.step(1):
        lead_id = agent.capture(
            market="uae",
            lead={"customerInfo": CLIENT, "budget": 2000000, "preferences": WANTED},
        )
    with walk.step(2):
        page = agent.share_on_page(
            lead_id,
            partner="",
            also=[partner.pk for partner in partners.values()],
            share_budget="on",
            share_requirements="on",
        )
        assert all(f"Shared with {partner.name}" in page.words for partner in partners.values())
        references = {name: system.reference_of(lead_id) for name, system in systems.items()}
        assert len(set(references.values())) == 3
    with walk.step(3):
        for name, reference in references.items():
            arrival = inbox.wait_for(name, "lead.shared", reference)
            assert arrival.data["lead"]["budget"] == 2000000
            assert arrival.data["lead"]["preferences"] == WANTED
            foreign = {*CLIENT.values(), lead_id, *references.values()} - {reference}
            foreign |= {p.pk for p in partners.values()} - {partners[name].pk}
            assert not [value for value in foreign if value in arrival.text]
            assert systems[name].report(reference, "accepted").status == 200
    with walk.step(8):
        for name in ("acme", "rival"):
            appointment = {
                "id": f"viewing-{name}",
                "date": "2026-12-20T10:00:00Z",
                "location": "Downtown Dubai",
                "type": "viewing",
            }
            body = {
                "partner": {"partnerId": partners[name].pk, "status": "accepted"},
                "payload": {
                    "partnerId": partners[name].pk,
                    "leadId": lead_id,
                    "appointment": appointment,
                },
            }
            assert agent.api.post("/api/share-appointment", body).data["appointmentId"]
            inbox.wait_for(name, "appointment.shared", references[name])
        assert not inbox.arrivals("marina", "appointment.shared")
    with walk.step(10):
        answer = systems["rival"].report(
            references["rival"], "closed", agreementValue=2000000, commissionPercent=15
        )
        assert answer.data["status"] == "closed"
    with walk.step(11):
        assert answer.json["commission"]["commissionAmount"] == 300000
        arrival = inbox.wait_for("rival", "commission.recorded", references["rival"])
        assert arrival.data["commission"]["commissionAmount"] == 300000
        assert Commission.objects.get().partner_id == rival.pk
    with walk.step(12):
        for name in ("acme", "marina"):
            arrival = inbox.wait_for(name, "lead.updated", references[name])
            assert arrival.data["status"] == "withdrawn"
            assert arrival.data["reason"] == "lead closed"
            assert not [told for told in ("Rival", rival.pk, "300000") if told in arrival.text]
            assert systems[name].api.get("/api/commissions").data == []
            seen = systems[name].lead(references[name])
            assert set(seen["lead"]) == {"leadId", "market", "currency", "sharedAt"}
            late = systems[name].report(references[name], "closed", agreementValue=2000000)
            assert (late.status, late.json["code"]) == (409, "illegal_transition")
    with walk.step(13):
        next_lead = agent.capture(market="uae", lead={"budget": 900000})
        for name in ("acme", "marina"):
            assert systems[name].api.get("/api/metrics").data["activeLeads"] == 0
            body = {"leadId": next_lead, "partnerId": partners[name].pk}
            assert agent.api.post("/api/share-lead", body).data["status"] == "sent"

    assert walk.is_done()
