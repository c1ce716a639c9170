"""Exports for accounting: what stands in them, who may take them, that nothing in them runs."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from commissions import accounting, services
from commissions.accounting import EXPORTS, Chosen
from commissions.exports import csv_lines
from commissions.models import (
    Agreement,
    AgreementVersion,
    Commission,
    Dispute,
    ExchangeRate,
    LedgerEntry,
    ReconciliationItem,
)
from commissions.sheets import workbook
from commissions.terms import Milestone, Terms, Tier
from commissions.tests.money_world import agreed, closed
from conftest import ClientFor
from events.models import Event
from partners.models import Partner, User
from partners.tests.factories import UserFactory
from partners.types import Direction
from portal.lib.access import THE_SYSTEM, Actor, Role
from portal.lib.errors import NotAllowed, NotFound

FILE = "/reconciliation/exports/file/"
_NS = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
Table = list[dict[str, str]]


def table(text: str) -> Table:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def taken(client: Any, what: str, **filters: str) -> Table:
    """Return the rows of an export as CSV, through HTTP."""
    answer = client.get(FILE, {"what": what, "format": "csv"} | filters)
    assert answer.status_code == 200, answer.content
    return table(b"".join(answer).decode())


def cells(content: bytes) -> Iterator[list[ElementTree.Element]]:
    """Yield the rows of every sheet of a workbook, each as its cells."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        names = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        for name in sorted(names):
            sheet = ElementTree.fromstring(book.read(name))  # noqa: S314 - we wrote it
            for row in sheet.iterfind(".//x:row", _NS):
                yield row.findall("x:c", _NS)


def said(cell: ElementTree.Element) -> str:
    """Return what a cell shows; text stands inline, as the workbook is written row by row."""
    return "".join(cell.itertext())


@pytest.fixture
def world(dana: User, amira: User, devika: User, acme: Partner, finance_user: User) -> Commission:
    """One deal of a partner that differs, is disputed, corrected; one of a developer's."""
    agreed(acme, Terms(direction=Direction.PLATFORM_PAYS_PARTNER, percent=Decimal(15)))
    first = closed(dana, amira, "1234567.89", claimed_percent=Decimal(20))
    closed(dana, devika, 2_000_000)
    Dispute.objects.create(
        commission=first,
        partner=acme,
        by_partner=True,
        opened_by=amira.pk,
        claimed_amount=Decimal(200_000),
        recorded_amount=first.settled_amount,
        currency="AED",
        reason="=cmd|' /C calc'!A0",
        due_on=timezone.now().date(),
    )
    ExchangeRate.objects.create(
        currency="INR", day=timezone.now().date(), per_euro=Decimal("106.084"), source="ECB"
    )
    return first


