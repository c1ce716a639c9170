"""One question answered many times at once: one effect."""

from __future__ import annotations

from functools import partial

import pytest

from events.models import Event
from leads import services
from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import ConsentDecision, Proposal, Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.tests.test_races import at_once, codes

pytestmark = pytest.mark.django_db(transaction=True)
GROUPS = Groups(False, True, True)


@pytest.fixture
def proposal(dana: User, bayview: Partner) -> Proposal:
    lead = LeadFactory.create(agent=dana)
    return services.propose_partner(
        actor=dana, lead_id=lead.pk, partner_id=bayview.pk, choice=GROUPS
    )


def test_the_same_answer_many_times_is_one(proposal: Proposal) -> None:
    answer = partial(
        services.answer_proposal,
        actor=ClientActor(str(proposal.lead_id)),
        proposal_id=proposal.pk,
        groups=GROUPS,
    )

    assert codes(at_once([answer] * 8)) == {"done": 8}

    assert Share.objects.count() == 1
    assert ConsentDecision.objects.count() == 2
    assert Event.objects.filter(kind="proposal_answered").count() == 1
    assert not Event.objects.filter(ok=False).exists()


def test_of_yes_no_and_taking_back_one_counts(proposal: Proposal, dana: User) -> None:
    client = ClientActor(str(proposal.lead_id))
    answer = partial(services.answer_proposal, actor=client, proposal_id=proposal.pk)
    calls = [
        partial(answer, groups=GROUPS),
        partial(answer, groups=None),
        partial(services.withdraw_proposal, actor=dana, proposal_id=proposal.pk),
    ]

    assert codes(at_once(calls)) == {"done": 1, "proposal_answered": 2}

    proposal.refresh_from_db()
    assert Share.objects.exists() is (proposal.status == "approved")
    assert (
        ConsentDecision.objects.count()
        == {"approved": 2, "declined": 3, "cancelled": 0}[proposal.status]
    )


def test_asking_many_times_asks_once(dana: User, bayview: Partner) -> None:
    lead = LeadFactory.create(agent=dana)
    ask = partial(
        services.propose_partner,
        actor=dana,
        lead_id=lead.pk,
        partner_id=bayview.pk,
        choice=GROUPS,
    )

    assert codes(at_once([ask] * 8)) == {"done": 1, "proposal_open": 7}

    assert Proposal.objects.count() == 1
