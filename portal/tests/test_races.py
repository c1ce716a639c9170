"""Many at once: capacity holds, a lead is shared once, a deal is booked once.

Eight threads through the services in every run; forty over HTTP to gunicorn in `make proof`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from commissions.models import Commission, LedgerEntry, ReconciliationItem
from commissions.services import approve, record_payment, report_status
from events.models import Event
from leads.models import PartnerDay, Share
from leads.services import share_lead, update_share
from leads.tests.factories import LeadFactory
from partners.models import Partner
from partners.tests.factories import PASSWORD
from portal.lib.errors import DomainError

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Make all CALLS at the same moment, each in a thread; return results and refusals."""
    start = threading.Barrier(len(calls))

    def make(call: Callable[[], Any]) -> Any:
        start.wait(30)
        try:
            return call()
        except DomainError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


def codes(results: Sequence[Any]) -> Counter[str]:
    """Count the results: each refusal by its code, the rest as done."""
    return Counter(result.code if isinstance(result, DomainError) else "done" for result in results)


def give_room(partner: Partner, leads: int) -> None:
    Partner.objects.filter(pk=partner.pk).update(capacity_limit=leads)


def figures(partner: Partner) -> tuple[int, int, Decimal]:
    day = PartnerDay.objects.get(partner=partner)
    return day.received, day.closed, day.commission


class TestEightThreads:
    def test_capacity_is_not_passed(self, dana, acme):
        give_room(acme, 3)
        leads = LeadFactory.create_batch(8)

        results = at_once(
            [
                lambda lead=lead: share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
                for lead in leads
            ]
        )

        assert codes(results) == {"done": 3, "capacity_reached": 5}
        assert acme.shares.live().count() == figures(acme)[0] == 3
        assert Event.objects.filter(kind="lead_share_failed").count() == 5

    def test_one_lead_is_shared_once_with_one_partner(self, dana, acme):
        lead = LeadFactory.create()

        results = at_once([lambda: share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)] * 8)

        assert codes(results) == {"done": 1, "already_shared": 7}
        assert acme.shares.count() == figures(acme)[0] == 1

    def test_a_deal_is_booked_once(self, dana, acme, amira):
        share = share_lead(actor=dana, partner_id=acme.pk, lead_id=LeadFactory.create().pk)
        update_share(actor=amira, reference=share.pk, status="accepted")

        def close() -> Any:
            return report_status(
                actor=amira,
                reference=share.pk,
                status="closed",
                agreement_value=Decimal(5_000_000),
            )

        results = at_once([close] * 8)

        assert codes(results) == {"done": 8}
        assert len({outcome.commission.pk for outcome in results}) == 1
        assert Commission.objects.get().amount == 750_000
        assert LedgerEntry.objects.count() == 1
        assert figures(acme) == (1, 1, Decimal(750_000))

    def test_two_partners_close_one_lead_and_one_is_reviewed(self, dana, acme, amira, rival, rami):
        lead = LeadFactory.create()
        references = {}
        for partner, owner in ((acme, amira), (rival, rami)):
            share = share_lead(actor=dana, partner_id=partner.pk, lead_id=lead.pk)
            update_share(actor=owner, reference=share.pk, status="accepted")
            references[owner] = share.pk

        # Each claims another rate, so that neither closing is confirmed at once.
        results = at_once(
            [
                lambda owner=owner, reference=reference: report_status(
                    actor=owner,
                    reference=reference,
                    status="closed",
                    agreement_value=Decimal(1_000_000),
                    claimed_percent=Decimal(30),
                )
                for owner, reference in references.items()
            ]
        )

        assert codes(results) == {"done": 2}
        assert sorted(outcome.under_review for outcome in results) == [False, True]
        assert Commission.objects.count() == LedgerEntry.objects.count() == 1
        assert ReconciliationItem.objects.filter(kind="duplicate").count() == 1

    def test_money_moves_once(self, dana, acme, amira, finance_user):
        share = share_lead(actor=dana, partner_id=acme.pk, lead_id=LeadFactory.create().pk)
        update_share(actor=amira, reference=share.pk, status="accepted")
        deal = report_status(
            actor=amira, reference=share.pk, status="closed", agreement_value=Decimal(1_000)
        ).commission

        approved = at_once([lambda: approve(actor=finance_user, commission_id=deal.pk)] * 8)
        paid = at_once(
            [
                lambda number=number: record_payment(
                    actor=finance_user,
                    commission_id=deal.pk,
                    amount=Decimal(100),
                    paid_on=timezone.now().date(),
                    reference=f"TT-{number % 4}",
                )
                for number in range(8)
            ]
        )

        assert codes(approved) == {"done": 8}
        assert codes(paid) == {"done": 2, "conflict": 6}  # one of four references fits, twice
        assert dict(deal.entries.values_list("kind", "amount")) == {
            "accrual": 150, "approval": 150, "release": 150, "payment": 100,
        }  # fmt: skip
        assert deal.entries.count() == 4


