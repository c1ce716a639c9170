"""The agent's side of consent: conflicts explained, the client asked, the answer followed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from leads import receipts, services
from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import DeletionTask, Lead
from leads.services.consent import Wish, decide
from partners.models import Partner, User
from portal.tests.browser.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.django_db(transaction=True)]
OpenWindow = Callable[..., Window]


@pytest.fixture
def told_lead(demo: object) -> Lead:
    """A lead whose client refused contact on the page and took the budget back from Acme."""
    dana = User.objects.get(email="dana@portal.example")
    acme = Partner.objects.get(name__startswith="Acme")
    lead = services.capture_lead(
        actor=dana,
        market="uae",
        draft=services.LeadDraft(
            name="Nadia Petrova",
            email="nadia.p@example.com",
            phone="+971501112233",
            budget_max=3_000_000,
            property_type="apartment",
            locations=["Dubai Marina"],
            services=["loans"],
        ),
    )
    services.share_lead(
        actor=dana,
        partner_id=acme.pk,
        lead_id=lead.pk,
        method="call",
        note="Said on the phone: fine for Acme, no calls please",
    )
    client = ClientActor(str(lead.pk))
    decide(
        actor=client,
        lead_id=lead.pk,
        wishes=[Wish("contact", False), Wish("budget", False, acme.pk)],
    )
    return lead


def test_conflicts_are_explained_and_the_client_is_asked(
    window: OpenWindow, told_lead: Lead
) -> None:
    dana = window("dana@portal.example")
    page = dana.page
    dana.open(f"/leads/{told_lead.pk}/")
    form = page.locator("#share")
    for name in ("Bayview Brokers", "Lendwell Loans"):
        form.get_by_label(name).check()
        expect(form.locator("aside")).to_contain_text(f"What {name} receives")
    expect(form).to_contain_text("The client refused this on")
    expect(form).to_contain_text("Lendwell Loans: Service providers never see the budget.")
    dana.look("consent/agent-conflicts")

    form.get_by_role("button", name="Ask the client").click()

    expect(page.locator("#questions")).to_contain_text("Bayview Brokers")
    expect(page.locator("#questions")).to_contain_text("Waiting for the client")
    dana.look("consent/agent-asked")
    question = page.locator("#questions li", has_text="Lendwell Loans").first
    question.get_by_role("button", name="Take the question back").click()
    expect(page.locator("body")).to_contain_text("is taken back.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_the_lead_page_tells_the_whole_story(
    window: OpenWindow, told_lead: Lead, size: str, scheme: str
) -> None:
    dana_user = User.objects.get(email="dana@portal.example")
    bayview = Partner.objects.get(name__startswith="Bayview")
    made = services.propose_partner(
        actor=dana_user, lead_id=told_lead.pk, partner_id=bayview.pk, choice=Groups.everything()
    )
    services.answer_proposal(actor=ClientActor(str(told_lead.pk)), proposal_id=made.pk, groups=None)
    DeletionTask.objects.filter(share__lead=told_lead).update(due_at=timezone.now())
    assert receipts.issue(told_lead, mail=False) is None  # each decision has its receipt

    dana = window("dana@portal.example", size=size, scheme=scheme)
    dana.open(f"/leads/{told_lead.pk}/")
    body = dana.page.locator("body")
    expect(body).to_contain_text("The client does not want Bayview Brokers")
    expect(body).to_contain_text("Overdue")
    expect(body).to_contain_text("Said on the phone: fine for Acme")
    dana.look("consent/agent-lead")
