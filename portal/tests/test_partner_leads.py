"""A partner's leads through HTTP: what they show, what they hide, what their buttons do."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from commissions.models import Commission
from commissions.services import report_status
from conftest import ClientFor
from events.models import Event
from leads.groups import Groups
from leads.models import Share
from leads.services import (
    AppointmentDraft,
    change_preferences,
    share_appointment,
    share_lead,
    withdraw_share,
)
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.tests.partner_stories import PRIVATE, closed, page_of, shared, words

pytestmark = pytest.mark.django_db
ALL = Groups.everything()


@pytest.fixture
def at_acme(client_for: ClientFor, amira: User) -> Client:
    return client_for(amira)


@pytest.fixture
def share(dana: User, acme: Partner) -> Share:
    return shared(dana, acme)


class TestLeadList:
    def test_shows_only_what_is_disclosed(
        self, at_acme: Client, dana: User, acme: Partner, share: Share
    ) -> None:
        page = at_acme.get("/portal/leads/").content.decode()

        assert "Apartment in Dubai Marina, JBR" in page
        assert not [secret for secret in PRIVATE if secret in page]

    def test_shows_the_client_once_contact_is_shared(
        self, at_acme: Client, dana: User, acme: Partner
    ) -> None:
        shared(dana, acme, ALL)
        assert "John Doe" in at_acme.get("/portal/leads/").content.decode()

    @pytest.mark.parametrize("status", ["sent", "rejected", "accepted"])
    def test_filters_by_status(
        self, at_acme: Client, amira: User, share: Share, status: str
    ) -> None:
        if status != "sent":
            report_status(actor=amira, reference=str(share.pk), status=status, reason="Too far")

        assert page_of(share) in at_acme.get(f"/portal/leads/?status={status}").content.decode()
        other = "closed" if status != "closed" else "sent"
        assert page_of(share) not in at_acme.get(f"/portal/leads/?status={other}").content.decode()

    def test_an_unknown_status_has_no_rows_and_says_so(self, at_acme: Client, share: Share) -> None:
        answer = at_acme.get("/portal/leads/?status=nonsense")
        assert answer.status_code == 200
        assert "There is no such status" in words(answer)

    def test_ended_leads_stay_listed_without_any_of_the_clients_data(
        self, at_acme: Client, dana: User, acme: Partner
    ) -> None:
        share = shared(dana, acme, ALL)
        withdraw_share(actor=dana, reference=str(share.pk))

        page = at_acme.get("/portal/leads/?status=withdrawn").content.decode()

        assert page_of(share) in page
        assert not [s for s in (*PRIVATE, "Marina", "partment", "2,200,000") if s in page]

    def test_pages_by_cursor_and_survives_a_cursor_that_is_none(
        self, at_acme: Client, dana: User, acme: Partner
    ) -> None:
        acme.capacity_limit = 40
        acme.save()
        ids = {page_of(shared(dana, acme)) for _n in range(27)}

        first = at_acme.get("/portal/leads/").content.decode()
        older = re.search(r'rel="next" href="(\?[^"]+)"', first)
        assert older is not None
        second = at_acme.get("/portal/leads/" + older[1]).content.decode()

        seen = [{link for link in ids if link in page} for page in (first, second)]
        assert [len(part) for part in seen] == [25, 2]
        assert seen[0] | seen[1] == ids
        assert at_acme.get("/portal/leads/?cursor=%00x").status_code == 200

    def test_answers_htmx_with_the_rows_alone(self, at_acme: Client, share: Share) -> None:
        page = at_acme.get("/portal/leads/", headers={"HX-Request": "true"}).content.decode()
        assert page_of(share) in page
        assert "<html" not in page

    def test_costs_three_queries_however_many_rows(
        self,
        at_acme: Client,
        dana: User,
        acme: Partner,
        django_assert_max_num_queries: Any,
    ) -> None:
        for _n in range(5):
            shared(dana, acme)
        with django_assert_max_num_queries(7):
            at_acme.get("/portal/leads/?status=sent")


class TestLeadPage:
    def test_withheld_contact_is_never_in_the_bytes(self, at_acme: Client, share: Share) -> None:
        answer = at_acme.get(page_of(share))

        assert not [secret for secret in PRIVATE if secret in answer.content.decode()]
        assert "ClientWithheld" in words(answer)
        assert "AED 1,800,000 – AED 2,200,000" in words(answer)

    def test_a_service_provider_never_sees_the_budget_nor_the_property(
        self, client_for: ClientFor, dana: User, lena: User, lendwell: Partner
    ) -> None:
        answer = client_for(lena).get(page_of(shared(dana, lendwell)))

        assert "BudgetWithheld" in words(answer)
        assert "value of the service" in words(answer)
        assert not [s for s in (*PRIVATE, "2,200,000", "Marina") if s in answer.content.decode()]

    def test_shows_the_terms_before_the_lead_is_accepted(
        self, at_acme: Client, share: Share
    ) -> None:
        said = words(at_acme.get(page_of(share)))
        assert said.index("You earn 15% of the agreement value.") < said.index("Accept this lead")

    def test_follows_a_change_of_consent_at_once(
        self, at_acme: Client, dana: User, acme: Partner
    ) -> None:
        share = shared(dana, acme, ALL)
        assert "John Doe" in words(at_acme.get(page_of(share)))

        change_preferences(
            actor=dana, reference=str(share.pk), choice=Groups(False, True, True), method="call"
        )

        assert not [s for s in PRIVATE if s in at_acme.get(page_of(share)).content.decode()]

    def test_keeps_a_clients_address_back_while_contact_is_withheld(
        self, at_acme: Client, dana: User, acme: Partner, share: Share
    ) -> None:
        for place, location in (("client_address", "Villa 7"), ("property", "Marina Heights")):
            share_appointment(
                actor=dana,
                partner_id=str(acme.pk),
                reference=str(share.pk),
                draft=AppointmentDraft(
                    type="viewing", starts_at=timezone.now(), location=location, place=place
                ),
            )

        page = at_acme.get(page_of(share)).content.decode()

        assert "Villa 7" not in page
        assert "The address is withheld" in page
        assert "At the property" in page

    def test_offers_only_the_next_legal_steps(
        self, at_acme: Client, amira: User, share: Share
    ) -> None:
        def offered() -> set[str]:
            page = at_acme.get(page_of(share)).content.decode()
            found = re.findall(rf'action="{page_of(share)}(\w+)/"', page)
            return set(found) - {"ask"}  # which may be done at any time

        assert offered() == {"accept", "reject"}
        report_status(actor=amira, reference=str(share.pk), status="accepted")
        assert offered() == {"start", "close", "reject"}
        report_status(actor=amira, reference=str(share.pk), status="in_progress")
        assert offered() == {"close", "reject"}
        report_status(actor=amira, reference=str(share.pk), status="rejected", reason="Moved")
        assert offered() == set()

    def test_tells_its_own_story_in_plain_words(
        self, at_acme: Client, milo: User, share: Share
    ) -> None:
        report_status(actor=milo, reference=str(share.pk), status="accepted")

        said = words(at_acme.get(page_of(share)))

        assert re.search(r"Accepted\s*Milo", said)
        assert re.search(r"Shared with you\s*The platform", said)
        assert "Dana" not in said


class TestActions:
    def test_a_member_accepts_with_one_post(
        self, client_for: ClientFor, milo: User, share: Share
    ) -> None:
        answer = client_for(milo).post(page_of(share, "accept"))

        assert answer["Location"] == page_of(share)
        share.refresh_from_db()
        assert share.status == "accepted"
        assert Event.objects.get(kind="share_accepted").actor == str(milo.pk)

    def test_htmx_gets_the_page_as_it_stands_then(self, at_acme: Client, share: Share) -> None:
        answer = at_acme.post(page_of(share, "accept"), headers={"HX-Request": "true"})

        page = answer.content.decode()
        assert answer.status_code == 200
        assert page.lstrip().startswith('<div id="lead">')
        assert "You accepted this lead." in page
        assert page_of(share, "close") in page

    def test_a_rejection_says_why(self, at_acme: Client, share: Share) -> None:
        refused = at_acme.post(page_of(share, "reject"), {"reason": "  "})
        assert refused.status_code == 422
        assert "Say why the lead is rejected." in words(refused)
        share.refresh_from_db()
        assert share.status == "sent"

        at_acme.post(page_of(share, "reject"), {"reason": "Outside our areas"})

        share.refresh_from_db()
        assert (share.status, share.reason) == ("rejected", "Outside our areas")
        assert "Marina" not in at_acme.get(page_of(share)).content.decode()

    def test_closing_takes_a_grouped_amount_and_books_at_the_agreed_rate(
        self, at_acme: Client, share: Share
    ) -> None:
        at_acme.post(page_of(share, "accept"))
        at_acme.post(page_of(share, "start"))

        answer = at_acme.post(
            page_of(share, "close"),
            {"agreement_value": "5,000,000", "claimed_percent": "", "notes": "Signed"},
            follow=True,
        )

        commission = Commission.objects.get(share=share)
        assert (commission.amount, commission.currency) == (Decimal(750_000), "AED")
        assert "You earn AED 750,000" in words(answer)
        share.refresh_from_db()
        assert share.notes == "Signed"
        assert share.confirmed_at is not None

    def test_a_claim_that_differs_is_shown_and_not_booked(
        self, at_acme: Client, dana: User, amira: User
    ) -> None:
        share = closed(dana, amira, 1_000_000, claimed_percent=Decimal(20))

        assert "You claimed20% · Under review" in words(at_acme.get(page_of(share)))
        said = words(at_acme.get("/portal/reconciliation/?show=differing"))
        assert "+AED 50,000" in said
        assert Commission.objects.get(share=share).amount == 150_000

    @pytest.mark.parametrize("value", ["", "0", "-5", "abc", "1.234", "9999999999999"])
    def test_a_closing_without_a_true_value_comes_back_with_what_was_typed(
        self, at_acme: Client, amira: User, share: Share, value: str
    ) -> None:
        report_status(actor=amira, reference=str(share.pk), status="accepted")

        answer = at_acme.post(
            page_of(share, "close"), {"agreement_value": value, "notes": "typed before"}
        )

        assert answer.status_code == 422
        assert "typed before" in answer.content.decode()
        assert "Please put this right" in words(answer)
        assert not Commission.objects.exists()

    def test_an_illegal_step_is_refused_with_the_reason(
        self, at_acme: Client, share: Share
    ) -> None:
        answer = at_acme.post(page_of(share, "close"), {"agreement_value": "100"})

        assert answer.status_code == 409
        assert "A lead that is sent cannot become closed." in words(answer)
        share.refresh_from_db()
        assert share.status == "sent"

    def test_a_second_closing_of_a_lead_is_under_review_and_names_nobody(
        self, client_for: ClientFor, dana: User, amira: User, rami: User
    ) -> None:
        lead = LeadFactory.create()
        shares = []
        for user in (rami, amira):
            share = share_lead(
                actor=dana, partner_id=str(user.partner_id), lead_id=str(lead.pk), method="call"
            )
            report_status(actor=user, reference=str(share.pk), status="accepted")
            shares.append(share)
        report_status(
            actor=rami,
            reference=str(shares[0].pk),
            status="closed",
            agreement_value=Decimal(3_000_000),
            claimed_percent=Decimal(18),
        )
        at_acme = client_for(amira)
        at_acme.post(page_of(shares[1], "close"), {"agreement_value": "3,100,000"})

        for address in (page_of(shares[1]), "/portal/reconciliation/"):
            said = words(at_acme.get(address))
            assert "Under review" in said
            assert not [s for s in ("another partner", "Rival", "3,000,000") if s in said]
