"""What a month's end turns up: parts that fall due one by one, second closings, long stories."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from commissions import services
from commissions.models import Commission, ReconciliationItem
from commissions.terms import Milestone, Terms
from commissions.tests.money_world import accepted, agreed, closed, stands
from conftest import ClientFor
from leads.services import share_lead
from partners.models import Partner, User
from partners.types import Direction
from portal.lib.errors import Conflict

pytestmark = pytest.mark.django_db
HALVES = Terms(
    direction=Direction.PLATFORM_PAYS_PARTNER,
    percent=Decimal(10),
    holding_days=30,
    milestones=(Milestone("Signed", Decimal(50)), Milestone("Paid", Decimal(50))),
)


def after(days: int) -> Any:
    return time_machine.travel(timezone.now() + dt.timedelta(days=days), tick=False)


def met(finance: User, commission: Commission, number: int) -> None:
    services.meet_milestone(
        actor=finance, commission_id=str(commission.pk), number=number, met_on=timezone.now().date()
    )


class TestFallingDue:
    @pytest.fixture
    def halves(self, dana: User, amira: User, acme: Partner, finance_user: User) -> Commission:
        agreed(acme, HALVES)
        booked = closed(dana, amira, 1_000)
        services.approve(actor=finance_user, commission_id=str(booked.pk))
        met(finance_user, booked, 1)
        return booked

    def test_the_second_part_while_the_first_is_unpaid(
        self, halves: Commission, finance_user: User
    ) -> None:
        with after(10):
            met(finance_user, halves, 2)
        for day, payable in ((31, 50), (45, 100)):
            with after(day):
                assert services.release_due() == 1
                assert services.release_due() == 0
            assert stands(halves)["payable"] == payable

    def test_what_was_released_does_not_crowd_out_what_falls_due(
        self, halves: Commission, dana: User, amira: User, finance_user: User
    ) -> None:
        other = closed(dana, amira, 1_000)
        services.approve(actor=finance_user, commission_id=str(other.pk))
        with after(31):
            services.release_due()
            services.record_payment(
                actor=finance_user,
                commission_id=str(halves.pk),
                amount=Decimal(50),
                paid_on=timezone.now().date(),
                reference="TT-1",
            )
            met(finance_user, other, 1)
        with after(62):
            assert services.release_due(limit=1) == 1
        assert stands(other)["payable"] == 50


class TestSecondClosing:
    def test_holds_up_the_approval_of_the_first_and_shows_on_its_page(
        self, dana: User, amira: User, rami: User, finance_user: User, client_for: ClientFor
    ) -> None:
        one = accepted(dana, amira)
        other = share_lead(
            actor=dana, partner_id=str(rami.partner_id), lead_id=str(one.lead_id), method="call"
        )
        services.report_status(actor=rami, reference=str(other.pk), status="accepted")
        given: dict[str, Any] = {"status": "closed", "agreement_value": Decimal(1_000)}
        services.report_status(
            actor=amira, reference=str(one.pk), claimed_percent=Decimal(9), **given
        )
        services.report_status(actor=rami, reference=str(other.pk), **given)
        first = Commission.objects.get()
        rate = ReconciliationItem.objects.get(kind="rate_diff")
        services.settle_item(actor=finance_user, item_id=str(rate.pk), resolution="record")
        with pytest.raises(Conflict, match="open question"):
            services.approve(actor=finance_user, commission_id=str(first.pk))
        second = ReconciliationItem.objects.get(kind="duplicate")
        page = client_for(finance_user).get(f"/reconciliation/{first.pk}/").content.decode()
        assert f"/reconciliation/{second.pk}/decide/" in page
        assert f"/reconciliation/{first.pk}/approve/" not in page
        services.decide_duplicate(
            actor=finance_user, item_id=str(second.pk), take_over=False, reason="Came second"
        )
        assert services.approve(actor=finance_user, commission_id=str(first.pk)).approved_at


def test_a_long_story_is_told_from_its_end(
    dana: User, amira: User, finance_user: User, client_for: ClientFor, monkeypatch: Any
) -> None:
    monkeypatch.setattr("commissions.desk.MOST_ENTRIES", 4)
    booked = closed(dana, amira, 1_000)
    for value in (2_000, 3_000):
        services.correct(
            actor=finance_user, commission_id=str(booked.pk), value=Decimal(value), reason="Again"
        )
    page = client_for(finance_user).get(f"/reconciliation/{booked.pk}/").content.decode()
    assert "1 earlier step is not shown" in page
    assert "AED\xa0450" in page
