"""The reconciliation pages through HTTP: figures, differences, lists, statements."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from commissions import services
from commissions.models import Commission, ConfirmationLimit, ReconciliationItem, Statement
from commissions.terms import Terms
from commissions.tests.money_world import accepted, agreed, closed
from conftest import ClientFor
from partners.models import Partner, User
from partners.types import Direction

pytestmark = pytest.mark.django_db
DIFFERENCES = "/reconciliation/differences/"


@pytest.fixture
def finance(client_for: ClientFor, finance_user: User) -> Client:
    return client_for(finance_user)


def today() -> dt.date:
    return timezone.now().date()


def said(answer: Any) -> str:
    """Return the words of a page, each run of blanks as one."""
    return " ".join(answer.content.decode().replace("\xa0", " ").split())


def upload(browser: Client, of: Partner, content: bytes, **given: Any) -> Any:
    fields = {
        "partner": str(of.pk),
        "first": str(today() - dt.timedelta(days=30)),
        "last": str(today()),
        "file": SimpleUploadedFile(given.pop("name", "november.csv"), content),
    }
    return browser.post("/reconciliation/statements/new/", fields | given)


class TestFigures:
    def test_stand_side_by_side_by_partner_currency_and_direction(
        self, finance: Client, dana: User, amira: User, devika: User, finance_user: User
    ) -> None:
        closed(dana, amira, 1_000_000, claimed_percent=Decimal(20))
        deal = closed(dana, amira, 2_000_000)
        closed(dana, devika, 500_000)
        services.approve(actor=finance_user, commission_id=str(deal.pk))
        page = said(finance.get("/reconciliation/"))
        assert "AED · 2 deals · we pay" in page
        assert "AED · 1 deal · we are paid" in page
        for figure in ("500,000", "450,000", "+50,000", "150,000", "300,000"):
            assert f">{figure}<" in page
        assert f"/reconciliation/differences/?partner={amira.partner_id}" in page
        assert "Compare with the agreement" in page

    def test_keep_their_filters_in_the_address(
        self, finance: Client, dana: User, amira: User, devika: User, acme: Partner
    ) -> None:
        closed(dana, amira, 1_000)
        closed(dana, devika, 1_000)
        year = today().year

        def partners(query: str) -> set[str]:
            page = said(finance.get(f"/reconciliation/?{query}"))
            return {name for name in ("Acme", "Skyline") if f">{name}" in page}

        assert partners(f"period={year}") == {"Acme", "Skyline"}
        assert partners("period=2020-Q1") == set()
        assert partners("q=acm") == {"Acme"}
        assert partners("direction=partner_pays_platform") == {"Skyline"}
        assert partners("currency=INR") == set()
        assert partners("differing=on") == set()
        assert partners("period=nonsense&page=-1&currency=XXX") == {"Acme", "Skyline"}
        page = said(finance.get(f"/reconciliation/?period={year}"))
        assert f"/reconciliation/commissions/?partner={acme.pk}&amp;period={year}" in page
        assert "Quarter 1 of 2019" in said(finance.get("/reconciliation/?period=2019-Q1"))

    def test_cost_the_same_however_many(
        self,
        finance: Client,
        dana: User,
        amira: User,
        rami: User,
        django_assert_max_num_queries: Any,
    ) -> None:
        for owner in (amira, rami):
            for _ in range(3):
                closed(dana, owner, 1_000, claimed_percent=Decimal(20))
        # Session, user, figures, first differences, open disputes.
        with django_assert_max_num_queries(5):
            finance.get("/reconciliation/")
        with django_assert_max_num_queries(5):
            finance.get(DIFFERENCES)
        with django_assert_max_num_queries(4):
            finance.get("/reconciliation/commissions/")

    def test_are_paged(
        self, finance: Client, dana: User, amira: User, rami: User, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr("commissions.board.PAGE", 1)
        closed(dana, amira, 1_000)
        closed(dana, rami, 1_000)
        first, second = (said(finance.get(f"/reconciliation/?page={n}")) for n in (1, 2))
        assert ("page=2" in first, "page=1" in second) == (True, True)
        assert ("Rival" in first.split("tfoot")[0], "Rival" in second.split("tfoot")[0]) == (
            False, True,
        )  # fmt: skip

    def test_agents_look_and_decide_nothing(
        self, client_for: ClientFor, dana: User, amira: User
    ) -> None:
        closed(dana, amira, 1_000, claimed_percent=Decimal(20))
        browser = client_for(dana)
        assert "Statements" not in said(browser.get("/reconciliation/"))
        page = said(browser.get(DIFFERENCES))
        assert "/assign/" not in page
        assert "/confirm/" in page  # an agent may confirm a closing as recorded
        assert "/approve/" not in said(browser.get("/reconciliation/commissions/"))


class TestDifferences:
    def test_are_given_out_under_the_same_filters(
        self, finance: Client, dana: User, amira: User, finance_user: User
    ) -> None:
        closed(dana, amira, 1_000, claimed_percent=Decimal(20))
        item = ReconciliationItem.objects.get()
        assign = f"/reconciliation/{item.pk}/assign/?owner=nobody"
        answer = finance.post(assign, {"owner": finance_user.pk})
        assert answer["Location"] == f"{DIFFERENCES}?owner=nobody"
        assert "No difference fits" in said(finance.get(answer["Location"]))
        assert finance_user.name in said(finance.get(f"{DIFFERENCES}?owner=mine"))
        assert "cannot be given" in said(finance.post(assign, {"owner": amira.pk}, follow=True))

    def test_say_by_when(self, finance: Client, dana: User, amira: User) -> None:
        closed(dana, amira, 1_000, claimed_percent=Decimal(20))
        assert "in 14 days" in said(finance.get(DIFFERENCES))
        late = today() - dt.timedelta(days=2)
        ReconciliationItem.objects.update(due_on=late)
        assert "2 days overdue" in said(finance.get(f"{DIFFERENCES}?owner=overdue"))
        assert "No difference fits" in said(finance.get(f"{DIFFERENCES}?kind=value_diff"))
        assert "No difference fits" in said(finance.get(f"{DIFFERENCES}?period=2020"))
        assert "overdue" in said(finance.get(f"{DIFFERENCES}?partner=nonsense&cursor=x"))

    def test_of_nobody_s_lead_is_dismissed_with_a_reason(
        self, finance: Client, acme: Partner
    ) -> None:
        upload(finance, acme, f"ref,value,date\nAB-1,7,{today()}\n".encode())
        item = ReconciliationItem.objects.get()
        page = said(finance.get(DIFFERENCES))
        assert "AB-1" in page
        address = f"/reconciliation/{item.pk}/dismiss/"
        assert address in page
        assert "Say why" in said(finance.post(address, {}, follow=True))
        prefix = f"item-{str(item.pk)[-6:]}"
        given = {f"{prefix}-reason": "Closed with somebody else"}
        assert "settled" in said(finance.post(address, given, follow=True))
        assert ReconciliationItem.objects.get().status == "settled"


class TestCommissions:
    def test_are_narrowed_and_approved_from_the_list(
        self, finance: Client, dana: User, amira: User, rami: User, acme: Partner
    ) -> None:
        mine, other = closed(dana, amira, 1_000), closed(dana, rami, 2_000)
        query = f"?partner={acme.pk}&closing=confirmed&status=pending"
        page = said(finance.get(f"/reconciliation/commissions/{query}"))
        assert str(mine.pk) in page
        assert str(other.pk) not in page
        answer = finance.post(f"/reconciliation/approve/{query}", {"commission": [mine.pk]})
        assert answer["Location"] == f"/reconciliation/commissions/{query}"
        page = said(finance.get(answer["Location"]))
        assert "1 commission approved" in page
        assert "No commission fits" in page

    def test_four_eyes_hold_in_the_list_too(
        self, finance: Client, finance_user: User, dana: User, amira: User
    ) -> None:
        deal = closed(dana, amira, 1_000)
        services.correct(
            actor=finance_user, commission_id=str(deal.pk), value=Decimal(9), reason="Signed"
        )
        page = said(
            finance.post("/reconciliation/approve/", {"commission": [deal.pk]}, follow=True)
        )
        assert "somebody else has to approve it" in page
        deal.refresh_from_db()
        assert deal.approved_at is None


class TestPapers:
    def test_are_recorded_and_settled_on_the_page(
        self, finance: Client, dana: User, amira: User
    ) -> None:
        ConfirmationLimit.objects.create(market="uae", currency="AED", amount=Decimal(1))
        deal = closed(dana, amira, 1_000)
        day = today() - dt.timedelta(days=9)
        given = {"value": "2,000", "closed_on": str(day), "currency": "AED"}
        fields = {f"papers-{name}": value for name, value in given.items()}
        address = f"/reconciliation/{deal.pk}/record/"
        page = said(finance.post(address, fields, follow=True))
        assert "Value differs" in page
        assert "Date differs" in page
        assert finance.post(address, fields | {"papers-value": "x"}).status_code == 422
        for item in ReconciliationItem.objects.order_by("created_at"):
            prefix = f"item-{str(item.pk)[-6:]}"
            chosen = {f"{prefix}-resolution": "record"}
            finance.post(f"/reconciliation/{item.pk}/settle/", chosen)
        deal = Commission.objects.select_related("share").get(pk=deal.pk)
        assert (deal.agreement_value, deal.closed_on) == (2_000, day)
        assert deal.share.confirmed_at is not None


class TestStatements:
    def test_are_taken_in_and_shown_line_by_line(
        self, finance: Client, dana: User, amira: User, acme: Partner
    ) -> None:
        deal, left_out = closed(dana, amira, 1_000), closed(dana, amira, 3_000)
        content = f"lead,value,rate\n{deal.share_id},1000,20\n,,\n"
        assert "No statement yet" in said(finance.get("/reconciliation/statements/"))
        answer = upload(finance, acme, content.encode())
        assert answer.status_code == 302
        page = said(finance.get(answer["Location"]))
        assert "Rate differs" in page
        assert "0 of 1 lines agree" in page
        assert f"/reconciliation/{left_out.pk}/" in page
        again = upload(finance, acme, content.encode())
        assert again["Location"] == answer["Location"]
        assert "taken in before" in said(finance.get(again["Location"]))
        page = said(finance.get("/reconciliation/statements/"))
        assert "november.csv" in page
        assert answer["Location"] in page

    def test_with_faults_are_refused_whole(
        self, finance: Client, acme: Partner, dana: User, amira: User
    ) -> None:
        deal = closed(dana, amira, 1_000)
        content = f"lead,value\n{deal.share_id},1000\n{deal.share_id},<script>alert(1)\n"
        answer = upload(finance, acme, content.encode())
        assert answer.status_code == 422
        page = said(answer)
        assert "1 fault, nothing taken in" in page
        assert "Row 3" in page
        assert "<script>alert" not in page
        assert not Statement.objects.exists()

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"partner": "partner_x"}, "valid choice"),
            ({"first": ""}, "required"),
            ({"last": "2020-01-01"}, "from the first day to the last"),
            ({"file": ""}, "required"),
        ],
    )
    def test_what_is_missing_is_said(
        self, finance: Client, acme: Partner, given: Any, words: str
    ) -> None:
        answer = upload(finance, acme, b"value,date\n", **given)
        assert answer.status_code == 422
        assert words in said(answer)

    def test_a_name_is_never_markup(self, finance: Client, acme: Partner) -> None:
        content = f"value,date\n7,{today()}\n".encode()
        answer = upload(finance, acme, content, name="<img src=x onerror=alert(1)>.csv")
        for address in (answer["Location"], "/reconciliation/statements/"):
            page = said(finance.get(address))
            assert "&lt;img src=x" in page
            assert "<img src=x" not in page

    def test_long_ones_are_paged(
        self, finance: Client, acme: Partner, django_assert_max_num_queries: Any
    ) -> None:
        rows = "".join(f"A-{n},{n},{today()}\n" for n in range(1, 131))
        address = upload(finance, acme, f"ref,value,date\n{rows}".encode())["Location"]
        with django_assert_max_num_queries(7):
            first = said(finance.get(address))
        second = said(finance.get(f"{address}?page=2"))
        assert ("A-100<" in first, "A-101<" in first) == (True, False)
        assert "A-130<" in second

    def test_of_a_strange_id(self, finance: Client) -> None:
        gone = f"/reconciliation/statements/statement_{'0' * 26}/"
        assert finance.get(gone).status_code == 404


class TestPartner:
    def test_sees_its_own_lines_with_what_comes_of_each_difference(
        self,
        client_for: ClientFor,
        finance: Client,
        finance_user: User,
        dana: User,
        amira: User,
        acme: Partner,
    ) -> None:
        deal, other = closed(dana, amira, 1_000), closed(dana, amira, 3_000)
        stated = accepted(dana, amira)  # as closed, and never reported so
        content = f"lead,value,rate\n{deal.share_id},1000,20\n{stated.pk},55,\n"
        upload(finance, acme, content.encode())
        browser = client_for(amira)
        page = said(browser.get("/portal/reconciliation/"))
        assert "Rate: you say 20% (+AED 50), we recorded 15%; we look into it until" in page
        assert "Not in your statement: we look into it" in page
        assert "In your statement, not closed here" in page
        assert "0 of 2 lines agree" in page
        assert "AED 600" in page
        item = ReconciliationItem.objects.get(kind="rate_diff")
        services.settle_item(actor=finance_user, item_id=str(item.pk), resolution="record")
        page = said(browser.get("/portal/reconciliation/?show=differing"))
        assert "settled as recorded" in page
        page = said(browser.get("/portal/reconciliation/?show=open"))
        assert f"/portal/commissions/{deal.pk}/" not in page
        assert f"/portal/commissions/{other.pk}/" in page
        for query in ("period=2020", "status=paid"):
            assert "No closing fits" in said(browser.get(f"/portal/reconciliation/?{query}"))

    def test_never_sees_a_rivals(
        self, client_for: ClientFor, finance: Client, rami: User, acme: Partner
    ) -> None:
        upload(finance, acme, f"ref,value,date\nZEN-1,77777,{today()}\n".encode())
        page = said(client_for(rami).get("/portal/reconciliation/"))
        for word in ("77,777", "ZEN-1", "lines agree"):
            assert word not in page

    def test_is_told_what_a_split_leaves_it(
        self, client_for: ClientFor, dana: User, bilal: User
    ) -> None:
        pays = Direction.PLATFORM_PAYS_PARTNER
        agreed(bilal.partner, Terms(direction=pays, percent=Decimal(20), partner_share=Decimal(60)))
        closed(dana, bilal, 1_000)
        assert "20% · AED 120" in said(client_for(bilal).get("/portal/reconciliation/"))
