"""Every address, asked by every role: who gets in gets in, and who does not changes nothing.

The rows are data (`portal.tests.routes`); an address that has none fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from portal.tests import route_world
from portal.tests.route import BROWSERS, FORMER, KEYS, NO_SUCCESS, ROLES, Answer, Route
from portal.tests.route_world import World, fingerprint, outcome, undone
from portal.tests.routes import asked_first, routes

pytestmark = pytest.mark.django_db
ROWS = list(routes())


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One world for all rows; each row's traces are rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        found = route_world.built()
        found.present = fingerprint()
        with undone():
            found.suspend()
            found.former = fingerprint()
        yield found
        transaction.set_rollback(True)


Roles = tuple[str, ...]


def admitted(world: World, route: Route, roles: Roles, **headers: str) -> dict[str, Answer]:
    """Return what ROUTE answers to those it lets in; what one did does not reach the next."""
    found = {}
    for role in roles:
        if route.answers[role] not in NO_SUCCESS:
            with undone():
                found[role] = outcome(world.ask(route, role, **headers))
    return found


def denied(
    world: World, route: Route, roles: Roles, **headers: str
) -> tuple[dict[str, Answer], set[str]]:
    """Return what ROUTE answers to those it denies, and the tables their calls leave changed."""
    found: dict[str, Answer] = {}
    changed: set[str] = set()
    for group in ((*BROWSERS, *KEYS), FORMER):
        refused = [r for r in roles if r in group and route.answers[r] in NO_SUCCESS]
        if not refused:
            continue
        with undone():
            if group == FORMER:
                world.suspend()
            before = world.former if group == FORMER else world.present
            found |= {role: outcome(world.ask(route, role, **headers)) for role in refused}
            after = fingerprint()
            changed |= {table for table in after if after[table] != before[table]}
    return found, changed


def check(world: World, route: Route, roles: Roles) -> None:
    """Hold each role's answer against its row; who is denied leaves every table as it was."""
    refused, changed = denied(world, route, roles)
    assert admitted(world, route, roles) | refused == {role: route.answers[role] for role in roles}
    assert changed == set()


# Django's own pages are many and all alike: they are asked with the proofs.
FIRST = [row for row in ROWS if not row.name.startswith("admin:")]


@pytest.mark.parametrize("route", FIRST, ids=str)
def test_who_can_differ_gets_what_the_row_says(route: Route, world: World) -> None:
    check(world, route, asked_first(route))


@pytest.mark.proof
@pytest.mark.parametrize("route", ROWS, ids=str)
def test_each_role_gets_what_its_row_says(route: Route, world: World) -> None:
    check(world, route, ROLES)


@pytest.mark.proof
@pytest.mark.parametrize("route", ROWS, ids=str)
def test_a_fragment_is_guarded_as_its_page(route: Route, world: World) -> None:
    """Asked for as a part, an address opens to nobody its page is closed to."""
    refused, changed = denied(world, route, ROLES, **{"HX-Request": "true"})
    assert set(refused.values()) <= NO_SUCCESS
    assert changed == set()


def addresses(patterns: list[Any], space: str = "") -> Iterator[str]:
    """Yield the full name of every address; those that are closed, or only lead on, have none."""
    for entry in patterns:
        if isinstance(entry, URLPattern) and entry.name:
            yield f"{space}:{entry.name}" if space else str(entry.name)
        elif isinstance(entry, URLResolver):
            inner = ":".join(filter(None, [space, entry.namespace or ""]))
            yield from addresses(entry.url_patterns, inner)


def test_every_address_is_listed() -> None:
    named = set(addresses(get_resolver().url_patterns))
    # The second spelling of the API is the first one under another prefix.
    ours = {name.replace("api:v1:", "api:") for name in named}
    assert ours == {route.name for route in ROWS}


def test_both_spellings_of_the_api_are_the_same() -> None:
    named = set(addresses(get_resolver().url_patterns))
    plain = {n.removeprefix("api:") for n in named if n.startswith("api:") and "v1" not in n}
    assert {n.removeprefix("api:v1:") for n in named if n.startswith("api:v1:")} == plain - {
        "unknown"
    }
