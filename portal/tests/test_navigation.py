"""What one sees in menus is what one may open: no link is closed, no page without a way to it."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from partners.models import User
from portal import navigation
from portal.lib.access import Role
from portal.tests.route import OK
from portal.tests.route_world import World, content_of, outcome, undone
from portal.tests.routes import PARTNER, STAFF, routes

PEOPLE = ("a_owner", "a_member", "agent", "finance", "admin", "viewer")
LINK = re.compile(r'href="(/[^"#?]*)')
NAV = re.compile(r'<nav class="nav".*?</nav>', re.DOTALL)
# Files, for whoever the form beside them is open to.
NO_PAGES = {"leads:import_template", "commissions:export_file"}


def links(world: World, role: str, path: str, within: re.Pattern[str] | None = None) -> set[str]:
    with undone():
        answer = world.browser(role).get(path)
        assert outcome(answer) == OK, (role, path, answer.status_code)
        text = content_of(answer).decode()
    if within:
        found = within.search(text)
        text = found[0] if found else ""
    return set(LINK.findall(text))


def home_of(role: str) -> str:
    return "/portal/" if role in ("a_owner", "a_member", "viewer") else "/leads/"


@pytest.mark.django_db
@pytest.mark.parametrize("role", PEOPLE)
def test_each_entry_opens_and_every_page_can_be_reached(role: str, world: World) -> None:
    entries = links(world, role, home_of(role), NAV)
    assert entries

    side = {row.name for row in (PARTNER if home_of(role) == "/portal/" else STAFF)} - NO_PAGES
    pages = {
        reverse(route.name): route.answers[role] == OK
        for route in routes()
        if route.method == "get" and not route.args and route.name in side
    }
    reached, fresh = set(entries), entries
    while fresh:
        found = set().union(*(links(world, role, path) for path in sorted(fresh)))
        fresh = {path for path in found - reached if path in pages and "." not in path}
        reached |= found
    assert {path for path, opens in pages.items() if opens} - reached == set()
    assert {path for path in reached if pages.get(path) is False} == set()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["agent", "finance", "admin"])
def test_an_entry_that_is_not_shown_is_closed(role: str, world: World) -> None:
    hidden = {entry.path for entry in navigation.STAFF} - links(world, role, "/leads/", NAV)
    for path in hidden:
        with undone():
            assert outcome(world.browser(role).get(path)) != OK, path


@pytest.mark.parametrize("role", list(Role))
def test_nobody_has_more_than_seven_entries(role: str) -> None:
    assert 1 < len(navigation.entries_for(User(role=role))) <= 7


def test_whoever_is_nobody_has_none() -> None:
    assert navigation.entries_for(None) == ()
    assert navigation.entries_for(User(role=Role.ADMIN, is_active=False)) == ()
