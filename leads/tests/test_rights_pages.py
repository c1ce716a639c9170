"""The agent's pages for a client who uses its rights."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from conftest import ClientFor
from events.models import Event
from leads import services
from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import ConsentDecision, Lead, Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana, name="Zenobia Quist", email="zenobia@quist.example")


@pytest.fixture
def share(dana: User, acme: Partner, lead: Lead) -> Share:
    return services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups.everything()
    )


@pytest.fixture
def browser(client_for: ClientFor, dana: User) -> Client:
    return client_for(dana)


def address(name: str, lead: Lead) -> str:
    return reverse(f"leads:{name}", args=[lead.pk])


def typed(browser: Client, lead: Lead, **changes: Any) -> dict[str, Any]:
    """Return what a browser would send after changing the form shown."""
    form = browser.get(address("correct", lead)).context["form"]
    values = {name: form[name].value() for name in form.fields}
    sent = {name: "" if value is None else value for name, value in values.items()}
    return {**sent, **changes}


class TestCorrecting:
    def test_changes_what_was_typed_and_nothing_else(self, browser, lead):
        data = typed(browser, lead, phone="050 999 8877", notes="Calls at noon")

        answer = browser.post(address("correct", lead), data, follow=True)

        assertContains(answer, "The details are corrected.")
        lead.refresh_from_db()
        assert (lead.phone, lead.notes) == ("+971509998877", "Calls at noon")
        assert (lead.name, lead.locations) == ("Zenobia Quist", ["Dubai Marina", "JBR"])

    def test_says_beside_the_field_what_is_wrong(self, browser, lead):
        data = typed(browser, lead, email="nobody", budget_min="9000000")

        answer = browser.post(address("correct", lead), data)

        assert answer.status_code == 422
        assert set(answer.context["form"].errors) >= {"email"}
        lead.refresh_from_db()
        assert lead.email == "zenobia@quist.example"

    def test_does_not_write_over_what_the_client_corrected_meanwhile(self, browser, lead):
        data = typed(browser, lead, name="Zenobia Q.")
        services.correct_lead(
            actor=ClientActor(lead.pk), lead_id=lead.pk, changes={"phone": "+971501112233"}
        )

        answer = browser.post(address("correct", lead), data)

        assertContains(answer, "Somebody else changed this lead meanwhile", status_code=422)
        lead.refresh_from_db()
        assert (lead.name, lead.phone) == ("Zenobia Quist", "+971501112233")


class TestCopying:
    def test_as_a_pdf_or_as_data(self, browser, lead, share):
        pdf = browser.post(address("copy", lead), {"form": "pdf"})
        data = browser.post(address("copy", lead), {"form": "json"})

        assert pdf.content.startswith(b"%PDF")
        assert data.json()["contact"]["name"] == "Zenobia Quist"
        assert "attachment" in data["Content-Disposition"]
        assert "Zenobia" not in data["Content-Disposition"]
        assert Event.objects.filter(kind="client_copy_taken").count() == 2


class TestWithdrawing:
    def test_counts_as_the_clients_own_word(self, browser, lead, share, acme, dana):
        answer = browser.post(
            address("withdraw_consent", lead),
            {"groups": ["contact"], "partner": acme.pk, "method": "call", "note": "On her way"},
            follow=True,
        )

        assertContains(answer, "Recorded.")
        share.refresh_from_db()
        assert not share.effective.contact
        decision = ConsentDecision.objects.latest("decided_at")
        assert (decision.source, decision.state, decision.method) == ("client", "withdrawn", "call")
        assert (decision.note, decision.decided_by) == ("On her way", dana.actor_id)

    def test_for_every_partner_ends_the_shares(self, browser, lead, share):
        browser.post(
            address("withdraw_consent", lead),
            {
                "groups": ["contact", "budget", "requirements"],
                "partner": "every",
                "method": "message",
            },
        )

        share.refresh_from_db()
        assert share.status == "revoked"

    def test_needs_a_group_and_a_way(self, browser, lead):
        answer = browser.post(address("withdraw_consent", lead), {"partner": "every"})

        assertContains(answer, "Choose at least one group.", status_code=422)
        assert not ConsentDecision.objects.exists()

    def test_offers_nobody_who_has_nothing(self, browser, lead, share, rival):
        page = browser.get(address("withdraw_consent", lead))

        assertContains(page, "Acme Channel Partners")
        assertNotContains(page, rival.name)


class TestRestricting:
    def test_and_lifting(self, browser, lead):
        page = browser.post(address("restrict", lead), follow=True)
        assertContains(page, "Lift the restriction")
        assertContains(page, "This lead is restricted since")

        browser.post(address("lift", lead))
        lead.refresh_from_db()
        assert lead.restricted_at is None

    def test_what_the_client_restricted_stays(self, browser, lead):
        services.restrict_lead(actor=ClientActor(lead.pk), lead_id=lead.pk)

        answer = browser.post(address("lift", lead), follow=True)

        assertContains(answer, "only the client lifts")
        lead.refresh_from_db()
        assert lead.restricted_at is not None


class TestErasing:
    def test_is_explained_before(self, browser, lead, share):
        LeadFactory.create(email=lead.email, phone=lead.phone, name="Zenobia Quist again")

        page = browser.get(address("erase", lead))

        assertContains(page, "Acme Channel Partners")
        assertContains(page, "Zenobia Quist again")
        assertContains(page, "This cannot be undone")

    def test_in_india_says_until_when_the_law_keeps_it(self, browser):
        lead = LeadFactory.create(market="india", region="IN-MH", currency="INR")

        page = browser.get(address("erase", lead))

        assertContains(page, "The law makes us keep the details until")

    def test_needs_the_agents_word(self, browser, lead):
        answer = browser.post(address("erase", lead), {})

        assertContains(answer, "Only the client can ask for it.", status_code=422)
        lead.refresh_from_db()
        assert lead.erased_at is None

    def test_leaves_a_page_without_a_person(self, browser, lead, share):
        page = browser.post(address("erase", lead), {"asked": "on"}, follow=True)

        assertContains(page, "Erased client")
        assertNotContains(page, "Zenobia")
        assertNotContains(page, "Rights of the client")
        listed = browser.get(reverse("leads:lead_list"))
        assertNotContains(listed, "Erased client")

    def test_nobody_without_the_right_may(self, client_for, finance_user, lead):
        browser = client_for(finance_user)

        assertNotContains(browser.get(reverse("leads:lead_detail", args=[lead.pk])), "Rights of")
        for name in ("correct", "withdraw_consent", "erase"):
            assert browser.get(address(name, lead)).status_code == 403
        for name in ("copy", "restrict", "lift"):
            assert browser.post(address(name, lead)).status_code == 403


def test_an_erased_clients_pages_refuse(browser: Client, lead: Lead) -> None:
    services.ask_erasure(actor=ClientActor(str(lead.pk)), lead_id=str(lead.pk))

    data = {"groups": ["contact"], "partner": "every", "method": "call"}
    answer = browser.post(address("withdraw_consent", lead), data, follow=True)

    assertContains(answer, "This client was erased.")
