"""Who got what of a lead, when and how."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from events.models import Attempt, Delivery
from events.services import confirm_endpoint, create_endpoint
from leads import services
from leads.groups import Groups
from leads.models import DeletionTask, Lead, Share
from leads.recipients import Recipient, recipients_of
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.tests.factories import LicenceFactory, PartnerFactory

pytestmark = pytest.mark.django_db
ALL = Groups.everything()
FIELDS = {
    "contact": "lead.customerInfo.name",
    "budget": "lead.budgetDetails.max",
    "requirements": "lead.preferences.views",
}


@pytest.fixture
def lead() -> Lead:
    return LeadFactory.create()


@pytest.fixture
def receiving(amira: User) -> None:
    """Acme takes webhooks."""
    endpoint = create_endpoint(actor=amira, url="https://acme.example/hooks")
    confirm_endpoint(actor=amira, endpoint_id=endpoint.pk, echoed=endpoint.challenge)


def shared(dana: User, lead: Lead, partner: Partner, choice: Groups = ALL) -> Share:
    return services.share_lead(
        actor=dana, partner_id=partner.pk, lead_id=lead.pk, choice=choice, method="call"
    )


def tried(share: Share, *groups: str, **values: Any) -> Attempt:
    """Record a try of the share's first webhook that carried GROUPS."""
    delivery = Delivery.objects.get(refs__share=share.pk, type="lead.shared")
    now = timezone.now()
    told = {"status": 200, "built_at": now, "started_at": now, "duration_ms": 20}
    fields = ["leadId", *(FIELDS[group] for group in groups)]
    return Attempt.objects.create(
        **{"delivery": delivery, "number": 1, "fields": fields, "body_sha256": b"0" * 32}
        | told
        | values
    )


def ways(recipient: Recipient) -> set[tuple[str, str]]:
    return {(received.group, received.transport) for received in recipient.received}


def test_a_lead_nobody_has_has_no_recipients(lead: Lead) -> None:
    assert recipients_of(lead) == []


def test_names_the_partner_by_law_and_licence(dana: User, sahyadri: Partner) -> None:
    lead = LeadFactory.create(market="india", region="IN-MH", currency="INR")
    share = shared(dana, lead, sahyadri)

    [recipient] = recipients_of(lead)

    assert (recipient.name, recipient.country) == ("Sahyadri RERA Agents", "IN")
    assert [licence.number for licence in recipient.licences] == ["A51800000001"]
    assert (recipient.share_id, recipient.status_label) == (share.pk, "Sent")
    assert recipient.seen == ALL


def test_what_the_portal_shows_was_received_from_the_share_on(
    dana: User, acme: Partner, lead: Lead
) -> None:
    share = shared(dana, lead, acme, Groups(False, True, True))

    [recipient] = recipients_of(lead)

    assert ways(recipient) == {("budget", "portal"), ("requirements", "portal")}
    assert all(received.last_at is None for received in recipient.received)
    assert abs(recipient.received[0].first_at - share.shared_at) < dt.timedelta(seconds=5)


@pytest.mark.usefixtures("receiving")
class TestWebhooks:
    def test_what_a_webhook_carried_was_received(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        share = shared(dana, lead, acme)
        first = tried(share, "contact", "budget")
        last = tried(share, "budget", number=2)

        [recipient] = recipients_of(lead)

        sent = {r.group: r for r in recipient.received if r.transport == "webhook"}
        assert set(sent) == {"contact", "budget"}
        assert sent["contact"].last_at == first.started_at
        assert (sent["budget"].first_at, sent["budget"].last_at) == (
            first.started_at,
            last.started_at,
        )

    @pytest.mark.parametrize(("error", "counts"), [("timeout", True), ("dns_error", False)])
    def test_what_may_have_arrived_counts_as_received(
        self, dana: User, acme: Partner, lead: Lead, error: str, counts: bool
    ) -> None:
        tried(shared(dana, lead, acme), "contact", status=None, error=error)

        [recipient] = recipients_of(lead)

        assert (("contact", "webhook") in ways(recipient)) is counts

    def test_a_sent_message_counts_after_its_tries_are_pruned(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        share = shared(dana, lead, acme, Groups(False, True, False))
        now = timezone.now()
        Delivery.objects.filter(refs__share=share.pk).update(state="sent", finished_at=now)

        [recipient] = recipients_of(lead)

        assert ways(recipient) == {("budget", "portal"), ("budget", "webhook")}

    def test_what_was_built_before_the_narrowing_is_under_way_until_it_ends(
        self, dana: User, acme: Partner, lead: Lead, settings: Any
    ) -> None:
        share = shared(dana, lead, acme)
        lease = dt.timedelta(seconds=settings.WEBHOOK_LEASE_SECONDS)
        deliveries = Delivery.objects.filter(refs__share=share.pk, type="lead.shared")
        deliveries.update(state="sending", lease_id="0" * 32, lease_until=timezone.now() + lease)
        services.withdraw_share(actor=dana, reference=share.pk)

        [sending] = recipients_of(lead)
        attempt = tried(share, "contact", duration_ms=9_000)
        deliveries.update(state="sent", lease_id=None, lease_until=None)
        [ended] = recipients_of(lead)

        assert (sending.under_way, sending.stopped_at) == (1, None)
        assert ended.under_way == 0
        assert ended.stopped_at == attempt.started_at + dt.timedelta(seconds=9)


def test_an_end_stops_the_showing(dana: User, acme: Partner, lead: Lead) -> None:
    share = shared(dana, lead, acme)
    services.withdraw_share(actor=dana, reference=share.pk)

    [recipient] = recipients_of(lead)

    assert recipient.seen == Groups.none()
    assert recipient.ever == ALL
    assert [received.last_at for received in recipient.received] == [recipient.stopped_at] * 3


def test_the_shares_of_one_partner_stand_together(
    dana: User, acme: Partner, rival: Partner, lead: Lead
) -> None:
    first = shared(dana, lead, acme)
    services.withdraw_share(actor=dana, reference=first.pk)
    other = shared(dana, lead, rival)
    again = shared(dana, lead, acme)

    assert [recipient.share_id for recipient in recipients_of(lead)] == [
        again.pk,
        first.pk,
        other.pk,
    ]


def test_the_newest_duty_to_delete_is_told(dana: User, acme: Partner, lead: Lead) -> None:
    share = shared(dana, lead, acme)
    now = timezone.now()
    DeletionTask.objects.create(
        share=share, groups=["budget"], due_at=now, attested_at=now, outcome="deleted"
    )
    newest = DeletionTask.objects.create(share=share, groups=["contact"], due_at=now)

    [recipient] = recipients_of(lead)

    assert recipient.deletion == newest


def test_other_leads_are_left_out(dana: User, acme: Partner, lead: Lead) -> None:
    shared(dana, LeadFactory.create(), acme)

    assert recipients_of(lead) == []


def test_any_number_of_shares_takes_the_same_few_queries(
    dana: User, lead: Lead, django_assert_max_num_queries: Any
) -> None:
    for partner in PartnerFactory.create_batch(6):
        LicenceFactory.create(partner=partner)
        share = shared(dana, lead, partner)
        services.withdraw_share(actor=dana, reference=share.pk)

    with django_assert_max_num_queries(6):
        assert len(recipients_of(lead)) == 6
