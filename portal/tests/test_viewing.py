"""Staff see the portal as a partner does: they may look and nothing else, and it is recorded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conftest import ClientFor
from events.models import Event
from leads import services
from leads.groups import Groups
from leads.models import Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal import viewing
from portal.tests.test_isolation import fingerprint

pytestmark = pytest.mark.django_db
Kind = Event.Kind


@pytest.fixture
def share(dana: User, acme: Partner) -> Share:
    lead = LeadFactory.create(agent=dana, name="Zenobia Canary", phone="+971500099999")
    return services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups.everything()
    )


def begun(client: Client, partner: Partner) -> Client:
    client.post(reverse("viewing:start", args=[partner.pk]))
    return client


def kinds(kind: str) -> list[dict[str, object]]:
    return list(Event.objects.filter(kind=kind).order_by("at").values_list("data", flat=True))


def test_an_agent_sees_the_partners_pages_with_a_banner(
    client_for: ClientFor, dana: User, acme: Partner, share: Share
) -> None:
    browser = begun(client_for(dana), acme)
    for name in ("dashboard", "lead_list", "commission_list", "reconciliation"):
        page = browser.get(reverse(f"partner:{name}"))
        assert (page.status_code, b"You see the portal as" in page.content) == (200, True)
        assert b"Zenobia" not in page.content  # lists name nobody, so that each look is recorded
    assert browser.get(reverse("partners:settings")).status_code == 200


def test_the_contact_data_it_opens_is_recorded_once_an_hour(
    client_for: ClientFor, dana: User, acme: Partner, share: Share
) -> None:
    browser = begun(client_for(dana), acme)
    for _time in range(2):
        page = browser.get(reverse("partner:lead_detail", args=[share.pk]))
        assert b"Zenobia" in page.content
    assert kinds(Kind.CONTACT_SEEN) == [{"where": "viewing"}]
    seen = Event.objects.get(kind=Kind.CONTACT_SEEN)
    assert (seen.actor, seen.lead_id) == (dana.pk, share.lead_id)


def test_finance_sees_no_contact_data_there_either(
    client_for: ClientFor, finance_user: User, acme: Partner, share: Share
) -> None:
    browser = begun(client_for(finance_user), acme)
    for address in (
        reverse("partner:dashboard"),
        reverse("partner:lead_list"),
        reverse("partner:lead_detail", args=[share.pk]),
    ):
        page = browser.get(address)
        assert page.status_code == 200
        assert b"Zenobia" not in page.content
        assert b"99999" not in page.content
    assert kinds(Kind.CONTACT_SEEN) == []


def test_nothing_can_be_done_while_looking(
    client_for: ClientFor, admin_user: User, acme: Partner, share: Share
) -> None:
    browser = begun(client_for(admin_user), acme)
    before = fingerprint()
    for address in ("lead_accept", "lead_reject", "lead_close", "lead_ask"):
        answer = browser.post(reverse(f"partner:{address}", args=[share.pk]), {"reason": "x"})
        assert answer.status_code == 403
    assert browser.post(reverse("partners:settings"), {"capacity": "1"}).status_code == 403
    assert fingerprint() == before


def test_starting_and_stopping_are_recorded(
    client_for: ClientFor, dana: User, acme: Partner
) -> None:
    browser = begun(client_for(dana), acme)
    browser.post(reverse("viewing:stop"))
    assert kinds(Kind.PARTNER_VIEWED) == [{"state": "started"}, {"state": "stopped"}]
    assert browser.get(reverse("partner:dashboard")).status_code == 403
    assert browser.post(reverse("viewing:stop")).status_code == 403


def test_it_ends_after_half_an_hour(
    client_for: ClientFor, dana: User, acme: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewing, "LASTS", timedelta(seconds=-1))
    browser = begun(client_for(dana), acme)
    assert browser.get(reverse("partner:dashboard")).status_code == 403


def test_outside_the_portal_the_viewer_is_itself(
    client_for: ClientFor, dana: User, acme: Partner
) -> None:
    page = begun(client_for(dana), acme).get(reverse("leads:lead_list"))
    assert page.status_code == 200
    assert b"You see the portal as" in page.content


@pytest.mark.parametrize(("market", "team"), [("india", ""), ("", "Marina")])
def test_whoever_is_limited_sees_no_partner_beyond(
    market: str, team: str, client_for: ClientFor, dana: User, acme: Partner
) -> None:
    User.objects.filter(pk=dana.pk).update(market=market, team=team)
    answer = client_for(dana).post(reverse("viewing:start", args=[acme.pk]))
    assert answer.status_code == (403 if team else 404)
    assert kinds(Kind.PARTNER_VIEWED) == []


def test_a_session_ends_with_the_right(client_for: ClientFor, dana: User, acme: Partner) -> None:
    browser = begun(client_for(dana), acme)
    User.objects.filter(pk=dana.pk).update(is_active=False)
    assert browser.get(reverse("partner:dashboard")).status_code == 302


def test_a_partners_person_cannot_look_as_another(
    client_for: ClientFor, rami: User, acme: Partner
) -> None:
    browser = client_for(rami)
    assert browser.post(reverse("viewing:start", args=[acme.pk])).status_code == 404
    session = browser.session
    until = timezone.now() + timedelta(minutes=9)
    session[viewing.KEY] = {"partner": acme.pk, "until": until.isoformat()}
    session.save()
    assert b"Rival" in browser.get(reverse("partner:dashboard")).content
