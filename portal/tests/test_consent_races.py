"""A client decides while agents share and partners close: whoever is first, what it said holds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from commissions.services import report_status
from leads.actors import ClientActor
from leads.consent import verdicts
from leads.groups import GROUPS, Groups
from leads.models import DeletionTask, Lead, Receipt, Share
from leads.services import Wish, change_preferences, decide, share_lead, update_share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.tests.factories import PartnerFactory
from portal.lib.errors import DomainError
from portal.tests.test_races import at_once, codes

pytestmark = [pytest.mark.proof, pytest.mark.django_db(transaction=True)]
ALL, NONE = Groups.everything(), Groups.none()
AGAIN = 4  # times each race is run


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana)


def says(lead: Lead, given: bool, *groups: str, to: str | None = None) -> Callable[[], Any]:
    wishes = [Wish(group, given, to) for group in groups or GROUPS]
    return partial(decide, actor=ClientActor(lead.pk), lead_id=lead.pk, wishes=wishes)


def shares(dana: User, lead: Lead, partner: Partner) -> Callable[[], Any]:
    return partial(
        share_lead,
        actor=dana,
        partner_id=partner.pk,
        lead_id=lead.pk,
        choice=ALL,
        method="call",
    )


@pytest.mark.parametrize("_time", range(AGAIN))
def test_whoever_was_given_a_lead_before_the_no_is_revoked_and_others_get_none(
    dana: User, lead: Lead, _time: int
) -> None:
    partners = PartnerFactory.create_batch(6)

    *shared, decided = at_once(
        [*(shares(dana, lead, partner) for partner in partners), says(lead, False)]
    )

    assert not isinstance(decided, DomainError)
    counted = codes(shared)
    assert set(counted) <= {"done", "consent_withheld"}
    ended = list(Share.objects.all())
    assert len(ended) == counted["done"]
    assert {(share.status, share.disclosed) for share in ended} <= {("revoked", NONE)}
    tasks = DeletionTask.objects.open()
    assert {task.share_id for task in tasks} == {share.pk for share in ended}


@pytest.mark.parametrize("_time", range(AGAIN))
def test_a_deal_is_closed_or_the_share_is_revoked(
    dana: User, acme: Partner, amira: User, rival: Partner, lead: Lead, _time: int
) -> None:
    share, other = shares(dana, lead, acme)(), shares(dana, lead, rival)()
    update_share(actor=amira, reference=share.pk, status="accepted")
    close = partial(
        report_status,
        actor=amira,
        reference=share.pk,
        status="closed",
        agreement_value=Decimal(1_000_000),
    )

    closed, _said, _again = at_once([close, says(lead, False), says(lead, False)])

    share.refresh_from_db()
    other.refresh_from_db()
    was_refused = isinstance(closed, DomainError)
    assert share.status == ("revoked" if was_refused else "closed")
    # A confirmed closing ends the others first, if it comes first.
    assert other.status == ("revoked" if was_refused else "withdrawn")
    assert share.disclosed == other.disclosed == NONE
    tasks = DeletionTask.objects.open()
    assert {task.share_id: task.groups for task in tasks} == {
        share.pk: list(GROUPS),
        other.pk: list(GROUPS),
    }


@pytest.mark.parametrize("_time", range(AGAIN))
def test_what_shares_show_is_what_was_said_last(
    dana: User, acme: Partner, rival: Partner, lead: Lead, _time: int
) -> None:
    one, two = shares(dana, lead, acme)(), shares(dana, lead, rival)()

    results = at_once(
        [
            says(lead, False, "contact"),
            says(lead, True, "contact"),
            says(lead, False, "contact", "budget", to=acme.pk),
            says(lead, True, "budget", to=acme.pk),
            says(lead, False, "budget", to=rival.pk),
            partial(change_preferences, actor=dana, reference=two.pk, choice=ALL),
        ]
    )

    assert codes(results) == {"done": 6}
    decisions = list(lead.decisions.all())
    for share in (one, two):
        share.refresh_from_db()
        said = verdicts(decisions, partner_id=str(share.partner_id), market=lead.market)
        assert share.effective == Groups(*(said[group].given for group in GROUPS))
        held = share.received & Groups(*(not share.effective[group] for group in GROUPS))
        asked = DeletionTask.objects.open().filter(share=share).first()
        assert (asked.groups if asked else []) == list(held)
    times = [decision.decided_at for decision in decisions if decision.source == "client"]
    assert len(set(times)) == len(times)


def test_the_same_said_twice_at_once_is_written_once(lead: Lead) -> None:
    results = at_once([says(lead, True)] * 8)

    assert sorted(map(len, results)) == [0] * 7 + [3]
    assert lead.decisions.count() == 3
    assert Receipt.objects.count() == 1
