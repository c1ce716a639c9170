"""The client's consent page: everything it shows, every act, and nobody else's lead."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Delivery, Event
from events.payloads import build_mail
from leads import services
from leads.groups import Groups
from leads.models import (
    ClientLink,
    ConsentDecision,
    Lead,
    MoreRequest,
    Notice,
    Proposal,
    Receipt,
    Share,
)
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db
PAGE = "/c/open/"
EVERYTHING = Groups(True, True, True)


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(agent=dana)


@pytest.fixture
def share(dana: User, acme: Partner, lead: Lead) -> Share:
    return services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=EVERYTHING, method="call"
    )


@pytest.fixture
def client(lead: Lead) -> Client:
    return let_in(lead)


def let_in(lead: Lead) -> Client:
    """Return the browser of LEAD's client, who followed a link."""
    browser = Client()
    token = ClientLink.new_token()
    ClientLink.objects.create(
        lead=lead,
        token_hash=ClientLink.hash_of(token),
        expires_at=timezone.now() + timedelta(days=1),
    )
    answer = browser.get(f"/c/{token}/")
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    return browser


def shown(browser: Client) -> str:
    answer = browser.get(PAGE)
    assert answer.status_code == 200
    return str(answer.content.decode())


def said(answer: Any) -> str:
    """Return the page an act comes back to."""
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    return str(answer.client.get(PAGE).content.decode())


class TestPage:
    def test_says_what_is_held_who_got_it_and_why(self, client: Client, share: Share) -> None:
        page = shown(client)

        for told in (
            "John Doe",
            "Marina Heights",
            "Acme Channel Partners",
            "Channel Partner",
            "Can see it on our portal since",
            "Our agent noted on",
            "on a call",
            "Sees something",
        ):
            assert told in page

    def test_is_kept_by_nobody(self, client: Client, share: Share) -> None:
        answer = client.get(PAGE)

        assert answer["Cache-Control"] == "no-store"
        # Without any referrer a browser sends forms with the origin "null", which are refused.
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"

    def test_says_nothing_of_what_we_think_and_nothing_of_money(
        self, client: Client, share: Share, lead: Lead
    ) -> None:
        page = shown(client)

        for secret in (lead.notes, "campaign-7", "hot", "15%", "commission", str(lead.pk)):
            assert secret not in page

    def test_costs_the_same_however_many_partners_got_it(
        self, client: Client, dana: User, lead: Lead, share: Share
    ) -> None:
        shown(client)
        with CaptureQueriesContext(
            connection,
        ) as few:
            shown(client)
        for _ in range(4):
            partner = PartnerFactory.create()
            services.share_lead(actor=dana, partner_id=partner.pk, lead_id=lead.pk)
        with CaptureQueriesContext(connection) as many:
            shown(client)

        assert len(many) == len(few) <= 16

    def test_is_ready_to_be_read_from_right_to_left(
        self, client: Client, share: Share, settings: Any
    ) -> None:
        settings.LANGUAGES = [("en", "English"), ("ar", "Arabic"), ("hi", "Hindi")]
        for language, direction in (("ar", "rtl"), ("hi", "ltr")):
            page = client.get(PAGE, headers={"Accept-Language": language}).content.decode()
            assert f'<html lang="{language}" dir="{direction}">' in page
            assert "Acme Channel Partners" in page

    def test_the_recipients_alone_are_for_htmx(self, client: Client, share: Share) -> None:
        assert client.get("/c/open/parties/")["Location"] == PAGE
        part = client.get("/c/open/parties/", headers={"HX-Request": "true"}).content.decode()
        assert "Acme Channel Partners" in part
        assert "<html" not in part

    def test_shows_messages_under_way_until_they_have_ended(
        self, client: Client, share: Share, acme: Partner, lead: Lead
    ) -> None:
        act(client, "decide/", group="contact", given="no")
        assert "Stopped at" in shown(client)


