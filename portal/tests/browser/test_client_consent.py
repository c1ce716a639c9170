"""A client on a phone: from the form to the own page, narrowing, answering, a copy, and an end."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from playwright.sync_api import expect

from leads import services
from leads.groups import Groups
from leads.models import Lead, Share
from partners.models import Partner, User
from portal.tests.browser.window import Window
from portal.tests.live import LivePortal

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.django_db(transaction=True)]
OpenWindow = Callable[..., Window]


@pytest.fixture
def email() -> str:
    """An address no other test wrote to: the folder of mails outlives a test."""
    return f"sana.{secrets.token_hex(4)}@example.com"


def link_mailed(portal: LivePortal, email: str) -> str:
    """Return the address of the client's page from a mail the portal's worker wrote."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        for file in (portal.folder / "mail").glob("*"):
            letter = message_from_bytes(file.read_bytes(), policy=policy.default)
            if email in str(letter["To"]):
                text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
                if found := re.search(r"https?://[^/]+(/c/[\w-]+/)", text):
                    return found[1]
        time.sleep(0.2)
    raise AssertionError("no mail with a link came")


def ask(client: Window, email: str) -> Lead:
    """Fill in the public form, allowing budget and requirements."""
    page = client.page
    client.open("/enquire/uae/")
    for field, typed in (
        ("name", "Sana Khan"),
        ("email", email),
        ("phone", "050 765 4321"),
        ("locations", "Dubai Marina"),
        ("budget_max", "2,400,000"),
    ):
        page.locator(f"[name={field}]").fill(typed)
    page.get_by_label("You may pass my budget").check()
    page.get_by_label("You may pass what I am looking for").check()
    time.sleep(3)  # as long as anybody takes at least
    page.get_by_role("button", name="Send my request").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    return Lead.objects.get(email=email)


def partner(name: str) -> Partner:
    return Partner.objects.get(name=name)


@pytest.mark.parametrize(
    ("size", "scheme"),
    [("phone", "light"), ("wide", "dark")],
)
def test_from_the_form_to_the_end(
    window: OpenWindow, demo: LivePortal, email: str, size: str, scheme: str, tmp_path: Path
) -> None:
    dana = User.objects.get(email="dana@portal.example")
    client = window(size=size, scheme=scheme)
    page = client.page
    lead = ask(client, email)
    acme = services.share_lead(
        actor=dana, partner_id=partner("Acme Channel Partners").pk, lead_id=str(lead.pk)
    )
    services.propose_partner(
        actor=dana,
        lead_id=str(lead.pk),
        partner_id=str(partner("Rival Realty").pk),
        choice=Groups(True, True, True),
    )

    client.open(link_mailed(demo, email))
    assert page.url.endswith("/c/open/")
    expect(page.get_by_role("heading", name="Your details and who sees them")).to_be_visible()
    client.look("client/01-page")

    # Narrow: not the budget, not for anybody.
    page.locator("#group-budget").get_by_role("button", name="Don't share").click()
    expect(page.get_by_role("status").first).to_contain_text("Stopped")
    acme.refresh_from_db()
    assert acme.effective == Groups(False, False, True)

    # Approve the partner the agent asks about, for one group.
    question = page.locator(".ask")
    expect(question).to_contain_text("Rival Realty")
    assert question.locator("input:checked").count() == 0
    question.get_by_label("What you are looking for").check()
    question.get_by_role("button", name="Yes, share what I ticked").click()
    assert Share.objects.get(lead=lead, partner__name="Rival Realty").effective == Groups(
        False, False, True
    )
    client.look("client/02-narrowed")

    # A copy, as data and on paper.
    with page.expect_download() as taken:
        page.get_by_role("button", name="JSON", exact=True).click()
    taken.value.save_as(tmp_path / "copy.json")
    held = json.loads((tmp_path / "copy.json").read_text())
    assert "Acme Channel Partners" in json.dumps(held)
    with page.expect_download() as taken:
        page.get_by_role("button", name="PDF", exact=True).click()
    taken.value.save_as(tmp_path / "copy.pdf")
    assert (tmp_path / "copy.pdf").read_bytes().startswith(b"%PDF")

    # Stop everything.
    page.get_by_role("link", name="Stop everything").click()
    client.look("client/03-stop")
    page.get_by_role("button", name="Stop everything").click()
    expect(page.get_by_text("Stopped at").first).to_be_visible()
    client.look("client/04-stopped")
    assert set(Share.objects.filter(lead=lead).values_list("status", flat=True)) == {"revoked"}

    # The partner confirms, and the client sees it.
    amira = User.objects.get(email="amira@acme.example")
    services.attest_deletion(actor=amira, reference=str(acme.pk))
    page.reload()
    expect(page.get_by_text("that it deleted")).to_be_visible()
    client.look("client/05-confirmed")

    # The agent sees all of it on the lead's page.
    agent = window("dana@portal.example", size=size, scheme=scheme)
    agent.open(f"/leads/{lead.pk}/")
    for told in ("withdrew", "Rival Realty", "Acme Channel Partners"):
        expect(agent.page.get_by_text(told).first).to_be_visible()
    agent.look("client/06-agent")


def test_the_other_pages_look_right(window: OpenWindow, demo: LivePortal, email: str) -> None:
    client = window(size="phone", scheme="dark")
    client.expects = (404, 422)
    ask(client, email)
    client.open(link_mailed(demo, email))
    page = client.page
    page.get_by_role("link", name="Correct my details").click()
    client.look("client/07-correct")
    page.get_by_label("Name").fill("Sana Qureshi")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Sana Qureshi")).to_be_visible()
    page.get_by_role("button", name="Pause for now").click()
    expect(page.get_by_text("Paused since")).to_be_visible()
    client.look("client/08-paused")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="Erase my details").click()
    client.look("client/09-erase")
    page.get_by_label("Yes, erase my details").check()
    page.get_by_role("button", name="Erase my details").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Done")
    client.open("/c/open/")
    client.look("client/10-opens-nothing")
    page.get_by_role("link", name="Get a new link").click()
    client.look("client/11-lost")
    assert not Lead.objects.filter(email=email).exists()
