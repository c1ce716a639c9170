"""Disputes and papers through HTTP, for finance and for the partner."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from commissions import services
from commissions.models import Commission, Dispute, Evidence
from commissions.services.disputes import answer, decide, open_dispute
from commissions.services.evidence import add_evidence
from commissions.terms import Milestone, Terms
from commissions.tests.money_world import agreed, closed, stands
from commissions.tests.paper_samples import jpeg, pdf, png
from conftest import ClientFor
from leads.services import share_lead
from partners.models import User
from partners.types import Direction

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def finance(client_for: ClientFor, finance_user: User) -> Client:
    return client_for(finance_user)


@pytest.fixture
def owner(client_for: ClientFor, amira: User) -> Client:
    return client_for(amira)


@pytest.fixture
def stranger(client_for: ClientFor, rami: User) -> Client:
    return client_for(rami)


@pytest.fixture
def deal(dana: User, amira: User) -> Commission:
    """Return a deal that earned 150,000."""
    return closed(dana, amira, 1_000_000)


def disputed(actor: User, deal: Commission, claim: int = 200_000, reason: str = "Why") -> Dispute:
    return open_dispute(
        actor=actor, commission_id=str(deal.pk), claimed_amount=Decimal(claim), reason=reason
    )


def text(answer: Any) -> str:
    return str(answer.content.decode())


def file(content: bytes, name: str = "deal.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(
        name, content, "text/html"
    )  # what the browser says counts for nothing


class TestFinance:
    def test_a_dispute_from_beginning_to_end(
        self,
        finance: Client,
        client_for: ClientFor,
        admin_user: User,
        amira: User,
        deal: Commission,
    ) -> None:
        at = f"/reconciliation/{deal.pk}/dispute/"
        wrong = finance.post(at, {"dispute-claimed_amount": "", "dispute-reason": "Why"})
        assert wrong.status_code == 422
        sent = {"dispute-claimed_amount": "120,000", "dispute-reason": "Signed for less"}
        opened = finance.post(at, sent)
        one = Dispute.objects.get()
        assert opened.headers["Location"] == f"/disputes/{one.pk}/"
        page = text(finance.get(f"/disputes/{one.pk}/"))
        for said in ("AED\xa0120,000", "AED\xa0150,000", "Signed for less", "somebody else has to"):
            assert said in page
        assert "decide-decision" not in page

        finance.post(f"/disputes/{one.pk}/answer/", {"message-text": "Please send the contract"})
        assert finance.post(f"/disputes/{one.pk}/answer/", {}).status_code == 422
        admin = client_for(admin_user)
        page = text(admin.get(f"/disputes/{one.pk}/"))
        assert "Please send the contract" in page
        assert "decide-decision" in page
        decision = {"decide-decision": "partly", "decide-reason": "Half of it"}
        assert admin.post(f"/disputes/{one.pk}/decide/", decision).status_code == 422
        done = admin.post(
            f"/disputes/{one.pk}/decide/", decision | {"decide-amount": "135000"}, follow=True
        )
        assert "In part: AED\xa0135,000" in text(done)
        page = text(finance.get(f"/reconciliation/{deal.pk}/"))
        for said in ("Decided in a dispute: AED\xa0135,000", "15% of the agreement value"):
            assert said in page
        assert stands(deal) == {"earned": -135_000, "accrued": 135_000}

    def test_who_opened_it_is_refused_to_decide(
        self, finance: Client, finance_user: User, deal: Commission
    ) -> None:
        one = disputed(finance_user, deal, 1)
        sent = {"decide-decision": "upheld", "decide-reason": "Mine"}
        answered = finance.post(f"/disputes/{one.pk}/decide/", sent, follow=True)
        assert "somebody else has to decide it" in text(answered)
        assert stands(deal)["held"] == 149_999
        finance.post(f"/disputes/{one.pk}/withdraw/")
        assert "held" not in stands(deal)

    def test_the_list_puts_the_next_deadline_first(
        self, finance: Client, dana: User, amira: User, finance_user: User
    ) -> None:
        days = [dt.timedelta(days=9), dt.timedelta(days=2), dt.timedelta(days=5)]
        opened = [disputed(amira, closed(dana, amira)) for _ in days]
        for one, later in zip(opened, days, strict=True):
            Dispute.objects.filter(pk=one.pk).update(due_on=timezone.now().date() + later)
        page = text(finance.get("/disputes/"))
        places = [page.index(str(opened[i].pk)) for i in (1, 2, 0)]
        assert places == sorted(places)
        Dispute.objects.filter(pk=opened[0].pk).update(due_on=dt.date(2020, 1, 1))
        assert "Overdue" in text(finance.get("/disputes/?status=no"))
        assert "(3)" in text(finance.get("/reconciliation/"))
        decide(
            actor=finance_user,
            dispute_id=str(opened[1].pk),
            decision="rejected",
            reason="As signed",
        )
        assert str(opened[1].pk) not in text(finance.get("/disputes/"))
        for status in ("decided", "all"):
            assert str(opened[1].pk) in text(finance.get(f"/disputes/?status={status}"))

    def test_the_list_is_paged_at_one_cost(
        self,
        finance: Client,
        dana: User,
        amira: User,
        django_assert_max_num_queries: Any,
    ) -> None:
        for _ in range(27):
            disputed(amira, closed(dana, amira))
        with django_assert_max_num_queries(6):
            first = text(finance.get("/disputes/"))
        following = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        second = text(finance.get(f"/disputes/{following}"))
        rows = [part.count('class="row-link"') for part in (first, second)]
        assert rows == [25, 2]
        assert finance.get("/disputes/?cursor=wrong").status_code == 200

    def test_agents_look_and_do_nothing(
        self, client_for: ClientFor, dana: User, amira: User, deal: Commission
    ) -> None:
        one, agent = disputed(amira, deal), client_for(dana)
        page = text(agent.get(f"/disputes/{one.pk}/"))
        assert "decide-decision" not in page
        assert "message-text" not in page
        assert agent.post(f"/disputes/{one.pk}/decide/").status_code == 403

    def test_a_paper_goes_beside_the_dispute(
        self, finance: Client, amira: User, deal: Commission
    ) -> None:
        one = disputed(amira, deal)
        at = f"/reconciliation/{deal.share_id}/evidence/"
        sent = {"paper-file": file(pdf(), "contract.pdf"), "paper-dispute": str(one.pk)}
        answered = finance.post(at, sent, follow=True)
        assert "contract.pdf" in text(answered)
        assert finance.post(at, {"paper-file": file(b"<html>")}, follow=True).status_code == 200
        assert Evidence.objects.count() == 1
        assert finance.post(at, {}).status_code == 422
        kept = finance.get(f"/evidence/{Evidence.objects.get().pk}/")
        assert kept.content == pdf()


class TestPartner:
    def test_a_commission_line_by_line(
        self, owner: Client, dana: User, amira: User, admin_user: User
    ) -> None:
        assert amira.partner is not None
        steps = (Milestone("Signed", Decimal(30)), Milestone("Paid", Decimal(70)))
        terms = Terms(
            direction=Direction.PLATFORM_PAYS_PARTNER,
            percent=Decimal(10),
            milestones=steps,
            holding_days=3,
        )
        agreed(amira.partner, terms)
        deal = closed(dana, amira, 1_000_000)
        services.approve(actor=admin_user, commission_id=str(deal.pk))
        services.meet_milestone(
            actor=admin_user,
            commission_id=str(deal.pk),
            number=1,
            met_on=timezone.now().date() - dt.timedelta(days=3),
        )
        services.record_payment(
            actor=admin_user,
            commission_id=str(deal.pk),
            amount=Decimal(10_000),
            paid_on=timezone.now().date(),
            reference="TT-77",
        )
        page = text(owner.get(f"/portal/commissions/{deal.pk}/"))
        for said in (
            "AED\xa0100,000", "AED\xa070,000", "AED\xa020,000", "AED\xa010,000", "TT-77", "Signed",
            "not met yet", "10% of the agreement value", "Payable to you", "Paid to you",
        ):  # fmt: skip
            assert said in page, said
        for account in ("accrued", "expense", "Debit", "Bank clearing"):
            assert account not in page

    def test_a_developer_owes(self, client_for: ClientFor, dana: User, devika: User) -> None:
        owed = closed(dana, devika, 1_000_000)
        page = text(client_for(devika).get(f"/portal/commissions/{owed.pk}/"))
        assert "You owe the platform" in page
        assert "You earn" not in page

    def test_totals_come_from_the_ledger(
        self, owner: Client, dana: User, amira: User, admin_user: User, finance_user: User
    ) -> None:
        for value in (100_000, 200_000):
            closed(dana, amira, value)
        deal = closed(dana, amira, 1_000_000)
        disputed(finance_user, deal, 120_000)
        services.approve(actor=admin_user, commission_id=str(deal.pk))
        page = text(owner.get("/portal/commissions/"))
        for said in ("AED\xa0195,000", "for 3 deals", "AED\xa045,000", "AED\xa0120,000"):
            assert said in page, said
        assert "Held in dispute" in page
        assert f"/portal/commissions/{deal.pk}/" in page

    def test_pages_cost_the_same_for_a_long_story(
        self,
        owner: Client,
        finance: Client,
        amira: User,
        finance_user: User,
        deal: Commission,
        django_assert_max_num_queries: Any,
    ) -> None:
        one = disputed(amira, deal)
        for number in range(12):
            answer(actor=(amira, finance_user)[number % 2], dispute_id=str(one.pk), text="So")
            add_evidence(
                actor=amira,
                reference=str(deal.share_id),
                content=pdf() + b"%%%d" % number,
                name="a",
            )
        for client, address, most in (
            (owner, f"/portal/commissions/{deal.pk}/", 14),
            (owner, f"/portal/disputes/{one.pk}/", 16),
            (owner, "/portal/commissions/", 10),
            (finance, f"/disputes/{one.pk}/", 16),
            (finance, f"/reconciliation/{deal.pk}/", 20),
        ):
            with django_assert_max_num_queries(most):
                assert client.get(address).status_code == 200

    def test_it_disputes_talks_and_withdraws(
        self, owner: Client, finance_user: User, deal: Commission
    ) -> None:
        at = f"/portal/commissions/{deal.pk}/dispute/"
        assert owner.post(at, {"dispute-claimed_amount": "200,000"}).status_code == 422
        same = {"dispute-claimed_amount": "150,000", "dispute-reason": "Same"}
        assert "That is what is recorded" in text(owner.post(at, same, follow=True))
        sent = {"dispute-claimed_amount": "200,000", "dispute-reason": "The fee was 20 %"}
        opened = owner.post(at, sent, follow=True)
        one = Dispute.objects.get()
        assert one.by_partner
        for said in ("AED\xa0200,000", "The fee was 20 %", "Opened by you"):
            assert said in text(opened)
        assert "Why it is disputed" in text(owner.get(f"/portal/commissions/{deal.pk}/"))
        answer(actor=finance_user, dispute_id=str(one.pk), text="Which page says so?")
        page = text(owner.get(f"/portal/disputes/{one.pk}/"))
        assert "Which page says so?" in page
        assert "The platform" in page
        assert finance_user.name not in page
        assert owner.post(f"/portal/disputes/{one.pk}/answer/", {}).status_code == 422
        owner.post(f"/portal/disputes/{one.pk}/answer/", {"message-text": "Page 3"})
        owner.post(f"/portal/disputes/{one.pk}/withdraw/")
        one.refresh_from_db()
        assert (one.status, one.messages.count()) == ("withdrawn", 2)

    def test_it_reads_why_it_was_decided(
        self, owner: Client, amira: User, admin_user: User, deal: Commission
    ) -> None:
        one = disputed(amira, deal)
        decide(actor=admin_user, dispute_id=str(one.pk), decision="rejected", reason="Page 3 says")
        page = text(owner.get(f"/portal/disputes/{one.pk}/"))
        for said in ("As recorded: AED\xa0150,000", "Page 3 says"):
            assert said in page
        assert admin_user.name not in page
        assert "message-text" not in page

    def test_papers(self, owner: Client, finance: Client, deal: Commission) -> None:
        at = f"/portal/leads/{deal.share_id}/evidence/"
        answered = owner.post(at, {"paper-file": file(png(), "deal.html")}, follow=True)
        assert "deal.png" in text(answered)
        refused = owner.post(at, {"paper-file": file(b"<html>")}, follow=True)
        assert "Only PDF, PNG and JPEG" in text(refused)
        assert owner.post(at, {}).status_code == 422
        paper = Evidence.objects.get()
        for client, address in ((owner, "/portal/evidence/"), (finance, "/evidence/")):
            kept = client.get(f"{address}{paper.pk}/")
            assert kept.content == png()
            assert kept.headers["Content-Type"] == "image/png"
            assert kept.headers["Content-Disposition"] == 'attachment; filename="deal.png"'
            assert kept.headers["X-Content-Type-Options"] == "nosniff"
            assert "no-store" in kept.headers["Cache-Control"]

    def test_papers_of_a_closing_under_review(
        self, owner: Client, client_for: ClientFor, dana: User, amira: User, rami: User
    ) -> None:
        first = closed(dana, amira)
        second = share_lead(
            actor=dana, partner_id=str(rami.partner_id), lead_id=str(first.lead_id), method="call"
        )
        report = {"actor": rami, "reference": str(second.pk)}
        services.report_status(**report, status="accepted")
        services.report_status(**report, status="closed", agreement_value=Decimal(5))
        client = client_for(rami)
        at = f"/portal/leads/{second.pk}/"
        assert "paper-file" in text(client.get(at))
        kept = client.post(f"{at}evidence/", {"paper-file": file(png())}, follow=True)
        assert "deal.png" in text(kept)
        assert client.post(f"{at}evidence/", {}).status_code == 422

    def test_a_rival_finds_nothing(
        self, stranger: Client, amira: User, rami: User, dana: User, deal: Commission
    ) -> None:
        one = disputed(amira, deal)
        paper = add_evidence(
            actor=amira, reference=str(deal.share_id), content=png(), name="deal.png"
        )
        for address in (
            f"/portal/commissions/{deal.pk}/", f"/portal/disputes/{one.pk}/",
            f"/portal/evidence/{paper.pk}/", f"/disputes/{one.pk}/", f"/evidence/{paper.pk}/",
        ):  # fmt: skip
            assert stranger.get(address).status_code == 404, address
        for address in (
            f"/portal/commissions/{deal.pk}/dispute/", f"/portal/disputes/{one.pk}/answer/",
            f"/portal/disputes/{one.pk}/withdraw/", f"/portal/leads/{deal.share_id}/evidence/",
            f"/disputes/{one.pk}/decide/",
        ):  # fmt: skip
            sent = {"message-text": "x", "paper-file": file(jpeg())}
            assert stranger.post(address, sent).status_code == 404, address
        one.refresh_from_db()
        assert (one.status, one.messages.count(), Evidence.objects.count()) == ("open", 0, 1)
        theirs = closed(dana, rami)
        sent = {"paper-file": file(jpeg()), "paper-dispute": str(one.pk)}
        at = f"/portal/leads/{theirs.share_id}/evidence/"
        assert "no such dispute" in text(stranger.post(at, sent, follow=True))

    def test_what_people_type_is_shown_as_they_typed_it(
        self, owner: Client, finance: Client, amira: User, admin_user: User, deal: Commission
    ) -> None:
        one = disputed(amira, deal, reason=HOSTILE)
        answer(actor=amira, dispute_id=str(one.pk), text=HOSTILE)
        add_evidence(
            actor=amira, reference=str(deal.share_id), content=png(), name=f"{HOSTILE}.png"
        )
        decide(actor=admin_user, dispute_id=str(one.pk), decision="rejected", reason=HOSTILE)
        for client, address in (
            (owner, f"/portal/disputes/{one.pk}/"),
            (owner, f"/portal/commissions/{deal.pk}/"),
            (finance, f"/disputes/{one.pk}/"),
            (finance, f"/reconciliation/{deal.pk}/"),
        ):
            page = text(client.get(address))
            assert HOSTILE not in page
            assert "script&gt;" in page
