"""`data.version` grows with what happens to a share and tells nothing of other partners."""

from __future__ import annotations

import pytest

from events.models import Delivery, Endpoint
from leads import services
from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import Lead, Share
from leads.payloads import build_shared
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana)


def shared_with(partner: Partner, lead: Lead, agent: User) -> Share:
    Endpoint.objects.create(
        partner=partner, url="http://127.0.0.1:1/", secret="whsec_x", verified_at=lead.created_at
    )
    return services.share_lead(
        actor=agent, partner_id=partner.pk, lead_id=lead.pk, choice=Groups(False, True, True)
    )


def version(share: Share) -> int:
    delivery = Delivery(refs={"share": str(share.pk)})
    body = build_shared([delivery])[delivery.pk]
    assert body is not None
    found: int = body["version"]
    return found


def test_it_grows_with_each_change_and_not_by_asking(lead, dana, acme, amira):
    share = shared_with(acme, lead, dana)
    seen = [version(share), version(share)]
    assert seen[0] == seen[1]
    services.update_share(actor=amira, reference=share.pk, status="accepted")
    seen.append(version(share))
    services.correct_lead(
        actor=ClientActor(str(lead.pk)), lead_id=lead.pk, changes={"budget_max": "2500000"}
    )
    seen.append(version(share))
    services.update_share(actor=amira, reference=share.pk, status="in_progress")
    seen.append(version(share))

    assert seen[1] < seen[2] < seen[3] < seen[4]


def test_what_happens_to_others_does_not_show(lead, dana, acme, rival, rami):
    share = shared_with(acme, lead, dana)
    before = version(share)
    other = shared_with(rival, lead, dana)
    services.update_share(actor=rami, reference=other.pk, status="accepted")
    # Somebody corrects what Acme does not see.
    services.correct_lead(
        actor=ClientActor(str(lead.pk)), lead_id=lead.pk, changes={"phone": "+971507654321"}
    )

    assert version(share) == before
