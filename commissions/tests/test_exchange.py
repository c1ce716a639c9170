"""What rates are used for: crossing, booking as agreed, the page; and limits of confirmation."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from babel.numbers import get_currency_precision
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from commissions import rate_files, services
from commissions.exchange import NoRate, Rate, RateBook, rate_on
from commissions.models import Commission, ConfirmationLimit, ReconciliationItem
from commissions.rate_files import Quote
from commissions.terms import Terms
from commissions.tests.money_world import agreed, closed, stands, trial_balance
from commissions.tests.test_rates import DAY, HISTORY, held
from conftest import ClientFor
from events.models import Event
from partners.models import Partner, User
from partners.types import Direction
from portal.lib.access import THE_SYSTEM
from portal.lib.errors import Conflict, NotAllowed, NotFound
from portal.lib.money import CURRENCIES, MINOR_UNITS, quantum, rounded

PAYS = Direction.PLATFORM_PAYS_PARTNER


class TestCurrencies:
    @pytest.mark.parametrize("currency", CURRENCIES)
    def test_minor_units_are_those_of_iso_4217(self, currency: str) -> None:
        assert MINOR_UNITS[currency] == get_currency_precision(currency)

    def test_those_of_the_uae_and_india_and_their_neighbours_are_there(self) -> None:
        wanted = {"AED", "INR", "USD", "EUR", "GBP", "SAR", "KWD", "BHD", "OMR", "QAR", "JPY"}
        assert wanted <= set(CURRENCIES)
        assert {MINOR_UNITS[code] for code in ("KWD", "BHD", "OMR")} == {3}
        assert MINOR_UNITS["JPY"] == 0

    @given(
        amount=st.decimals(1, 10**9, places=2),
        per_source=st.decimals("0.01", 20_000, places=4),
        per_target=st.decimals("0.01", 20_000, places=4),
        currencies=st.tuples(st.sampled_from(CURRENCIES), st.sampled_from(CURRENCIES)),
    )
    def test_there_and_back_is_within_what_one_unit_is_worth(
        self,
        amount: Decimal,
        per_source: Decimal,
        per_target: Decimal,
        currencies: tuple[str, str],
    ) -> None:
        source, target = currencies
        amount = rounded(amount, source)
        there = Rate(per_target / per_source, DAY, "")
        back = Rate(per_source / per_target, DAY, "")
        again = back.convert(there.convert(amount, target), source)
        # Half a unit of the target, brought back, and half a unit of the source.
        most = quantum(target) / 2 * back.rate + quantum(source)
        assert abs(again - amount) <= most


@pytest.mark.django_db
class TestRates:
    def test_pegged_ones_need_no_bank(self) -> None:
        assert rate_on("AED", "SAR", DAY).rate == Decimal("1.0211027910")
        assert rate_on("USD", "AED", DAY).convert(Decimal(100), "AED") == Decimal("367.25")

    def test_a_weekend_has_the_rate_of_friday_and_a_week_later_none(self) -> None:
        held("USD", "1.1172")
        held("INR", "106.084")
        found = rate_on("USD", "INR", DAY + dt.timedelta(days=2))
        assert (found.day, found.source) == (DAY, rate_files.SOURCE)
        with pytest.raises(NoRate):
            rate_on("USD", "INR", DAY + dt.timedelta(days=7))
        with pytest.raises(NoRate):
            rate_on("USD", "INR", DAY - dt.timedelta(days=1))

    def test_a_cancelled_sale_goes_back_at_the_rate_it_was_booked_at(
        self, dana: User, amira: User, acme: Partner, finance_user: User, admin_user: User
    ) -> None:
        """Paid lines stay, and what is owed back knows nothing of newer rates (check 8)."""
        today = timezone.now().date()
        held("USD", "1.10", today - dt.timedelta(days=1))
        held("INR", "99", today - dt.timedelta(days=1))
        agreed(acme, Terms(direction=PAYS, percent=Decimal(10), currency="INR"))
        booked = closed(dana, amira, Decimal("3672.5"))
        services.approve(actor=finance_user, commission_id=str(booked.pk))
        services.record_payment(
            actor=finance_user,
            commission_id=str(booked.pk),
            amount=Decimal(9000),
            paid_on=today,
            reference="TT-1",
        )
        held("USD", "1.20", today)
        held("INR", "140", today)

        services.claw_back(actor=admin_user, commission_id=str(booked.pk), reason="Cancelled")

        assert {entry.exchange_rate for entry in booked.entries.all()} == {booked.exchange_rate}
        assert {entry.currency for entry in booked.entries.all()} == {"INR"}
        assert stands(booked) == {"owed_back": Decimal(-9000), "paid": Decimal(9000)}

    def test_a_report_says_the_same_and_carries_the_newest_on(self) -> None:
        old = DAY - dt.timedelta(days=30)
        for day in (old, DAY):
            held("USD", "1.1172", day)
            held("INR", "106.084", day)
        book = RateBook({"INR"} | {"AED"}, old)
        for day in (old, old + dt.timedelta(days=3), DAY, DAY + dt.timedelta(days=2)):
            assert book.rate("INR", "AED", day) == rate_on("INR", "AED", day)
        assert book.rate("INR", "AED", DAY + dt.timedelta(days=90)).day == DAY
        for day in (old - dt.timedelta(days=1), old + dt.timedelta(days=8)):
            with pytest.raises(NoRate):
                book.rate("INR", "AED", day)


@pytest.mark.django_db
class TestBookingAsAgreed:
    def commission_of(self, item: ReconciliationItem) -> Commission:
        return Commission.objects.get(pk=item.commission_id)

    @pytest.fixture
    def waiting(self, dana: User, amira: User, acme: Partner) -> ReconciliationItem:
        agreed(acme, Terms(direction=PAYS, percent=Decimal(10), currency="INR"))
        booked = closed(dana, amira, Decimal("3672.5"))
        return booked.share.reconciliation_items.get()

    def rates_of_today(self) -> None:
        today = timezone.now().date()
        held("USD", "1.10", today)
        held("INR", "99", today)

    def test_books_it_at_the_rate_of_the_closing_day(
        self, waiting: ReconciliationItem, finance_user: User, admin_user: User
    ) -> None:
        self.rates_of_today()
        services.book_as_agreed(actor=finance_user, item_id=str(waiting.pk))

        waiting.refresh_from_db()
        booked = self.commission_of(waiting)
        assert (waiting.status, waiting.settled_by) == ("settled", finance_user.pk)
        assert (booked.settlement_currency, booked.settled_amount) == ("INR", Decimal(9000))
        assert (booked.amount, booked.currency) == (Decimal("367.25"), "AED")
        assert booked.exchange_source.startswith("European Central Bank")
        assert booked.share.confirmed_at is not None
        assert set(trial_balance().values()) == {Decimal(0)}
        kinds = set(Event.objects.values_list("kind", flat=True))
        assert {"commission_corrected", "reconciliation_settled"} <= kinds
        with pytest.raises(services.FourEyes):
            services.approve(actor=finance_user, commission_id=str(booked.pk))
        services.approve(actor=admin_user, commission_id=str(booked.pk))
        assert stands(booked)["payable"] == Decimal(9000)

    def test_whoever_handed_in_the_rate_does_not_approve(
        self, waiting: ReconciliationItem, finance_user: User, admin_user: User
    ) -> None:
        today = timezone.now().date()
        quotes = [Quote("USD", today, Decimal("1.10")), Quote("INR", today, Decimal(99))]
        services.import_rates(actor=admin_user, quotes=quotes)
        services.book_as_agreed(actor=finance_user, item_id=str(waiting.pk))
        booked = self.commission_of(waiting)
        assert booked.hands == sorted({*booked.hands, admin_user.actor_id, finance_user.actor_id})
        for one in (admin_user, finance_user):
            with pytest.raises(services.FourEyes):
                services.approve(actor=one, commission_id=str(booked.pk))

    def test_without_the_rate_nothing_changes(
        self, waiting: ReconciliationItem, finance_user: User
    ) -> None:
        entries = self.commission_of(waiting).entries.count()
        with pytest.raises(Conflict, match="still is no exchange rate"):
            services.book_as_agreed(actor=finance_user, item_id=str(waiting.pk))
        waiting.refresh_from_db()
        assert waiting.status == "open"
        assert self.commission_of(waiting).entries.count() == entries

    def test_once_only_and_of_no_other_question(
        self, waiting: ReconciliationItem, finance_user: User, dana: User, rami: User
    ) -> None:
        self.rates_of_today()
        services.book_as_agreed(actor=finance_user, item_id=str(waiting.pk))
        with pytest.raises(Conflict, match="settled already"):
            services.book_as_agreed(actor=finance_user, item_id=str(waiting.pk))
        other = closed(dana, rami, 1_000, claimed_percent=Decimal(20))
        item = other.share.reconciliation_items.get()
        with pytest.raises(Conflict, match="no closing without"):
            services.book_as_agreed(actor=finance_user, item_id=str(item.pk))

    @pytest.mark.parametrize("who", ["dana", "amira"])
    def test_is_for_finance(
        self, waiting: ReconciliationItem, request: pytest.FixtureRequest, who: str
    ) -> None:
        with pytest.raises(NotAllowed):
            services.book_as_agreed(actor=request.getfixturevalue(who), item_id=str(waiting.pk))

    def test_from_the_page(
        self, waiting: ReconciliationItem, finance_user: User, client_for: ClientFor
    ) -> None:
        client = client_for(finance_user)
        page = client.get(f"/reconciliation/{waiting.commission_id}/").content.decode()
        assert "Book in the agreed currency now" in page
        address = f"/reconciliation/{waiting.pk}/book-as-agreed/"
        assert "There still is no" in client.post(address, follow=True).content.decode()
        self.rates_of_today()
        assert "Booked in the currency agreed" in client.post(address, follow=True).content.decode()


@pytest.mark.django_db
class TestPage:
    def test_lists_pages_and_filters(
        self,
        finance_user: User,
        client_for: ClientFor,
        django_assert_max_num_queries: Any,
    ) -> None:
        services.import_bundled_rates(actor=THE_SYSTEM, since=dt.date(2026, 9, 1))
        client = client_for(finance_user)
        with django_assert_max_num_queries(4):
            page = client.get("/reconciliation/rates/").content.decode()
        assert "30 Oct 2026" in page
        assert "106.084 INR" in page
        assert 'rel="next"' in page
        page = client.get("/reconciliation/rates/?currency=GBP&day=2026-10-29").content.decode()
        assert "INR</td>" not in page
        assert "GBP</td>" in page
        odd = client.get("/reconciliation/rates/?currency=XXX&day=never&page=-1")
        assert odd.status_code == 200

    def test_says_which_rate_applies(self, finance_user: User, client_for: ClientFor) -> None:
        client, ask = (
            client_for(finance_user),
            "/reconciliation/rates/?rate-source=AED&rate-target=",
        )
        page = client.get(f"{ask}SAR&rate-on=2026-10-30").content.decode()
        assert "1 AED = 1.021102791 SAR, the rate of 30 Oct 2026." in page
        assert "Saudi Central Bank, dollar peg" in page
        page = client.get(f"{ask}INR&rate-on=2026-10-30").content.decode()
        assert "No rate from AED to INR on 30 Oct 2026" in page
        assert client.get(f"{ask}NOPE&rate-on=x").status_code == 200

    def send(self, client: Any, content: bytes) -> Any:
        file = SimpleUploadedFile("rates.csv", content)
        return client.post("/reconciliation/rates/", {"file": file}, follow=True)

    def test_takes_a_file(self, finance_user: User, client_for: ClientFor) -> None:
        client = client_for(finance_user)
        assert "6 rates added." in self.send(client, HISTORY).content.decode()
        assert "6 were held already" in self.send(client, HISTORY).content.decode()
        changed = self.send(client, HISTORY.replace(b"106.084", b"107")).content.decode()
        assert "1 rate differs from the one held" in changed
        refused = self.send(client, HISTORY.replace(b"106.001", b"<b>"))
        assert refused.status_code == 422
        assert "This is no rate: &lt;b&gt;." in refused.content.decode()
        assert client.post("/reconciliation/rates/").status_code == 422

    def test_says_when_rates_are_old(self, finance_user: User, client_for: ClientFor) -> None:
        client = client_for(finance_user)
        assert "No rate is held yet" in client.get("/reconciliation/rates/").content.decode()
        held("INR", "105", dt.date(2020, 1, 2))
        assert (
            "newest rates are of 2 Jan 2020"
            in client.get("/reconciliation/rates/").content.decode()
        )
        held("USD", "1.1", timezone.now().date())
        assert "newest rates are" not in client.get("/reconciliation/rates/").content.decode()


@pytest.mark.django_db
class TestLimits:
    def test_are_set_and_dropped_with_an_event(self, admin_user: User) -> None:
        where = {"market": "uae", "currency": "AED"}
        services.set_limit(actor=admin_user, amount=Decimal(100), **where)
        services.set_limit(actor=admin_user, amount=Decimal(100), **where)
        services.set_limit(actor=admin_user, amount=Decimal(200), **where)
        services.drop_limit(actor=admin_user, **where)
        events = Event.objects.filter(kind="confirmation_limit_changed").order_by("at", "pk")
        assert [(e.data["before"], e.data["after"]) for e in events] == [
            (None, "100"),
            ("100.000", "200"),
            ("200.000", None),
        ]
        assert not ConfirmationLimit.objects.exists()
        with pytest.raises(NotFound):
            services.drop_limit(actor=admin_user, **where)

    @pytest.mark.parametrize("who", ["finance_user", "dana", "amira"])
    def test_are_an_admins(self, request: pytest.FixtureRequest, who: str) -> None:
        actor = request.getfixturevalue(who)
        with pytest.raises(NotAllowed):
            services.set_limit(actor=actor, market="uae", currency="AED", amount=Decimal(1))
        with pytest.raises(NotAllowed):
            services.drop_limit(actor=actor, market="uae", currency="AED")

    def test_in_the_admin(self, admin_user: User, client_for: ClientFor) -> None:
        client, base = client_for(admin_user), "/admin/commissions/confirmationlimit/"
        client.post(f"{base}add/", {"market": "uae", "currency": "JPY", "amount": "1.5"})
        assert not ConfirmationLimit.objects.exists()  # a yen has no smaller part
        client.post(f"{base}add/", {"market": "uae", "currency": "AED", "amount": "1000"})
        limit = ConfirmationLimit.objects.get()
        client.post(f"{base}{limit.pk}/change/", {"amount": "2000", "currency": "INR"})
        limit.refresh_from_db()
        assert (limit.currency, limit.amount) == ("AED", 2000)
        client.post(f"{base}{limit.pk}/delete/", {"post": "yes"})
        assert not ConfirmationLimit.objects.exists()
        assert Event.objects.filter(kind="confirmation_limit_changed").count() == 3