class TestDecide:
    @pytest.mark.parametrize("group", ["contact", "budget", "requirements"])
    def test_stops_a_group_for_everybody(
        self, client: Client, share: Share, lead: Lead, group: str
    ) -> None:
        page = said(act(client, "decide/", group=group, given="no"))

        share.refresh_from_db()
        assert not share.effective[group]
        assert "Stopped. Whoever got it is told to delete it." in page
        assert "Must delete" in page
        made = ConsentDecision.objects.get(source="client")
        assert (made.state, made.partner_id, made.decided_by) == ("withdrawn", None, str(lead.pk))
        assert made.method == "page"

    def test_keeps_the_words_the_client_had_before_its_eyes(
        self, client: Client, share: Share
    ) -> None:
        act(client, "decide/", group="contact", given="no")

        made = ConsentDecision.objects.get(source="client")
        notice = Notice.objects.get(sha256=made.notice_hash)
        assert notice.version == made.notice_version

    def test_stops_one_partner_only(
        self, client: Client, share: Share, rival: Partner, dana: User, lead: Lead
    ) -> None:
        other = services.share_lead(actor=dana, partner_id=rival.pk, lead_id=lead.pk)

        act(client, "decide/", group="budget", given="no", partner=str(share.partner_id))

        share.refresh_from_db()
        other.refresh_from_db()
        assert (share.effective.budget, other.effective.budget) == (False, True)

    def test_allows_again(self, client: Client, share: Share) -> None:
        partner = str(share.partner_id)
        act(client, "decide/", group="contact", given="no", partner=partner)
        page = said(act(client, "decide/", group="contact", given="yes", partner=partner))

        share.refresh_from_db()
        assert share.effective.contact
        assert "Allowed from now on." in page

    def test_gives_a_receipt_for_each_act(self, client: Client, share: Share, lead: Lead) -> None:
        act(client, "decide/", group="contact", given="no")

        receipt = Receipt.objects.get()
        as_data = client.get(f"/c/open/receipts/{receipt.pk}.json")
        assert json.loads(as_data.content)["receipt"]["kind"] in ("withdrawn", "changed")
        on_paper = client.get(f"/c/open/receipts/{receipt.pk}.pdf")
        assert on_paper.content.startswith(b"%PDF")
        assert "attachment" in on_paper["Content-Disposition"]
        assert Delivery.objects.filter(type="client_receipt").count() == 1

    def test_nonsense_is_not_there(self, client: Client, share: Share) -> None:
        before = ConsentDecision.objects.count()
        for wrong in (
            {"group": "notes", "given": "no"},
            {"group": "contact", "given": "maybe"},
            {"group": "contact", "given": "no", "partner": "partner_x"},
            {},
        ):
            assert act(client, "decide/", **wrong).status_code == 404
        assert ConsentDecision.objects.count() == before

    def test_a_partner_that_never_got_it_is_not_there(
        self, client: Client, share: Share, rival: Partner
    ) -> None:
        answer = act(client, "decide/", group="contact", given="no", partner=str(rival.pk))
        assert answer.status_code == 404


class TestStop:
    def test_says_first_what_it_does(self, client: Client, share: Share) -> None:
        page = client.get("/c/open/stop/").content.decode()
        assert "Acme Channel Partners" in page
        share.refresh_from_db()
        assert share.status == "sent"

    def test_stops_everything_with_everybody(self, client: Client, share: Share) -> None:
        page = said(act(client, "stop/"))

        share.refresh_from_db()
        assert (share.status, share.disclosed) == ("revoked", Groups.none())
        assert "Sees nothing" in page
        assert Event.objects.filter(kind="consent_withdrawn").exists()

    def test_stops_everything_with_one(
        self, client: Client, share: Share, rival: Partner, dana: User, lead: Lead
    ) -> None:
        other = services.share_lead(actor=dana, partner_id=rival.pk, lead_id=lead.pk)
        act(client, "stop/", partner=str(share.partner_id))

        share.refresh_from_db()
        other.refresh_from_db()
        assert (share.status, other.status) == ("revoked", "sent")


class TestQuestions:
    def test_a_proposed_partner_gets_what_is_ticked(
        self, client: Client, dana: User, lead: Lead, rival: Partner
    ) -> None:
        proposal = services.propose_partner(
            actor=dana, lead_id=lead.pk, partner_id=rival.pk, choice=Groups(True, True, False)
        )
        assert "May we share with Rival Realty?" in shown(client)

        page = said(act(client, f"proposals/{proposal.pk}/", answer="yes", groups=["budget"]))

        made = Share.objects.get(partner=rival)
        assert made.effective == Groups(False, True, False)
        assert "It may see what you ticked." in page

    def test_a_yes_with_nothing_ticked_asks_again(
        self, client: Client, dana: User, lead: Lead, rival: Partner
    ) -> None:
        proposal = services.propose_partner(
            actor=dana, lead_id=lead.pk, partner_id=rival.pk, choice=EVERYTHING
        )
        page = said(act(client, f"proposals/{proposal.pk}/", answer="yes"))

        assert "Tick what this partner may see" in page
        assert Proposal.objects.get().status == "open"

    def test_a_no_gives_nothing(
        self, client: Client, dana: User, lead: Lead, rival: Partner
    ) -> None:
        proposal = services.propose_partner(
            actor=dana, lead_id=lead.pk, partner_id=rival.pk, choice=EVERYTHING
        )
        act(client, f"proposals/{proposal.pk}/", answer="no")

        assert Proposal.objects.get().status == "declined"
        assert not Share.objects.exists()

    @pytest.mark.parametrize(("answer", "status"), [("yes", "given"), ("no", "refused")])
    def test_a_partner_that_asks_for_more_is_answered(
        self, client: Client, dana: User, amira: User, acme: Partner, lead: Lead, answer: str,
        status: str,
    ) -> None:  # fmt: skip
        share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        asked = services.ask_for_more(
            actor=amira, reference=share.pk, group="contact", reason="To book the viewing"
        )
        services.forward_request(actor=dana, request_id=asked.pk)
        assert "To book the viewing" in shown(client)

        act(client, f"requests/{asked.pk}/", answer=answer)

        share.refresh_from_db()
        assert MoreRequest.objects.get().status == status
        assert share.effective.contact is (answer == "yes")


