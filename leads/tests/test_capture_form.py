"""The public form: what a client sends is recorded once, with the client's own decisions."""

from __future__ import annotations

import hashlib
import html
import re
import time
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.utils.http import urlsafe_base64_encode

from events import payloads
from events.models import Delivery, Event
from leads import form_token, notices, suppression
from leads.models import ConsentDecision, Lead, Notice, Receipt, Suppression
from leads.tests.factories import LeadFactory
from partners.models import User

pytestmark = pytest.mark.django_db
FORM = "/enquire/uae/"
TYPED: dict[str, Any] = {
    "name": "Layla Fiktiva",
    "email": "Layla.F@Example.com",
    "phone": "050 123 4567",
    "intent": "buy",
    "property_type": "apartment",
    "locations": "Dubai Marina, JBR",
    "bedrooms_min": "2",
    "bedrooms_max": "3",
    "budget_min": "1,800,000",
    "budget_max": "2,200,000",
    "move_in_timeline": "90 days",
    "services": ["loans"],
}


@pytest.fixture(autouse=True)
def _no_hurry(settings: Any) -> None:
    settings.CAPTURE_MIN_SECONDS = 0


def token_on(page: Any) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page.content.decode())
    assert found
    return found[1]


def sent(path: str = FORM, browser: Client | None = None, **changed: Any) -> Any:
    """Open the form and send it as somebody would."""
    browser = browser or Client()
    token = token_on(browser.get(path))
    return browser.post(path, {**TYPED, "token": token, **changed})


def is_thanks(answer: Any, path: str = FORM) -> bool:
    return (answer.status_code, answer["Location"]) == (302, f"{path}thanks/")


class TestAGoodForm:
    def test_records_the_lead_and_what_its_client_decided(self) -> None:
        answer = sent(allow_budget="on")

        assert is_thanks(answer)
        lead = Lead.objects.get()
        assert (lead.market, lead.source, lead.agent_id) == ("uae", "form", None)
        assert (lead.email, lead.phone) == ("layla.f@example.com", "+971501234567")
        assert (lead.locations, lead.region) == (["Dubai Marina", "JBR"], "AE-DU")
        decided = {d.group: (d.state, d.source, d.method) for d in lead.decisions.all()}
        assert decided == {
            "contact": ("refused", "client", "form"),
            "budget": ("given", "client", "form"),
            "requirements": ("refused", "client", "form"),
        }
        assert {d.decided_by for d in lead.decisions.all()} == {lead.pk}
        assert {d.partner_id for d in lead.decisions.all()} == {None}

    def test_sending_with_nothing_ticked_is_fine(self) -> None:
        assert is_thanks(sent())
        assert set(ConsentDecision.objects.values_list("state", flat=True)) == {"refused"}

    def test_the_notice_that_is_kept_is_the_one_on_the_page(self) -> None:
        page = html.unescape(Client().get(FORM).content.decode())
        sent()

        kept = Notice.objects.get()
        assert kept.sha256 == hashlib.sha256(kept.text.encode()).hexdigest()
        decision = ConsentDecision.objects.first()
        assert decision is not None
        told = (decision.notice_version, decision.notice_hash, decision.notice_language)
        assert told == (kept.version, kept.sha256, "en")
        for block in notices.blocks_of(kept.text):
            for words in (block.text, *block.points):
                assert words in page

    def test_the_client_gets_one_mail_with_a_receipt_and_a_link(self) -> None:
        sent()

        receipt = Receipt.objects.get()
        assert len(receipt.decisions) == 3
        queued = Delivery.objects.get()
        assert (queued.type, queued.refs) == ("client_receipt", {"receipt": receipt.pk})
        assert queued.partner_id is None

    def test_is_put_before_the_agents(self, client_for: Any, dana: User) -> None:
        sent()
        page = client_for(dana).get("/leads/?state=needs_agent")
        assert "Layla Fiktiva" in page.content.decode()

    def test_asks_for_no_cookie_and_sets_none(self) -> None:
        browser = Client(enforce_csrf_checks=True)
        page = browser.get(FORM)
        answer = browser.post(FORM, {**TYPED, "token": token_on(page)})

        assert is_thanks(answer)
        thanks = browser.get(answer["Location"])
        assert not [seen for seen in (page, answer, thanks) if seen.cookies]
        assert "link to your own page" in thanks.content.decode()

    def test_nothing_is_ticked_beforehand(self) -> None:
        assert " checked" not in Client().get(FORM).content.decode()

    def test_every_market_has_its_own(self) -> None:
        assert is_thanks(
            sent("/enquire/india/", phone="98765 43210", locations="Andheri West"),
            "/enquire/india/",
        )
        lead = Lead.objects.get()
        assert (lead.market, lead.currency, lead.phone) == ("india", "INR", "+919876543210")
        assert lead.region == "IN-MH"
        assert Client().get("/enquire/mars/").status_code == 404


