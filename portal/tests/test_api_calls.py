"""Each address of the API does what the contract says, over HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest

from commissions.models import Commission, ReconciliationItem
from events.models import Event
from leads.models import ConsentDecision, Lead, Share
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partners.models import Partner

pytestmark = pytest.mark.django_db

UNKNOWN = "share_7zzzzzzzzzzzzzzzzzzzzzzzzz"
CONSENT = {"shareContact": False, "shareBudget": True, "shareRequirements": True}
DRAFT = {
    "customerInfo": {
        "name": "Layla Fiktiva",
        "email": "Layla.F@example.com",
        "phone": "+971500000001",
    },
    "budget": {"min": 1800000, "max": "2200000.50", "currency": "AED", "financing": "mortgage"},
    "preferences": {
        "propertyType": "apartment",
        "bedroomsMin": 2,
        "locations": ["Dubai Marina", "JBR"],
        "intent": "buy",
        "completion": "ready",
        "services": ["loans"],
    },
}


def data_of(response, status=200):
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert body["ok"] is True
    return body["data"]


def refused(response, status, code):
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert response.headers["Content-Type"] == "application/problem+json"
    assert body["ok"] is False
    assert body["status"] == status
    assert body["type"].endswith(f"/api/docs/#{code}")
    assert body["title"]
    assert body["detail"]
    assert body["requestId"] == response.headers["X-Request-Id"]
    return body


class TestShareLead:
    def test_shares_a_known_lead(self, agent_api, acme, lead):
        body = {
            "leadId": lead.pk,
            "partnerId": acme.pk,
            "partnerName": acme.name,
            "lead": {"customerInfo": {"anything": 1}, "score": 99},
            "consent": CONSENT,
            "consentMethod": "call",
        }

        data = data_of(agent_api.post("/api/share-lead", body))

        share = Share.objects.get()
        assert data == {
            "leadId": lead.pk,
            "partnerId": acme.pk,
            "shareId": share.pk,
            "status": "sent",
            "sharedAt": share.shared_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "consent": CONSENT,
            "withheld": {},
        }
        lead.refresh_from_db()
        assert (lead.name, lead.score) == ("John Doe", 87)
        assert ConsentDecision.objects.filter(method="call").count() == 2

    def test_records_a_new_lead_when_none_is_named(self, agent_api, acme):
        data = data_of(agent_api.post("/api/share-lead", {"partnerId": acme.pk, "lead": DRAFT}))

        recorded = Lead.objects.get(pk=data["leadId"])
        assert recorded.market == acme.market
        assert recorded.name == "Layla Fiktiva"
        assert recorded.budget_max == Decimal("2200000.50")
        assert recorded.locations == ["Dubai Marina", "JBR"]

    def test_takes_a_budget_as_one_number_and_no_customer(self, agent_api, acme):
        lead = {"budget": 5000000, "preferences": {"propertyType": "villa"}}
        body = {"partnerId": acme.pk, "lead": lead, "consent": CONSENT}

        data = data_of(agent_api.post("/api/v1/share-lead", body))

        recorded = Lead.objects.get(pk=data["leadId"])
        assert (recorded.budget_max, recorded.currency, recorded.name) == (5000000, "AED", "")

    def test_names_what_the_client_withholds(self, agent_api, acme, lead):
        ConsentDecision.objects.create(
            lead=lead, group="budget", state="refused", source="client", decided_by="client"
        )

        data = data_of(agent_api.post("/api/share-lead", {"leadId": lead.pk, "partnerId": acme.pk}))

        assert data["consent"]["shareBudget"] is False
        assert data["withheld"] == {"shareBudget": "refused by the client"}

    @pytest.mark.parametrize(
        "given",
        [
            ({"partnerName": "Somebody else"}, 422, "partner_name_mismatch"),
            ({"callbackUrl": "https://elsewhere.example/hook"}, 422, "callback_not_verified"),
            ({"consent": {}}, 422, "consent_withheld"),
            ({"leadId": "lead_00000000000000000000000000"}, 404, "not_found"),
            ({"leadId": "no such thing"}, 404, "not_found"),
            ({"partnerId": ""}, 404, "not_found"),
            ({"partnerId": "partner_00000000000000000000000000"}, 404, "not_found"),
        ],
    )
    def test_a_refusal_shares_nothing_and_is_recorded(self, agent_api, acme, lead, given):
        change, status, code = given
        body = {"leadId": lead.pk, "partnerId": acme.pk, **change}

        refused(agent_api.post("/api/share-lead", body), status, code)

        assert not Share.objects.exists()
        [event] = Event.objects.filter(kind="lead_share_failed")
        assert (event.ok, event.data) == (False, {"code": code})

    def test_refuses_beyond_capacity_twice_and_inactive_partners(self, agent_api, acme, lead):
        body = {"leadId": lead.pk, "partnerId": acme.pk}
        data_of(agent_api.post("/api/share-lead", body))
        refused(agent_api.post("/api/share-lead", body), 409, "already_shared")

        acme.capacity_limit = 1
        acme.save()
        full = refused(
            agent_api.post("/api/share-lead", {**body, "leadId": LeadFactory.create().pk}),
            409,
            "capacity_reached",
        )
        assert full["capacity"] == 1
        acme.status = "inactive"
        acme.save()
        refused(agent_api.post("/api/share-lead", body), 409, "partner_inactive")

    def test_says_every_code_of_the_gate(self, agent_api, sahyadri):
        lead = LeadFactory.create(market="india", currency="INR", region="IN-KA")

        problem = refused(
            agent_api.post("/api/share-lead", {"leadId": lead.pk, "partnerId": sahyadri.pk}),
            422,
            "compliance_gate",
        )

        assert "AGENT_NOT_REGISTERED_IN_STATE" in problem["codes"]

    def test_a_partners_key_may_not_share(self, acme_api, acme, lead):
        body = {"leadId": lead.pk, "partnerId": acme.pk}

        refused(acme_api.post("/api/share-lead", body), 403, "not_allowed")

        assert Event.objects.filter(kind="lead_share_failed").count() == 1


class TestSharePreferences:
    def test_changes_the_choice_by_either_name(self, agent_api, acme, lead, share):
        wider = {"shareContact": True, "shareBudget": True}
        body = {"leadId": lead.pk, "partnerId": acme.pk, "consent": wider, "consentMethod": "call"}

        data = data_of(agent_api.post("/api/share-preferences", body))

        assert (data["leadId"], data["partnerId"], data["withheld"]) == (lead.pk, acme.pk, {})
        assert data["consent"] == {
            "shareContact": True,
            "shareBudget": True,
            "shareRequirements": False,
        }
        assert data["updatedAt"]
        data = data_of(
            agent_api.post("/api/share-preferences", {"leadId": share.pk, "consent": CONSENT})
        )
        assert (data["leadId"], data["consent"]) == (share.pk, CONSENT)

    def test_refuses_more_than_the_type_may_see(self, agent_api, dana, lendwell, lead):
        share = share_lead(actor=dana, partner_id=lendwell.pk, lead_id=lead.pk)
        body = {"leadId": share.pk, "consent": {"shareBudget": True}}

        refused(agent_api.post("/api/share-preferences", body), 422, "consent_withheld")

    def test_needs_an_agent_and_a_share(self, agent_api, acme_api, lead, share):
        body = {"leadId": share.pk, "consent": CONSENT}

        refused(acme_api.post("/api/share-preferences", body), 403, "not_allowed")
        refused(
            agent_api.post("/api/share-preferences", {**body, "leadId": lead.pk}), 404, "not_found"
        )


class TestPartnerUpdate:
    def test_accepts_works_and_closes(self, acme_api, acme, share):
        for status in ("sent", "accepted", "accepted", "in_progress"):
            data = data_of(
                acme_api.post("/api/partner-update", {"leadId": share.pk, "status": status})
            )
            assert (data["leadId"], data["partnerId"]) == (share.pk, acme.pk)
            assert (data["status"], bool(data["updatedAt"])) == (status, True)
        closing = {
            "leadId": share.pk,
            "partnerId": acme.pk,
            "status": "closed",
            "agreementValue": 5000000,
            "commissionPercent": 15,
            "currency": "AED",
            "closingDate": share.shared_at.date().isoformat(),
            "notes": "Signed",
        }

        response = acme_api.post("/api/partner-update", closing)

        assert data_of(response)["status"] == "closed"
        assert response.json()["commission"] == {
            "id": Commission.objects.get().pk,
            "commissionAmount": 750000,
            "commissionPercent": 15,
            "agreementValue": 5000000,
            "currency": "AED",
            "direction": "platform_pays_partner",
            "recorded": True,
            "status": "pending",
            "claimDiffers": False,
        }
        assert Commission.objects.get().closed_on == share.shared_at.date()
        again = acme_api.post("/api/partner-update", closing)
        assert again.json()["commission"] == response.json()["commission"]
        other = acme_api.post("/api/partner-update", {**closing, "agreementValue": 5000001})
        refused(other, 409, "illegal_transition")
        assert Commission.objects.count() == 1

    def test_a_differing_claim_is_kept_and_not_booked(self, acme_api, share):
        acme_api.post("/api/partner-update", {"leadId": share.pk, "status": "accepted"})
        closing = {
            "leadId": share.pk,
            "status": "closed",
            "agreementValue": "1000.10",
            "commissionPercent": 20.25,
            "currency": "EUR",
        }

        response = acme_api.post("/api/partner-update", closing)
        assert data_of(response)["status"] == "closed"
        commission = response.json()["commission"]

        assert commission["claimDiffers"] is True
        assert (commission["commissionPercent"], commission["currency"]) == (15, "AED")
        assert commission["commissionAmount"] == 150.02
        assert ReconciliationItem.objects.count() == 2

    def test_a_second_partners_closing_goes_to_review(self, acme_api, rival_api, dana, share):
        rival = Partner.objects.get(name="Rival Realty")
        theirs = share_lead(actor=dana, partner_id=rival.pk, lead_id=share.lead_id)
        for api, reference in ((acme_api, share.pk), (rival_api, theirs.pk)):
            api.post("/api/partner-update", {"leadId": reference, "status": "accepted"})
        closing = {"status": "closed", "agreementValue": 100, "commissionPercent": 20}
        acme_api.post("/api/partner-update", {**closing, "leadId": share.pk})

        response = rival_api.post("/api/partner-update", {**closing, "leadId": theirs.pk})

        assert data_of(response)["status"] == "closed"
        booked = response.json()["commission"]
        assert (booked["recorded"], booked["status"]) == (False, "under_review")
        assert Commission.objects.count() == 1

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"status": "rejected"}, 422, "reason_required"),
            ({"status": "in_progress"}, 409, "illegal_transition"),
            ({"status": "closed", "agreementValue": 1}, 409, "illegal_transition"),
            ({"status": "accepted", "partnerId": "partner_x"}, 403, "partner_mismatch"),
            ({"status": "accepted", "leadId": UNKNOWN}, 404, "not_found"),
        ],
    )
    def test_refuses(self, acme_api, share, body, status, code):
        refused(acme_api.post("/api/partner-update", {"leadId": share.pk, **body}), status, code)

        share.refresh_from_db()
        assert share.status == "sent"
        closing = body["status"] == "closed"
        assert Event.objects.filter(kind="partner_commission_failed").exists() == closing

    def test_an_agent_reports_on_the_partners_behalf(self, agent_api, acme, lead, share):
        body = {"leadId": lead.pk, "partnerId": acme.pk, "status": "accepted"}

        assert data_of(agent_api.post("/api/partner-update", body))["status"] == "accepted"

    def test_a_lead_id_means_nothing_to_a_partner(self, acme_api, lead, share):
        body = {"leadId": lead.pk, "status": "accepted"}

        refused(acme_api.post("/api/partner-update", body), 404, "not_found")


def appointment_body(share, **change):
    """Return a call that tells an appointment of SHARE."""
    appointment = {
        "id": "their-1",
        "date": "2026-12-28T14:00:00+04:00",
        "location": "Property site",
        "type": "viewing",
        **change,
    }
    payload = {"partnerId": share.partner_id, "leadId": share.pk, "appointment": appointment}
    return {"partner": {"partnerId": share.partner_id, "status": "sent"}, "payload": payload}


class TestShareAppointment:
    def test_tells_the_partner_and_updates_on_repeat(self, agent_api, share):
        first = data_of(agent_api.post("/api/share-appointment", appointment_body(share)))
        again = data_of(
            agent_api.post("/api/share-appointment", appointment_body(share, location="Gate 2"))
        )

        assert first["appointmentId"] == again["appointmentId"]
        assert (first["leadId"], first["partnerId"]) == (share.pk, share.partner_id)
        assert share.appointments.get().location == "Gate 2"
        assert share.appointments.get().starts_at.hour == 10

    def test_refuses_and_records(self, agent_api, acme_api, rival, share):
        disagreeing = appointment_body(share)
        disagreeing["partner"]["partnerId"] = rival.pk
        refused(agent_api.post("/api/share-appointment", disagreeing), 422, "partners_disagree")
        wrong_status = appointment_body(share)
        wrong_status["partner"]["status"] = "accepted"
        refused(agent_api.post("/api/share-appointment", wrong_status), 409, "conflict")
        good = appointment_body(share)
        refused(acme_api.post("/api/share-appointment", good), 403, "not_allowed")
        refused(acme_api.post("/api/share-appointment", disagreeing), 403, "not_allowed")
        unknown = appointment_body(share)
        unknown["payload"]["leadId"] = UNKNOWN
        refused(agent_api.post("/api/share-appointment", unknown), 404, "not_found")

        assert Event.objects.filter(kind="appointment_share_failed", ok=False).count() == 5
        assert not share.appointments.exists()


class TestCapture:
    def test_records_the_lead_and_the_clients_word(self, agent_api):
        body = {
            "lead": DRAFT,
            "clientConsent": {**CONSENT, "method": "form", "noticeVersion": "2026-11"},
        }

        data = data_of(agent_api.post("/api/leads", body))

        recorded = Lead.objects.get(pk=data["leadId"])
        assert (recorded.market, recorded.email) == ("uae", "layla.f@example.com")
        decisions = ConsentDecision.objects.filter(lead=recorded, source="client")
        assert dict(decisions.values_list("group", "state")) == {
            "contact": "refused",
            "budget": "given",
            "requirements": "given",
        }

    def test_rupees_mean_india(self, agent_api):
        body = {"lead": {"budget": {"max": 100, "currency": "INR"}, "region": "IN-MH"}}

        assert data_of(agent_api.post("/api/leads", body))["market"] == "india"

    def test_is_for_agents(self, acme_api):
        refused(acme_api.post("/api/leads", {"lead": {}}), 403, "not_allowed")
        assert not Lead.objects.exists()