@pytest.mark.proof
class TestFortyOverHttp:
    def test_capacity_ten_takes_exactly_ten(self, live, dana, acme):
        give_room(acme, 10)
        api = live.api_of(dana)
        leads = LeadFactory.create_batch(40)

        answers = at_once(
            [
                lambda lead=lead: api.post(
                    "/api/share-lead", {"leadId": lead.pk, "partnerId": acme.pk}
                )
                for lead in leads
            ]
        )

        assert Counter(answer.status for answer in answers) == {200: 10, 409: 30}
        refused = {answer.json["code"] for answer in answers if answer.status == 409}
        assert refused == {"capacity_reached"}
        assert acme.shares.live().count() == figures(acme)[0] == 10
        assert Event.objects.filter(kind="lead_share_failed", ok=False).count() == 30

    def test_one_lead_is_shared_once(self, live, dana, acme):
        api = live.api_of(dana)
        body = {"leadId": LeadFactory.create().pk, "partnerId": acme.pk}

        answers = at_once([lambda: api.post("/api/share-lead", body)] * 40)

        assert Counter(answer.status for answer in answers) == {200: 1, 409: 39}
        refused = {answer.json["code"] for answer in answers if answer.status == 409}
        assert refused == {"already_shared"}
        assert acme.shares.count() == figures(acme)[0] == 1

    def test_closings_by_api_and_page_book_one_commission(self, live, dana, acme, amira):
        share = share_lead(actor=dana, partner_id=acme.pk, lead_id=LeadFactory.create().pk)
        update_share(actor=amira, reference=share.pk, status="accepted")
        api, browser = live.api_of(acme), live.visitor(amira, PASSWORD)
        page = f"/portal/leads/{share.pk}/"
        token = browser.token_on(page)
        body = {"leadId": share.pk, "status": "closed", "agreementValue": 5_000_000}
        form = {"agreement_value": "5,000,000"}

        answers = at_once(
            [
                lambda: api.post("/api/partner-update", body),
                lambda: browser.send_as(token, f"{page}close/", form, on=page),
            ]
            * 20
        )

        assert {answer.status for answer in answers} == {200}
        booked = {answer.json["commission"]["id"] for answer in answers[::2]}
        assert booked == {Commission.objects.get().pk}
        assert figures(acme) == (1, 1, Decimal(750_000))
        assert Share.objects.get(pk=share.pk).status == "closed"
        assert Event.objects.filter(kind="partner_commission_recorded").count() == 1

    def test_closings_that_differ_book_the_first_and_refuse_the_others(
        self, live, dana, acme, amira
    ):
        share = share_lead(actor=dana, partner_id=acme.pk, lead_id=LeadFactory.create().pk)
        update_share(actor=amira, reference=share.pk, status="accepted")
        api = live.api_of(acme)
        body = {"leadId": share.pk, "status": "closed"}

        answers = at_once(
            [
                lambda value=value: api.post(
                    "/api/partner-update", body | {"agreementValue": value}
                )
                for value in [5_000_000, 6_000_000] * 20
            ]
        )

        assert Counter(answer.status for answer in answers) == {200: 20, 409: 20}
        booked = {a.json["commission"]["agreementValue"] for a in answers if a.status == 200}
        assert booked == {Commission.objects.get().agreement_value}
        assert Event.objects.filter(kind="partner_commission_failed", ok=False).count() == 20
