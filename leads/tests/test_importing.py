"""Leads from a file: all or nothing, in few statements, and nobody comes back who was erased."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.models import Delivery, Event
from leads import import_file, notices, services, suppression
from leads.import_file import read_people
from leads.models import ConsentDecision, Lead, Notice, Receipt
from leads.tests.factories import LeadFactory
from partners.models import User
from portal.lib.sheets import FileRefused

pytestmark = pytest.mark.django_db
GOOD = """market,name,email,phone,budget_max,locations,consent_contact,consent_budget,consent_method
uae,Layla Fiktiva,Layla.F@example.com,050 123 4567,"2,200,000",Dubai Marina; JBR,no,yes,call
india,Ravi Bana,ravi@example.com,,90 00 000,Thane,,,
"""


@pytest.fixture
def browser(dana: User, client_for: Any) -> Client:
    return client_for(dana)


def upload(browser: Client, content: str | bytes, step: str = "import", **typed: str) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    sent = {"file": SimpleUploadedFile("leads.csv", raw), "step": step, "skip_known": "on"}
    return browser.post("/leads/import/", {**sent, **typed})


def faults_of(content: str | bytes) -> list[tuple[int | None, str]]:
    with pytest.raises(FileRefused) as refused:
        read_people(content.encode() if isinstance(content, str) else content)
    return [(fault.row, fault.column) for fault in refused.value.faults]


class TestAGoodFile:
    def test_is_recorded_with_what_each_client_decided(self, browser: Client, dana: User) -> None:
        answer = upload(browser, GOOD)

        assert (answer.status_code, answer["Location"]) == (302, "/leads/")
        layla, ravi = Lead.objects.order_by("created_at")
        assert (layla.email, layla.phone, layla.agent) == (
            "layla.f@example.com", "+971501234567", dana,
        )  # fmt: skip
        assert (layla.locations, layla.region, layla.currency) == (
            ["Dubai Marina", "JBR"], "AE-DU", "AED",
        )  # fmt: skip
        assert (ravi.market, ravi.currency, ravi.region) == ("india", "INR", "IN-MH")
        assert ravi.budget_max == Decimal(9_000_000)
        assert ravi.source == "import"
        decided = ConsentDecision.objects.values_list("lead", "group", "state", "source", "method")
        assert sorted(decided) == [
            (layla.pk, "budget", "given", "client", "call"),
            (layla.pk, "contact", "refused", "client", "call"),
        ]
        assert sorted(Event.objects.values_list("kind", flat=True)) == [
            "consent_decided", "lead_captured", "lead_captured", "leads_imported", "receipt_issued",
        ]  # fmt: skip
        assert Event.objects.get(kind="leads_imported").data == {
            "recorded": 2, "duplicates": 0, "known": 0, "suppressed": 0,
        }  # fmt: skip

    def test_a_client_who_decided_gets_a_receipt(self, browser: Client) -> None:
        upload(browser, GOOD)
        receipt = Receipt.objects.get()
        assert len(receipt.decisions) == 2
        assert Delivery.objects.get().refs == {"receipt": receipt.pk}

    @pytest.mark.parametrize(
        "content",
        [
            GOOD.encode("utf-8-sig"),
            GOOD.replace("\n", "\r\n").encode(),
            b"Market;Email\nUAE;layla@example.com\n;\n",
        ],
        ids=["marked", "of another system", "with semicolons"],
    )
    def test_is_read_as_spreadsheets_write_it(self, content: bytes) -> None:
        assert read_people(content)[0].market == "uae"

    def test_the_notice_a_row_names_is_kept(self, browser: Client) -> None:
        shown = notices.current("uae", notices.FORM)
        upload(
            browser,
            "market,email,consent_budget,consent_method,notice_version\n"
            f"uae,a@example.com,yes,form,{shown.version}\nuae,b@example.com,yes,form,theirs-1\n",
        )
        told = ConsentDecision.objects.values_list("lead__email", "notice_version", "notice_hash")
        assert set(told) == {
            ("a@example.com", shown.version, shown.sha256),
            ("b@example.com", "theirs-1", ""),
        }
        assert Notice.objects.get().sha256 == shown.sha256
        bodies = [receipt.body["records"][0]["privacy_notice"] for receipt in Receipt.objects.all()]
        assert {body["id"] for body in bodies} == {Notice.objects.get().pk, None}

    def test_looking_first_records_nothing(self, browser: Client) -> None:
        page = upload(browser, GOOD, step="check").content.decode()
        assert "What would be recorded" in page
        assert not Lead.objects.exists()
        assert not Event.objects.exists()

    @pytest.mark.parametrize(
        "number", [300, pytest.param(import_file.MAX_ROWS, marks=pytest.mark.proof)]
    )
    def test_many_rows_take_few_statements(self, dana: User, number: int) -> None:
        lines = [f"uae,person{n}@example.com,05{n:08d},yes,no,call" for n in range(number)]
        head = "market,email,phone,consent_contact,consent_budget,consent_method\n"
        people = read_people((head + "\n".join(lines)).encode())

        with CaptureQueriesContext(connection) as asked:
            report = services.import_leads(actor=dana, people=people)

        assert report.recorded == Lead.objects.count() == Receipt.objects.count() == number
        assert len(asked) < 60


class TestPeopleWhoAreKnown:
    def test_are_left_out_and_counted(self, browser: Client) -> None:
        LeadFactory.create(email="layla.f@example.com")
        upload(
            browser, GOOD + "uae,Layla Again,,+971501234567,,,,,\nuae,Twin,ravi@example.com,,,,,,\n"
        )

        assert Event.objects.get(kind="leads_imported").data["known"] == 1
        names = set(Lead.objects.values_list("name", flat=True))
        assert {"Layla Again", "Ravi Bana", "Twin"} <= names
        assert "Layla Fiktiva" not in names

    def test_sending_a_file_again_records_nobody_twice(self, browser: Client) -> None:
        upload(browser, GOOD)
        upload(browser, GOOD)
        assert Lead.objects.count() == 2

    def test_may_be_recorded_as_duplicates(self, dana: User) -> None:
        first = LeadFactory.create(email="layla.f@example.com")
        people = read_people((GOOD + "uae,Twin,,0501234567,,,,,\n").encode())
        report = services.import_leads(actor=dana, people=people, skip_known=False)

        assert (report.recorded, report.duplicates) == (3, 2)
        layla = Lead.objects.get(name="Layla Fiktiva")
        assert layla.duplicate_of_id == first.pk
        assert Lead.objects.get(name="Twin").duplicate_of_id == layla.pk

    def test_who_was_erased_is_left_out(self, browser: Client) -> None:
        suppression.add(LeadFactory.build(email="layla.f@example.com", phone=""))
        upload(browser, GOOD)

        assert list(Lead.objects.values_list("name", flat=True)) == ["Ravi Bana"]
        assert Event.objects.get(kind="leads_imported").data["suppressed"] == 1


class TestAFileWithFaults:
    def test_one_bad_row_and_nothing_is_recorded(self, browser: Client) -> None:
        answer = upload(browser, GOOD + "mars,X,not-an-email,,,,,,\n")

        page = answer.content.decode()
        assert answer.status_code == 422
        assert "2 faults, nothing recorded" in page
        assert "Row 4" in page
        assert not Lead.objects.exists()

    @pytest.mark.parametrize(
        ("row", "column"),
        [
            ("mars,,a@example.com,,,,,,", "market"),
            ("uae,,nobody,,,,,,", "email"),
            ("uae,Nameless,,,,,,,", "email"),
            ("uae,,a@example.com,,lots,,,,", "budget_max"),
            ("uae,,a@example.com,,-5,,,,", "budget_max"),
            ("uae,,a@example.com,,,,maybe,,call", "consent_contact"),
            ("uae,,a@example.com,,,,yes,,", "consent_method"),
            ("uae,,a@example.com,,,,yes,,telepathy", "consent_method"),
            (f"uae,{'x' * 201},a@example.com,,,,,,", "name"),
        ],
    )
    def test_names_the_row_and_the_column(self, row: str, column: str) -> None:
        assert faults_of(GOOD + row + "\n") == [(4, column)]

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", [(1, "market")]),
            (b"market,email\n", [(None, "")]),
            (b"market,email,shoe_size\nuae,a@example.com,44\n", [(1, "shoe_size")]),
            (b"market,email,email\n", [(1, "email")]),
            (b"email\na@example.com\n", [(1, "market")]),
            (b"market,email\nuae,a@example.com,more\n", [(2, "")]),
            (b'market,email\nuae,"a@example.com\n', [(None, "")]),
            ("market,name\nuae,é\n".encode("latin-1"), [(None, "")]),
            (b"market\0\n", [(None, "")]),
            (b"market,email\n" + b"x" * import_file.MAX_BYTES, [(None, "")]),
            (b"market,email\n" + b"uae,a@example.com\n" * 2001, [(None, "")]),
            (b"PK\x03\x04\xff\xfe", [(None, "")]),
        ],
    )
    def test_a_file_that_is_none_says_why(self, content: bytes, told: Any) -> None:
        assert faults_of(content) == told

    def test_ranges_are_in_order(self) -> None:
        head = "market,email,budget_min,budget_max,bedrooms_min,bedrooms_max\n"
        assert faults_of(f"{head}uae,a@example.com,5,4,3,2\n") == [
            (2, "budget_max"), (2, "bedrooms_max"),
        ]  # fmt: skip

    def test_what_a_cell_says_is_never_markup(self, browser: Client) -> None:
        page = upload(browser, "market,<script>x\nuae,1\n").content.decode()
        assert "&lt;script&gt;x" in page
        assert "<script>x" not in page

    def test_the_service_checks_for_itself(self, dana: User) -> None:
        row = services.ImportRow(
            number=7, market="uae", draft=services.LeadDraft(email="nobody", intent="steal")
        )
        with pytest.raises(services.capture.Malformed) as refused:
            services.import_leads(actor=dana, people=[row])
        pointers = {fault["pointer"] for fault in refused.value.details["errors"]}
        assert pointers == {"#/7/email", "#/7/intent"}


class TestThePage:
    def test_offers_an_empty_file_with_every_column(self, browser: Client) -> None:
        answer = browser.get("/leads/import/template.csv")
        assert next(csv.reader(io.StringIO(answer.content.decode()))) == list(import_file.COLUMNS)
        page = browser.get("/leads/import/").content.decode()
        assert all(f">{column}<" in page for column in import_file.COLUMNS)

    def test_finance_may_not(self, finance_user: User, client_for: Any) -> None:
        assert upload(client_for(finance_user), GOOD).status_code == 403
        assert not Lead.objects.exists()

    def test_htmx_gets_the_report_alone(self, browser: Client) -> None:
        raw = SimpleUploadedFile("leads.csv", GOOD.encode())
        answer = browser.post(
            "/leads/import/", {"file": raw, "step": "check"}, headers={"HX-Request": "true"}
        )
        assert "What would be recorded" in answer.content.decode()
        assert "<html" not in answer.content.decode()

    def test_asks_for_a_file(self, browser: Client) -> None:
        assert browser.post("/leads/import/", {"step": "check"}).status_code == 422
