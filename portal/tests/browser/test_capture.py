"""A client fills in our form on a phone, and again inside another site; an agent brings a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from leads.models import Lead
from portal.tests.browser.window import Window

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.django_db(transaction=True)]
OpenWindow = Callable[..., Window]
EMAIL = "noor.q@example.com"


def fill_in(page: Page) -> None:
    for field, typed in (
        ("name", "Noor Qasim"),
        ("email", "noor"),
        ("phone", "050 123 4567"),
        ("locations", "Dubai Marina, JBR"),
        ("budget_max", "2,200,000"),
    ):
        page.locator(f"[name={field}]").fill(typed)
    page.get_by_label("You may pass my budget").check()
    time.sleep(3)  # as long as anybody takes at least


def test_a_client_asks_on_a_phone(window: OpenWindow) -> None:
    client = window(size="phone")
    client.expects = (422,)
    page = client.page
    client.open("/enquire/uae/")
    assert page.locator("input:checked").count() == 0
    client.look("capture/01-form")
    fill_in(page)
    page.get_by_role("button", name="Send my request").click()

    expect(page.get_by_role("alert")).to_contain_text("Enter an email address")
    expect(page.locator("[name=name]")).to_have_value("Noor Qasim")
    expect(page.get_by_label("You may pass my budget")).to_be_checked()
    client.look("capture/02-put-right")
    page.locator("[name=email]").fill(EMAIL)
    page.get_by_role("button", name="Send my request").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    client.look("capture/03-thanks")
    lead = Lead.objects.get(email=EMAIL)
    given = lead.decisions.filter(state="given")
    assert [decision.group for decision in given] == ["budget"]
    assert not page.context.cookies()


def test_an_agent_brings_a_file(window: OpenWindow, tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_text(f"market,name,email\nuae,Noor Qasim,{EMAIL}\nmars,X,x@example.com\n")
    dana = window("dana@portal.example")
    page = dana.page
    dana.open("/leads/")
    page.get_by_role("link", name="Import").click()
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#report")).to_contain_text("Row 3")
    dana.look("capture/04-faults")

    file.write_text(f"market,name,email\nuae,Noor Qasim,{EMAIL}\n")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator("#report")).to_contain_text("What would be recorded")
    assert not Lead.objects.filter(email=EMAIL).exists()
    dana.look("capture/05-checked")
    page.get_by_role("button", name="Record the leads").click()

    expect(page.locator("body")).to_contain_text("1 lead recorded.")
    expect(page.locator("#rows")).to_contain_text("Noor Qasim")
