"""The agent's pages: inbox, new lead, lead page with the sharing form."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from events.models import Endpoint, Event
from leads import services
from leads.consent import disclose
from leads.groups import Groups
from leads.models import Appointment, ConsentDecision, Lead, Share
from leads.preview import preview_for
from leads.sharing_form import picked_partners, starting_choice
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db
HX = {"HX-Request": "true"}


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana)


@pytest.fixture
def browser(dana: User, client_for: Any) -> Client:
    """Dana's browser."""
    return client_for(dana)


def page_of(lead: Lead) -> str:
    return reverse("leads:lead_detail", args=[lead.pk])


def share_it(browser: Client, lead: Lead, *partners: Partner, **typed: str) -> Any:
    ticks = {"share_budget": "on", "share_requirements": "on"}
    picked = {"partner": partners[0].pk} if len(partners) == 1 else {}
    also = {"also": [partner.pk for partner in partners]} if len(partners) > 1 else {}
    return browser.post(
        reverse("leads:share", args=[lead.pk]), {**picked, **also, **ticks, **typed}
    )


def preview_it(browser: Client, lead: Lead, **typed: Any) -> str:
    answer = browser.post(reverse("leads:preview", args=[lead.pk]), typed, headers=HX)
    assert answer.status_code == 200
    return answer.content.decode()


def is_on(html: str, group: str) -> bool:
    tag = re.search(rf'<input[^>]*name="share_{group}"[^>]*>', html)
    assert tag
    return " checked" in tag[0]


