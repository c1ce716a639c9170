"""No forged form is taken anywhere; whoever views as a partner sends and is offered none."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test.client import ClientHandler
from django.urls import reverse

from portal.tests.route import LOGIN, OK, Route
from portal.tests.route_world import World, content_of, fingerprint, outcome, undone
from portal.tests.routes import PARTNER, routes

pytestmark = pytest.mark.django_db
_STRICT = ClientHandler(enforce_csrf_checks=True)
# Nobody is signed in there, and the form carries a token of its own (`leads.form_token`).
OWN_TOKEN = "capture:"
SENDERS = ("admin", "a_owner", "client", "anonymous")
FORM = re.compile(r'<form[^>]*method="post"[^>]*?(?:action="([^"]*)"|>)')
WORLDWIDE = {reverse("viewing:stop"), reverse("account_logout")}


def every_page() -> Iterator[Route]:
    """Yield one row of each address that is no call of the API, whatever its methods."""
    seen = set()
    for row in routes():
        if not row.is_call and not row.name.startswith(OWN_TOKEN) and row.name not in seen:
            seen.add(row.name)
            yield row


@pytest.mark.proof
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_no_address_takes_a_forged_form(headers: dict[str, str], world: World) -> None:
    with undone():
        before = fingerprint()
        found = {}
        for row in every_page():
            sender = next((who for who in SENDERS if row.answers[who] == OK), SENDERS[0])
            browser = world.browser(sender)
            browser.handler = _STRICT
            answer = browser.post(world.path(row), world.filled(row.body), headers=headers)
            found[str(row)] = answer.status_code
        assert {row: status for row, status in found.items() if status != 403} == {}
        assert fingerprint() == before


def test_whoever_views_as_a_partner_sends_nothing(world: World) -> None:
    with undone():
        before = fingerprint()
        found = {str(row): world.browser("viewer").post(world.path(row)) for row in PARTNER}
        assert {row: a.status_code for row, a in found.items() if a.status_code != 403} == {}
        assert all(b"You are only looking" in answer.content for answer in found.values())
        assert fingerprint() == before


def _looked_at(world: World) -> Iterator[str]:
    for row in PARTNER:
        if row.method == "get" and not row.args:
            yield world.path(row)
    for named in ("share", "accepted", "owed", "closed"):
        yield reverse("partner:lead_detail", args=[world.ids[named]])


def test_whoever_views_as_a_partner_is_offered_nothing_to_send(world: World) -> None:
    offered = {}
    for path in _looked_at(world):
        with undone():
            text = content_of(world.browser("viewer").get(path)).decode(errors="replace")
        forms = set(FORM.findall(text)) - WORLDWIDE
        if forms or "hx-post" in text or "Ask for it" in text:
            offered[path] = forms
    assert offered == {}


def test_the_partners_own_people_are_offered_their_steps(world: World) -> None:
    """So that the test above is known to find what it looks for."""
    with undone():
        browser = world.browser("a_owner")
        owed = content_of(browser.get(reverse("partner:lead_detail", args=[world.ids["owed"]])))
        home = browser.get(reverse("partner:dashboard"))
    assert outcome(home) not in (LOGIN, 403)
    assert b"hx-post" in owed
    assert set(FORM.findall(content_of(home).decode())) - WORLDWIDE
