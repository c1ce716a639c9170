"""Notices say what the law wants said, and a published one is never edited."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.db import Error as DatabaseError
from django.db import transaction
from django.test import Client
from django.utils.html import escape
from pytest_django.asserts import assertContains

from leads import notices, services
from leads.models import Notice
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

# A text that was shown to somebody is never edited: publish a new version and add its line
# here (as `sha256sum *.txt` prints them).
PUBLISHED = """\
eb4f6ce1771f92a3e7d4820faa24e1418ecfc1ece8a4f9d973c04c743b7b68e6  india-attestation-2026-11.en.txt
e8d1f0b0540939e08da0283da1db3f0a3d3e3a6797c54b81c2a479750a02d48d  india-form-2026-11.en.txt
b4e51d9cac3152d7818f3fc38575195afb42876923a78b6033d13e92c372a023  india-page-2026-11.en.txt
9a8b3c9c5b997cae99917c325a84c0f5466eec70717e85604b170abe0acb45a6  uae-attestation-2026-11.en.txt
32731879062ab93b42e5712039f0f272df3bd3050e0c7e229f9f398abc9fd58e  uae-form-2026-11.en.txt
12720b4d36a6a51bd8e136d14add9a7e952ca0ee8b194dfaff42d2ffaf5069d5  uae-page-2026-11.en.txt
"""
AUTHORITY = {"uae": "UAE Data Office", "india": "Data Protection Board of India"}


def test_no_published_text_was_edited() -> None:
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(notices.TEXTS.glob("*.txt"))
    ]

    assert "".join(lines) == PUBLISHED


@pytest.mark.parametrize("market", ["uae", "india"])
@pytest.mark.parametrize("use", [notices.FORM, notices.PAGE, notices.ATTESTATION])
def test_a_notice_says_what_the_law_wants_said(market: str, use: str, settings: Any) -> None:
    settings.PLATFORM_LEGAL_NAME = "Noor Homes LLC"
    settings.PRIVACY_EMAIL = "privacy@noor.example"
    shown = notices.current(market, use)

    for said in (
        "Noor Homes LLC",  # who
        "privacy@noor.example",
        "Contact:",  # which data, item by item
        "Budget:",
        "Requirements:",
        "purpose only",  # what for
        "its country",  # who gets it, and where
        "United Arab Emirates",
        "India",
        "At any time" if use == notices.ATTESTATION else "at any time",  # how to withdraw
        "2 years after the last activity",  # how long
        "erased",  # rights
        AUTHORITY[market],  # complaints
    ):
        assert said in shown.text, said
    assert "{" not in shown.text
    assert shown.sha256 == hashlib.sha256(shown.text.encode()).hexdigest()
    assert AUTHORITY["india" if market == "uae" else "uae"] not in shown.text


def test_a_language_without_a_text_is_answered_in_english() -> None:
    assert notices.current("uae", language="ar").language == "en"
    assert notices.current("uae", language="../../settings").language == "en"


def test_an_outsiders_version_is_known_or_not() -> None:
    known = notices.by_version("uae-form-2026-11")

    assert known == notices.current("uae", notices.FORM)
    assert notices.by_version("our-paper-form-7") is None
    assert notices.by_version("../settings") is None


def test_a_text_becomes_headings_paragraphs_and_lists() -> None:
    blocks = notices.blocks_of("# Why\nBecause.\n\n- one\n- two\n\nEnd.")

    assert [(block.kind, block.text or block.points) for block in blocks] == [
        ("heading", "Why"),
        ("paragraph", "Because."),
        ("list", ("one", "two")),
        ("paragraph", "End."),
    ]


@pytest.mark.django_db
def test_what_was_shown_is_kept_once_and_as_it_was(settings: Any) -> None:
    first = notices.remember(notices.current("uae"))
    assert notices.remember(notices.current("uae")).pk == first.pk
    settings.PLATFORM_LEGAL_NAME = "Another Name LLC"
    second = notices.remember(notices.current("uae"))

    assert second.pk != first.pk
    assert second.version == first.version
    assert "Another Name LLC" not in Notice.objects.get(pk=first.pk).text
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Notice.objects.update(text="other words")


@pytest.mark.django_db
def test_two_who_see_it_first_at_once_keep_one(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = notices.current("india", notices.FORM)
    kept = notices.remember(shown)
    # As if the other had written it after we looked.
    nothing = Notice.objects.none()
    real = Notice.objects.filter
    asked: list[Any] = []

    def not_yet(*args: Any, **kwargs: Any) -> Any:
        asked.append(kwargs)
        return nothing if len(asked) == 1 else real(*args, **kwargs)

    monkeypatch.setattr(Notice.objects, "filter", not_yet)

    assert notices.remember(shown).pk == kept.pk


@pytest.mark.django_db
def test_what_an_agent_attests_names_what_the_client_must_have_heard(
    client: Client, dana: User, acme: Partner
) -> None:
    lead = LeadFactory.create(agent=dana)
    client.force_login(dana)
    page = client.get(f"/leads/{lead.pk}/")
    shown = notices.current("uae", notices.ATTESTATION)
    for block in shown.blocks:
        assertContains(page, escape(block.text or block.points[0]))

    services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk, notice=shown)

    kept = Notice.objects.get(version="uae-attestation-2026-11")
    assert kept.text == shown.text
    assert set(lead.decisions.values_list("notice_hash", flat=True)) == {kept.sha256}


@pytest.mark.django_db
def test_sharing_on_the_page_passes_the_notice_on(
    client: Client, dana: User, acme: Partner
) -> None:
    lead = LeadFactory.create(agent=dana)
    client.force_login(dana)
    form = {"partner": acme.pk, "share_budget": "on", "consent_method": "call"}
    client.post(f"/leads/{lead.pk}/share/", form)

    (decision,) = lead.decisions.all()
    assert decision.notice_version == "uae-attestation-2026-11"
    form = {"contact": "on", "budget": "on", "method": "call"}
    client.post(f"/leads/shares/{lead.shares.get().pk}/preferences/", form)
    widened = lead.decisions.get(group="contact")
    assert widened.notice_hash == decision.notice_hash