class TestWhatIsSentAgain:
    def test_a_wrong_value_is_named_and_nothing_typed_is_lost(self) -> None:
        answer = sent(email="layla", phone="12", budget_max="1", allow_contact="on")

        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Enter an email address such as" in page
        assert "Enter a number that can be called" in page
        assert "This is below where the range begins." in page
        assert 'value="Layla Fiktiva"' in page
        assert page.count(" checked") == 2  # one service, one choice
        assert not Lead.objects.exists()

    def test_name_and_email_are_needed(self) -> None:
        assert "Enter your email." in sent(email="").content.decode()
        assert "Enter your name" in sent(name=" \u202e ").content.decode()

    @pytest.mark.parametrize("token", ["", "made-up", "a:b", "[1]:x"])
    def test_a_token_that_is_not_ours_takes_nothing(self, token: str) -> None:
        answer = Client().post(FORM, {**TYPED, "token": token, "allow_contact": "on"})

        page = answer.content.decode()
        assert answer.status_code == 422
        assert 'value="Layla Fiktiva"' in page
        assert page.count(" checked") == 1  # the service; what was allowed is asked again
        assert not Lead.objects.exists()
        assert is_thanks(Client().post(FORM, {**TYPED, "token": token_on(answer)}))

    def test_a_token_is_of_one_market(self) -> None:
        token = token_on(Client().get("/enquire/india/"))
        assert Client().post(FORM, {**TYPED, "token": token}).status_code == 422

    def test_an_old_form_is_sent_again(self) -> None:
        token = token_on(Client().get(FORM))
        with mock.patch.object(time, "time", return_value=time.time() + form_token.FRESH_SECONDS):
            answer = Client().post(FORM, {**TYPED, "token": token})
        assert answer.status_code == 422
        assert "open for too long" in answer.content.decode()

    def test_a_form_filled_in_by_nobody_is_not_taken(self, settings: Any) -> None:
        settings.CAPTURE_MIN_SECONDS = 3
        answer = sent()
        assert answer.status_code == 422
        assert "very quick" in answer.content.decode()
        assert not Lead.objects.exists()

    def test_a_notice_that_changed_is_read_again(self, settings: Any) -> None:
        token = token_on(Client().get(FORM))
        settings.PLATFORM_LEGAL_NAME = "Another Company LLC"

        answer = Client().post(FORM, {**TYPED, "token": token, "allow_contact": "on"})

        assert answer.status_code == 422
        assert "has changed" in answer.content.decode()
        assert not ConsentDecision.objects.exists()

    def test_too_much_is_refused_before_it_is_read(self) -> None:
        answer = Client().post(FORM, {**TYPED, "locations": "x" * 70_000})
        assert answer.status_code == 413
        assert sent(locations="x" * 700).status_code == 422
        assert sent(locations=",".join(["Marina"] * 11)).status_code == 422

    def test_hostile_text_is_shown_as_text(self, client_for: Any, dana: User) -> None:
        sent(name='<script>alert(1)</script>"', locations="<img src=x onerror=alert(1)>")

        lead = Lead.objects.get()
        inbox = client_for(dana).get("/leads/").content.decode()
        detail = client_for(dana).get(f"/leads/{lead.pk}/").content.decode()
        for page in (inbox, detail):
            assert "&lt;script&gt;" in page
            assert "<script>alert" not in page
            assert "<img src=x" not in page
        answer = sent(name="<b>", email="nothing")
        assert 'value="&lt;b&gt;"' in answer.content.decode()


class TestMachinesAndRepeats:
    def test_a_machine_is_thanked_and_recorded_nowhere(self) -> None:
        assert is_thanks(sent(homepage="https://spam.example"))
        assert not Lead.objects.exists()
        assert not Event.objects.exists()

    def test_the_same_form_is_recorded_once(self) -> None:
        token = token_on(Client().get(FORM))
        answers = [Client().post(FORM, {**TYPED, "token": token}) for _ in range(3)]

        assert all(is_thanks(answer) for answer in answers)
        assert Lead.objects.count() == Receipt.objects.count() == 1

    def test_a_flood_from_one_network_waits_and_loses_nothing(self, settings: Any) -> None:
        settings.CAPTURE_NETWORK_PER_HOUR = 60
        browser = Client(REMOTE_ADDR=fresh_address())
        answers = [browser.post(FORM, {"name": "Kept Name"}) for _ in range(22)]

        assert [answer.status_code for answer in answers].count(429) >= 1
        last = answers[-1]
        assert last.status_code == 429
        assert int(last["Retry-After"]) > 0
        assert 'value="Kept Name"' in last.content.decode()
        assert Client(REMOTE_ADDR=fresh_address()).post(FORM, {}).status_code == 422

    def test_one_address_is_written_to_a_few_times_only(self, settings: Any) -> None:
        settings.CAPTURE_ADDRESS_PER_HOUR = 3
        email = f"{urlsafe_base64_encode(str(time.time_ns()).encode())}@example.com".lower()
        answers = [sent(email=email, phone="") for _ in range(4)]

        assert [answer.status_code for answer in answers] == [302, 302, 302, 429]
        assert Lead.objects.count() == 3


