"""A client calls, and the agent corrects, stops, restricts and erases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from leads import services
from leads.groups import Groups
from leads.models import Lead
from partners.models import Partner, User
from portal.tests.browser.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.django_db(transaction=True)]
OpenWindow = Callable[..., Window]


@pytest.fixture
def called(demo: object) -> Lead:
    """A lead that Acme sees in full."""
    dana = User.objects.get(email="dana@portal.example")
    lead = services.capture_lead(
        actor=dana,
        market="uae",
        draft=services.LeadDraft(
            name="Mariam Haddad",
            email="mariam.h@example.com",
            phone="+971501119988",
            budget_min=2_000_000,
            budget_max=3_000_000,
            property_type="villa",
            locations=["Arabian Ranches"],
        ),
    )
    for name in ("Acme", "Bayview"):
        services.share_lead(
            actor=dana,
            partner_id=Partner.objects.get(name__startswith=name).pk,
            lead_id=lead.pk,
            choice=Groups.everything(),
            method="call",
        )
    return lead


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("phone", "dark")])
def test_a_client_uses_its_rights_on_the_phone(
    window: OpenWindow, called: Lead, size: str, scheme: str
) -> None:
    dana = window("dana@portal.example", size=size, scheme=scheme)
    dana.expects = (422,)  # the form that is refused
    page = dana.page
    dana.open(f"/leads/{called.pk}/")
    rights = page.get_by_role("region", name="Rights of the client")
    rights.scroll_into_view_if_needed()
    dana.look("rights/card")

    rights.get_by_role("link", name="Correct details").click()
    page.get_by_label("Email").fill("not an address")
    page.get_by_role("button", name="Save the corrections").click()
    expect(page.locator("body")).to_contain_text("Enter a valid email address")
    dana.look("rights/correct-refused")
    page.get_by_label("Email").fill("mariam.haddad@example.com")
    page.get_by_label("Phone").fill("050 222 3344")
    page.get_by_role("button", name="Save the corrections").click()
    expect(page.locator("body")).to_contain_text("+971502223344")

    page.get_by_role("link", name="Record a withdrawal").click()
    page.get_by_label("For whom").select_option(label="Acme Channel Partners")
    page.get_by_label("Contact").check()
    page.get_by_label("How the client said it").select_option(label="On a call")
    dana.look("rights/withdraw")
    page.get_by_role("button", name="Stop sharing it").click()
    expect(page.locator("body")).to_contain_text("not shown to anybody any more")

    page.get_by_role("button", name="Restrict", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Restrict").click()
    expect(page.locator("body")).to_contain_text("This lead is restricted since")
    page.get_by_role("button", name="Lift the restriction").click()
    expect(page.locator("body")).to_contain_text("The restriction is lifted.")

    page.get_by_role("link", name="Erase the client").click()
    expect(page.locator("main")).to_contain_text("Acme Channel Partners, Bayview Brokers")
    dana.look("rights/erase")
    page.get_by_label("The client asked for this").check()
    page.get_by_role("button", name="Erase the client").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Erased client")
    expect(page.locator("body")).not_to_contain_text("Mariam")
    dana.look("rights/erased")
