"""Many at once: a deletion is reminded of and attested once, a group is asked for once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from events.models import Delivery, Event
from leads.actors import ClientActor
from leads.consent import verdicts
from leads.groups import GROUPS, Groups
from leads.models import DeletionTask, MoreRequest, Share
from leads.services import (
    answer_request,
    ask_for_more,
    attest_deletion,
    forward_request,
    remind_deletions,
    share_lead,
)
from leads.services.consent import Wish, decide
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.tests.test_races import at_once, codes

pytestmark = [pytest.mark.proof, pytest.mark.django_db(transaction=True)]
AT_ONCE = 8
REASON = "To agree on a time for the viewing"


@pytest.fixture
def share(dana: User, acme: Partner) -> Share:
    """A lead at Acme without contact."""
    lead = LeadFactory.create(agent=dana)
    choice = Groups(False, True, True)
    return share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=choice)


def withdraw(share: Share) -> None:
    wishes = [Wish(group, False) for group in GROUPS]
    decide(actor=ClientActor(share.lead_id), lead_id=share.lead_id, wishes=wishes)


def test_reminders_that_run_at_once_remind_once(share: Share, acme: Partner) -> None:
    Partner.objects.filter(pk=acme.pk).update(contact_email="office@acme.example")
    withdraw(share)
    DeletionTask.objects.update(due_at=timezone.now() + timedelta(days=1))

    results = at_once([remind_deletions] * AT_ONCE)

    assert sorted(results) == [0] * (AT_ONCE - 1) + [1]
    assert Delivery.objects.filter(type="deletion_reminder").count() == 1
    assert DeletionTask.objects.get().reminders == 1


def test_a_deletion_attested_both_ways_at_once_is_attested_one_way(
    share: Share, amira: User
) -> None:
    withdraw(share)
    say = partial(attest_deletion, actor=amira, reference=share.pk, reason="Tax law")
    calls = [partial(say, outcome=outcome) for outcome in ("deleted", "retained")]

    results = at_once(calls * (AT_ONCE // 2))

    assert codes(results) == {"done": AT_ONCE // 2, "already_attested": AT_ONCE // 2}
    assert Event.objects.filter(kind="deletion_attested").count() == 1


def test_a_group_asked_for_at_once_is_asked_for_once(share: Share, amira: User) -> None:
    ask = partial(ask_for_more, actor=amira, reference=share.pk, group="contact", reason=REASON)

    assert codes(at_once([ask] * AT_ONCE)) == {"done": 1, "already_asked": AT_ONCE - 1}
    assert MoreRequest.objects.count() == 1


def test_yes_and_no_at_once_leave_what_the_first_of_them_said(
    share: Share, dana: User, amira: User
) -> None:
    asked = ask_for_more(actor=amira, reference=share.pk, group="contact", reason=REASON)
    forward_request(actor=dana, request_id=asked.pk)
    client = ClientActor(share.lead_id)
    say = partial(answer_request, actor=client, request_id=asked.pk)

    results = at_once([partial(say, given=given) for given in (True, False)] * (AT_ONCE // 2))

    assert codes(results) == {"done": AT_ONCE // 2, "request_answered": AT_ONCE // 2}
    asked.refresh_from_db()
    share.refresh_from_db()
    given = asked.status == "given"
    decided = verdicts(share.lead.decisions.all(), partner_id=share.partner_id, market="uae")
    assert share.effective.contact is given
    assert decided["contact"].given is given
    assert Event.objects.filter(kind="more_answered").count() == 1
