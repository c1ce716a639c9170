"""Finance's desk, through HTTP: one commission and what is done with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from commissions.ledger import standing_of
from commissions.models import Commission, ReconciliationItem
from commissions.terms import Milestone, Terms
from commissions.tests.money_world import accepted, agreed, closed, stands
from conftest import ClientFor
from leads.services import share_lead
from partners.models import Partner, User
from partners.types import Direction

pytestmark = pytest.mark.django_db
PAYS = Direction.PLATFORM_PAYS_PARTNER


@pytest.fixture
def finance(client_for: ClientFor, finance_user: User) -> Client:
    return client_for(finance_user)


def address(commission: Commission, act: str = "") -> str:
    return f"/reconciliation/{commission.pk}/{act}"


def said(answer: Any) -> str:
    """Return the page an answer leads to."""
    return str(answer.content.decode())


class TestPage:
    def test_tells_terms_record_and_ledger(self, finance: Client, dana: User, amira: User) -> None:
        page = said(finance.get(address(closed(dana, amira, 5_000_000))))
        for words in ("AED\xa0750,000", "Commission expense", "Accrued commission", "15%", "Amira"):
            assert words in page

    def test_costs_the_same_for_a_long_story(
        self,
        finance: Client,
        dana: User,
        amira: User,
        finance_user: User,
        django_assert_max_num_queries: Any,
    ) -> None:
        from commissions import services  # noqa: PLC0415

        booked = closed(dana, amira)
        for value in range(1, 9):
            services.correct(
                actor=finance_user,
                commission_id=str(booked.pk),
                value=Decimal(value),
                reason="Again",
            )
        with django_assert_max_num_queries(16):
            finance.get(address(booked))

    def test_offers_agents_nothing_to_do(
        self, client_for: ClientFor, dana: User, amira: User
    ) -> None:
        page = said(client_for(dana).get(address(closed(dana, amira))))
        assert "AED" in page
        assert "claw-back" not in page
        assert "/approve/" not in page

    def test_of_a_strange_id(self, finance: Client) -> None:
        assert finance.get("/reconciliation/rev_00000000000000000000000000/").status_code == 404


class TestActs:
    def test_approve_and_pay(self, finance: Client, dana: User, amira: User) -> None:
        booked = closed(dana, amira, 1_000)
        assert "Approved. What" in said(finance.post(address(booked, "approve/"), follow=True))
        paid = {
            "pay-amount": "150",
            "pay-paid_on": timezone.now().date().isoformat(),
            "pay-reference": "TT-77",
        }
        page = said(finance.post(address(booked, "pay/"), paid, follow=True))
        assert "Payment recorded" in page
        assert "TT-77" in page
        booked.refresh_from_db()
        assert booked.status == "paid"

    def test_who_corrects_is_told_that_another_approves(
        self, finance: Client, dana: User, amira: User
    ) -> None:
        booked = closed(dana, amira, 1_000)
        given = {"correct-value": "2,000", "correct-reason": "As signed"}
        page = said(finance.post(address(booked, "correct/"), given, follow=True))
        assert "Somebody else approves it" in page
        assert "As signed" in page
        assert "AED\xa01,000 · 15% · AED\xa0150" in page
        refused = said(finance.post(address(booked, "approve/"), follow=True))
        assert "somebody else has to approve it" in refused
        assert stands(booked)["accrued"] == 300

    @pytest.mark.parametrize(
        ("act", "given", "words"),
        [
            ("correct/", {"correct-reason": "Nothing"}, "Say what is to be corrected"),
            ("correct/", {"correct-value": "5"}, "This field is required"),
            ("correct/", {"correct-value": "-5", "correct-reason": "x"}, "above zero"),
            ("claw-back/", {}, "This field is required"),
            ("pay/", {"pay-amount": "x"}, "in digits"),
            ("milestone/", {"milestone-number": "1"}, "This field is required"),
        ],
    )
    def test_what_is_wrong_is_said_and_changes_nothing(
        self,
        finance: Client,
        finance_user: User,
        dana: User,
        amira: User,
        acme: Partner,
        act: str,
        given: dict[str, str],
        words: str,
    ) -> None:
        from commissions import services  # noqa: PLC0415

        halves = (Milestone("Signed", Decimal(50)), Milestone("Paid", Decimal(50)))
        agreed(acme, Terms(direction=PAYS, percent=Decimal(10), milestones=halves))
        booked = closed(dana, amira, 1_000)
        services.approve(actor=finance_user, commission_id=str(booked.pk))
        today = timezone.now().date()
        services.meet_milestone(
            actor=finance_user, commission_id=str(booked.pk), number=1, met_on=today
        )
        before = standing_of(booked)
        answer = finance.post(address(booked, act), given)
        assert answer.status_code == 422
        assert words in said(answer)
        assert standing_of(booked) == before

    def test_reverse(self, finance: Client, dana: User, amira: User) -> None:
        booked = closed(dana, amira)
        given = {"reverse-reason": "Sale cancelled"}
        assert "Reversed." in said(finance.post(address(booked, "claw-back/"), given, follow=True))
        assert "already" in said(finance.post(address(booked, "claw-back/"), given, follow=True))

    def test_milestones(
        self, finance: Client, finance_user: User, dana: User, amira: User, acme: Partner
    ) -> None:
        halves = (Milestone("Signed", Decimal(50)), Milestone("Paid", Decimal(50)))
        agreed(acme, Terms(direction=PAYS, percent=Decimal(10), milestones=halves))
        booked = closed(dana, amira, 1_000)
        finance.post(address(booked, "approve/"))
        today = timezone.now().date().isoformat()
        given = {"milestone-number": "1", "milestone-met_on": today}
        page = said(finance.post(address(booked, "milestone/"), given, follow=True))
        assert "met on" in page
        assert "not met yet" in page
        assert stands(booked) == {"earned": -100, "approved": 50, "payable": 50}


class TestList:
    def test_those_ticked_are_approved_each_by_itself(
        self, finance: Client, dana: User, amira: User
    ) -> None:
        good, bad = closed(dana, amira), closed(dana, amira, claimed_percent=Decimal(20))
        page = said(finance.get("/reconciliation/commissions/"))
        assert str(good.pk) in page
        assert f'value="{bad.pk}"' not in page  # nothing to tick while it is in question
        page = said(
            finance.post(
                "/reconciliation/approve/",
                {"commission": [str(good.pk), str(bad.pk), "nonsense"]},
                follow=True,
            )
        )
        assert "1 commission approved" in page
        assert "confirmed first" in page

    def test_a_difference_is_settled_on_the_page(
        self, finance: Client, dana: User, amira: User
    ) -> None:
        booked = closed(dana, amira, 1_000, claimed_percent=Decimal(20))
        item = ReconciliationItem.objects.get()
        prefix = f"item-{str(item.pk)[-6:]}"
        assert prefix in said(finance.get(address(booked)))
        given = {f"{prefix}-resolution": "claim", f"{prefix}-reason": "Promised in writing"}
        page = said(finance.post(f"/reconciliation/{item.pk}/settle/", given, follow=True))
        assert "The difference is settled" in page
        assert "AED\xa0200" in page

    def test_a_second_closing_is_decided_in_the_list(
        self, finance: Client, dana: User, amira: User, rami: User
    ) -> None:
        from commissions.services import report_status  # noqa: PLC0415

        one = accepted(dana, amira)
        other = share_lead(
            actor=dana, partner_id=str(rami.partner_id), lead_id=str(one.lead_id), method="call"
        )
        report_status(actor=rami, reference=str(other.pk), status="accepted")
        given: dict[str, Any] = {"status": "closed", "agreement_value": Decimal(1_000)}
        report_status(actor=amira, reference=str(one.pk), claimed_percent=Decimal(9), **given)
        report_status(actor=rami, reference=str(other.pk), **given)
        item = ReconciliationItem.objects.get(kind="duplicate")
        prefix = f"item-{str(item.pk)[-6:]}"
        assert prefix in said(finance.get("/reconciliation/differences/"))
        decide = f"/reconciliation/{item.pk}/decide/"
        assert "Say why" in said(finance.post(decide, {}, follow=True))
        chosen = {f"{prefix}-take_over": "yes", f"{prefix}-reason": "Signed with them"}
        assert "Decided which" in said(finance.post(decide, chosen, follow=True))
        assert Commission.objects.exclude(status="reversed").get().partner == rami.partner