class TestRows:
    def test_commissions_say_what_was_agreed_claimed_and_booked(
        self, world: Commission, client_for: ClientFor, finance_user: User
    ) -> None:
        row, other = taken(client_for(finance_user), "commissions")
        assert row["id"] == str(world.pk)
        assert row["agreementValue"] == "1234567.89"
        assert (row["commissionAmount"], row["currency"]) == ("185185.18", "AED")
        assert (row["commissionPercent"], row["claimedPercent"]) == ("15.00", "20.00")
        assert other["direction"] == "partner_pays_platform"

    def test_the_journal_balances_and_gives_the_ledger_again(
        self, world: Commission, client_for: ClientFor, finance_user: User, admin_user: User
    ) -> None:
        services.correct(
            actor=finance_user, commission_id=str(world.pk), value=Decimal(1_000_000), reason="x"
        )
        rows = taken(client_for(finance_user), "journal")

        assert len(rows) == 2 * LedgerEntry.objects.count() == 8
        assert list(rows[0])[:6] == ["date", "account", "debit", "credit", "currency", "reference"]
        sides = {side: sum(Decimal(row[side] or 0) for row in rows) for side in ("debit", "credit")}
        assert sides["debit"] == sides["credit"] > 0
        for debit, credit in zip(rows[::2], rows[1::2], strict=True):
            assert debit["entry"] == credit["entry"]
            assert debit["debit"] == credit["credit"]
            assert debit["credit"] == credit["debit"] == ""
            entry = LedgerEntry.objects.get(pk=debit["entry"])
            assert (debit["account"], credit["account"]) == (entry.debit, entry.credit)
            assert Decimal(debit["debit"]) == entry.amount
            assert debit["reference"] == entry.commission_id

    def test_differences_disputes_and_rates(
        self, world: Commission, client_for: ClientFor, finance_user: User
    ) -> None:
        client = client_for(finance_user)
        (item,) = taken(client, "differences")
        assert (item["kind"], item["status"]) == ("rate_diff", "open")
        assert (item["claimedPercent"], item["recordedPercent"]) == ("20.00", "15.00")
        (dispute,) = taken(client, "disputes")
        assert (dispute["claimedAmount"], dispute["byPartner"]) == ("200000.00", "yes")
        assert "cmd" not in str(dispute)  # free text stays where it can be emptied
        (rate,) = taken(client, "rates")
        assert (rate["currency"], rate["perEuro"]) == ("INR", "106.08400000")

    def test_terms_are_those_in_force_on_a_day_of_the_period(
        self, acme: Partner, client_for: ClientFor, finance_user: User
    ) -> None:
        pays = Direction.PLATFORM_PAYS_PARTNER
        tiered = Terms(
            direction=pays,
            tiers=(Tier(Decimal(10_000_000), Decimal(5)), Tier(None, Decimal(3))),
            milestones=(Milestone("Registered", Decimal(40)), Milestone("Paid", Decimal(60))),
            currency="AED",
        )
        agreement = Agreement.objects.create(partner=acme, title="Terms", created_by="x")
        flat = Terms(direction=pays, percent=Decimal(12))
        for number, said, ends in ((1, tiered, None), (2, flat, dt.date(2025, 12, 31))):
            start = dt.datetime(2023 + number, 1, 1, tzinfo=dt.UTC)
            AgreementVersion.objects.create(
                agreement=agreement,
                partner=acme,
                number=number,
                valid_from=start.date(),
                valid_to=ends,
                terms=said.as_json(),
                text="x",
                text_hash="y",
                entered_by="user_x",
                accepted_by="user_y",
                accepted_at=start,
            )
        offered = Agreement.objects.create(partner=acme, title="Other", created_by="x")
        AgreementVersion.objects.create(
            agreement=offered, partner=acme, number=1, valid_from=dt.date(2020, 1, 1), terms={},
            text="x", text_hash="y", entered_by="user_x",
        )  # fmt: skip
        client = client_for(finance_user)

        def versions(**period: str) -> list[str]:
            return [row["version"] for row in taken(client, "terms", **period)]

        assert versions() == ["1", "2"]
        assert versions(to="2024-12-31") == ["1"]
        assert versions(**{"from": "2025-06-01"}) == ["2"]
        assert versions(**{"from": "2026-01-01"}) == []
        row = taken(client, "terms", to="2024-12-31")[0]
        assert row["tiers"] == "10000000: 5 | above: 3"
        assert row["milestones"] == "40: Registered | 60: Paid"
        assert row["replacedAt"] == "2025-01-01T00:00:00.000Z"


