"""A partner disputes a line, finance decides it, and the partner sees it settled."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from commissions.models import Dispute
from leads.models import Share
from portal.tests.browser.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.django_db(transaction=True)]

OpenWindow = Callable[..., Window]
PAPER = {"name": "contract.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n%%EOF"}


def opened(page: Page, words: str) -> None:
    """Open the part of the page that a summary of WORDS hides."""
    page.locator("summary", has_text=words).click()


@pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("phone", "dark")])
def test_a_partner_disputes_a_line_and_gets_it_settled(
    window: OpenWindow, size: str, scheme: str
) -> None:
    share = Share.objects.get(lead__email="yusuf.e@example.com", partner__name__startswith="Acme")
    booked = share.commissions.get()
    amira = window("amira@acme.example", size=size, scheme=scheme)
    page = amira.page
    amira.open("/portal/commissions/")
    amira.look("disputes/1-commissions")
    page.locator(f"a[href='/portal/commissions/{booked.pk}/']").click()
    expect(page.locator("main")).to_contain_text("Waiting for approval")
    opened(page, "Dispute this commission")
    page.get_by_label("What it should be").fill(f"{booked.moved + 10_000:.0f}")
    page.get_by_label("Reason").fill("The signed value was higher; see the contract.")
    amira.look("disputes/2-disputing")
    page.get_by_role("button", name="Dispute it").click()
    expect(page.locator("main")).to_contain_text("see the contract")
    opened(page, "Add a paper")
    page.get_by_label("Paper").set_input_files(PAPER)
    page.get_by_role("button", name="Hand it in").click()
    expect(page.locator("#papers")).to_contain_text("contract.pdf")
    amira.look("disputes/3-open")

    dispute = Dispute.objects.get(commission=booked)
    finance = window("finance@portal.example", size=size, scheme=scheme)
    desk = finance.page
    finance.open("/reconciliation/")
    desk.get_by_role("link", name=re.compile(r"^Disputes \(\d+\)$")).click()
    finance.look("disputes/4-list")
    desk.locator(f"a[href='/disputes/{dispute.pk}/']").click()
    with desk.expect_download() as kept:
        desk.locator("#papers").get_by_role("link", name="contract.pdf").click()
    assert kept.value.suggested_filename == "contract.pdf"
    desk.get_by_label("Message").fill("We found the signed value on page 3.")
    desk.get_by_role("button", name="Send").click()
    desk.get_by_role("radio", name="In part").check()
    desk.get_by_label("Amount, if in part").fill(f"{booked.moved + 4_000:.0f}")
    desk.locator("[name=decide-reason]").fill("Page 3 says so.")
    finance.look("disputes/5-deciding")
    desk.get_by_role("button", name="Decide").click()
    desk.get_by_role("dialog").get_by_role("button", name=re.compile("Decide|Confirm|Yes")).click()
    expect(desk.locator("main")).to_contain_text("In part:")
    finance.look("disputes/6-decided")

    page.reload()
    for said in ("In part:", "Page 3 says so.", "We found the signed value on page 3."):
        expect(page.locator("main")).to_contain_text(said)
    amira.look("disputes/7-settled")
    page.get_by_role("link", name=re.compile("^Lead ")).last.click()
    expect(page.locator("main")).to_contain_text("Decided in a dispute")
    amira.look("disputes/8-commission")
