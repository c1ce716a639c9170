"""Closing the month: terms agreed, a deal closed at another rate, settled and approved."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from commissions.models import AgreementVersion, Commission, ReconciliationItem, Statement
from commissions.services import report_status
from leads.models import Share
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.tests.browser.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.django_db(transaction=True)]

OpenWindow = Callable[..., Window]


def offer_terms(finance: Window) -> None:
    page = finance.page
    finance.open("/agreements/new/")
    page.locator("[name=partner]").select_option(label="Acme Channel Partners")
    page.locator("[name=title]").fill("Terms of the season")
    page.locator("[name=percent]").fill("12")
    page.locator("[name=valid_from]").fill(timezone.now().date().isoformat())
    page.get_by_role("button", name="Offer", exact=True).click()
    expect(page.locator("main")).to_contain_text("Waits for the owner")


def accept_terms(amira: Window) -> None:
    version = AgreementVersion.objects.latest("entered_at")
    amira.open(f"/portal/agreements/{version.pk}/")
    expect(amira.page.locator("main")).to_contain_text("12")
    amira.page.get_by_role("button", name="Accept").click()
    amira.page.get_by_role("dialog").get_by_role("button", name="Accept").click()
    expect(amira.page.locator("main")).to_contain_text("Agreed")


def shared_with_acme() -> Share:
    lead = LeadFactory.create(name="Nadia Probe")
    dana = User.objects.get(email="dana@portal.example")
    amira = User.objects.get(email="amira@acme.example")
    partner = Partner.objects.get(name="Acme Channel Partners")
    share = share_lead(actor=dana, partner_id=str(partner.pk), lead_id=str(lead.pk), method="call")
    report_status(actor=amira, reference=str(share.pk), status="accepted")
    return share


def close_claiming(amira: Window, share: Share, percent: str) -> None:
    page = amira.page
    amira.open(f"/portal/leads/{share.pk}/")
    closing = page.locator("details", has_text="Close the deal")
    if closing.get_attribute("open") is None:
        closing.locator("summary").click()
    closing.get_by_label("Agreement value").fill("1,000,000")
    closing.get_by_label("Commission you expect, %").fill(percent)
    closing.get_by_role("button", name="Close the deal").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Close|Confirm")).click()
    expect(page.locator("#lead")).to_contain_text("Under review")


def settle_as_agreed(finance: Window) -> None:
    page = finance.page
    finance.open("/reconciliation/")
    expect(page.locator("main")).to_contain_text("+AED")
    finance.look("reconciling/01-board")
    page.get_by_role("link", name="Differences", exact=True).click()
    row = page.locator("tbody tr", has_text="Acme Channel Partners")
    row.get_by_role("button", name=re.compile("^Take it")).click()
    expect(page.locator("tbody tr", has_text="Acme Channel Partners")).to_contain_text("Farid")
    finance.look("reconciling/02-differences")
    page.get_by_role("link", name=re.compile("^Settle: Acme")).click()
    page.get_by_label("Settle it").select_option("record")
    page.get_by_label("Reason").first.fill("As agreed this season")
    finance.look("reconciling/03-settling")
    page.get_by_role("button", name="Settle").click()
    expect(page.locator("main")).to_contain_text("As recorded")


def test_a_deal_closed_at_another_rate_than_agreed(window: OpenWindow) -> None:
    finance, amira = window("finance@portal.example"), window("amira@acme.example")
    offer_terms(finance)
    accept_terms(amira)
    share = shared_with_acme()
    close_claiming(amira, share, "20")
    settle_as_agreed(finance)
    booked = Commission.objects.select_related("share").get(share=share)
    assert (booked.amount, booked.share.confirmed_at is not None) == (120_000, True)

    # Whoever entered the terms approves nothing they earn; somebody else does.
    expect(finance.page.locator("main")).to_contain_text("Somebody else approves it")
    admin = window("admin@portal.example")
    admin.open("/reconciliation/commissions/?q=acme&status=pending")
    admin.page.get_by_label("Approve Acme Channel Partners AED\u00a0120,000").check()
    admin.page.get_by_role("button", name="Approve those ticked").click()
    expect(admin.page.locator("body")).to_contain_text("1 commission approved")
    amira.open("/portal/reconciliation/?show=differing")
    expect(amira.page.locator("main")).to_contain_text("settled as recorded")
    amira.look("reconciling/04-partner")


def test_a_statement_is_taken_in_on_a_phone(window: OpenWindow) -> None:
    booked = Commission.objects.filter(partner__name="Acme Channel Partners").latest("pk")
    day = booked.closed_on
    content = f"Lead,Deal value,Rate,Date\n{booked.share_id},77000,19%,{day}\nAB-1,5000,,{day}\n"
    finance = window("finance@portal.example", size="phone")
    page = finance.page
    finance.open("/reconciliation/statements/new/")
    finance.look("reconciling/05-statement-new")
    page.get_by_label("Partner", exact=True).select_option(label="Acme Channel Partners")
    page.get_by_label("Deals closed from").fill((day - dt.timedelta(days=1)).isoformat())
    page.get_by_label("Up to and with").fill((day + dt.timedelta(days=1)).isoformat())
    page.get_by_label("File").set_input_files(
        {"name": "november.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    page.get_by_role("button", name="Take in").click()
    expect(page.locator("main")).to_contain_text("Value differs")
    expect(page.locator("main")).to_contain_text("No deal of about this day and value")
    finance.look("reconciling/06-statement")
    assert Statement.objects.get().lines.count() == 2
    kinds = ReconciliationItem.objects.filter(statement__isnull=False).values_list(
        "kind", flat=True
    )
    assert sorted(kinds) == ["missing_ours", "rate_diff", "value_diff"]
