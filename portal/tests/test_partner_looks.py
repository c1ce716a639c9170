"""Which of a partner's people and systems read contact data: recorded, and not too often."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conftest import ClientFor
from events.models import Event
from leads import services
from leads.groups import Groups
from leads.models import Share
from leads.services import seeing
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.services import issue_key
from portal.lib.access import THE_SYSTEM

pytestmark = pytest.mark.django_db


def shared(dana: User, acme: Partner, choice: Groups) -> Share:
    lead = LeadFactory.create(agent=dana, name="Zenobia Canary", email="zen@clients.example")
    return services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=choice, method="call"
    )


@pytest.fixture
def share(dana: User, acme: Partner) -> Share:
    return shared(dana, acme, Groups.everything())


def looks() -> list[tuple[str, str | None, str]]:
    found = Event.objects.filter(kind=Event.Kind.CONTACT_SEEN).order_by("at", "pk")
    return [(event.actor, event.share_id, event.data["where"]) for event in found]


def page_of(share: Share) -> str:
    return reverse("partner:lead_detail", args=[share.pk])


def test_each_person_is_recorded_once_a_day(
    client_for: ClientFor,
    amira: User,
    milo: User,
    share: Share,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for person in (amira, amira, milo):
        assert b"Zenobia" in client_for(person).get(page_of(share)).content
    first = [(amira.pk, share.pk, "partner"), (milo.pk, share.pk, "partner")]
    assert looks() == first

    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(seeing, "timezone", SimpleNamespace(now=lambda: tomorrow))
    client_for(milo).get(page_of(share))
    assert looks() == [*first, (milo.pk, share.pk, "partner")]


def test_whoever_is_told_no_contact_leaves_no_trace(
    client_for: ClientFor, amira: User, dana: User, acme: Partner
) -> None:
    client_for(amira).get(page_of(shared(dana, acme, Groups(False, True, True))))
    assert looks() == []


def test_what_an_answer_to_a_step_shows_is_recorded_too(
    client_for: ClientFor, amira: User, share: Share
) -> None:
    address = reverse("partner:lead_accept", args=[share.pk])
    answer = client_for(amira).post(address, headers={"HX-Request": "true"})
    assert b"Zenobia" in answer.content
    assert looks() == [(amira.pk, share.pk, "partner")]


def test_a_list_opens_no_lead(client_for: ClientFor, amira: User, share: Share) -> None:
    for name in ("dashboard", "lead_list", "commission_list", "reconciliation"):
        assert client_for(amira).get(reverse(f"partner:{name}")).status_code == 200
    assert looks() == []


def test_a_file_with_contact_data_is_a_look_at_each_of_its_leads(
    client_for: ClientFor, amira: User, dana: User, acme: Partner, share: Share
) -> None:
    without = shared(dana, acme, Groups(False, True, True))
    answer = client_for(amira).get(reverse("partner:leads_csv"))
    assert looks() == [(amira.pk, share.pk, "partner")]
    text = b"".join(answer).decode()
    assert "zen@clients.example" in text
    assert without.pk in text


def test_nothing_is_shown_that_cannot_be_recorded(
    client_for: ClientFor, amira: User, share: Share, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_args: object, **_kwargs: object) -> None:
        raise OSError("no room left")

    monkeypatch.setattr("leads.services.seeing.record_event", fails)
    browser = client_for(amira)
    browser.raise_request_exception = False
    answer = browser.get(page_of(share))
    assert answer.status_code == 500
    assert b"Zenobia" not in answer.content


def test_reading_by_api_is_recorded_once_a_day_for_each_key(acme: Partner, share: Share) -> None:
    key, secret = issue_key(actor=THE_SYSTEM, partner=acme)
    bearer = {"Authorization": f"Bearer {secret}"}
    for address in ("/api/leads", f"/api/leads/{share.pk}", "/api/leads"):
        answer = Client().get(address, headers=bearer)
        assert (answer.status_code, b"Zenobia" in answer.content) == (200, True)
    assert looks() == [(key.pk, share.pk, "api")]


def test_staff_read_on_the_leads_page_who_of_the_partner_looked(
    client_for: ClientFor, amira: User, dana: User, acme: Partner, share: Share
) -> None:
    client_for(amira).get(page_of(share))
    _key, secret = issue_key(actor=THE_SYSTEM, partner=acme)
    Client().get("/api/leads", headers={"Authorization": f"Bearer {secret}"})

    text = client_for(dana).get(reverse("audit:of_lead", args=[share.lead_id])).content.decode()

    assert "Amira, Acme Channel Partners" in text
    assert "Opened the contact data in the portal" in text
    assert "system of Acme Channel Partners" in text
    assert "Read the contact data by API" in text


def test_the_owner_reads_who_looked_and_a_member_does_not(
    client_for: ClientFor, amira: User, milo: User, share: Share
) -> None:
    client_for(milo).get(page_of(share))
    said = b"contact data was opened"
    assert said in client_for(amira).get(page_of(share)).content
    assert said not in client_for(milo).get(page_of(share)).content


def test_a_second_look_costs_one_query(
    client_for: ClientFor, amira: User, share: Share, django_assert_max_num_queries: object
) -> None:
    browser = client_for(amira)
    browser.get(page_of(share))
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        browser.get(page_of(share))
