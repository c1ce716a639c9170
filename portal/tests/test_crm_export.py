"""Leads as CSV for common CRMs: what is disclosed, where it belongs, and nothing a sheet runs."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leads import services
from leads.consent import REQUIREMENTS
from leads.groups import Groups
from leads.models import Share, ShareStatus
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib.access import Role
from portal.partner import crm
from portal.tests.test_partner_pages import closed

pytestmark = pytest.mark.django_db
LEAD = {
    "name": "Layla Noor Fiktiva",
    "email": "layla.f@example.com",
    "phone": "+971500000123",
    "budget_min": 1_800_000,
    "budget_max": 2_200_000,
    "locations": ["Marina", "Downtown"],
}


@pytest.fixture
def at_acme(client_for: Any, amira: User) -> Client:
    browser: Client = client_for(amira)
    return browser


def share_with(dana: User, partner: Partner, choice: Groups, **lead: Any) -> Share:
    found = LeadFactory.create(agent=dana, **(LEAD | lead))
    return services.share_lead(
        actor=dana, partner_id=str(partner.pk), lead_id=str(found.pk), choice=choice
    )


def read(browser: Client, query: str = "") -> list[dict[str, str]]:
    answer: Any = browser.get(f"/portal/leads.csv{query}")
    assert answer.status_code == 200
    assert answer.streaming
    text = b"".join(answer).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_each_system_gets_its_own_columns(at_acme: Client, dana: User, acme: Partner) -> None:
    share = share_with(dana, acme, Groups.everything())

    (hubspot,) = read(at_acme, "?format=hubspot")
    assert hubspot["First Name"] == "Layla Noor"
    assert hubspot["Last Name"] == "Fiktiva"
    assert hubspot["Phone Number"] == "+971500000123"
    assert hubspot["Lead Status"] == "New"
    assert "locations: Marina, Downtown" in hubspot["Message"]
    (salesforce,) = read(at_acme, "?format=salesforce")
    assert salesforce["Company"] == "Layla Noor Fiktiva"
    assert salesforce["Lead Status"] == "Open - Not Contacted"
    assert salesforce["Lead Source"] == settings.PLATFORM_LEGAL_NAME
    (zoho,) = read(at_acme, "?format=zoho")
    assert zoho["Email"] == "layla.f@example.com"
    (bitrix,) = read(at_acme, "?format=bitrix24")
    assert (bitrix["Total"], bitrix["Currency"]) == ("2200000", "AED")
    (plain,) = read(at_acme)
    assert (plain["leadId"], plain["status"]) == (str(share.pk), "sent")
    assert plain["locations"] == "Marina; Downtown"


@pytest.mark.parametrize("system", crm.FORMATS)
def test_what_is_withheld_is_not_in_it(
    at_acme: Client, dana: User, acme: Partner, system: str
) -> None:
    share = share_with(dana, acme, Groups(contact=False, budget=False, requirements=True))

    (row,) = read(at_acme, f"?format={system}")

    told = " ".join(row.values())
    for hidden in ("Layla", "Fiktiva", "layla.f", "0000123", "2200000", "1800000"):
        assert hidden not in told
    assert "Marina" in told
    assert str(share.pk) in told
    assert row.get("Last Name", str(share.pk)) == str(share.pk)


def test_of_what_has_ended_only_its_frame_is_left(
    at_acme: Client, dana: User, acme: Partner
) -> None:
    share = share_with(dana, acme, Groups.everything())
    services.withdraw_share(actor=dana, reference=str(share.pk), reason="Over")

    (row,) = read(at_acme, "?format=hubspot")

    assert set(row.values()) == {"", str(share.pk), "Unqualified", f"reference: {share.pk}"}


def test_a_cell_is_never_a_formula(at_acme: Client, dana: User, acme: Partner) -> None:
    share_with(dana, acme, Groups.everything(), name="=HYPERLINK(1) @SUM(2)", locations=["+cmd|x"])

    for system in crm.FORMATS:
        (row,) = read(at_acme, f"?format={system}")
        assert not [cell for cell in row.values() if cell[:1] in "=@-" and cell]
        assert not [cell for cell in row.values() if cell.startswith("+cmd")]


def test_it_holds_what_the_list_holds(at_acme: Client, dana: User, amira: User) -> None:
    done = closed(dana, amira, 900_000)
    share_with(dana, done.partner, Groups.everything())

    assert [row["leadId"] for row in read(at_acme, "?status=closed")] == [str(done.pk)]
    assert len(read(at_acme)) == 2
    assert read(at_acme, "?status=nonsense") == []
    assert at_acme.get("/portal/leads.csv?format=excel").status_code == 404
    assert "/portal/leads.csv?format=zoho&amp;status=closed" in (
        at_acme.get("/portal/leads/?status=closed").content.decode()
    )


def test_another_partners_leads_are_not_in_it(
    client_for: Any, rami: User, dana: User, acme: Partner
) -> None:
    share_with(dana, acme, Groups.everything())

    assert read(client_for(rami)) == []


def test_staff_who_look_as_the_partner_get_no_contact(
    client_for: Any, dana: User, acme: Partner
) -> None:
    share_with(dana, acme, Groups.everything())
    viewer = client_for(dana)
    viewer.post(f"/view-as/{acme.pk}/")

    (row,) = read(viewer, "?format=salesforce")

    assert dana.role == Role.AGENT
    assert not row["Email"]
    assert "Layla" not in str(row)


def test_many_leads_are_one_query(at_acme: Client, dana: User, acme: Partner) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            read(at_acme, "?format=hubspot")
        return len(queries)

    share_with(dana, acme, Groups.everything())
    few = asked()
    for _number in range(3):
        share_with(dana, acme, Groups.everything())
    assert asked() == few


def test_every_status_has_a_word_everywhere() -> None:
    for system in crm.SYSTEMS:
        assert all(crm.status_word(system, status) for status in ShareStatus.values)
        names = [name for name, _read in crm.columns(system)]
        assert len(names) == len(set(names))


def test_the_document_is_what_the_code_does() -> None:
    kept = (settings.BASE_DIR / "docs" / "crm.md").read_text(encoding="utf-8")
    assert kept == crm.as_markdown(), "run: python manage.py crm_fields > docs/crm.md"


def test_plain_has_every_wish_of_a_client() -> None:
    assert set(REQUIREMENTS) <= {name for name, _read in crm.columns("plain")}
