"""What partners read through the API, and what strangers do not find there."""

from __future__ import annotations

import pytest

from leads.services import share_lead
from leads.tests.factories import LeadFactory
from portal.tests.test_api_calls import CONSENT, UNKNOWN, data_of, refused

pytestmark = pytest.mark.django_db


class TestReading:
    def test_a_lead_shows_what_is_disclosed(self, acme_api, acme, share):
        shown = data_of(acme_api.get(f"/api/leads/{share.pk}"))

        assert shown["leadId"] == shown["lead"]["leadId"] == share.pk
        assert shown["consent"] == CONSENT
        assert (shown["status"], shown["acceptedAt"]) == ("sent", None)
        assert "customerInfo" not in shown["lead"]
        assert shown["lead"]["preferences"]["bedroomsMin"] == 2
        assert data_of(acme_api.get("/api/leads")) == [shown]

    def test_lists_page_by_page_newest_first(self, acme_api, dana, acme):
        shared = [
            share_lead(actor=dana, partner_id=acme.pk, lead_id=LeadFactory.create().pk).pk
            for _number in range(5)
        ]
        seen, cursor = [], ""
        while cursor is not None:
            response = acme_api.get(f"/api/leads?limit=2{cursor and '&cursor=' + cursor}")
            seen += [entry["leadId"] for entry in data_of(response)]
            cursor = response.json()["next"]

        assert seen == shared[::-1]
        assert data_of(acme_api.get("/api/leads?status=accepted")) == []

    def test_the_account_commissions_and_figures(self, acme_api, acme, share):
        acme_api.post("/api/partner-update", {"leadId": share.pk, "status": "accepted"})
        acme_api.post(
            "/api/partner-update", {"leadId": share.pk, "status": "closed", "agreementValue": 1000}
        )

        account = data_of(acme_api.get("/api/partner"))
        [commission] = data_of(acme_api.get("/api/commissions"))
        figures = data_of(acme_api.get("/api/metrics"))

        assert account["id"] == acme.pk
        assert (account["capacity"], account["activeLeads"]) == (10, 0)
        assert (account["defaultCommission"], account["callbackUrl"]) == (15, None)
        assert account["revenue"][0]["commissionAmount"] == 150
        assert commission["leadId"] == share.pk
        assert (commission["currency"], commission["status"]) == ("AED", "pending")
        assert figures["revenue"] == {"AED": 1000}
        assert (figures["conversionRate"], figures["closed"]) == (100, 1)

    def test_an_agent_has_no_account_here(self, agent_api, share):
        for path in ("partner", "leads", f"leads/{share.pk}", "commissions", "metrics"):
            refused(agent_api.get(f"/api/{path}"), 403, "not_allowed")

    def test_a_stranger_finds_nothing(self, rival_api, acme_api, share):
        refused(rival_api.get(f"/api/leads/{share.pk}"), 404, "not_found")
        refused(
            rival_api.post("/api/partner-update", {"leadId": share.pk, "status": "accepted"}),
            404,
            "not_found",
        )
        assert data_of(rival_api.get("/api/leads")) == []
        unknown = acme_api.get(f"/api/leads/{UNKNOWN}").json()
        theirs = rival_api.get(f"/api/leads/{share.pk}").json()
        assert {**unknown, "requestId": ""} == {**theirs, "requestId": ""}
