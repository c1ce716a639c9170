"""Statements taken in: each difference asked once, answered ones left alone, nothing half done."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from commissions import services
from commissions.exports import commission_rows, csv_lines
from commissions.models import Commission, ReconciliationItem, Statement, StatementLine
from commissions.tests.money_world import accepted, closed
from events.models import Event
from leads.models import Share
from partners.models import Partner, User
from portal.lib.errors import Malformed, NotAllowed, NotFound
from portal.lib.sheets import FileRefused

pytestmark = pytest.mark.django_db
HEAD = "leadId,closingDate,agreementValue,commissionPercent,commissionAmount,currency\n"


def today() -> dt.date:
    return timezone.now().date()


def row(booked: Commission, **other: Any) -> str:
    said = {
        "lead": booked.share_id,
        "day": booked.closed_on,
        "value": booked.agreement_value.normalize(),
        "percent": booked.percent.normalize(),
        "amount": "",
        "currency": booked.currency,
    }
    return ",".join(f"{value:f}" if isinstance(value, Decimal) else str(value)
                    for value in (said | other).values()) + "\n"  # fmt: skip


def take_in(finance: User, partner: Partner, content: str, **given: Any) -> services.Imported:
    return services.import_statement(
        **{
            "actor": finance,
            "partner_id": str(partner.pk),
            "first": today() - dt.timedelta(days=30),
            "last": today(),
            "content": content.encode(),
            "file_name": "november.csv",
        }
        | given
    )


def items(**of: Any) -> list[tuple[str, str]]:
    found = ReconciliationItem.objects.filter(**of).order_by("created_at", "pk")
    return [(item.kind, item.status) for item in found]


class TestMatched:
    def test_every_line_keeps_what_it_was_found_to_be(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        good, other = closed(dana, amira, 1_000_000), closed(dana, amira, 2_000_000)
        left_out = closed(dana, amira, 3_000_000)
        content = HEAD + row(good) + row(other, value=2_100_000, percent=20) + row(good)
        content += ",2026-01-01,77,,,AED\n".replace("2026-01-01", str(today()))
        done = take_in(finance_user, acme, content)
        assert done.is_new
        found = StatementLine.objects.order_by("number").values_list("number", "outcome", "hint")
        assert list(found) == [
            (2, "matched", ""),
            (3, "value_diff", ""),
            (4, "duplicate", ""),
            (5, "missing_ours", "nothing"),
        ]
        assert items(share=good.share) == []
        assert items(share=other.share) == [("value_diff", "open"), ("rate_diff", "open")]
        assert items(share=left_out.share) == [("missing_theirs", "open")]
        stated = ReconciliationItem.objects.get(share=None)
        assert (stated.kind, stated.claimed_value, stated.claimed_on) == (
            "missing_ours", 77, today(),
        )  # fmt: skip
        assert all(item.due_on for item in ReconciliationItem.objects.all())
        event = Event.objects.get(kind="statement_imported")
        assert event.data == {
            "statement": str(done.statement.pk), "lines": 4, "agree": 1, "asked": 4,
        }  # fmt: skip
        opened = Event.objects.filter(kind="reconciliation_opened")
        assert {str(e.lead_id) for e in opened} == {str(other.lead_id), str(left_out.lead_id)}

    def test_our_own_export_sent_back_agrees(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        long_ago = today() - dt.timedelta(days=20)
        closed(dana, amira, "1234567.89")
        closed(dana, amira, 500, closed_on=long_ago)
        content = "".join(csv_lines(commission_rows(Commission.objects.all())))
        take_in(finance_user, acme, content)
        assert set(StatementLine.objects.values_list("outcome", flat=True)) == {"matched"}
        assert items() == []

    def test_a_lead_is_named_in_short(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        booked = closed(dana, amira)
        take_in(finance_user, acme, HEAD + row(booked, lead=f"Lead {booked.share_id[-6:].upper()}"))
        assert StatementLine.objects.get().share == booked.share

    def test_a_lead_that_is_not_closed_is_asked_about_and_settled_by_closing_it(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        share = accepted(dana, amira)
        take_in(finance_user, acme, f"leadId,value\n{share.pk},1000\n")
        assert StatementLine.objects.get().hint == "not_closed"
        assert items(share=share) == [("missing_ours", "open")]
        services.report_status(
            actor=amira, reference=str(share.pk), status="closed", agreement_value=Decimal(1_000)
        )
        assert items(share=share) == [("missing_ours", "settled")]
        assert Share.objects.get(pk=share.pk).confirmed_at is not None

    def test_another_partners_lead_is_no_lead_of_this_one(
        self, dana: User, amira: User, rival: Partner, finance_user: User
    ) -> None:
        booked = closed(dana, amira)
        take_in(finance_user, rival, HEAD + row(booked))
        line = StatementLine.objects.get()
        assert (line.share, line.outcome, line.hint) == (None, "missing_ours", "no_such")

    def test_a_deal_on_the_edge_is_missed_by_neither_month(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        edge = today() - dt.timedelta(days=10)
        booked = closed(dana, amira, 1_000, closed_on=edge)
        after = edge + dt.timedelta(days=1)
        take_in(finance_user, acme, HEAD + row(booked, day=after), first=after)
        other = accepted(dana, amira)
        content = f"leadId,value\n{other.pk},5\n"
        take_in(finance_user, acme, content, last=edge)
        assert items(share=booked.share) == []


class TestAgain:
    def test_the_same_file_is_answered_by_the_first(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        content = HEAD + row(closed(dana, amira), percent=20)
        first = take_in(finance_user, acme, content)
        again = take_in(finance_user, acme, content)
        assert (again.is_new, again.statement) == (False, first.statement)
        assert Statement.objects.count() == 1
        assert items() == [("rate_diff", "open")]

    def test_a_corrected_one_asks_nothing_twice_and_settles_what_it_corrects(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        one, other = closed(dana, amira, 1_000), closed(dana, amira, 2_000)
        stray = f",{today()},77,,,AED\n"
        take_in(finance_user, acme, HEAD + row(one, percent=20) + stray)
        assert items() == [
            ("rate_diff", "open"), ("missing_ours", "open"), ("missing_theirs", "open"),
        ]  # fmt: skip
        take_in(finance_user, acme, HEAD + row(one, percent=20) + row(other))
        assert items(status="open") == [("rate_diff", "open")]
        take_in(finance_user, acme, HEAD + row(one) + row(other))
        assert items(status="open") == []
        assert Share.objects.get(pk=one.share_id).confirmed_at is not None  # as it was before

    def test_what_was_settled_is_not_asked_again(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        one, other = closed(dana, amira, 1_000), closed(dana, amira, 2_000)
        stray = f"A-1,{today()},77,,,AED\n"
        take_in(finance_user, acme, HEAD + row(one, percent=20) + stray)
        for item in ReconciliationItem.objects.all():
            services.settle_item(
                actor=finance_user, item_id=str(item.pk), resolution="record", reason="As agreed"
            )
        take_in(finance_user, acme, HEAD + row(one, percent="20.0") + stray.replace("77", "77.0"))
        assert items(status="open") == []
        take_in(finance_user, acme, HEAD + row(one, percent=21) + stray + row(other))
        assert items(status="open") == [("rate_diff", "open")]

    def test_what_the_partner_claimed_at_closing_is_asked_once(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        booked = closed(dana, amira, 1_000, claimed_percent=Decimal(20))
        take_in(finance_user, acme, HEAD + row(booked, percent=20))
        assert items() == [("rate_diff", "open")]


class TestSettling:
    @pytest.mark.parametrize(
        ("kind", "said", "booked"),
        [
            ("value_diff", {"value": 2_000}, ("2000", 15, 0)),
            ("rate_diff", {"percent": 20}, ("1000", 20, 0)),
            ("date_diff", {"day": -9}, ("1000", 15, 9)),
        ],
    )
    def test_as_claimed_books_what_is_stated(
        self,
        dana: User,
        amira: User,
        acme: Partner,
        finance_user: User,
        kind: str,
        said: Any,
        booked: Any,
    ) -> None:
        deal = closed(dana, amira, 1_000)
        if "day" in said:
            said = {"day": today() + dt.timedelta(days=said["day"])}
        take_in(finance_user, acme, HEAD + row(deal, **said))
        item = ReconciliationItem.objects.get()
        assert item.kind == kind
        services.settle_item(actor=finance_user, item_id=str(item.pk), resolution="claim")
        deal.refresh_from_db()
        value, percent, days = booked
        assert (deal.agreement_value, deal.percent) == (Decimal(value), percent)
        assert deal.closed_on == today() - dt.timedelta(days=days)
        assert finance_user.actor_id in deal.hands

    def test_a_deal_of_ours_alone_stands_or_is_reversed(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        deal, other = closed(dana, amira, 1_000), closed(dana, amira, 2_000)
        take_in(finance_user, acme, HEAD + row(other))
        item = ReconciliationItem.objects.get()
        with pytest.raises(services.deciding.Conflict, match="reverse"):
            services.settle_item(actor=finance_user, item_id=str(item.pk), resolution="claim")
        with pytest.raises(services.deciding.Conflict, match="open question"):
            services.approve(actor=finance_user, commission_id=str(deal.pk))
        services.settle_item(actor=finance_user, item_id=str(item.pk), resolution="record")
        deal.refresh_from_db()
        assert deal.hands == []

    def test_a_deal_of_theirs_alone_needs_a_reason(
        self, acme: Partner, finance_user: User, dana: User
    ) -> None:
        take_in(finance_user, acme, f"value,date\n77,{today()}\n")
        item = ReconciliationItem.objects.get()
        for resolution, reason in (("record", " "), ("claim", "Theirs")):
            with pytest.raises(Malformed):
                services.settle_item(
                    actor=finance_user,
                    item_id=str(item.pk),
                    resolution=resolution,
                    reason=reason,
                )
        with pytest.raises(NotAllowed):
            services.settle_item(actor=dana, item_id=str(item.pk), resolution="record", reason="x")
        services.settle_item(
            actor=finance_user, item_id=str(item.pk), resolution="record", reason="Not ours"
        )
        assert items() == [("missing_ours", "settled")]
        assert Event.objects.get(kind="reconciliation_settled").partner_id == acme.pk


class TestRefused:
    def test_one_bad_row_and_nothing_is_kept(
        self, dana: User, amira: User, acme: Partner, finance_user: User
    ) -> None:
        booked = closed(dana, amira)
        with pytest.raises(FileRefused) as refused:
            take_in(finance_user, acme, HEAD + row(booked, percent=20) + row(booked, value="x"))
        assert [(fault.row, fault.column) for fault in refused.value.faults] == [
            (3, "agreementValue")
        ]
        assert not Statement.objects.exists()
        assert not ReconciliationItem.objects.exists()

    def test_by_right_and_by_partner(self, dana: User, amira: User, acme: Partner) -> None:
        for actor in (dana, amira):
            with pytest.raises(NotAllowed):
                take_in(actor, acme, "value,date\n")

    def test_of_no_partner(self, finance_user: User, acme: Partner) -> None:
        for partner_id in ("partner_" + "0" * 26, "x"):
            with pytest.raises(NotFound):
                take_in(finance_user, acme, "value,date\n", partner_id=partner_id)

    def test_of_no_period(self, finance_user: User, acme: Partner) -> None:
        for first in (today() + dt.timedelta(days=1), today() - dt.timedelta(days=400)):
            with pytest.raises(Malformed):
                take_in(finance_user, acme, "value,date\n", first=first)