class TestFilters:
    def test_are_those_of_the_page(
        self, world: Commission, acme: Partner, client_for: ClientFor, finance_user: User
    ) -> None:
        client, today = client_for(finance_user), timezone.now().date()
        tomorrow = (today + dt.timedelta(days=1)).isoformat()

        def count(what: str, **filters: str) -> int:
            return len(taken(client, what, **filters))

        for what, number in (("commissions", 2), ("journal", 4), ("differences", 1)):
            assert count(what, **{"from": today.isoformat(), "to": today.isoformat()}) == number
            assert count(what, **{"from": tomorrow}) == 0
            assert count(what, currency="INR") == 0
            assert count(what, currency="AED") == number
        assert count("commissions", partner=str(acme.pk)) == 1
        assert count("commissions", type="developer") == 1
        assert count("commissions", status="disputed") == 0
        assert count("differences", status="settled") == 0
        assert count("disputes", status="open") == 1
        assert count("rates", currency="USD") == 0

    def test_a_settlement_currency_counts_too(
        self, dana: User, amira: User, acme: Partner, client_for: ClientFor, finance_user: User
    ) -> None:
        pays = Direction.PLATFORM_PAYS_PARTNER
        agreed(acme, Terms(direction=pays, percent=Decimal(10), currency="USD"))
        closed(dana, amira, 367_250)
        (row,) = taken(client_for(finance_user), "commissions", currency="USD")
        assert (row["currency"], row["settlementCurrency"]) == ("AED", "USD")
        assert (row["settledAmount"], row["exchangeRate"]) == ("10000.00", "0.2722940776")

    @pytest.mark.parametrize(
        "query",
        [
            "what=nothing&format=csv",
            "what=journal&format=pdf",
            "what=journal&format=csv&from=yesterday",
            "what=journal&format=csv&from=2026-02-01&to=2026-01-01",
            "what=journal&format=csv&status=open",
            "what=commissions&format=csv&status=open",
            "what=journal&format=csv&partner=partner_0",
            "what=journal&format=csv&currency=XXX",
        ],
    )
    def test_what_cannot_be_is_said_and_no_file(
        self, client_for: ClientFor, finance_user: User, query: str
    ) -> None:
        answer = client_for(finance_user).get(f"{FILE}?{query}")
        assert answer.status_code == 422
        assert "attachment" not in str(answer.headers)
        assert not Event.objects.filter(kind="export_taken").exists()

    def test_the_file_names_its_period(
        self, client_for: ClientFor, finance_user: User, acme: Partner
    ) -> None:
        client = client_for(finance_user)
        span = {"what": "journal", "format": "xlsx", "from": "2026-01-01", "to": "2026-03-31"}
        answer = client.get(FILE, span)
        assert 'filename="journal-20260101-20260331.xlsx"' in answer["Content-Disposition"]
        answer = client.get(FILE, {"what": "rates", "format": "csv"})
        assert 'filename="rates-all.csv"' in answer["Content-Disposition"]

    def test_the_page_keeps_what_it_came_with(
        self, client_for: ClientFor, finance_user: User, django_assert_max_num_queries: Any
    ) -> None:
        client = client_for(finance_user)
        with django_assert_max_num_queries(4):
            page = client.get("/reconciliation/exports/?from=2026-01-01&type=broker&odd=1")
        assert 'value="2026-01-01"' in page.content.decode()
        assert '<option value="broker" selected>' in page.content.decode()


