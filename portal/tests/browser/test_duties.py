"""A partner's side of consent on a phone: asking for more, and deleting what was withdrawn.

The client's own pages have journeys of their own; here the client acts through the services.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from leads.actors import ClientActor
from leads.groups import GROUPS
from leads.models import DeletionTask, MoreRequest, Share
from leads.services import answer_request
from leads.services.consent import Wish, decide
from portal.tests.browser.window import Window

pytestmark = [pytest.mark.proof, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OpenWindow = Callable[..., Window]


def ask_for_contact(amira: Window, share: Share) -> None:
    page = amira.page
    amira.open(f"/portal/leads/{share.pk}/")
    page.get_by_text("Ask for it").first.click()
    page.get_by_label("What do you need it for?").first.fill("To agree on a time for the viewing")
    amira.look("duties/01-asking")
    page.get_by_role("button", name="Ask", exact=True).first.click()
    expect(page.locator("#lead")).to_contain_text("Waiting for the agent")
    amira.look("duties/02-asked")


def forward(dana: Window, share: Share) -> None:
    page = dana.page
    dana.open(f"/leads/{share.lead_id}/")
    expect(page.locator("#lead")).to_contain_text("asks to see the client's contact")
    dana.look("duties/03-agent-is-asked")
    page.locator(".notice").get_by_role("button", name="Ask the client").click()
    expect(page.locator("#requests")).to_contain_text("Waiting for the client")
    dana.look("duties/04-forwarded")


def confirm_deletion(amira: Window) -> None:
    page = amira.page
    amira.open("/portal/")
    expect(page.locator("main")).to_contain_text("To delete: 1")
    amira.look("duties/06-dashboard")
    page.get_by_role("link", name=re.compile("^Delete and confirm:")).click()
    expect(page.locator("#lead")).to_contain_text("Delete what you hold by")
    page.get_by_text("We must keep it").click()
    amira.look("duties/07-to-delete")
    page.get_by_role("button", name="We have deleted it").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Is everything deleted?")
    amira.look("duties/08-sure")
    dialog.get_by_role("button", name="Yes, we have deleted it").click()
    expect(page.locator("#lead")).to_contain_text("You confirmed that it is deleted")
    amira.look("duties/09-confirmed")
    amira.open("/portal/leads/?to_delete")
    expect(page.locator("#rows")).to_contain_text("Nothing to delete")
    amira.look("duties/10-nothing-left")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_partner_asks_for_more_and_later_deletes_on_a_phone(
    window: OpenWindow, scheme: str
) -> None:
    shares = Share.objects.filter(partner__name__startswith="Acme", status="in_progress")
    share = shares.select_related("lead").order_by("pk")[0]
    client = ClientActor(str(share.lead_id))
    amira = window("amira@acme.example", size="phone", scheme=scheme)
    dana = window("dana@portal.example", scheme=scheme)

    ask_for_contact(amira, share)
    forward(dana, share)
    asked = MoreRequest.objects.get(share=share)
    answer_request(actor=client, request_id=str(asked.pk), given=True)
    amira.open(f"/portal/leads/{share.pk}/")
    expect(amira.page.locator("#lead")).to_contain_text(share.lead.name)
    amira.look("duties/05-allowed")

    wishes = [Wish(group, False) for group in GROUPS]
    decide(actor=client, lead_id=str(share.lead_id), wishes=wishes)
    tasks = DeletionTask.objects.filter(share=share)
    tasks.update(due_at=timezone.now() - timedelta(days=1))
    dana.open("/leads/deletions/")
    expect(dana.page.locator("#rows")).to_contain_text("Acme Channel Partners")
    dana.look("duties/11-overdue")
    confirm_deletion(amira)
    dana.open(f"/leads/{share.lead_id}/")
    expect(dana.page.locator(f"#{share.pk}")).to_contain_text("Deleted")
    dana.open("/leads/deletions/?state=attested")
    expect(dana.page.locator("#rows")).to_contain_text("Acme Channel Partners")
    dana.look("duties/12-answered")
