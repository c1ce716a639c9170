"""Analytics, the event log and reconciliation, through HTTP."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from commissions.models import ReconciliationItem
from commissions.tests.test_closing import accepted, close
from conftest import ClientFor
from partners.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def deals(dana: User, amira: User, devika: User) -> None:
    close(amira, accepted(dana, amira), "1000000")
    close(devika, accepted(dana, devika), "2000000")


class TestAnalytics:
    @pytest.mark.parametrize("who", ["admin_user", "finance_user", "dana"])
    def test_shows_staff_who_earned_what(
        self, request: pytest.FixtureRequest, client_for: ClientFor, deals: None, who: str
    ) -> None:
        page = client_for(request.getfixturevalue(who)).get("/analytics/").content.decode()

        assert "Acme Channel Partners" in page
        assert "AED\xa03,000,000" in page  # revenue, one currency
        assert "AED\xa0150,000" in page  # to partners
        assert "AED\xa0200,000" in page  # from developers
        assert "AED\xa0350,000" not in page  # never one sum of both

    def test_filters_by_type_and_period(
        self, client_for: ClientFor, dana: User, deals: None
    ) -> None:
        client = client_for(dana)
        partners = client.get("/analytics/?type=developer&period=month").content.decode()
        table = partners[partners.index('id="partners"') :]
        assert "Skyline" in table
        assert "Acme" not in table
        assert client.get("/analytics/?type=nonsense&period=x&page=-1").status_code == 200

    def test_says_so_when_there_is_nothing(self, client_for: ClientFor, dana: User) -> None:
        assert "No figures yet" in client_for(dana).get("/analytics/").content.decode()

    def test_costs_the_same_however_many_partners(
        self,
        client_for: ClientFor,
        dana: User,
        deals: None,
        django_assert_max_num_queries: Any,
    ) -> None:
        client = client_for(dana)
        with django_assert_max_num_queries(5):
            client.get("/analytics/")

    @pytest.mark.parametrize(
        "address", ["/analytics/", "/analytics/events.jsonl", "/reconciliation/"]
    )
    def test_is_not_for_partners(self, client_for: ClientFor, amira: User, address: str) -> None:
        assert client_for(amira).get(address).status_code == 403


class TestEvents:
    def test_stream_starts_each_line_with_the_requirements_five(
        self, client_for: ClientFor, dana: User, deals: None
    ) -> None:
        answer = client_for(dana).get("/analytics/events.jsonl")
        lines = b"".join(answer).decode().splitlines()

        assert answer.streaming
        five = ["event", "leadId", "partnerId", "ok", "timestamp"]
        assert {tuple(json.loads(line))[:5] for line in lines} == {tuple(five)}
        assert "John Doe" not in "".join(lines)

    def test_filters_by_kind_and_time(self, client_for: ClientFor, dana: User, deals: None) -> None:
        def kinds(query: str) -> set[str]:
            answer = client_for(dana).get(f"/analytics/events.jsonl?{query}")
            body = b"".join(answer).decode().splitlines()
            return {json.loads(line)["event"] for line in body}

        assert kinds("kind=lead_shared") == {"lead_shared"}
        assert kinds("kind=lead_shared&kind=share_closed") == {"lead_shared", "share_closed"}
        assert kinds("from=2099-01-01") == set()
        assert kinds("to=2001-01-01T00:00:00Z") == set()

    @pytest.mark.parametrize("query", ["kind=nonsense", "from=yesterday", "to=2026-13-01"])
    def test_refuses_a_filter_it_does_not_know(
        self, client_for: ClientFor, dana: User, query: str
    ) -> None:
        assert client_for(dana).get(f"/analytics/events.jsonl?{query}").status_code == 400


class TestReconciliation:
    def test_shows_the_difference_and_confirms(
        self, client_for: ClientFor, dana: User, amira: User, finance_user: User
    ) -> None:
        share = accepted(dana, amira)
        close(amira, share, "1000000", claimed_percent=Decimal(20))
        client = client_for(finance_user)
        page = client.get("/reconciliation/differences/").content.decode()
        assert "+AED\xa050,000" in page
        address = f"/reconciliation/{share.pk}/confirm/"
        assert address in page

        client.post(address)

        assert ReconciliationItem.objects.get().status == "settled"
        assert "Nothing to reconcile" in client.get("/reconciliation/").content.decode()

    def test_a_partner_confirms_nothing(
        self, client_for: ClientFor, dana: User, amira: User
    ) -> None:
        share = accepted(dana, amira)
        close(amira, share, claimed_percent=Decimal(20))

        answer = client_for(amira).post(f"/reconciliation/{share.pk}/confirm/")

        assert answer.status_code == 404  # there is no such page for a partner
        assert ReconciliationItem.objects.get().status == "open"

    def test_a_closing_that_is_not_there_is_404(
        self, client_for: ClientFor, finance_user: User, dana: User, amira: User
    ) -> None:
        share = accepted(dana, amira)
        client = client_for(finance_user)
        gone = f"/reconciliation/share_{'0' * 26}/confirm/"
        assert client.post(gone).status_code == 404
        followed = client.post(f"/reconciliation/{share.pk}/confirm/", follow=True)
        assert "no commission of this share" in followed.content.decode()


@pytest.mark.parametrize("table", ["commission", "reconciliationitem"])
def test_admin_shows_money_and_changes_none(
    client_for: ClientFor, admin_user: User, dana: User, amira: User, table: str
) -> None:
    close(amira, accepted(dana, amira), claimed_percent=Decimal(20))
    client = client_for(admin_user)
    assert client.get(f"/admin/commissions/{table}/").status_code == 200
    assert client.get(f"/admin/commissions/{table}/add/").status_code == 403
