"""Staff pursue deletions and answer partners' requests, through HTTP."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.html import strip_tags

from conftest import ClientFor
from events.models import Event
from leads import services
from leads.actors import ClientActor
from leads.errors import PartnerInactive
from leads.groups import GROUPS, Groups
from leads.models import DeletionTask, MoreRequest, Share
from leads.services.consent import Wish, decide
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db
LIST = "/leads/deletions/"


def words(page: Any) -> str:
    """Return what a page says, without its tags, in single spaces."""
    return " ".join(strip_tags(page.content.decode()).split())


def owed(dana: User, partner: Partner, *, late: bool = False) -> DeletionTask:
    lead = LeadFactory.create(agent=dana)
    share = services.share_lead(
        actor=dana, partner_id=str(partner.pk), lead_id=str(lead.pk), choice=Groups.everything()
    )
    wishes = [Wish(group, False) for group in GROUPS]
    decide(actor=ClientActor(str(lead.pk)), lead_id=str(lead.pk), wishes=wishes)
    task = DeletionTask.objects.get(share=share)
    if late:
        DeletionTask.objects.filter(pk=task.pk).update(
            due_at=timezone.now() - timedelta(days=1, minutes=DeletionTask.objects.count())
        )
    return task


class TestDeletionList:
    def test_shows_what_is_overdue_first_and_the_rest_on_demand(
        self, client_for: ClientFor, dana: User, amira: User, acme: Partner, rival: Partner
    ) -> None:
        owed(dana, acme, late=True)
        owed(dana, rival)
        done = owed(dana, acme)
        services.attest_deletion(
            actor=amira, reference=str(done.share_id), outcome="retained", reason="Tax law"
        )
        browser = client_for(dana)

        overdue, open_, answered = (
            words(browser.get(f"{LIST}{query}")) for query in ("", "?state=open", "?state=attested")
        )

        assert "Acme Channel Partners" in overdue
        assert "Rival Realty" not in overdue
        assert "Rival Realty" in open_
        assert "Tax law" in answered
        assert "Tax law" not in open_
        assert browser.get(f"{LIST}?state=nonsense").status_code == 200
        assert browser.get(f"{LIST}?cursor=%00").status_code == 404

    def test_pages_oldest_first_without_losing_any(
        self, client_for: ClientFor, dana: User, acme: Partner
    ) -> None:
        acme.capacity_limit = 100
        acme.save()
        tasks = [owed(dana, acme, late=True) for _n in range(27)]
        browser = client_for(dana)

        first = browser.get(LIST).content.decode()
        older = re.search(r'rel="next" href="(\?[^"]+)"', first)
        assert older is not None
        second = browser.get(LIST + older[1].replace("&amp;", "&")).content.decode()

        leads = [f"/leads/{task.share.lead_id}/" for task in tasks]
        assert [lead in first for lead in leads] == [False] * 2 + [True] * 25
        assert [lead in second for lead in leads] == [True] * 2 + [False] * 25

    def test_says_when_there_is_nothing(self, client_for: ClientFor, dana: User) -> None:
        browser = client_for(dana)
        assert "Nothing is overdue" in words(browser.get(LIST))
        assert "Nothing is to be deleted" in words(browser.get(f"{LIST}?state=open"))
        assert "No answers yet" in words(browser.get(f"{LIST}?state=attested"))

    def test_answers_htmx_with_the_rows_alone(
        self, client_for: ClientFor, dana: User, acme: Partner
    ) -> None:
        owed(dana, acme, late=True)
        rows = client_for(dana).get(LIST, headers={"HX-Request": "true"}).content.decode()
        assert "Acme" in rows
        assert "<html" not in rows

    def test_costs_the_same_however_many(
        self,
        client_for: ClientFor,
        dana: User,
        acme: Partner,
        rival: Partner,
        django_assert_max_num_queries: Any,
    ) -> None:
        for partner in (acme, rival, acme, rival):
            owed(dana, partner, late=True)
        browser = client_for(dana)
        with django_assert_max_num_queries(7):  # 4 of them record the look
            browser.get(LIST)

    def test_is_not_for_partners(self, client_for: ClientFor, amira: User) -> None:
        assert client_for(amira).get(LIST).status_code == 403


class TestStopNewLeads:
    def test_an_admin_stops_new_leads_and_lets_them_in_again(
        self, client_for: ClientFor, dana: User, admin_user: User, acme: Partner
    ) -> None:
        owed(dana, acme, late=True)
        browser = client_for(admin_user)
        assert "Stop new leads" in words(browser.get(LIST))

        stopped = browser.post(f"{LIST}{acme.pk}/stop/", follow=True)

        assert "gets no new leads any more" in words(stopped)
        acme.refresh_from_db()
        assert acme.status == "inactive"
        with pytest.raises(PartnerInactive):
            services.share_lead(
                actor=dana, partner_id=str(acme.pk), lead_id=str(LeadFactory.create().pk)
            )
        event = Event.objects.get(kind="partner_status_changed")
        assert (event.actor, event.data) == (
            str(admin_user.pk),
            {"before": "active", "after": "inactive"},
        )

        browser.post(f"{LIST}{acme.pk}/resume/")
        acme.refresh_from_db()
        assert acme.status == "active"

    def test_agents_see_the_list_without_the_button(
        self, client_for: ClientFor, dana: User, acme: Partner
    ) -> None:
        owed(dana, acme, late=True)
        browser = client_for(dana)
        assert "Stop new leads" not in words(browser.get(LIST))
        for step in ("stop", "resume"):
            assert browser.post(f"{LIST}{acme.pk}/{step}/").status_code == 403
        acme.refresh_from_db()
        assert acme.status == "active"

    @pytest.mark.parametrize("step", ["stop", "resume"])
    def test_a_suspended_partner_stays_suspended(
        self, client_for: ClientFor, admin_user: User, acme: Partner, step: str
    ) -> None:
        Partner.objects.filter(pk=acme.pk).update(status="suspended")
        answer = client_for(admin_user).post(f"{LIST}{acme.pk}/{step}/", follow=True)
        assert "is suspended" in words(answer)
        acme.refresh_from_db()
        assert acme.status == "suspended"

    def test_a_partner_that_is_not_there(self, client_for: ClientFor, admin_user: User) -> None:
        made_up = "partner_01jd8v2m5w000000000000000"
        assert client_for(admin_user).post(f"{LIST}{made_up}0/stop/").status_code == 404


class TestRequests:
    @pytest.fixture
    def share(self, dana: User, acme: Partner) -> Share:
        lead = LeadFactory.create(agent=dana)
        return services.share_lead(actor=dana, partner_id=str(acme.pk), lead_id=str(lead.pk))

    @pytest.fixture
    def asked(self, amira: User, share: Share) -> MoreRequest:
        return services.ask_for_more(
            actor=amira,
            reference=str(share.pk),
            group="contact",
            reason="To agree <b>on a time</b> for the viewing",
        )

    def test_the_leads_page_shows_who_asks_and_what_for(
        self, client_for: ClientFor, dana: User, asked: MoreRequest
    ) -> None:
        page = client_for(dana).get(f"/leads/{asked.share.lead_id}/")
        assert "Acme Channel Partners asks to see the client's contact." in words(page)
        assert "To agree &lt;b&gt;on a time" in page.content.decode()

    def test_what_ended_unread_can_be_marked_as_seen(
        self, client_for: ClientFor, dana: User, share: Share, asked: MoreRequest
    ) -> None:
        services.withdraw_share(actor=dana, reference=str(share.pk))
        browser = client_for(dana)
        assert "Mark as seen" in words(browser.get(f"/leads/{share.lead_id}/"))
        browser.post(f"/leads/{share.lead_id}/seen/")
        assert "Mark as seen" not in words(browser.get(f"/leads/{share.lead_id}/"))

    @pytest.mark.parametrize(
        ("step", "status", "said"),
        [
            ("forward", "forwarded", "The client is asked"),
            ("decline", "declined", "Declined. Acme Channel Partners is told."),
        ],
    )
    def test_the_agent_answers(
        self, client_for: ClientFor, dana: User, asked: MoreRequest, step: str, status: str,
        said: str,
    ) -> None:  # fmt: skip
        browser = client_for(dana)
        answer = browser.post(f"/leads/requests/{asked.pk}/{step}/", follow=True)

        assert said in words(answer)
        assert "asks to see the client's contact" not in words(answer)
        asked.refresh_from_db()
        assert asked.status == status
        assert Event.objects.filter(actor=str(dana.pk), data__more=str(asked.pk)).count() == 1

    def test_what_ended_meanwhile_is_refused_in_words(
        self, client_for: ClientFor, dana: User, share: Share, asked: MoreRequest
    ) -> None:
        services.withdraw_share(actor=dana, reference=str(share.pk))
        answer = client_for(dana).post(f"/leads/requests/{asked.pk}/forward/", follow=True)
        assert "This request is not open any more" in words(answer)

    def test_finance_looks_and_does_not_answer(
        self, client_for: ClientFor, finance_user: User, asked: MoreRequest
    ) -> None:
        browser = client_for(finance_user)
        assert "Ask the client" not in words(browser.get(f"/leads/{asked.share.lead_id}/"))
        assert browser.post(f"/leads/requests/{asked.pk}/forward/").status_code == 403
        asked.refresh_from_db()
        assert asked.status == "asked"