class TestRights:
    def test_takes_a_copy_as_data_and_on_paper(
        self, client: Client, share: Share, lead: Lead
    ) -> None:
        as_data = act(client, "copy/", form="json")
        on_paper = act(client, "copy/", form="pdf")

        assert "Acme Channel Partners" in as_data.content.decode()
        assert on_paper.content.startswith(b"%PDF")
        for answer in (as_data, on_paper):
            assert answer["Cache-Control"] == "no-store"
            assert "attachment" in answer["Content-Disposition"]
        taken = Event.objects.filter(kind="client_copy_taken").values_list("data__form", flat=True)
        assert sorted(taken) == ["json", "pdf"]

    def test_corrects_the_own_details_and_nothing_of_ours(
        self, client: Client, share: Share, lead: Lead
    ) -> None:
        form = client.get("/c/open/correct/").content.decode()
        assert 'name="notes"' not in form
        values = typed(form) | {"name": "Jane Doe", "notes": "I am great", "score": "99"}
        said(client.post("/c/open/correct/", values))

        lead.refresh_from_db()
        assert (lead.name, lead.score) == ("Jane Doe", 87)
        assert "great" not in lead.notes

    def test_a_wrong_detail_is_refused_beside_its_field(self, client: Client, lead: Lead) -> None:
        values = typed(client.get("/c/open/correct/").content.decode()) | {"email": "jane"}
        answer = client.post("/c/open/correct/", values)

        assert answer.status_code == 422
        assert "email" in answer.content.decode()
        lead.refresh_from_db()
        assert lead.email != "jane"

    def test_pauses_and_goes_on(self, client: Client, share: Share) -> None:
        assert "nobody sees anything of you" in said(act(client, "pause/"))
        share.refresh_from_db()
        assert share.disclosed == Groups.none()

        said(act(client, "resume/"))
        share.refresh_from_db()
        assert share.disclosed == EVERYTHING

    def test_erases_only_what_is_meant(self, client: Client, share: Share, lead: Lead) -> None:
        page = client.get("/c/open/erase/").content.decode()
        assert "Acme Channel Partners" in page
        assert act(client, "erase/").status_code == 422
        assert not Lead.objects.get().erased_at

        answer = act(client, "erase/", sure="on")

        assert "Your details are erased" in answer.content.decode()
        assert Lead.objects.get().erased_at
        assert client.get(PAGE).status_code == 404

    def test_where_the_law_keeps_it_the_page_says_until_when(
        self, sahyadri: Partner, dana: User
    ) -> None:
        lead = LeadFactory.create(market="india", region="IN-MH", currency="INR")
        client = let_in(lead)
        act(client, "erase/", sure="on")

        page = shown(client)
        assert "The law makes us keep them until" in page
        assert "Erase my details" not in page


