"""Agreements through HTTP: finance offers, the owner reads and answers, nobody else sees them."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from commissions.agreement_forms import _milestone, _tier
from commissions.models import Agreement, AgreementVersion
from commissions.terms import Terms
from commissions.tests.money_world import accepted, agreed
from conftest import ClientFor
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def finance(client_for: ClientFor, finance_user: User) -> Client:
    return client_for(finance_user)


def offer(finance: Client, to: Partner, **given: Any) -> Any:
    today = timezone.now().date().isoformat()
    fields = {
        "partner": str(to.pk),
        "title": "Terms of 2026",
        "base": "agreement_value",
        "percent": "12",
        "valid_from": today,
    }
    return finance.post("/agreements/new/", fields | given)


class TestFinance:
    def test_offers_terms_of_every_kind(self, finance: Client, acme: Partner) -> None:
        answer = offer(
            finance,
            acme,
            tiers="10,000,000: 5\n25,000,000: 4\nabove: 3",
            tier_mode="volume",
            tier_period="year",
            rerates="on",
            milestones="50: 25 % of the price is paid\n50: Handed over",
            partner_share="60",
            cap="500,000",
            currency="AED",
            holding_days="30",
        )
        version = AgreementVersion.objects.get()
        assert answer.url == f"/agreements/{version.agreement_id}/"
        terms = version.read_terms()
        assert [tier.percent for tier in terms.tiers] == [5, 4, 3]
        assert [milestone.percent for milestone in terms.milestones] == [50, 50]
        assert [terms.cap, terms.partner_share, terms.holding_days] == [500_000, 60, 30]
        assert terms.rerates
        page = finance.get(answer.url).content.decode()
        assert "Waits for the owner" in page
        assert version.text_hash in page

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"percent": ""}, "A rate lies above 0"),
            ({"percent": "101"}, "less than or equal to 100"),
            ({"tiers": "ten: 5"}, "Not a tier"),
            ({"tiers": "10: 5", "currency": "AED"}, "Every tier but the last"),
            ({"milestones": "signed"}, "Not a milestone"),
            ({"milestones": "40: Signed"}, "add up to 100"),
            ({"cap": "5"}, "Name the currency"),
            ({"base": "service_value"}, "Partners of this type"),
            ({"valid_to": "2020-01-01"}, "ends before it begins"),
            ({"partner": "partner_x"}, "valid choice"),
        ],
    )
    def test_is_told_what_cannot_stand(
        self, finance: Client, acme: Partner, given: dict[str, str], words: str
    ) -> None:
        answer = offer(finance, acme, **given)
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert not Agreement.objects.exists()

    @pytest.mark.parametrize("line", ["1{}x", "above{}x", "1{}%{}x"])
    def test_a_long_line_is_read_once(self, line: str) -> None:
        """Read anew from each of its places, this one would hold the worker for seconds."""
        blanks = " " * 30_000
        began = time.perf_counter()
        for read in (_tier, _milestone):
            with pytest.raises(ValidationError):
                read(line.format(blanks, blanks))
        assert time.perf_counter() - began < 2

    def test_no_more_is_read_than_terms_need(self, finance: Client, acme: Partner) -> None:
        for name in ("tiers", "milestones"):
            answer = offer(finance, acme, **{name: "1: 1\n" * 1_000})
            assert answer.status_code == 422
            assert "at most 4000 characters" in answer.content.decode()

    def test_is_warned_of_what_is_unusual(self, finance: Client, acme: Partner) -> None:
        answer = offer(finance, acme, percent="45")
        page = finance.get(answer.url).content.decode()
        assert "outside the 10-30%" in page
        assert AgreementVersion.objects.count() == 1

    def test_offers_other_terms_takes_back_and_ends(self, finance: Client, acme: Partner) -> None:
        place = offer(finance, acme).url
        today = timezone.now().date().isoformat()
        again = {"base": "agreement_value", "percent": "14", "valid_from": today}
        finance.post(place, again)
        first, second = AgreementVersion.objects.order_by("number")
        assert first.withdrawn_at is not None
        finance.post(f"/agreements/{second.pk}/withdraw/")
        second.refresh_from_db()
        assert second.withdrawn_at is not None
        page = finance.post(f"{place}end/", follow=True).content.decode()
        assert "Leads shared before keep their terms" in page

    def test_other_terms_start_from_those_before(self, finance: Client, acme: Partner) -> None:
        given = {"tiers": "10,000,000: 5\nabove: 3", "milestones": "50: Paid\n50: Handed over"}
        place = offer(finance, acme, currency="AED", cap="500000", **given).url
        form = finance.get(place).context["form"]
        assert form["tiers"].value() == "10,000,000: 5\nabove: 3"
        assert form["milestones"].value() == "50: Paid\n50: Handed over"
        assert form["cap"].value() == "500000"
        again = {name: form[name].value() or "" for name in form.fields if name != "rerates"}
        again["valid_from"] = timezone.now().date().isoformat()
        assert finance.post(place, again).status_code == 302
        first, second = (v.read_terms() for v in AgreementVersion.objects.order_by("number"))
        assert replace(second, version=1) == first

    def test_offers_terms_for_one_deal(
        self, finance: Client, client_for: ClientFor, acme: Partner, amira: User, dana: User
    ) -> None:
        lead = LeadFactory.create()
        assert (
            f"/agreements/new/?lead={lead.pk}" in finance.get(f"/leads/{lead.pk}/").content.decode()
        )
        page = finance.get(f"/agreements/new/?lead={lead.pk}").content.decode()
        assert "About one deal only" in page
        offer(finance, acme, lead=str(lead.pk), percent="27")
        version = AgreementVersion.objects.get()
        assert version.agreement.lead_id == lead.pk
        accept = {"text_hash": version.text_hash}
        client_for(amira).post(f"/portal/agreements/{version.pk}/accept/", accept)
        shares = [
            share_lead(actor=dana, partner_id=str(acme.pk), lead_id=str(one.pk), method="call")
            for one in (lead, LeadFactory.create())
        ]
        assert [share.commission_percent for share in shares] == [27, acme.default_commission]

    def test_of_a_deal_that_is_not_there_offers_nothing(
        self, finance: Client, acme: Partner
    ) -> None:
        answer = offer(finance, acme, lead="lead_x")
        assert answer.status_code == 422
        assert "There is no such lead" in answer.content.decode()
        assert not Agreement.objects.exists()

    def test_list_costs_the_same_for_many(
        self, finance: Client, acme: Partner, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(6):
            offer(finance, acme, title=f"Terms {number}")
        with django_assert_max_num_queries(6):
            assert "Terms 5" in finance.get("/agreements/").content.decode()


class TestPartner:
    def test_owner_reads_and_accepts_and_the_next_lead_has_the_terms(
        self, finance: Client, client_for: ClientFor, acme: Partner, amira: User, dana: User
    ) -> None:
        offer(finance, acme)
        version = AgreementVersion.objects.get()
        owner = client_for(amira)
        place = f"/portal/agreements/{version.pk}/"
        assert version.agreement.title in owner.get("/portal/agreements/").content.decode()
        page = owner.get(place).content.decode()
        assert "You earn 12%" in page
        wrong = owner.post(f"{place}accept/", {"text_hash": "x"}, follow=True).content.decode()
        assert "not the text that was offered" in wrong
        owner.post(f"{place}accept/", {"text_hash": version.text_hash})
        version.refresh_from_db()
        assert version.accepted_by == amira.actor_id
        assert accepted(dana, amira).commission_percent == Decimal(12)

    def test_the_leads_page_tells_the_terms_before_it_is_accepted(
        self, client_for: ClientFor, lena: User, lendwell: Partner, dana: User
    ) -> None:
        flat = Terms(direction="platform_pays_partner", base="flat", flat=Decimal(500))
        agreed(lendwell, replace(flat, currency="AED"))
        share = share_lead(
            actor=dana, partner_id=str(lendwell.pk), lead_id=str(LeadFactory.create().pk)
        )
        version = AgreementVersion.objects.get()
        assert share.terms["agreement"] == str(version.agreement_id)
        page = client_for(lena).get(f"/portal/leads/{share.pk}/").content.decode()
        assert "AED\xa0500" in page
        assert "0% of" not in page
        rows = client_for(lena).get("/portal/leads/").content.decode()
        assert "You earn AED\xa0500 per deal" in rows

    def test_the_agent_reads_the_terms_before_and_after_sharing(
        self, client_for: ClientFor, bilal: User, bayview: Partner, dana: User
    ) -> None:
        split = Terms(direction="platform_pays_partner", percent=Decimal(20), holding_days=30)
        agreed(bayview, replace(split, partner_share=Decimal(60)))
        agent, lead = client_for(dana), LeadFactory.create()
        asked = agent.get(f"/leads/{lead.pk}/?partner={bayview.pk}").content.decode()
        assert "60% of that is the partner" in asked
        assert asked.count("held for 30 days") == 1
        share_lead(actor=dana, partner_id=str(bayview.pk), lead_id=str(lead.pk), method="call")
        shared = agent.get(f"/leads/{lead.pk}/").content.decode()
        assert "60% of that is the partner" in shared
        rows = client_for(bilal).get("/portal/leads/").content.decode()
        assert "A deal earns 20% of the agreement value" in rows

    def test_owner_declines(
        self, finance: Client, client_for: ClientFor, acme: Partner, amira: User
    ) -> None:
        offer(finance, acme)
        version = AgreementVersion.objects.get()
        page = client_for(amira).post(f"/portal/agreements/{version.pk}/decline/", follow=True)
        assert "Declined" in page.content.decode()

    def test_a_member_reads_and_does_not_answer(
        self, finance: Client, client_for: ClientFor, acme: Partner, milo: User
    ) -> None:
        offer(finance, acme)
        version = AgreementVersion.objects.get()
        member, place = client_for(milo), f"/portal/agreements/{version.pk}/"
        assert "An owner of your company" in member.get(place).content.decode()
        given = {"text_hash": version.text_hash}
        assert member.post(f"{place}accept/", given).status_code == 403

    def test_a_rival_finds_nothing(
        self, finance: Client, client_for: ClientFor, acme: Partner, rami: User
    ) -> None:
        offer(finance, acme)
        version = AgreementVersion.objects.get()
        rival, place = client_for(rami), f"/portal/agreements/{version.pk}/"
        assert rival.get(place).status_code == 404
        assert rival.post(f"{place}accept/", {"text_hash": version.text_hash}).status_code == 404
        assert "Terms of 2026" not in rival.get("/portal/agreements/").content.decode()
