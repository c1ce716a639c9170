"""What the scenarios share: the agent with a key and a browser, and partners who listen."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from leads.models import Share
from partners.models import Partner, User
from partners.services import update_partner
from partners.tests.factories import PASSWORD
from portal.tests.inbox import PartnerInbox
from portal.tests.live import LivePortal
from portal.tests.visitors import Answer, Api, Visitor


@dataclass(frozen=True, slots=True)
class Agent:
    """Dana: her system and her browser."""

    api: Api
    browser: Visitor

    def capture(self, **lead: object) -> str:
        """Record a lead by the API; return its id."""
        return str(self.api.post("/api/leads", lead).data["leadId"])

    def share_on_page(self, lead_id: str, **fields: object) -> Answer:
        """Send the sharing form of the lead's page; what is not given is not ticked."""
        page = f"/leads/{lead_id}/"
        answer = self.browser.send(f"{page}share/", fields, on=page)
        assert answer.status == 200, answer.words
        return answer


@dataclass(frozen=True, slots=True)
class System:
    """A partner's own system: its key, its inbox, and how it reports."""

    name: str
    partner: Partner
    api: Api
    inbox: PartnerInbox

    def reference_of(self, lead_id: str) -> str:
        """Return what this partner knows the lead by. Asks our database, as no partner could."""
        share = Share.objects.filter(lead=lead_id, partner=self.partner).latest("shared_at")
        return str(share.pk)

    def report(self, reference: str, status: str, **more: object) -> Answer:
        return self.api.post("/api/partner-update", {"leadId": reference, "status": status} | more)

    def lead(self, reference: str) -> dict[str, object]:
        found: dict[str, object] = self.api.get(f"/api/leads/{reference}").data
        return found


@pytest.fixture
def agent(live: LivePortal, dana: User) -> Agent:
    return Agent(live.api_of(dana), live.visitor(dana, PASSWORD))


@pytest.fixture
def listening(live: LivePortal, inbox: PartnerInbox):
    """Return how to connect a partner's own system."""

    def connect(name: str, partner: Partner) -> System:
        api = live.api_of(partner)
        inbox.connect(name, api)
        return System(name, partner, api, inbox)

    return connect


@pytest.fixture
def agreed(live: LivePortal, admin_user: User):
    """Return how to agree a commission in percent with a partner."""

    def agree(partner: Partner, percent: int) -> None:
        update_partner(actor=admin_user, partner_id=partner.pk, default_commission=Decimal(percent))

    return agree
