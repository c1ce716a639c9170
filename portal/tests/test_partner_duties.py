"""What partners do about a withdrawal, and to see more, through HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from conftest import ClientFor
from events.models import Event
from leads.actors import ClientActor
from leads.groups import GROUPS, Groups
from leads.models import DeletionTask, MoreRequest, Share
from leads.services import update_share, withdraw_share
from leads.services.consent import Wish, decide
from partners.models import Partner, User
from portal.tests.partner_stories import PRIVATE, page_of, shared, words

pytestmark = pytest.mark.django_db
REASON = "To agree on a time for the viewing"


@pytest.fixture
def at_acme(client_for: ClientFor, amira: User) -> Client:
    return client_for(amira)


@pytest.fixture
def share(dana: User, acme: Partner) -> Share:
    return shared(dana, acme, Groups.everything())


@pytest.fixture
def narrow(dana: User, acme: Partner) -> Share:
    """A share without contact."""
    return shared(dana, acme)


def withdraw(share: Share, *groups: str) -> None:
    wishes = [Wish(group, False) for group in groups or GROUPS]
    decide(actor=ClientActor(str(share.lead_id)), lead_id=str(share.lead_id), wishes=wishes)


class TestDeletion:
    def test_nobody_confirms_what_the_page_did_not_name(
        self, at_acme: Client, share: Share
    ) -> None:
        withdraw(share, "contact")
        page = at_acme.get(page_of(share)).content.decode()
        assert page.count('name="groups" value="contact"') == 2  # deleting it, and keeping it
        withdraw(share, "budget")

        answer = at_acme.post(page_of(share, "attest"), {"groups": ["contact"]})

        assert answer.status_code == 409
        assert "The client took back more in the meantime." in words(answer)
        assert DeletionTask.objects.open().exists()

    def test_what_the_partner_noted_tells_no_number_any_more(
        self, at_acme: Client, share: Share
    ) -> None:
        Share.objects.update(notes="Call +971 50 123 4567 or john@doe.example on Monday")
        Share.objects.update(status="closed")
        assert "+971 50 123 4567" in words(at_acme.get(page_of(share)))

        withdraw(share, "contact")

        page = words(at_acme.get(page_of(share)))
        assert "on Monday" in page
        assert "123 4567" not in page
        assert "john@doe" not in page

    def test_the_page_says_what_by_when_and_to_confirm_it(
        self, at_acme: Client, share: Share
    ) -> None:
        withdraw(share, "contact")
        task = DeletionTask.objects.get()

        page = words(at_acme.get(page_of(share)))

        assert "Delete what you hold by" in page
        assert "The client withdrew consent." in page
        assert "Delete every copy you made of this: contact." in page
        assert task.due_at.strftime("%Y") in page

    def test_confirming_is_one_button(self, at_acme: Client, amira: User, share: Share) -> None:
        withdraw(share)

        answer = at_acme.post(page_of(share, "attest"), follow=True)

        assert "You confirmed that it is deleted" in words(answer)
        assert DeletionTask.objects.get().attested_by == str(amira.pk)
        assert not [secret for secret in PRIVATE if secret in answer.content.decode()]

    def test_keeping_asks_for_the_reason_and_shows_it(self, at_acme: Client, share: Share) -> None:
        withdraw(share)

        silent = at_acme.post(page_of(share, "keep"))
        assert silent.status_code == 422
        assert "Say which law or which contract makes you keep it." in words(silent)
        assert DeletionTask.objects.open().exists()

        reason = "Tax law <b>five years</b>"
        answer = at_acme.post(page_of(share, "keep"), {"reason": reason}, follow=True)
        assert "You said that you must keep it" in words(answer)
        assert "&lt;b&gt;five years" in answer.content.decode()

    def test_htmx_gets_the_lead_alone(self, at_acme: Client, share: Share) -> None:
        withdraw(share)
        answer = at_acme.post(page_of(share, "attest"), headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert "<html" not in answer.content.decode()
        assert "You confirmed that it is deleted" in words(answer)

    def test_the_opposite_later_is_refused_in_words(self, at_acme: Client, share: Share) -> None:
        withdraw(share)
        at_acme.post(page_of(share, "attest"))
        answer = at_acme.post(page_of(share, "keep"), {"reason": "Law"})
        assert answer.status_code == 409
        assert "You have answered this already" in words(answer)

    def test_without_a_duty_there_is_no_card_and_nothing_to_confirm(
        self, at_acme: Client, share: Share
    ) -> None:
        assert "Delete what you hold" not in words(at_acme.get(page_of(share)))
        answer = at_acme.post(page_of(share, "attest"))
        assert answer.status_code == 404

    def test_a_lead_given_back_long_ago_still_shows_its_duty(
        self, at_acme: Client, amira: User, share: Share
    ) -> None:
        update_share(actor=amira, reference=str(share.pk), status="rejected", reason="Too far")
        withdraw(share)

        dashboard = at_acme.get("/portal/")
        assert "To delete: 1" in words(dashboard)
        assert page_of(share) in dashboard.content.decode()
        assert page_of(share) in at_acme.get("/portal/leads/?to_delete").content.decode()
        page = at_acme.get(page_of(share))
        assert "We have deleted it" in words(page)
        assert not [secret for secret in PRIVATE if secret in page.content.decode()]

    def test_the_dashboard_counts_them_and_names_those_due_first(
        self, at_acme: Client, dana: User, acme: Partner, rival: Partner
    ) -> None:
        shares = [shared(dana, acme, Groups.everything()) for _n in range(7)]
        for share in [*shares, shared(dana, rival, Groups.everything())]:
            withdraw(share)
        late = DeletionTask.objects.filter(share=shares[6])
        late.update(due_at=timezone.now() - timedelta(days=1))

        page = at_acme.get("/portal/")

        assert "To delete: 7" in words(page)
        assert "Overdue" in words(page)
        first = page.content.decode().index(page_of(shares[6]))
        assert first < page.content.decode().index(page_of(shares[0]))
        assert page_of(shares[5]) not in page.content.decode()
        assert "?to_delete" in page.content.decode()

    def test_the_list_of_what_is_to_delete_says_when_it_is_empty(
        self, at_acme: Client, share: Share
    ) -> None:
        page = at_acme.get("/portal/leads/?to_delete")
        assert "Nothing to delete" in words(page)
        assert page_of(share) not in page.content.decode()

    def test_the_list_costs_no_query_more(
        self, at_acme: Client, share: Share, django_assert_max_num_queries: Any
    ) -> None:
        withdraw(share)
        with django_assert_max_num_queries(7):
            at_acme.get("/portal/leads/?to_delete")


class TestAskForMore:
    def test_a_withheld_card_offers_to_ask_and_shows_what_came_of_it(
        self, at_acme: Client, narrow: Share
    ) -> None:
        page = at_acme.get(page_of(narrow))
        assert words(page).count("Ask for it") == 1  # budget and requirements are shared

        answer = at_acme.post(
            page_of(narrow, "ask"), {"group": "contact", "reason": REASON}, follow=True
        )

        assert "Waiting for the agent" in words(answer)
        assert "Ask for it" not in words(answer)
        assert MoreRequest.objects.get().reason == REASON

    def test_the_reason_is_asked_for_beside_its_group(self, at_acme: Client, narrow: Share) -> None:
        answer = at_acme.post(page_of(narrow, "ask"), {"group": "contact", "reason": "pls"})
        assert answer.status_code == 422
        assert 'id="id_contact_reason"' in answer.content.decode()
        assert ">pls<" in answer.content.decode().replace("\n", "")
        assert not MoreRequest.objects.exists()

    @pytest.mark.parametrize("group", ["", "score", "requirements"])
    def test_other_groups_are_refused(self, at_acme: Client, narrow: Share, group: str) -> None:
        answer = at_acme.post(page_of(narrow, "ask"), {"group": group, "reason": REASON})
        assert answer.status_code in (409, 422)
        assert not MoreRequest.objects.exists()

    def test_what_a_type_never_sees_is_not_offered(
        self, client_for: ClientFor, dana: User, lena: User, lendwell: Partner
    ) -> None:
        share = shared(dana, lendwell)
        at_lendwell = client_for(lena)
        page = words(at_lendwell.get(page_of(share)))
        assert page.count("Ask for it") == 1  # contact, never the budget
        answer = at_lendwell.post(page_of(share, "ask"), {"group": "budget", "reason": REASON})
        assert answer.status_code == 422
        assert "partners never see this" in words(answer)

    def test_after_the_end_nothing_is_offered(
        self, at_acme: Client, dana: User, narrow: Share
    ) -> None:
        withdraw_share(actor=dana, reference=str(narrow.pk))
        assert "Ask for it" not in words(at_acme.get(page_of(narrow)))
        answer = at_acme.post(page_of(narrow, "ask"), {"group": "contact", "reason": REASON})
        assert answer.status_code == 409

    def test_the_story_tells_it_without_names_of_the_company(
        self, at_acme: Client, narrow: Share
    ) -> None:
        at_acme.post(page_of(narrow, "ask"), {"group": "contact", "reason": REASON})
        assert "You asked to see more" in words(at_acme.get(page_of(narrow)))
        assert Event.objects.filter(kind="more_asked").count() == 1


@pytest.mark.parametrize("action", ["attest", "keep", "ask"])
def test_a_rival_gets_404(client_for: ClientFor, rami: User, share: Share, action: str) -> None:
    withdraw(share)
    sent = {"group": "contact", "reason": REASON}
    assert client_for(rami).post(page_of(share, action), sent).status_code == 404
    assert DeletionTask.objects.open().exists()
    assert not MoreRequest.objects.exists()
