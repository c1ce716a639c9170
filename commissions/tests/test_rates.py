"""Reference rates: reading the Bank's files, importing them, and the feed."""

from __future__ import annotations

import datetime as dt
import io
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from commissions import rate_feed, rate_files, services, tasks
from commissions.models import ExchangeRate
from commissions.rate_files import Quote, read_quotes
from events.models import Event
from leads.import_file import FileRefused
from partners.models import User
from portal.lib.access import THE_SYSTEM
from portal.lib.errors import NotAllowed

HISTORY = b"""Date,USD,JPY,BGN,INR,
2026-10-30,1.1172,175.68,N/A,106.084,
2026-10-29,1.1180,175.10,N/A,106.001,
"""
ONE_DAY = b"Date, USD, INR, \r\n30 October 2026, 1.1172, 106.0840, \r\n"
XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
 xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
<gesmes:subject>Reference rates</gesmes:subject>
<Cube><Cube time='2026-10-30'>
<Cube currency='USD' rate='1.1172'/>
<Cube currency='INR' rate='106.084'/>
</Cube></Cube></gesmes:Envelope>"""
DAY = dt.date(2026, 10, 30)


def zipped(content: bytes, name: str = "eurofxref-hist.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def held(currency: str, per_euro: str, day: dt.date = DAY) -> ExchangeRate:
    return ExchangeRate.objects.create(
        currency=currency, day=day, per_euro=Decimal(per_euro), source=rate_files.SOURCE
    )


def _file_or_value(value: object) -> str | None:
    """Name a case; the bytes of a file would be a long name, of a ZIP with the time in it."""
    return "file" if isinstance(value, bytes) else None


class TestReading:
    @pytest.mark.parametrize(
        "content", [ONE_DAY, XML, zipped(ONE_DAY, "eurofxref.csv")], ids=["csv", "xml", "zip"]
    )
    def test_reads_every_format_of_the_bank(self, content: bytes) -> None:
        assert read_quotes(content) == [
            Quote("USD", DAY, Decimal("1.1172")),
            Quote("INR", DAY, Decimal("106.0840")),
        ]

    def test_takes_currencies_and_days_that_are_wanted(self) -> None:
        found = read_quotes(HISTORY, since=DAY)
        assert [(q.currency, q.day) for q in found] == [("USD", DAY), ("JPY", DAY), ("INR", DAY)]

    def test_the_bundled_history_is_whole(self) -> None:
        quotes = read_quotes(rate_files.bundled())
        assert len(quotes) > 70_000
        assert min(quote.day for quote in quotes) == rate_files.FIRST_DAY
        known = Quote("USD", dt.date(2014, 3, 28), Decimal("1.3759"))
        assert known in quotes
        assert {q.currency for q in quotes} >= {"USD", "INR", "GBP", "JPY", "CHF", "SGD"}

    @pytest.mark.parametrize(
        ("content", "row", "column", "why"),
        [
            (HISTORY.replace(b"106.001", b"abc"), 3, "INR", "no rate: abc"),
            (HISTORY.replace(b"106.001", b"-1"), 3, "INR", "no rate"),
            (HISTORY.replace(b"106.001", b"0"), 3, "INR", "no rate"),
            (HISTORY.replace(b"106.001", b"1e9"), 3, "INR", "no rate"),
            (HISTORY.replace(b"106.001", b"1.123456789"), 3, "INR", "no rate"),
            (HISTORY.replace(b"2026-10-29", b"2026-10-30"), 3, "USD", "twice"),
            (HISTORY.replace(b"2026-10-29", b"2026-02-30"), 3, "", "no day"),
            (HISTORY.replace(b"2026-10-29", b"2099-10-29"), 3, "USD", "no day"),
            (HISTORY.replace(b"106.001,", b""), 3, "", "cells"),
            (HISTORY.replace(b"INR", b"Inr"), 2, "Inr", "no currency"),
            (HISTORY.replace(b"INR", b"USD"), None, "", "each currency once"),
            (b"Name,Phone\nJohn,1\n", None, "", "first row"),
            (b"Date,BGN\n2026-10-30,N/A\n", None, "", "no rate of a currency"),
            (b"", None, "", "first row"),
            (b"\xff\xfe\x00", None, "", "UTF-8"),
            (XML.replace(b"106.084", b"x"), 7, "INR", "no rate"),
            (XML.replace(b" rate='106.084'", b""), 7, "INR", "no rate"),
            (XML.replace(b"time='2026-10-30'", b""), 6, "USD", "no day"),
            (XML[:200], 4, "", "XML"),
            (XML.replace(b"<gesmes:Env", b'<!DOCTYPE a [<!ENTITY b "c">]><gesmes:Env', 1),
             None, "", "document type"),
            (zipped(HISTORY, "a.txt"), None, "", "one CSV"),
            (zipped(HISTORY)[:90], None, "", "zip"),
            (b"x" * (rate_files.MAX_BYTES + 1), None, "", "too large"),
        ],
        ids=_file_or_value,
    )  # fmt: skip
    def test_refuses_the_whole_file_and_says_where(
        self, content: bytes, row: int | None, column: str, why: str
    ) -> None:
        with pytest.raises(FileRefused) as refused:
            read_quotes(content)
        fault = refused.value.faults[0]
        assert (fault.row, fault.column) == (row, column)
        assert why in fault.reason

    def test_a_zip_is_read_no_further_than_it_may_be_long(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rate_files, "MAX_UNPACKED", 1_000)
        with pytest.raises(FileRefused) as refused:
            read_quotes(zipped(HISTORY + b"\n" * 5_000))
        assert "too large" in refused.value.faults[0].reason


@pytest.mark.django_db
class TestImporting:
    def test_keeps_each_rate_once(self, finance_user: User) -> None:
        quotes = read_quotes(HISTORY)
        first = services.import_rates(actor=finance_user, quotes=quotes)
        again = services.import_rates(actor=finance_user, quotes=quotes)

        assert (first.added, first.known, again.added, again.known) == (6, 0, 0, 6)
        assert ExchangeRate.objects.count() == 6
        rate = ExchangeRate.objects.get(currency="INR", day=DAY)
        assert (rate.per_euro, rate.source) == (Decimal("106.084"), rate_files.SOURCE)
        event = Event.objects.get(kind="rates_imported")
        assert (event.actor, event.data["added"]) == (finance_user.pk, 6)
        assert event.data["first"] == "2026-10-29"

    def test_refuses_another_value_for_a_day_and_reports_it(self, finance_user: User) -> None:
        held("INR", "105")
        report = services.import_rates(actor=finance_user, quotes=read_quotes(HISTORY))

        assert [(d.currency, d.day, d.held, d.given) for d in report.differing] == [
            ("INR", DAY, Decimal(105), Decimal("106.084"))
        ]
        assert report.added == 5
        assert ExchangeRate.objects.get(currency="INR", day=DAY).per_euro == 105
        assert Event.objects.get(kind="rates_imported").data["differing"] == 1

    def test_the_database_refuses_to_change_one(self) -> None:
        rate = held("INR", "105")
        for change in (rate.save, rate.delete):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()

    @pytest.mark.parametrize("who", ["dana", "amira"])
    def test_is_for_finance(self, request: pytest.FixtureRequest, who: str) -> None:
        with pytest.raises(NotAllowed):
            services.import_rates(actor=request.getfixturevalue(who), quotes=read_quotes(XML))
        assert not ExchangeRate.objects.exists()

    def test_the_command_takes_the_bundled_history_that_deals_need(self, capsys: Any) -> None:
        call_command("import_rates")
        first = ExchangeRate.objects.order_by("day")[0].day
        last_year = timezone.now().date().replace(month=1, day=1) - dt.timedelta(days=365)
        assert dt.timedelta(0) <= first - (last_year - dt.timedelta(days=7)) < dt.timedelta(days=7)
        call_command("import_rates")
        assert "0 rates added" in capsys.readouterr().out

    def test_the_command_takes_a_file(self, tmp_path: Any, capsys: Any) -> None:
        file = tmp_path / "rates.csv"
        file.write_bytes(HISTORY)
        call_command("import_rates", str(file), since=DAY)
        assert "3 rates added, 0 held already." in capsys.readouterr().out
        file.write_bytes(HISTORY.replace(b"106.084", b"107"))
        with pytest.raises(CommandError, match="1 rates differ"):
            call_command("import_rates", str(file))
        assert "2026-10-30 INR: 106.084, 107" in capsys.readouterr().err
        file.write_bytes(HISTORY.replace(b"106.001", b"x"))
        with pytest.raises(CommandError, match="row 3 INR: This is no rate: x"):
            call_command("import_rates", str(file))
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("import_rates", str(tmp_path / "none"))


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_keep_one_value() -> None:
    def take(per_euro: str) -> int:
        quotes = [Quote("INR", DAY, Decimal(per_euro)), Quote("USD", DAY, Decimal("1.1"))]
        try:
            report = services.import_rates(actor=THE_SYSTEM, quotes=quotes)
            return len(report.differing)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        differing = sorted(pool.map(take, ["105", "106"] * 4))
    assert differing == [0, 0, 0, 0, 1, 1, 1, 1]
    assert ExchangeRate.objects.count() == 2


class Feed(BaseHTTPRequestHandler):
    answers: dict[str, tuple[int, bytes]] = {}
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, body = self.answers[self.path]
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def feed(settings: Any) -> Any:
    """Return how to read the feed at a path of a server on loopback."""
    settings.WEBHOOK_ALLOW_LOOPBACK = True
    Feed.asked = []
    Feed.answers = {
        "/xml": (200, XML),
        "/moved": (302, b""),
        "/broken": (200, b"<oops"),
        "/gone": (404, b""),
        "/long": (200, b"x" * (rate_files.MAX_BYTES + 1)),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def read(path: str) -> Any:
        settings.EXCHANGE_RATES_FEED = f"http://127.0.0.1:{server.server_port}{path}"
        return rate_feed.read_feed()

    yield read
    server.shutdown()
    server.server_close()


@pytest.mark.django_db
class TestFeed:
    def test_is_imported(self, feed: Any) -> None:
        assert feed("/xml").added == 2
        assert feed("/xml").known == 2
        assert Event.objects.get(kind="rates_imported").actor == "system"

    @pytest.mark.parametrize(
        ("path", "code"),
        [
            ("/moved", "redirect"),
            ("/broken", "file_refused"),
            ("/gone", "http_404"),
            ("/long", "too_long"),
        ],
    )
    def test_what_is_no_file_is_recorded_and_changes_nothing(
        self, feed: Any, path: str, code: str
    ) -> None:
        assert feed(path) is None
        assert Feed.asked == [path]  # a redirect is not followed
        event = Event.objects.get(kind="rates_imported")
        assert (event.ok, event.data["code"]) == (False, code)
        assert not ExchangeRate.objects.exists()

    def test_is_read_each_day(self, settings: Any) -> None:
        settings.EXCHANGE_RATES_FEED = ""
        planned = settings.CELERY_BEAT_SCHEDULE["read-exchange-rates"]["task"]
        assert planned == tasks.read_rates.name
        assert tasks.read_rates(from_a_newer_portal=1) is None

    def test_goes_nowhere_inside_and_off_by_default(self, feed: Any, settings: Any) -> None:
        settings.WEBHOOK_ALLOW_LOOPBACK = False
        assert feed("/xml") is None
        assert Feed.asked == []
        assert Event.objects.get(kind="rates_imported").data["code"] == "address_refused"
        settings.EXCHANGE_RATES_FEED = ""
        assert rate_feed.read_feed() is None
        assert Event.objects.count() == 1
