"""An admin looks at the portal as a partner does, and the trail says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from partners.models import Partner
from portal.tests.browser.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.django_db(transaction=True)]
OpenWindow = Callable[..., Window]


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("phone", "dark")])
def test_an_admin_looks_as_a_partner_and_stops(
    window: OpenWindow, size: str, scheme: str, demo: object
) -> None:
    acme = Partner.objects.get(name__startswith="Acme")
    admin = window("admin@portal.example", size=size, scheme=scheme)
    page = admin.page
    admin.open(f"/admin/partners/partner/{acme.pk}/change/")
    page.get_by_role("link", name="View as partner").click()
    admin.look("viewing/start")
    page.get_by_role("button", name="View as Acme").click()
    expect(page.get_by_role("status").first).to_contain_text("You see the portal as Acme")
    admin.look("viewing/dashboard")
    admin.open("/portal/leads/")
    page.locator("a.row-link").first.click()
    expect(page.get_by_text("You see the portal as")).to_be_visible()
    admin.look("viewing/lead")
    page.get_by_role("button", name="Stop").click()
    admin.open("/analytics/audit/")
    expect(page.locator("#rows")).to_contain_text("Portal viewed as the partner")
    admin.look("viewing/trail")
    page.get_by_role("link", name="Who saw what").first.click()
    expect(page.get_by_role("heading", name="Who saw or got what")).to_be_visible()
    admin.look("viewing/who-saw")
