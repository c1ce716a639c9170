"""Where a market asks for the client's own act, the API's consent is a choice and no more."""

from __future__ import annotations

from typing import Any

import pytest

from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import ConsentDecision, Lead, Share
from leads.services import share_lead
from leads.services.consent import Wish, decide
from partners.models import Partner, User
from portal.tests.callers import Caller
from portal.tests.test_api_calls import CONSENT, DRAFT, data_of, refused

pytestmark = pytest.mark.django_db
ALL = dict.fromkeys(CONSENT, True)


@pytest.fixture(autouse=True)
def _explicit(settings: Any) -> None:
    settings.CONSENT_POLICY = {"uae": "explicit", "india": "explicit"}


def allow(lead: Lead, *groups: str) -> None:
    wishes = [Wish(group, given=True) for group in groups]
    decide(actor=ClientActor(str(lead.pk)), lead_id=str(lead.pk), wishes=wishes)


class TestShareLead:
    def test_is_refused_until_the_client_decides(
        self, agent_api: Caller, acme: Partner, lead: Lead
    ) -> None:
        body = {"leadId": lead.pk, "partnerId": acme.pk, "consent": ALL, "consentMethod": "call"}

        refused(agent_api.post("/api/share-lead", body), 422, "consent_withheld")

        assert not Share.objects.exists()
        assert not ConsentDecision.objects.exists()

    def test_is_refused_for_a_lead_nobody_has_asked(self, agent_api: Caller, acme: Partner) -> None:
        body = {"partnerId": acme.pk, "lead": DRAFT, "consent": CONSENT}

        refused(agent_api.post("/api/share-lead", body), 422, "consent_withheld")

        assert not Lead.objects.exists()

    def test_shares_what_the_client_allowed(
        self, agent_api: Caller, acme: Partner, lead: Lead
    ) -> None:
        allow(lead, "budget")
        body = {"leadId": lead.pk, "partnerId": acme.pk, "consent": ALL, "consentMethod": "call"}

        data = data_of(agent_api.post("/api/share-lead", body))

        assert data["consent"] == {
            "shareContact": False,
            "shareBudget": True,
            "shareRequirements": False,
        }
        assert data["withheld"] == {
            "shareContact": "the client has not agreed yet",
            "shareRequirements": "the client has not agreed yet",
        }
        assert not ConsentDecision.objects.filter(source="agent").exists()


def test_preferences_widen_no_further_than_the_client(
    agent_api: Caller, dana: User, acme: Partner, lead: Lead
) -> None:
    allow(lead, "budget", "requirements")
    share = share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups(False, True, False)
    )
    body = {"leadId": share.pk, "partnerId": acme.pk, "consent": ALL, "consentMethod": "call"}

    data = data_of(agent_api.post("/api/share-preferences", body))

    assert data["consent"] == {
        "shareContact": False,
        "shareBudget": True,
        "shareRequirements": True,
    }
    assert data["withheld"] == {"shareContact": "the client has not agreed yet"}
    assert not ConsentDecision.objects.filter(source="agent").exists()
