"""A developer closes a deal: what it earned is owed to the platform, on both sides' pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from leads.models import Share
from portal.tests.browser.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.django_db(transaction=True)]

OpenWindow = Callable[..., Window]


def test_a_developers_commission_is_owed_to_the_platform(window: OpenWindow) -> None:
    works = Share.objects.filter(status="accepted", partner__name__startswith="Skyline")
    share = works.get()  # its client took contact back, so a duty stands beside the closing form
    devika = window("devika@skyline.example", size="phone")
    page = devika.page
    devika.open(f"/portal/leads/{share.pk}/")
    expect(page.locator("main")).to_contain_text("You pay the platform 5% of the agreement value.")
    if not page.get_by_label("Agreement value").is_visible():
        page.locator("summary", has_text="Close the deal").click()
    page.get_by_label("Agreement value").fill("1,600,000")
    devika.look("developer/1-closing")
    page.get_by_role("button", name="Close the deal").click()
    page.get_by_role("dialog").get_by_role("button").last.click()
    expect(page.locator("main")).to_contain_text("You owe the platform")
    expect(page.locator("main")).to_contain_text("AED 80,000")
    booked = share.commissions.get()

    finance = window("finance@portal.example")
    desk = finance.page
    finance.open("/reconciliation/?direction=partner_pays_platform")
    line = desk.get_by_role("row").filter(has_text="Skyline Developers")
    expect(line).to_contain_text("we are paid")
    finance.look("developer/2-reconciliation")
    finance.open(f"/reconciliation/{booked.pk}/")
    desk.get_by_role("button", name="Approve").click()
    expect(desk.locator("main")).to_contain_text("Receivable from the partner")
    finance.look("developer/3-receivable")

    devika.open("/portal/commissions/")
    expect(page.locator("main")).to_contain_text("You owe in all")
    devika.look("developer/4-owed")
    page.locator(f"a[href='/portal/commissions/{booked.pk}/']").click()
    expect(page.locator("main")).to_contain_text("AED 80,000")
    devika.look("developer/5-one")
