"""The partner's dashboard and money pages through HTTP, and what strangers get of them all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from commissions.services import report_status
from conftest import ClientFor
from leads.models import Share
from partners.models import Partner, User
from portal.tests.partner_stories import closed, page_of, shared, words

pytestmark = pytest.mark.django_db

SCOPE = 4  # statements that open and end a partner's scope (`portal.lib.scope`) inside a test


@pytest.fixture
def at_acme(client_for: ClientFor, amira: User) -> Client:
    return client_for(amira)


@pytest.fixture
def share(dana: User, acme: Partner) -> Share:
    return shared(dana, acme)


class TestDashboard:
    def test_says_the_nine_figures_in_the_requirements_words(
        self, at_acme: Client, dana: User, amira: User, acme: Partner
    ) -> None:
        closed(dana, amira, 500_000)
        closed(dana, amira, 1_500_000)
        accepted = shared(dana, acme)
        report_status(actor=amira, reference=str(accepted.pk), status="accepted")
        shared(dana, acme)

        said = words(at_acme.get("/portal/"))

        for figure in (
            "Leads Received: 4",
            "Leads Accepted: 3 (75%)",
            "Leads Closed: 2 (66.7% conversion)",
            "Revenue Generated: AED 2,000,000",
            "Commission Earned: AED 300,000 (15% avg)",
            "Average Deal Size: AED 1,000,000",
            "Average Time to Close: ",
            "Current Active Leads: 2",
            "Partner Capacity: 2/10 (20%)",
        ):
            assert figure in said

    def test_shows_a_dash_where_there_is_nothing(self, at_acme: Client) -> None:
        said = words(at_acme.get("/portal/"))

        assert "No lead has reached you yet" in said
        assert "Revenue Generated: –" in said
        assert "Average Time to Close: –" in said
        assert "Leads Accepted: 0 " in said

    def test_puts_what_waits_for_an_answer_first(self, at_acme: Client, share: Share) -> None:
        page = at_acme.get("/portal/").content.decode()

        assert page.index(page_of(share, "accept")) < page.index("Leads Received")
        assert "You earn 15%" in page

    def test_tells_a_developer_what_it_owes(
        self, client_for: ClientFor, dana: User, devika: User
    ) -> None:
        closed(dana, devika, 4_000_000)

        said = words(client_for(devika).get("/portal/"))

        assert "Commission Earned by the platform: AED 400,000 (10% avg)" in said
        assert "Commission you owe by month" in said

    def test_is_for_people_of_a_partner(self, client_for: ClientFor, finance_user: User) -> None:
        assert client_for(finance_user).get("/portal/").status_code == 403

    def test_needs_a_login(self) -> None:
        assert Client().get("/portal/")["Location"].startswith("/accounts/login/")
        assert Client().get("/portal/leads/", headers={"HX-Request": "true"}).status_code == 401


def test_the_other_pages_have_a_ceiling_too(
    at_acme: Client, dana: User, amira: User, share: Share, django_assert_max_num_queries: Any
) -> None:
    done = closed(dana, amira, 900_000)
    for address, ceiling in {
        "/portal/": 7,
        page_of(share): 8,
        page_of(done): 8,
        "/portal/commissions/": 5,
        "/portal/commissions.csv": 3 + SCOPE,  # the stream opens its own
        "/portal/reconciliation/": 8,
    }.items():
        with django_assert_max_num_queries(ceiling + SCOPE):
            b"".join(at_acme.get(address))


class TestStrangers:
    @pytest.mark.parametrize(
        ("method", "action"),
        [("get", ""), ("post", "accept"), ("post", "start"), ("post", "reject"), ("post", "close")],
    )
    def test_a_rival_gets_404_and_changes_nothing(
        self, client_for: ClientFor, rami: User, share: Share, method: str, action: str
    ) -> None:
        body = {"reason": "mine", "agreement_value": "100"}
        answer = getattr(client_for(rami), method)(page_of(share, action), body)

        assert answer.status_code == 404
        share.refresh_from_db()
        assert share.status == "sent"

    def test_a_rival_sees_none_of_it_in_any_list(
        self, client_for: ClientFor, rami: User, dana: User, amira: User
    ) -> None:
        share = closed(dana, amira, 700_000)
        for address in (
            "/portal/",
            "/portal/leads/",
            "/portal/commissions/",
            "/portal/commissions.csv",
            "/portal/reconciliation/",
        ):
            body = b"".join(client_for(rami).get(address)).decode()
            assert str(share.pk) not in body
            assert "700,000" not in body

    def test_a_get_changes_nothing(self, at_acme: Client, share: Share) -> None:
        assert at_acme.get(page_of(share, "accept")).status_code == 405


class TestCommissions:
    def test_lists_totals_per_currency(self, at_acme: Client, dana: User, amira: User) -> None:
        closed(dana, amira, 1_000_000)
        closed(dana, amira, 2_000_000)

        said = words(at_acme.get("/portal/commissions/"))

        assert "You earn in all AED 450,000" in said
        assert "AED 150,000" in said
        assert "No commissions here" in words(at_acme.get("/portal/commissions/?status=paid"))

    def test_csv_streams_exactly_what_is_filtered(
        self, at_acme: Client, dana: User, amira: User
    ) -> None:
        share = closed(dana, amira, 1_000_000)

        answer = at_acme.get("/portal/commissions.csv?status=pending")

        assert answer.streaming
        assert answer["Content-Disposition"] == 'attachment; filename="commissions.csv"'
        head, line = b"".join(answer).decode().strip().split("\r\n")
        assert head.startswith("id,leadId,agreementValue,commissionPercent,commissionAmount")
        assert f",{share.pk},1000000.00,15.00,150000.00,AED," in line
        paid = b"".join(at_acme.get("/portal/commissions.csv?status=paid")).decode()
        assert paid.strip() == head

    def test_groups_rupees_as_india_does(
        self, client_for: ClientFor, dana: User, rohan: User, sahyadri: Partner
    ) -> None:
        share = shared(dana, sahyadri, market="india", region="IN-MH", currency="INR")
        report_status(actor=rohan, reference=str(share.pk), status="accepted")
        report_status(
            actor=rohan,
            reference=str(share.pk),
            status="closed",
            agreement_value=Decimal(23_500_000),
        )

        said = words(client_for(rohan).get("/portal/commissions/"))

        assert "₹2,35,00,000" in said
        assert "₹35,25,000" in said