class TestRights:
    def test_who_took_which_is_recorded(
        self, client_for: ClientFor, finance_user: User, acme: Partner
    ) -> None:
        taken(client_for(finance_user), "journal", partner=str(acme.pk), to="2026-12-31")
        event = Event.objects.get(kind="export_taken")
        assert event.actor == finance_user.pk
        assert event.data == {
            "what": "journal",
            "form": "csv",
            "partner": acme.pk,
            "until": "2026-12-31",
        }
        assert event.partner_id is None  # no partner reads what finance takes

    def test_an_agent_gets_what_lies_in_its_scope(
        self, world: Commission, client_for: ClientFor
    ) -> None:
        inside = UserFactory.create(role=Role.AGENT, market="uae")
        outside = UserFactory.create(role=Role.AGENT, market="india")
        for what in ("commissions", "journal", "differences", "disputes"):
            assert taken(client_for(inside), what)
            assert taken(client_for(outside), what) == []

    @pytest.mark.parametrize("what", ["terms", "rates"])
    def test_an_agent_takes_no_terms_and_no_rates(
        self, client_for: ClientFor, dana: User, what: str
    ) -> None:
        page = client_for(dana).get("/reconciliation/exports/").content.decode()
        assert f'value="{what}"' not in page
        assert client_for(dana).get(FILE, {"what": what, "format": "csv"}).status_code == 422
        with pytest.raises(NotAllowed):
            services.take_export(actor=dana, what=what, form="csv", chosen=Chosen())

    def test_a_partner_takes_none(self, client_for: ClientFor, amira: User) -> None:
        assert client_for(amira).get(FILE, {"what": "journal", "format": "csv"}).status_code == 403

    def test_there_are_no_others(self, finance_user: User) -> None:
        with pytest.raises(NotFound):
            services.take_export(actor=finance_user, what="leads", form="csv", chosen=Chosen())

    def test_a_partner_is_shown_its_own_rows_only(self, world: Commission, rami: User) -> None:
        for what in ("commissions", "journal", "differences", "disputes"):
            assert len(list(EXPORTS[what].rows(rami, Chosen()))) == 1  # the heading


def put_everywhere(formula: str, commission: Commission) -> None:
    """Put FORMULA into every column of text that an export reads."""
    Partner.objects.filter(pk=commission.partner_id).update(name=formula)
    Commission.objects.update(exchange_source=formula, claimed_currency="=1", recorded_by=formula)
    ReconciliationItem.objects.update(settled_by=formula[:40])
    Dispute.objects.update(opened_by=formula)
    LedgerEntry.objects.create(
        commission=commission,
        partner_id=commission.partner_id,
        kind="payment",
        debit="partner_payable",
        credit="bank_clearing",
        amount=Decimal(1),
        currency="AED",
        booked_on=timezone.now().date(),
        reference=formula,
        recorded_by=formula,
    )
    ExchangeRate.objects.create(
        currency="GBP",
        day=dt.date(2026, 1, 1) + dt.timedelta(days=ExchangeRate.objects.count()),
        per_euro=Decimal(1),
        source=formula,
    )


class TestSafety:
    FORMULAS = ("=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "＝1", '=HYPERLINK("x")', "https://x.y")

    def test_no_cell_of_a_csv_runs(
        self, world: Commission, client_for: ClientFor, finance_user: User
    ) -> None:
        client, met = client_for(finance_user), 0
        for formula in self.FORMULAS:
            put_everywhere(formula, world)
            for what in EXPORTS:
                content = b"".join(client.get(FILE, {"what": what, "format": "csv"})).decode()
                met += formula.strip() in content.replace('""', '"')
                for row in csv.reader(io.StringIO(content, newline="")):
                    assert not [cell for cell in row if cell.strip()[:1] in set("=@＝+-") - {""}]
        assert met == len(self.FORMULAS) * len(EXPORTS)

    def test_no_cell_of_a_workbook_is_a_formula_or_a_link(
        self, world: Commission, client_for: ClientFor, finance_user: User
    ) -> None:
        client = client_for(finance_user)
        for formula in self.FORMULAS:
            put_everywhere(formula, world)
            for what in EXPORTS:
                content = b"".join(client.get(FILE, {"what": what, "format": "xlsx"}))
                found = [cell for row in cells(content) for cell in row]
                assert {cell.get("t", "n") for cell in found} <= {"n", "inlineStr"}
                assert not [cell for cell in found if cell.find("x:f", _NS) is not None]
                assert formula in {said(cell) for cell in found}
                with zipfile.ZipFile(io.BytesIO(content)) as book:
                    assert b"<hyperlink" not in book.read("xl/worksheets/sheet1.xml")


class TestWorkbook:
    def test_amounts_are_numbers_and_days_are_dates(self) -> None:
        rows = [
            ["text", "amount", "yen", "day", "at", "none", "whole"],
            ["5,000", Decimal("30864.20"), Decimal(2500), dt.date(2026, 1, 5),
             dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC), None, 7],
        ]  # fmt: skip
        with workbook(rows) as file:
            head, row = cells(file.read())
        assert [said(cell) for cell in head] == rows[0]
        assert [(cell.get("t", "n"), said(cell)) for cell in row] == [
            ("inlineStr", "5,000"),
            ("n", "30864.20"),
            ("n", "2500"),
            ("n", "46027"),
            ("n", "46027.5"),
            ("n", "7"),
        ]

    def test_the_largest_amounts_stay_exact(self) -> None:
        amounts = [Decimal("999999999999.999"), Decimal("123456789012.345"), Decimal("0.001")]
        with workbook([["a"], *([amount] for amount in amounts)]) as file:
            found = [row[0] for row in cells(file.read())][1:]
        assert [round(Decimal(float(said(cell))), 3) for cell in found] == amounts

    def test_a_full_sheet_goes_on_in_the_next(self) -> None:
        with workbook([["n"], *([n] for n in range(7))], most_rows=4) as file:
            found = [said(row[0]) for row in cells(file.read())]
        assert found == ["n", "0", "1", "2", "n", "3", "4", "5", "n", "6"]

    def test_nothing_is_an_empty_workbook(self) -> None:
        with workbook(iter([["a", "b"]])) as file:
            assert [[said(cell) for cell in row] for row in cells(file.read())] == [["a", "b"]]


