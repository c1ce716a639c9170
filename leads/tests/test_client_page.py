"""The client's everyday view: a link, a cookie, and nothing about partners."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from leads import services
from leads.groups import Groups
from leads.models import ClientLink, Lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana)


@pytest.fixture
def token(dana: User, lead: Lead) -> str:
    return services.issue_client_link(actor=dana, lead_id=lead.pk)


def test_the_link_becomes_a_cookie_and_leaves_the_address(token: str) -> None:
    browser = Client()
    answer = browser.get(f"/c/{token}/lead/")

    assert (answer.status_code, answer["Location"]) == (302, "/c/open/lead/")
    assert answer["Referrer-Policy"] == "no-referrer"
    cookie = answer.cookies["client_lead"]
    assert (cookie["path"], cookie["max-age"], cookie["samesite"]) == ("/c/", 1800, "Lax")
    assert cookie["httponly"]
    assert token not in cookie.value
    page = browser.get("/c/open/lead/")
    assert b"Your request" in page.content
    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("same-origin", "noindex, nofollow")
    assert page["Cache-Control"] == "no-store"


def test_shows_the_client_what_the_client_told_us(token: str) -> None:
    page = Client().get(f"/c/{token}/lead/", follow=True).content.decode()

    for told in ("John Doe", "Dubai Marina, JBR", "Marina Heights", "dana@portal.example"):
        assert told in page


def test_says_nothing_about_partners_or_of_what_we_think(
    token: str, dana: User, amira: User, acme: Partner, rival: Partner, lead: Lead
) -> None:
    first = services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups(True, True, True)
    )
    services.update_share(actor=amira, reference=first.pk, status="rejected", reason="Too pricey")
    second = services.share_lead(
        actor=dana, partner_id=rival.pk, lead_id=lead.pk, instead_of=first.pk
    )
    lead.refresh_from_db()
    assert lead.collaboration_outcomes
    assert lead.reassignment_history

    page = Client().get(f"/c/{token}/lead/", follow=True).content.decode()

    secrets: tuple[Any, ...] = (
        acme.name, rival.name, acme.pk, rival.pk, first.pk, second.pk, lead.pk, "Too pricey",
        "rejected", "partner_", lead.notes, "hot", "score", "campaign-7",
    )  # fmt: skip
    assert not [secret for secret in secrets if str(secret).lower() in page.lower()]


def test_every_link_that_opens_nothing_looks_the_same(token: str) -> None:
    ClientLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    tampered = Client()
    tampered.cookies["client_lead"] = "link_01h2xcejqtf2nbrexx3vqjhp41:1:forged"

    answers = [
        Client().get(f"/c/{token}/lead/"),
        Client().get("/c/never-made/lead/"),
        Client().get("/c/open/lead/"),
        tampered.get("/c/open/lead/"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_a_cookie_opens_nothing_once_the_link_is_too_old(token: str) -> None:
    browser = Client()
    browser.get(f"/c/{token}/lead/")
    ClientLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert browser.get("/c/open/lead/").status_code == 404


def test_the_pages_are_only_read(token: str) -> None:
    assert Client().post(f"/c/{token}/lead/").status_code == 405
    assert Client().post("/c/open/lead/").status_code == 405
