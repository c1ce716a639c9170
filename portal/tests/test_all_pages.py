"""What holds for every page there is, looked at as the matrix of addresses names them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from events.models import Event
from leads.models import Lead
from partners.tests.factories import UserFactory
from portal.lib import ids
from portal.lib.access import Role
from portal.tests import route_world
from portal.tests.route import OK, Route
from portal.tests.route_world import World, content_of, undone
from portal.tests.routes import routes

pytestmark = [pytest.mark.proof, pytest.mark.django_db]
LOOKERS = {"agent": "agent", "admin": "admin", "viewer": "agent"}
# Whatever a list may be asked with, and values that are none of it.
ASKED = (
    "cursor", "status", "q", "page", "period", "type", "from", "to", "format", "kind", "show",
    "since", "until", "who", "lead", "partner", "to_delete", "market", "region", "state", "looks",
)  # fmt: skip
HOSTILE = ("\x00", "9" * 400, "-1", "٣", "0001-01-01", "9999-12-31", "[]")
# New in each answer: the CSRF token and the request's id.
CHANGING = re.compile(r"\b[0-9A-Za-z]{64}\b|\b[0-9a-f]{32}\b")
UNSAID = {"X-Request-Id", "RateLimit-Remaining", "Content-Length"}
# Whoever is limited to a team sees partners and their webhooks whole (docs/permissions.md).
OF_PARTNERS = {"partner", "endpoint", "delivery"}
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


def alike(answer: Any, named: str) -> tuple[int, str, set[str]]:
    """Return ANSWER without what differs each time, and without the id NAMED in its address."""
    text = CHANGING.sub("", content_of(answer).decode("utf-8", "replace")).replace(named, "")
    return answer.status_code, text, {name for name in answer.headers if name not in UNSAID}


@pytest.mark.parametrize("role", ["b_owner", "key_b", "south"])
def test_a_strangers_object_looks_like_one_that_is_not_there(role: str, world: World) -> None:
    """Whatever is asked of it, and also to staff of another team."""
    with undone():
        if role == "south":
            south = UserFactory.create(email="s@portal.example", role=Role.AGENT, team="south")
            world.sessions[role] = route_world.signed_in(south)
        differing = []
        for route in routes():
            kinds = [part for part in route.args.split() if not part.startswith("=")]
            if not kinds or route.name.startswith(DJANGOS) or route.is_call != (role == "key_b"):
                continue
            real = world.ids[kinds[-1]]
            none = ids.encode(real.rpartition("_")[0], uuid4())
            path = world.path(route)
            with undone():
                first = alike(world.ask(route, role), real)
            with undone():
                second = alike(world.ask(route, role, path=path.replace(real, none)), none)
            if first != second and not (role == "south" and kinds[-1] in OF_PARTNERS):
                differing.append(str(route))
    world.sessions.pop("south", None)
    assert differing == []


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