class TestPartnersWorkbook:
    def test_holds_what_the_list_shows(
        self, world: Commission, client_for: ClientFor, amira: User, rami: User
    ) -> None:
        client = client_for(amira)
        rows = list(cells(b"".join(client.get("/portal/commissions.xlsx"))))
        assert len(rows) == 2
        assert said(rows[1][0]) == str(world.pk)
        assert len(list(cells(b"".join(client.get("/portal/commissions.xlsx?status=paid"))))) == 1
        theirs = b"".join(client_for(rami).get("/portal/commissions.xlsx"))
        assert len(list(cells(theirs))) == 1


def many_entries(commission: Commission, number: int) -> None:
    """Add NUMBER entries to the ledger, in pieces."""
    for start in range(0, number, 5_000):
        LedgerEntry.objects.bulk_create(
            LedgerEntry(
                commission=commission, partner_id=commission.partner_id, kind="release",
                debit="approved_commission", credit="partner_payable",
                amount=Decimal(n % 997 + 1), currency="AED", booked_on=dt.date(2026, 1, 1),
                recorded_by="system",
            )
            for n in range(start, min(start + 5_000, number))
        )  # fmt: skip


def peak_of(user: Actor, form: str) -> tuple[int, int]:
    """Return how many bytes Python held at most while the journal was made, and its length."""
    tracemalloc.start()
    try:
        rows = accounting.journal(user, Chosen())
        if form == "csv":
            length = sum(len(line) for line in csv_lines(rows))
        else:
            with workbook(rows) as file:
                length = len(file.read())
        return tracemalloc.get_traced_memory()[1], length
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("form", "few", "many"),
    [
        ("csv", 1_000, 3_000),
        pytest.param("xlsx", 2_500, 7_500, marks=pytest.mark.proof),
        pytest.param("csv", 5_000, 100_000, marks=pytest.mark.proof),
        pytest.param("xlsx", 5_000, 30_000, marks=pytest.mark.proof),
    ],
)
def test_memory_stays_flat(world: Commission, form: str, few: int, many: int) -> None:
    """Many times the rows, and the same memory: what is sent is never held."""
    many_entries(world, few)
    first, short = peak_of(THE_SYSTEM, form)
    many_entries(world, many - few)
    second, long = peak_of(THE_SYSTEM, form)
    assert long > short * 2
    grown = second - first - (long - short if form == "xlsx" else 0)  # the file was read whole
    assert grown < 1_000_000
