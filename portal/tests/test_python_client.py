"""The Python client that partners install, against the portal itself over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from events.models import Delivery, Endpoint, StoredAnswer
from leads.groups import Groups
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partner_portal import Portal, Refused, Unreachable
from partners.models import Partner, User
from partners.services import issue_key
from portal.lib.access import THE_SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def portal(live_server: Any, acme: Partner) -> Iterator[Portal]:
    _key, secret = issue_key(actor=THE_SYSTEM, partner=acme)
    with Portal(live_server.url, secret) as found:
        yield found


def shared(dana: User, acme: Partner) -> str:
    share = share_lead(
        actor=dana,
        partner_id=acme.pk,
        lead_id=LeadFactory.create(agent=dana).pk,
        choice=Groups.everything(),
    )
    return str(share.pk)


def test_a_lead_is_read_accepted_and_closed(portal: Portal, dana: User, acme: Partner) -> None:
    reference = shared(dana, acme)

    assert [lead["leadId"] for lead in portal.leads(status="sent")] == [reference]
    assert portal.lead(reference)["lead"]["leadId"] == reference
    assert portal.accept(reference)["status"] == "accepted"
    assert portal.start(reference)["status"] == "in_progress"
    closed = portal.close_deal(reference, agreement_value=Decimal("1000000.50"))

    assert closed["commission"]["recorded"] is True
    assert closed["commission"]["agreementValue"] == 1000000.5
    assert [line["leadId"] for line in portal.commissions()] == [reference]
    assert portal.partner()["id"] == acme.pk
    assert portal.metrics()["closed"] == 1
    assert StoredAnswer.objects.count() == 3  # each step carried a key of its own


def test_pages_follow_each_other(
    portal: Portal, dana: User, acme: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("partner_portal.client.PAGE", 2)
    references = {shared(dana, acme) for _turn in range(5)}
    assert {lead["leadId"] for lead in portal.leads()} == references


def test_a_refusal_says_what_and_where(portal: Portal, dana: User, acme: Partner) -> None:
    reference = shared(dana, acme)
    with pytest.raises(Refused) as refused:
        portal.reject(reference, reason=" ")
    assert (refused.value.status, refused.value.code) in {
        (422, "reason_required"),
        (400, "malformed"),
    }
    assert refused.value.request_id
    with pytest.raises(Refused, match="illegal_transition"):
        portal.close_deal(reference, agreement_value=5)
    with pytest.raises(Refused, match="404"):
        portal.lead("share_01m82e99tnfrh8ge3g6gyzmf6a")


def test_endpoints_are_looked_after(portal: Portal, acme: Partner) -> None:
    made = portal.create_endpoint("https://hooks.acme-partner.com/in", event_types=["lead.shared"])
    assert made["secret"].startswith("whsec_")
    Endpoint.objects.update(verified_at=timezone.now())

    rotated = portal.rotate_secret(made["id"])
    assert rotated["secret"] not in ("", made["secret"])
    portal.send_test(made["id"])
    Delivery.objects.filter(type="webhook.test").update(state="failed", finished_at=timezone.now())
    [test, _challenge] = portal.deliveries(made["id"])
    assert portal.resend(made["id"], test["id"])["state"] == "pending"
    assert portal.recover(made["id"], since=timezone.now() - timedelta(hours=1))["recovered"] == 0
    portal.remove_endpoint(made["id"])
    assert list(portal.endpoints()) == []


def test_a_key_that_is_none_is_said(live_server: Any) -> None:
    with Portal(live_server.url, "pp_live_nothing") as stranger, pytest.raises(Refused) as refused:
        stranger.partner()
    assert refused.value.code == "invalid_key"


def test_nobody_there_is_said() -> None:
    with (
        Portal("http://127.0.0.1:9", "k", tries=1) as portal,
        pytest.raises(Unreachable) as lost,
    ):
        portal.accept("share_1")
    assert lost.value.idempotency_key