class TestInbox:
    def test_lists_leads_newest_first_and_what_became_of_them(
        self, browser: Client, dana: User, acme: Partner, lead: Lead
    ) -> None:
        services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        LeadFactory.create(name="Sara Younger")

        html = browser.get("/leads/").content.decode()

        assert html.index("Sara Younger") < html.index("John Doe")
        assert "Acme Channel Partners" in html
        assert "AED 1,800,000 – AED 2,200,000" in html.replace("\xa0", " ")

    def test_marks_the_lead_a_partner_rejected(
        self, browser: Client, dana: User, amira: User, acme: Partner, lead: Lead
    ) -> None:
        share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        services.update_share(actor=amira, reference=share.pk, status="rejected", reason="Too far")

        assert ">Needs you</span>" in browser.get("/leads/").content.decode()
        assert "John Doe" in browser.get("/leads/?state=needs_agent").content.decode()
        browser.post(reverse("leads:seen", args=[lead.pk]))
        assert "John Doe" not in browser.get("/leads/?state=needs_agent").content.decode()

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("q=marina heights", True),
            ("q=john.doe", True),
            ("q=nobody", False),
            ("market=india", False),
            ("market=uae&state=unshared&mine=on", True),
            ("state=shared", False),
            ("market=nowhere", True),
        ],
    )
    def test_filters_by_the_address(
        self, browser: Client, lead: Lead, query: str, found: bool
    ) -> None:
        html = browser.get(f"/leads/?{query}").content.decode()

        assert ("John Doe" in html) is found
        assert found or "No lead fits these filters" in html

    def test_answers_htmx_with_the_rows_and_a_clean_address(
        self, browser: Client, lead: Lead
    ) -> None:
        answer = browser.get("/leads/?q=john&market=&state=", headers=HX)

        assert b"<html" not in answer.content
        assert b"John Doe" in answer.content
        assert answer["HX-Push-Url"] == "/leads/?q=john"

    def test_turns_pages_by_cursor(self, browser: Client) -> None:
        for number in range(30):
            LeadFactory.create(name=f"Client {number:02}")
        first = browser.get("/leads/").content.decode()
        older = re.search(r'rel="next" href="(\?cursor=[^"]+)"', first)
        assert older

        second = browser.get(f"/leads/{older[1]}").content.decode()

        assert "Client 29" in first
        assert "Client 29" not in second
        assert "Client 00" in second
        assert "30 in all" in first

    def test_a_cursor_that_is_none_of_ours_is_no_page(self, browser: Client) -> None:
        assert browser.get("/leads/?cursor=nonsense").status_code == 404

    def test_needs_no_more_queries_for_more_leads(
        self,
        browser: Client,
        dana: User,
        acme: Partner,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for _number in range(10):
            services.share_lead(actor=dana, partner_id=acme.pk, lead_id=LeadFactory.create().pk)
        with django_assert_max_num_queries(12):  # 4 of them record the look
            browser.get("/leads/")

    def test_says_what_to_do_when_there_is_nothing(self, browser: Client) -> None:
        assert "No leads yet" in browser.get("/leads/").content.decode()


class TestNewLead:
    def test_records_what_was_typed_and_what_the_client_said(self, browser: Client) -> None:
        answer = browser.post(
            "/leads/new/",
            {
                "market": "india",
                "name": "Arjun",
                "phone": "098123 45678",
                "budget_max": "2,10,00,000",
                "locations": "Andheri West, Bandra",
                "services": ["loans"],
                "client_decided": "on",
                "client_budget": "on",
                "client_method": "call",
            },
        )

        lead = Lead.objects.get()
        assert answer.status_code == 302
        assert (lead.region, lead.currency, lead.budget_max) == (
            "IN-MH",
            "INR",
            Decimal(21_000_000),
        )
        assert lead.locations == ["Andheri West", "Bandra"]
        decided = ConsentDecision.objects.values_list("group", "state", "source", "method")
        assert sorted(decided) == [
            ("budget", "given", "client", "call"),
            ("contact", "refused", "client", "call"),
            ("requirements", "refused", "client", "call"),
        ]

    def test_keeps_what_was_typed_when_something_is_wrong(self, browser: Client) -> None:
        typed = {"name": "Kept Name", "budget_min": "900", "budget_max": "100", "market": "uae"}
        answer = browser.post("/leads/new/", typed)

        assert answer.status_code == 422
        assert b"Kept Name" in answer.content
        assert b"upper bound is below" in answer.content
        assert not Lead.objects.exists()

    def test_asks_for_the_market(self, browser: Client) -> None:
        answer = browser.post("/leads/new/", {"name": "Kept Name"})
        assert answer.status_code == 422


class TestLeadPage:
    def test_shows_everything_and_says_what_is_internal(self, browser: Client, lead: Lead) -> None:
        html = browser.get(page_of(lead)).content.decode()

        assert lead.phone in html
        assert "prefers calls after 18:00" in html
        assert "No partner sees this" in html

    def test_offers_the_form_in_the_requirements_words(
        self, browser: Client, acme: Partner, lead: Lead
    ) -> None:
        html = browser.get(page_of(lead)).content.decode()

        assert "-- Select partner --" in html
        assert f'<option value="{acme.pk}">Acme Channel Partners (channel)</option>' in html
        for words in ("Share contact", "Share budget", "Share requirements"):
            assert f">{words}</label>" in html
        assert 'placeholder="Partner callback URL (optional)"' in html
        assert [is_on(html, g) for g in ("contact", "budget", "requirements")] == [
            False,
            True,
            True,
        ]

    def test_lists_who_cannot_be_chosen_with_the_reason(
        self, browser: Client, acme: Partner, lendwell: Partner, lead: Lead
    ) -> None:
        Partner.objects.filter(pk=acme.pk).update(status="inactive")
        Lead.objects.filter(pk=lead.pk).update(services=["moving"])

        html = browser.get(page_of(lead)).content.decode()

        assert "Inactive: gets no new leads" in html
        assert "offers none of the services" in html
        assert re.search(rf'<option value="{acme.pk}"[^>]*disabled', html)

    def test_finance_looks_and_does_not_share(
        self, finance_user: User, client_for: Any, acme: Partner, lead: Lead
    ) -> None:
        browser = client_for(finance_user)

        assert 'id="share"' not in browser.get(page_of(lead)).content.decode()
        assert share_it(browser, lead, acme).status_code == 403
        assert not Share.objects.exists()

    def test_needs_no_more_queries_for_more_shares(
        self,
        browser: Client,
        dana: User,
        acme: Partner,
        rival: Partner,
        skyline: Partner,
        lead: Lead,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for partner in (acme, rival, skyline):
            services.share_lead(actor=dana, partner_id=partner.pk, lead_id=lead.pk)
        with django_assert_max_num_queries(27):  # 4 of them record the look
            browser.get(page_of(lead))


class TestPreview:
    def test_the_switches_follow_the_partner(
        self, browser: Client, skyline: Partner, lead: Lead
    ) -> None:
        typed = {"share_budget": "on", "share_requirements": "on"}
        shown = {"shown_partners": "", "shown_choice": "budget requirements"}
        html = preview_it(browser, lead, partner=skyline.pk, **typed, **shown)

        assert is_on(html, "contact")
        assert "What Skyline Developers receives" in html
        assert lead.phone in html

    def test_what_the_agent_switched_stays(
        self, browser: Client, skyline: Partner, lead: Lead
    ) -> None:
        shown = {"shown_partners": "", "shown_choice": "budget requirements"}
        html = preview_it(browser, lead, partner=skyline.pk, share_budget="on", **shown)

        assert [is_on(html, g) for g in ("contact", "budget", "requirements")] == [
            False,
            True,
            False,
        ]
        assert lead.phone not in html

    def test_a_service_provider_is_never_offered_the_budget(
        self, browser: Client, lendwell: Partner, lead: Lead
    ) -> None:
        html = preview_it(browser, lead, partner=lendwell.pk, share_budget="on")

        assert not is_on(html, "budget")
        assert "Service providers never see the budget." in html
        assert "Marina Heights" not in html

    def test_tells_what_the_client_refused(
        self, browser: Client, dana: User, acme: Partner
    ) -> None:
        lead = services.capture_lead(
            actor=dana,
            market="uae",
            draft=services.LeadDraft(name="Kabir", phone="+971500000013", budget_max=900_000),
            client_consent=Groups(False, True, True),
        )
        typed = {"share_contact": "on", "share_budget": "on", "shown_choice": "none"}

        html = preview_it(browser, lead, partner=acme.pk, **typed)

        assert "The client refused to share contact details." in html
        assert "+971500000013" not in html

    def test_is_what_the_partner_then_gets(
        self, browser: Client, dana: User, lendwell: Partner, lead: Lead
    ) -> None:
        choice = Groups(True, False, True)
        shown = preview_for(lead, lendwell, choice, [], by=dana.actor_id).told
        made = services.share_lead(
            actor=dana, partner_id=lendwell.pk, lead_id=lead.pk, choice=choice
        )

        own = ("leadId", "sharedAt")
        sent = disclose(made)
        assert {k: v for k, v in shown.items() if k not in own} == {
            k: v for k, v in sent.items() if k not in own
        }

    def test_fills_in_the_partners_only_address(
        self, browser: Client, acme: Partner, lead: Lead
    ) -> None:
        endpoint_of(acme, "https://hooks.acme.example/leads")
        html = preview_it(browser, lead, partner=acme.pk)
        assert 'value="https://hooks.acme.example/leads"' in html

    def test_changes_nothing(self, browser: Client, acme: Partner, lead: Lead) -> None:
        preview_it(browser, lead, partner=acme.pk, share_contact="on")
        assert not ConsentDecision.objects.exists()
        assert not Event.objects.exists()


def endpoint_of(partner: Partner, url: str) -> Endpoint:
    return Endpoint.objects.create(
        partner=partner, url=url, secret="whsec_x", challenge="c", verified_at=timezone.now()
    )


class TestShare:
    def test_shares_with_the_partner_selected(
        self, browser: Client, acme: Partner, lead: Lead
    ) -> None:
        answer = share_it(browser, lead, acme, consent_method="call")

        share = Share.objects.get()
        assert answer.status_code == 302
        assert share.effective == Groups(False, True, True)
        assert set(ConsentDecision.objects.values_list("method", flat=True)) == {"call"}

    def test_shares_with_several_at_once_each_within_its_type(
        self, browser: Client, acme: Partner, skyline: Partner, lendwell: Partner, lead: Lead
    ) -> None:
        share_it(browser, lead, acme, skyline, lendwell, share_contact="on")

        seen = {share.partner.name: share.effective for share in Share.objects.all()}
        assert seen == {
            "Acme Channel Partners": Groups(True, True, True),
            "Skyline Developers": Groups(True, True, True),
            "Lendwell Loans": Groups(True, False, True),
        }

    def test_tells_each_result_and_keeps_what_was_typed(
        self, browser: Client, acme: Partner, rival: Partner, lead: Lead
    ) -> None:
        Partner.objects.filter(pk=rival.pk).update(capacity_limit=0)

        answer = share_it(browser, lead, acme, rival, consent_method="document")

        html = answer.content.decode()
        assert answer.status_code == 422
        assert "Shared with Acme Channel Partners: budget, requirements." in html
        assert "Rival Realty works 0 of 0 leads and has no room left." in html
        assert 'value="document" selected' in html
        assert [share.partner.name for share in Share.objects.all()] == ["Acme Channel Partners"]
        assert Event.objects.filter(kind="lead_share_failed", ok=False).count() == 1

    def test_refuses_an_address_nobody_verified(
        self, browser: Client, acme: Partner, lead: Lead
    ) -> None:
        answer = share_it(browser, lead, acme, callback_url="https://evil.example/x")

        assert answer.status_code == 422
        assert "not one of the partner&#x27;s verified endpoints" in answer.content.decode()
        assert "https://evil.example/x" in answer.content.decode()
        assert not Share.objects.exists()

    def test_binds_the_share_to_one_of_several_addresses(
        self, browser: Client, acme: Partner, lead: Lead
    ) -> None:
        chosen = endpoint_of(acme, "https://a.acme.example/")
        endpoint_of(acme, "https://b.acme.example/")

        share_it(browser, lead, acme, callback_url=chosen.url)

        assert Share.objects.get().endpoint_id == chosen.pk

    def test_asks_for_a_partner(self, browser: Client, lead: Lead) -> None:
        answer = share_it(browser, lead)
        assert answer.status_code == 422
        assert b"Select a partner." in answer.content

    def test_says_what_was_withheld(self, browser: Client, dana: User, acme: Partner) -> None:
        lead = services.capture_lead(
            actor=dana,
            market="uae",
            draft=services.LeadDraft(name="Kabir"),
            client_consent=Groups(False, True, True),
        )
        share_it(browser, lead, acme, share_contact="on")

        html = browser.get(page_of(lead)).content.decode()
        assert "Withheld: contact (refused by the client)." in html

    def test_replaces_an_ended_share(
        self, browser: Client, dana: User, amira: User, acme: Partner, rival: Partner, lead: Lead
    ) -> None:
        first = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        services.update_share(actor=amira, reference=first.pk, status="rejected", reason="Too far")
        opened = browser.get(page_of(lead), {"instead_of": first.pk}).content.decode()
        assert f'name="instead_of" value="{first.pk}"' in opened

        share_it(browser, lead, rival, instead_of=first.pk)

        lead.refresh_from_db()
        assert lead.reassignment_history[0]["to"] == rival.pk


class TestOneShare:
    @pytest.fixture
    def share(self, dana: User, acme: Partner, lead: Lead) -> Share:
        return services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)

    def test_consent_is_changed_later(self, browser: Client, share: Share) -> None:
        typed = {"contact": "on", "budget": "on", "method": "message"}
        browser.post(reverse("leads:share_preferences", args=[share.pk]), typed)

        share.refresh_from_db()
        assert share.effective == Groups(True, True, False)
        assert Event.objects.filter(kind="share_prefs_updated").exists()

    def test_a_refused_change_stays_on_the_page(
        self, browser: Client, dana: User, lendwell: Partner, lead: Lead
    ) -> None:
        share = services.share_lead(actor=dana, partner_id=lendwell.pk, lead_id=lead.pk)
        address = reverse("leads:share_preferences", args=[share.pk])
        answer = browser.post(address, {"budget": "on"}, headers=HX)

        assert answer.status_code == 422
        assert b"<html" not in answer.content
        assert b"never see" in answer.content

    def test_is_withdrawn_with_a_reason(self, browser: Client, share: Share) -> None:
        address = reverse("leads:withdraw", args=[share.pk])
        answer = browser.post(address, {"reason": "Client bought elsewhere"}, headers=HX)

        share.refresh_from_db()
        assert answer.status_code == 302
        assert (share.status, share.reason) == ("withdrawn", "Client bought elsewhere")

    def test_an_ended_share_cannot_be_withdrawn_again(self, browser: Client, share: Share) -> None:
        address = reverse("leads:withdraw", args=[share.pk])
        browser.post(address)
        answer = browser.post(address, follow=True)
        assert b"cannot become withdrawn" in answer.content

    def test_gets_an_appointment_in_the_time_of_its_market(
        self, browser: Client, share: Share
    ) -> None:
        browser.post(
            reverse("leads:appointment", args=[share.pk]),
            {"kind": "viewing", "starts_at": "2026-12-01T14:30", "location": "Lobby"},
        )

        told = Appointment.objects.get()
        assert told.starts_at.isoformat() == "2026-12-01T10:30:00+00:00"
        html = browser.get(page_of(share.lead)).content.decode()
        assert "1 Dec 2026, 14:30" in html

    @pytest.mark.parametrize("day", ["0001-01-01T00:30", "nonsense"])
    def test_an_appointment_on_no_day_is_asked_for(
        self, browser: Client, share: Share, day: str
    ) -> None:
        response = browser.post(
            reverse("leads:appointment", args=[share.pk]),
            {"kind": "viewing", "starts_at": day, "location": "Marina Heights"},
        )

        assert response.status_code == 422
        assert not share.appointments.exists()

    def test_an_appointment_without_a_place_is_asked_for(
        self, browser: Client, share: Share
    ) -> None:
        answer = browser.post(
            reverse("leads:appointment", args=[share.pk]), {"starts_at": "2026-12-01T14:30"}
        )
        assert answer.status_code == 422
        assert not Appointment.objects.exists()


def test_a_client_link_is_shown_once(browser: Client, lead: Lead) -> None:
    html = browser.post(reverse("leads:client_link", args=[lead.pk])).content.decode()

    found = re.search(r'value="(http://[^"]+/c/[^"]+/lead/)"', html)
    assert found
    assert found[1].removesuffix("lead/") + '"' in html  # the consent page, by the same token
    assert found[1] not in browser.get(page_of(lead)).content.decode()


class TestStrangers:
    def test_partners_have_no_right_and_find_no_lead(
        self, client_for: Any, dana: User, amira: User, acme: Partner, lead: Lead
    ) -> None:
        share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        browser = client_for(amira)
        for name in ("lead_list", "lead_new"):
            assert browser.get(reverse(f"leads:{name}")).status_code == 403
        assert browser.get(page_of(lead)).status_code == 404
        for name in ("share", "preview", "seen", "client_link"):
            assert browser.post(reverse(f"leads:{name}", args=[lead.pk])).status_code == 404
        for name in ("share_preferences", "withdraw", "appointment"):
            assert browser.post(reverse(f"leads:{name}", args=[share.pk])).status_code == 404
        share.refresh_from_db()
        assert share.status == "sent"

    def test_nobody_is_sent_to_the_login(self, lead: Lead) -> None:
        assert "/accounts/login/" in Client().get(page_of(lead))["Location"]


@pytest.mark.parametrize(
    ("selected", "ticked", "shown", "meant"),
    [
        ("a", [], [], ["a"]),  # without JavaScript: one partner selected
        ("", ["a", "b"], [], ["a", "b"]),
        ("c", ["a", "b"], [], ["c", "a", "b"]),
        ("b", ["a"], ["a"], ["b"]),  # another one selected: it replaces
        ("a", ["a", "b"], ["a"], ["a", "b"]),  # one more ticked
        ("a", [], ["a"], []),  # the only one unticked
        ("", ["a"], ["a"], []),  # the select put back
        ("a", ["a", "b"], ["a", "b"], ["a"]),  # one of several selected
        ("", ["a"], ["a", "b"], ["a"]),
    ],
)
def test_select_and_boxes_mean(
    selected: str, ticked: list[str], shown: list[str], meant: list[str]
) -> None:
    assert picked_partners(selected, ticked, shown) == meant


def test_several_types_start_with_what_all_of_them_start_with() -> None:
    assert starting_choice([]) == Groups(False, True, True)
    assert starting_choice(["developer"]) == Groups(True, True, True)
    assert starting_choice(["developer", "channel"]) == Groups(False, True, True)
    assert starting_choice(["developer", "service_provider"]) == Groups(False, True, True)
    assert starting_choice(["service_provider"]) == Groups(False, False, True)