def fresh_address() -> str:
    number = time.time_ns()
    return f"10.{number >> 4 & 255}.{number >> 12 & 255}.{number >> 20 & 255}"


class TestInsideAnotherSite:
    EMBED = "/enquire/uae/embed/"

    def test_only_the_sites_named_may_show_it(self, settings: Any) -> None:
        settings.CAPTURE_EMBED_ORIGINS = ["https://villas.example", "https://homes.example"]
        embedded, alone = Client().get(self.EMBED), Client().get(FORM)

        allowed = "frame-ancestors https://villas.example https://homes.example"
        assert allowed in embedded["Content-Security-Policy"]
        assert "X-Frame-Options" not in embedded
        assert "frame-ancestors 'none'" in alone["Content-Security-Policy"]
        assert alone["X-Frame-Options"] == "DENY"

    def test_nobody_may_where_nobody_is_named(self, settings: Any) -> None:
        settings.CAPTURE_EMBED_ORIGINS = []
        assert "frame-ancestors 'none'" in Client().get(self.EMBED)["Content-Security-Policy"]

    def test_is_sent_and_thanked_for_inside_the_frame(self, settings: Any) -> None:
        settings.CAPTURE_EMBED_ORIGINS = ["https://villas.example"]
        browser = Client(enforce_csrf_checks=True, headers={"Origin": "null"})
        answer = sent(self.EMBED, browser)

        assert is_thanks(answer, self.EMBED)
        thanks = browser.get(answer["Location"])
        assert "frame-ancestors https://villas.example" in thanks["Content-Security-Policy"]
        assert not [seen for seen in (answer, thanks) if seen.cookies]
        assert Lead.objects.count() == 1


class TestSomebodyWhoWasErased:
    @pytest.fixture
    def erased(self) -> None:
        suppression.add(LeadFactory.build(email="layla.f@example.com", phone="+971501234567"))

    @pytest.mark.usefixtures("erased")
    def test_is_thanked_like_anybody_and_recorded_nowhere(self) -> None:
        answer = sent()

        assert is_thanks(answer)
        assert not Lead.objects.exists()
        event = Event.objects.get()
        assert (event.kind, event.ok, event.lead_id) == ("lead_capture_refused", False, None)
        queued = Delivery.objects.get()
        kept = f"{event.data} {queued.refs}".lower()
        for canary in ("layla", "example.com", "501234567"):
            assert canary not in kept

    @pytest.mark.usefixtures("erased")
    def test_is_asked_by_mail_and_may_come_back(self) -> None:
        sent()
        link = the_link()
        assert "layla" not in link.lower()

        asked = Client().get(link)
        assert asked["Referrer-Policy"] == "no-referrer"
        assert Suppression.objects.count() == 2  # looking changes nothing
        answer = Client(enforce_csrf_checks=True).post(link)

        assert answer.status_code == 200
        assert 'href="/enquire/uae/"' in answer.content.decode()
        assert not Suppression.objects.exists()
        assert Event.objects.filter(kind="suppression_lifted").count() == 1
        sent()
        assert Lead.objects.get().name == "Layla Fiktiva"

    @pytest.mark.usefixtures("erased")
    def test_a_number_alone_is_enough_to_be_known(self) -> None:
        assert is_thanks(sent(email="other@example.com"))
        assert not Lead.objects.exists()

    def test_a_link_that_is_not_ours_lifts_nothing(self) -> None:
        for answer in (
            Client().get("/enquire/return/made-up/"),
            Client().post("/enquire/return/made-up/"),
        ):
            assert answer.status_code == 404


def the_link() -> str:
    """Return the link in the mail that waits."""
    queued = Delivery.objects.get(type="client_return")
    letter = payloads.build_mail(queued.type, queued.refs)
    assert letter is not None
    assert letter.to == "layla.f@example.com"
    found = re.search(r"(/enquire/return/\S+)", letter.text)
    assert found
    return found[1]
