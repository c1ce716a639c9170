"""What holds for every page there is, looked at as the matrix of addresses names them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from events.models import Event
from leads.models import Lead
from portal.tests.route import OK, Route
from portal.tests.route_world import World, content_of, undone
from portal.tests.routes import routes

pytestmark = pytest.mark.django_db
LOOKERS = {"agent": "agent", "admin": "admin", "viewer": "agent"}
# Whatever a list may be asked with, and values that are none of it.
ASKED = (
    "cursor", "status", "q", "page", "period", "type", "from", "to", "format", "kind", "show",
    "since", "until", "who", "lead", "partner", "to_delete", "market", "region", "state", "looks",
)  # fmt: skip
HOSTILE = ("\x00", "9" * 400, "-1", "٣", "0001-01-01", "9999-12-31", "[]")
# Django's own pages are tested with Django.
DJANGOS = ("admin:", "account_", "mfa_", "usersessions_")


def pages(role: str) -> Iterator[Route]:
    """Yield our pages that ROLE may look at."""
    for route in routes():
        ours = not route.is_call and not route.name.startswith(DJANGOS)
        if ours and route.method == "get" and route.answers[role] == OK:
            yield route


@pytest.mark.parametrize("role", LOOKERS)
def test_whoever_is_shown_who_a_client_is_leaves_a_look(role: str, world: World) -> None:
    names = {str(lead.pk): f"Zq{number:04d}name" for number, lead in enumerate(Lead.objects.all())}
    looker = world.user_ids[LOOKERS[role]]
    shown: set[str] = set()
    with undone():
        for pk, name in names.items():
            Lead.objects.filter(pk=pk).update(name=name)
        for route in pages(role):
            with undone():
                answer = world.ask(route, role)
                told = content_of(answer).decode("utf-8", "replace")
                seen = Event.objects.filter(kind=Event.Kind.CONTACT_SEEN, actor=looker)
                noted = {str(pk) for pk in seen.values_list("lead_id", flat=True)}
                met = {pk for pk, name in names.items() if name in told}
                assert met <= noted, (str(route), len(met - noted))
                shown |= {route.name} if met else set()
    assert shown >= {"leads:lead_list", "leads:lead_detail", "commissions:commission"}


@pytest.mark.parametrize("role", ["admin", "a_owner"])
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_nothing_asked_for_breaks_a_page(role: str, value: str, world: World) -> None:
    query = urlencode(dict.fromkeys(ASKED, value))
    broken: dict[str, Any] = {}
    for route in pages(role):
        with undone():
            answer = world.ask(route, role, path=f"{world.path(route)}?{query}")
            content_of(answer)
        if answer.status_code >= 500:
            broken[str(route)] = answer.status_code
    assert broken == {}
