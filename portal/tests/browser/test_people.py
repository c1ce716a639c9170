"""An owner invites a member; whoever is shut out leaves every open page within five seconds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from partners import services
from partners.models import User
from partners.tests.factories import UserFactory
from portal.tests.browser.window import Window
from portal.tests.live import LivePortal

pytestmark = [pytest.mark.browser, pytest.mark.proof, pytest.mark.django_db(transaction=True)]
OpenWindow = Callable[..., Window]
PEOPLE = "/portal/settings/people/"
ADDRESS = "nadia@acme.example"
PASSWORD = "a-quiet-lantern-41"
OUT_WITHIN = 5.0  # seconds
LOOKS = [("wide", "light"), ("phone", "dark")]


def mailed_to(address: str, folder: Path) -> str:
    """Return the text of the first mail to ADDRESS that the dispatcher writes into FOLDER."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for file in folder.glob("*"):
            mail = message_from_bytes(file.read_bytes(), policy=policy.default)
            if mail["To"] == address and (body := mail.get_body()) is not None:
                return str(body.get_content())
        time.sleep(0.1)
    raise AssertionError(f"no mail to {address} in {folder}")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_an_owner_invites_a_member_who_works_there(
    window: OpenWindow, demo: LivePortal, size: str, scheme: str
) -> None:
    for old in (demo.folder / "mail").glob("*"):
        old.unlink()
    owner = window("amira@acme.example", size=size, scheme=scheme)
    owner.open(PEOPLE)
    owner.look("people/alone")
    form = owner.page.locator(f"form[action='{PEOPLE}']")
    form.get_by_label("Email").fill(ADDRESS)
    form.get_by_role("button", name="Send the invitation").click()
    expect(owner.page.get_by_role("status").first).to_contain_text("An invitation was sent.")
    expect(owner.page.locator("#invitations")).to_contain_text(ADDRESS)
    owner.look("people/invited")

    text = mailed_to(ADDRESS, demo.folder / "mail")
    guest = window(size=size, scheme=scheme)
    guest.open(next(word for word in text.split() if "/invitation/" in word))
    expect(guest.page).to_have_url(re.compile("/accounts/invitation/$"))
    guest.look("people/invitation")
    guest.page.get_by_label("Your name").fill("Nadia")
    guest.page.get_by_label("Choose a password").fill(PASSWORD)
    guest.page.get_by_role("button", name="Make my account").click()
    guest.page.wait_for_url(re.compile("/portal/"))
    guest.open("/portal/leads/")
    expect(guest.page.locator("a.row-link").first).to_be_visible()

    owner.open(PEOPLE)
    expect(owner.page.locator("#people")).to_contain_text("Nadia")
    owner.look("people/together")
    guest.expects = (410,)
    guest.open(next(word for word in text.split() if "/invitation/" in word))
    guest.look("people/ended")


def open_two(window: Window, *paths: str) -> list[Page]:
    """Open PATHS in two tabs of WINDOW and return both."""
    window.open(paths[0])
    other = window.page.context.new_page()
    other.goto(paths[1])
    return [window.page, other]


def assert_out(pages: list[Page], since: float) -> None:
    """See that each of PAGES comes to the login page by itself, soon after SINCE."""
    for page in pages:
        left = OUT_WITHIN - (time.monotonic() - since)
        page.wait_for_url(re.compile("/accounts/login/"), timeout=left * 1000, wait_until="commit")


def test_who_is_suspended_or_removed_is_out_of_every_page(
    window: OpenWindow, demo: LivePortal
) -> None:
    admin = User.objects.get(email="admin@portal.example")
    amira = User.objects.get(email="amira@acme.example")
    member = UserFactory.create(
        email=ADDRESS, name="Nadia", role="member", partner=amira.partner, password=PASSWORD
    )
    theirs = window()
    theirs.sign_in(ADDRESS, PASSWORD)
    pages = open_two(theirs, "/portal/", "/portal/settings/")
    services.remove_member(actor=amira, user_id=member.pk)
    assert_out(pages, time.monotonic())

    pages = open_two(window("amira@acme.example"), "/portal/leads/", PEOPLE)
    services.set_status(actor=admin, partner_id=str(amira.partner_id), status="suspended")
    assert_out(pages, time.monotonic())


def test_staff_shut_out_are_out_of_the_admins_pages_too(
    window: OpenWindow, demo: LivePortal
) -> None:
    admin = User.objects.get(email="admin@portal.example")
    finance = User.objects.get(email="finance@portal.example")
    theirs = window(finance.email)
    pages = open_two(theirs, "/admin/", "/admin/partners/partner/")
    services.set_user_active(actor=admin, user_id=finance.pk, active=False)
    assert_out(pages, time.monotonic())


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_an_admin_invites_staff(
    window: OpenWindow, demo: LivePortal, size: str, scheme: str
) -> None:
    admin = window("admin@portal.example", size=size, scheme=scheme)
    page = admin.page
    admin.open("/admin/partners/user/")
    admin.look("people/admin-accounts", keep=False)
    page.get_by_role("link", name="Invite somebody").click()
    admin.look("people/admin-invite", keep=False)
    page.get_by_label("Email").fill("new.agent@portal.example")
    page.get_by_label("Role").select_option("agent")
    page.get_by_label("Only this market").select_option("india")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.locator(".messagelist")).to_contain_text("An invitation was sent.")
    admin.look("people/admin-invitations", keep=False)
    text = mailed_to("new.agent@portal.example", demo.folder / "mail")
    assert "invites you" in text
