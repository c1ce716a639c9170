"""Scenario 1 as people live it: the agent at her desk, the partner on his phone, the admin."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from leads.models import Lead, Share
from portal.tests.browser.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OpenWindow = Callable[..., Window]


def record_lead(dana: Window, name: str) -> None:
    """Type a new lead as the agent hears it on the phone."""
    page = dana.page
    dana.open("/leads/new/")
    dana.look("scenario-1/02-new-lead")
    page.locator("[name=market]").select_option("uae")
    for field, typed in (
        ("name", name),
        ("email", "nadia.p@example.com"),
        ("budget_max", "500,000"),
        ("locations", "Downtown Dubai"),
        ("bedrooms_min", "2"),
        ("views", "marina"),
    ):
        page.locator(f"[name={field}]").fill(typed)
    page.locator("form").get_by_role("button", name=re.compile("Record|Save|Add|Create")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def share_with_acme(dana: Window) -> None:
    page = dana.page
    form = page.locator("#share")
    form.get_by_label("Select partner").select_option(label="Acme Channel Partners (channel)")
    # The preview follows the choice: no contact for a channel partner.
    expect(form.get_by_role("button", name="Share with Acme Channel Partners")).to_be_visible()
    expect(form.get_by_label("Share contact")).not_to_be_checked()
    expect(form.get_by_label("Share budget")).to_be_checked()
    expect(form.locator("aside")).to_contain_text("500,000")
    expect(form.locator("aside")).not_to_contain_text("nadia.p@example.com")
    dana.look("scenario-1/04-sharing")
    form.get_by_role("button", name="Share with Acme Channel Partners").click()
    expect(page.locator("body")).to_contain_text("Shared with Acme Channel Partners")


def close_deal(amira: Window, value: str) -> None:
    page = amira.page
    closing = page.locator("details", has_text="Close the deal")
    if closing.get_attribute("open") is None:
        closing.locator("summary").click()
    closing.get_by_label("Agreement value").fill(value)
    closing.get_by_role("button", name="Close the deal").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    amira.look("scenario-1/09-closing")
    dialog.get_by_role("button", name=re.compile("Close|Confirm")).click()
    expect(page.locator("#lead")).to_contain_text("Commission")


@pytest.mark.proof
def test_scenario_1_through_agent_partner_and_admin(window: OpenWindow) -> None:
    dana = window("dana@portal.example")
    dana.look("scenario-1/01-inbox")
    record_lead(dana, "Nadia Probe")
    dana.look("scenario-1/03-lead")
    share_with_acme(dana)
    dana.look("scenario-1/05-shared")
    share = Share.objects.get(lead=Lead.objects.get(name="Nadia Probe"))

    amira = window("amira@acme.example")
    amira.look("scenario-1/06-partner-dashboard")
    amira.open(f"/portal/leads/{share.pk}/")
    body = amira.page.locator("body")
    expect(body).to_contain_text("500,000")
    expect(body).not_to_contain_text("Nadia Probe")
    amira.look("scenario-1/07-partner-lead")
    amira.page.get_by_role("button", name="Accept this lead").click()
    amira.page.get_by_role("button", name="Mark as in progress").click()
    expect(amira.page.locator("#lead .page-title")).to_contain_text("In progress")
    amira.look("scenario-1/08-in-progress")
    close_deal(amira, "500,000")
    expect(amira.page.locator("#lead")).to_contain_text("100,000")
    amira.look("scenario-1/10-closed")
    amira.open("/portal/commissions/")
    expect(amira.page.locator("table").first).to_contain_text("100,000")
    amira.look("scenario-1/11-partner-commissions")

    dana.open(f"/leads/{share.lead_id}/")
    expect(dana.page.locator("#" + share.pk)).to_contain_text("Closed")

    admin = window("admin@portal.example")
    admin.open("/analytics/")
    expect(admin.page.locator("main")).to_contain_text("Acme Channel Partners")
    admin.look("scenario-1/12-analytics")
    admin.open(f"/admin/partners/partner/{share.partner_id}/change/")
    expect(admin.page.locator("body")).to_contain_text("100,000")
    admin.look("scenario-1/13-admin-partner")


def test_a_partner_accepts_and_closes_on_a_phone(window: OpenWindow) -> None:
    amira = window("amira@acme.example", size="phone")
    page = amira.page
    amira.look("scenario-1/06-partner-dashboard")
    page.get_by_role("button", name=re.compile("^Accept:")).first.click()
    expect(page).to_have_url(re.compile(r"/portal/leads/share_\w+/$"))
    expect(page.locator("#lead .page-title")).to_contain_text("Accepted")
    amira.look("scenario-1/08-in-progress")
    close_deal(amira, "480,000")
    expect(page.locator("#lead")).to_contain_text("96,000")
    amira.look("scenario-1/10-closed")
    page.goto("/portal/leads/?status=closed")
    expect(page.locator("main")).to_contain_text("Closed")
    amira.look("scenario-1/11-closed-leads")
