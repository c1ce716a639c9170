"""Finance looks at leads without learning who the client is, on every page of the staff."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from leads import services
from leads.groups import Groups
from leads.models import Appointment, DeletionTask, Lead, MoreRequest, Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib.access import GRANTS, Can

pytestmark = pytest.mark.django_db

SECRETS = {
    "name": "Zebedee Quux",
    "email": "zebedee@quux.example",
    "phone": "+971509998877",
    "location": "Quuxville",
    "notes": "Brother of Yolanda",
    "project": "Marina, call 0509998877",
}
SAID = ("Reason Zebra", "Notes Zebra", "Home Zebra", "Because Zebra", "Duty Zebra")


@pytest.fixture
def lead(dana: User, acme: Partner, amira: User) -> Lead:
    """A lead with every word somebody may have written about the client."""
    lead = LeadFactory.create(**SECRETS)
    choice = Groups(False, True, True)
    share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=choice)
    Share.objects.filter(pk=share.pk).update(reason=SAID[0], notes=SAID[1])
    Appointment.objects.create(
        share=share,
        external_id="1",
        type="viewing",
        starts_at=timezone.now(),
        place="client_address",
        location=SAID[2],
    )
    MoreRequest.objects.create(share=share, group="contact", reason=SAID[3], asked_by=amira.pk)
    DeletionTask.objects.create(
        share=share, groups=["budget"], cause="withdrawn", due_at=timezone.now(), reason=SAID[4]
    )
    return lead


HIDDEN = (*(value for key, value in SECRETS.items() if key != "project"), "0509998877", *SAID)


def pages(lead: Lead) -> list[str]:
    return ["/leads/", f"/leads/{lead.pk}/", "/deletions/?state=overdue", "/reconciliation/"]


def test_finance_sees_no_contact_data_on_any_page_of_leads(
    client_for: Any, finance_user: User, dana: User, lead: Lead
) -> None:
    for_agent = "".join(client_for(dana).get(page).content.decode() for page in pages(lead))
    assert all(word in for_agent for word in (SECRETS["name"], SECRETS["phone"], *SAID[:4]))

    browser = client_for(finance_user)
    for page in pages(lead):
        shown = browser.get(page)
        found = [word for word in HIDDEN if word in shown.content.decode()]
        assert not found, (page, shown.status_code, found)
    shown = browser.get(f"/leads/{lead.pk}/").content.decode()
    assert "Your role does not see who the client is" in shown
    assert "Marina, call [removed]" in shown
    assert f"Client {lead.pk[-6:].upper()}" in shown


@pytest.mark.parametrize("word", ["Zebedee", "quux.example", "9998877"])
def test_a_search_tells_finance_nothing_of_contact_data(
    client_for: Any, finance_user: User, dana: User, lead: Lead, word: str
) -> None:
    Lead.objects.update(project="Marina")
    assert lead.pk in client_for(dana).get("/leads/", {"q": word}).content.decode()
    assert lead.pk not in client_for(finance_user).get("/leads/", {"q": word}).content.decode()
    assert lead.pk in client_for(finance_user).get("/leads/", {"q": "Marina"}).content.decode()


def test_whoever_changes_what_a_lead_says_of_its_client_sees_it() -> None:
    """An emptied lead is never the start of a correction."""
    for role, rights in GRANTS.items():
        if Can.CORRECT_LEAD in rights and role != "client":
            assert Can.SEE_CONTACT in rights, role
