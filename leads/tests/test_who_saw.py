"""Who saw or got what: staff's looks are recorded, and shown per lead and in the trail."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from conftest import ClientFor
from events.models import Event
from leads import services
from leads.groups import Groups
from leads.models import Lead, Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana, name="Zenobia Canary", email="zen@clients.example")


@pytest.fixture
def share(lead: Lead, dana: User, acme: Partner) -> Share:
    return services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups.everything()
    )


def seen() -> list[tuple[str, str | None, str]]:
    found = Event.objects.filter(kind=Event.Kind.CONTACT_SEEN).order_by("at", "pk")
    return [(event.actor, event.lead_id, event.data["where"]) for event in found]


def test_each_way_to_the_contact_data_is_recorded_once(
    client_for: ClientFor, dana: User, lead: Lead
) -> None:
    browser = client_for(dana)
    for _time in range(2):
        browser.get(reverse("leads:lead_list"))
        browser.get(reverse("leads:lead_detail", args=[lead.pk]))
        browser.get(reverse("leads:correct", args=[lead.pk]))
    assert seen() == [(dana.pk, lead.pk, "list"), (dana.pk, lead.pk, "page")]


def test_an_admin_who_looks_in_the_administration_is_recorded(
    client_for: ClientFor, admin_user: User, lead: Lead
) -> None:
    browser = client_for(admin_user)
    assert browser.get(reverse("admin:leads_lead_changelist")).status_code == 200
    assert browser.get(reverse("admin:leads_lead_change", args=[lead.pk])).status_code == 200
    assert seen() == [(admin_user.pk, lead.pk, "list"), (admin_user.pk, lead.pk, "admin")]


def test_finance_sees_no_contact_data_and_is_not_recorded(
    client_for: ClientFor, finance_user: User, lead: Lead
) -> None:
    browser = client_for(finance_user)
    browser.get(reverse("leads:lead_detail", args=[lead.pk]))
    browser.get(reverse("admin:leads_lead_change", args=[lead.pk]))
    assert seen() == []


def test_the_page_of_a_lead_says_who_saw_and_got_what(
    client_for: ClientFor, dana: User, admin_user: User, share: Share
) -> None:
    client_for(admin_user).get(reverse("leads:lead_detail", args=[share.lead_id]))
    page = client_for(dana).get(reverse("audit:of_lead", args=[share.lead_id]))
    text = page.content.decode()
    for said in (
        "Ada Admin",
        "Opened the contact data",
        "Acme Channel Partners",
        "contact, budget",
    ):
        assert said in text
    assert "Zenobia" not in text
    assert "zen@" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("kind=lead_shared", True),
        ("kind=lead_captured&since=2000-01-01&until=2000-01-02", False),
        ("lead=LEAD", True),
        ("lead=lead_nonsense", False),
        ("partner=PARTNER", True),
        ("who=WHO&kind=lead_shared", True),
    ],
)
def test_the_trail_is_filtered(
    query: str, found: bool, client: Client, dana: User, share: Share
) -> None:
    client.force_login(dana)
    for word, value in (("LEAD", share.lead_id), ("PARTNER", share.partner_id), ("WHO", dana.pk)):
        query = query.replace(word, str(value))
    page = client.get(f"{reverse('audit:trail')}?{query}")
    assert page.status_code == 200
    assert (b"Nothing was recorded" not in page.content) is found


def test_the_trail_goes_on_by_its_cursor(client: Client, dana: User) -> None:
    client.force_login(dana)
    for _number in range(30):
        services.note_contact_seen(
            actor=dana, lead_ids=[LeadFactory.create(agent=dana).pk], where="page"
        )
    first = client.get(reverse("audit:trail"), {"looks": "on"})
    following = first.context["next"]
    second = client.get(reverse("audit:trail"), {"looks": "on", "cursor": following})
    assert (len(first.context["lines"]), len(second.context["lines"])) == (25, 5)


@pytest.mark.parametrize("address", ["trail", "of_lead"])
def test_the_pages_cost_a_fixed_number_of_queries(
    address: str, client: Client, dana: User, share: Share, django_assert_max_num_queries: object
) -> None:
    client.force_login(dana)
    at = reverse(f"audit:{address}", args=[share.lead_id] if address == "of_lead" else [])
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        client.get(at)


def test_looks_fill_no_trail_and_are_summed_up_by_day_and_person(
    client: Client, dana: User, admin_user: User
) -> None:
    leads = [LeadFactory.create(agent=dana).pk for _number in range(3)]
    services.note_contact_seen(actor=dana, lead_ids=leads, where="list")
    services.note_contact_seen(actor=dana, lead_ids=leads[:1], where="page")
    services.note_contact_seen(actor=admin_user, lead_ids=leads[:1], where="page")
    client.force_login(dana)

    plain = client.get(reverse("audit:trail"))
    asked = client.get(reverse("audit:trail"), {"kind": "contact_seen"})

    assert [line.kind for line in plain.context["lines"]] == []
    assert b"left out here" in plain.content
    days = [(row.who, row.clients, row.looks) for row in asked.context["days"]]
    assert days == [("Dana", 3, 4), ("Ada Admin", 1, 1)]
    assert len(asked.context["lines"]) == 5  # not one of them is lost
    one = asked.context["days"][0]
    day = one.day.isoformat()
    hers = {"kind": "contact_seen", "who": one.actor, "since": day, "until": day}
    assert len(client.get(reverse("audit:trail"), hers).context["lines"]) == 4


def test_the_timeline_of_a_lead_is_not_filled_by_looks(
    client_for: ClientFor, dana: User, lead: Lead
) -> None:
    page = client_for(dana).get(reverse("leads:lead_detail", args=[lead.pk]))
    assert seen() == [(dana.pk, lead.pk, "page")]
    assert b"data was opened" not in client_for(dana).get(page.request["PATH_INFO"]).content