class TestOthers:
    """The cookie opens one lead, whatever a request names."""

    @pytest.fixture
    def stranger(self, db: None) -> Client:
        return let_in(LeadFactory.create(name="Somebody Else"))

    def test_anothers_ids_are_not_there(
        self, stranger: Client, client: Client, share: Share, dana: User, lead: Lead,
        rival: Partner, amira: User,
    ) -> None:  # fmt: skip
        act(client, "decide/", group="contact", given="no")
        receipt = Receipt.objects.get()
        proposal = services.propose_partner(
            actor=dana, lead_id=lead.pk, partner_id=rival.pk, choice=Groups(False, True, True)
        )
        asked = services.ask_for_more(
            actor=amira, reference=share.pk, group="contact", reason="To book the viewing"
        )
        services.forward_request(actor=dana, request_id=asked.pk)
        before = Event.objects.count(), ConsentDecision.objects.count()

        answers = [
            stranger.get(f"/c/open/receipts/{receipt.pk}.json"),
            stranger.get(f"/c/open/receipts/{receipt.pk}.pdf"),
            act(stranger, f"proposals/{proposal.pk}/", answer="yes", groups=["budget"]),
            act(stranger, f"requests/{asked.pk}/", answer="yes"),
            act(stranger, "decide/", group="budget", given="no", partner=str(share.partner_id)),
        ]

        assert [answer.status_code for answer in answers] == [404] * 5
        assert (Event.objects.count(), ConsentDecision.objects.count()) == before
        assert "Acme" not in shown(stranger)

    @pytest.mark.parametrize(
        "path",
        ["decide/", "stop/", "pause/", "resume/", "copy/", "erase/", "correct/"],
    )
    def test_without_the_cookie_every_act_opens_nothing(self, path: str, lead: Lead) -> None:
        neutral = Client().get(PAGE)
        answer = Client().post(f"{PAGE}{path}", {"group": "contact", "given": "no"})

        assert (answer.status_code, answer.content) == (404, neutral.content)

    def test_a_forged_post_is_refused(self, lead: Lead, share: Share) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.cookies = let_in(lead).cookies

        assert act(browser, "stop/").status_code == 403
        share.refresh_from_db()
        assert share.status == "sent"

    def test_reading_changes_nothing(self, client: Client, share: Share) -> None:
        before = Event.objects.count()
        for path in ("", "stop/", "erase/", "correct/", "parties/", "lead/"):
            client.get(f"{PAGE}{path}")
        for path in ("decide/", "pause/", "resume/", "copy/"):
            assert client.get(f"{PAGE}{path}").status_code == 405
        assert Event.objects.count() == before


class TestLostLink:
    def test_sends_a_link_to_the_address_on_record(self, lead: Lead) -> None:
        answer = Client().post("/c/", {"email": lead.email.upper()})

        assert "a new link is on its way" in answer.content.decode()
        queued = Delivery.objects.get()
        assert (queued.type, queued.partner_id) == ("client_links", None)
        assert lead.email not in str(queued.refs)
        letter = build_mail(queued.type, queued.refs)
        assert letter is not None
        assert letter.to == lead.email
        token = re.search(r"/c/([\w-]+)/", letter.text)
        assert token
        assert Client().get(f"/c/{token[1]}/", follow=True).status_code == 200

    def test_tells_nobody_whether_an_address_is_known(self, lead: Lead) -> None:
        known = Client().post("/c/", {"email": lead.email})
        unknown = Client().post("/c/", {"email": "nobody@example.com"})

        assert known.status_code == unknown.status_code == 200
        assert known.content == unknown.content
        queued = Delivery.objects.order_by("pk")
        letters = [build_mail(delivery.type, delivery.refs) for delivery in queued]
        assert [letter is not None for letter in letters] == [True, False]

    def test_an_expired_page_that_asks_for_its_part_is_loaded_anew(self, lead: Lead) -> None:
        answer = Client().get("/c/open/parties/", headers={"HX-Request": "true"})
        assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")

    def test_sends_no_more_than_a_few(self, lead: Lead, settings: Any) -> None:
        settings.CAPTURE_ADDRESS_PER_HOUR = 3
        LeadFactory.create_batch(8, email=lead.email)
        for _ in range(6):
            assert Client().post("/c/", {"email": lead.email}).status_code == 200

        assert Delivery.objects.count() == 3
        newest = Delivery.objects.order_by("pk")[0]
        letter = build_mail(newest.type, newest.refs)
        assert letter is not None
        assert letter.text.count("/c/") == 5

    def test_refuses_what_is_no_address(self, db: None) -> None:
        answer = Client().post("/c/", {"email": "nobody"})

        assert answer.status_code == 422
        assert "Enter an email address" in answer.content.decode()


def act(browser: Client, path: str, **values: Any) -> Any:
    return browser.post(f"{PAGE}{path}", values)


def typed(page: str) -> dict[str, str]:
    """Return what the fields of a form hold, as a browser would send it back."""

    inputs = re.findall(r"<input\b[^>]*>", page)
    found: dict[str, str] = {}
    for field in inputs:
        name, value = re.search(r'name="([^"]+)"', field), re.search(r'value="([^"]*)"', field)
        if name and value and 'type="checkbox"' not in field:
            found[name[1]] = value[1]
    for name_, body in re.findall(r'<select\b[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        if chosen := re.search(r'<option value="([^"]*)"[^>]* selected', body):
            found[name_] = chosen[1]
    for name_, body in re.findall(
        r'<textarea\b[^>]*name="([^"]+)"[^>]*>\s*(.*?)</textarea>', page, re.S
    ):
        found[name_] = body
    return found
