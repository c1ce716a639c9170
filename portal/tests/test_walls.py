"""The second wall alone: every address of a partner, asked where `visible_to` is forgotten.

The world of the route matrix lasts for the file, so what has rows of its own is tested elsewhere
(`test_row_security`).
"""

from __future__ import annotations

import pytest
from django.apps import apps

from portal.lib import access, scope
from portal.tests.canary_world import text_of
from portal.tests.route_world import World, fingerprint, outcome, undone
from portal.tests.routes import routes

pytestmark = [pytest.mark.proof, pytest.mark.django_db]
SPACES = {"b_owner": ("partner:", "partners:", "webhooks:"), "key_b": ("api:",)}
OF_ACME = (
    "lead", "share", "accepted", "owed", "closed", "agreement", "offered", "commission", "question",
    "more", "endpoint", "delivery", "invitation", "key",
)  # fmt: skip
# What names its rows' partner beside `visible_to` shows a rival nothing even without both walls.
LEAKING = {
    "partner:lead_list", "partner:lead_detail", "partner:leads_csv", "partner:commission_list",
    "partner:commissions_csv", "partner:agreement_list", "partner:agreement",
    "partner:reconciliation", "api:leads", "api:lead", "api:commissions",
}  # fmt: skip


def tear_down(monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    """Take the first wall away from every table, and the second as well unless it is LEFT."""
    for rows in {type(model._default_manager.all()) for model in apps.get_models()}:
        if issubclass(rows, access.PartnerScopedQuerySet):
            monkeypatch.setattr(rows, "visible_to", lambda rows, _actor: rows.all())
    if left == "none":
        monkeypatch.setattr(scope, "_enter", lambda _partner_id: None)


@pytest.mark.parametrize("role", ["b_owner", "key_b"])
@pytest.mark.parametrize("walls", ["second", "none"])
def test_every_page_of_a_partner_without_the_first_wall(
    role: str, walls: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tear_down(monkeypatch, walls)
    leaking = set()
    for route in routes():
        if route.method != "get" or not route.name.startswith(SPACES[role]):
            continue
        with undone():
            answer = world.ask(route, role)
            told = text_of(answer) + str(answer.headers)
            path = world.path(route)
            met = {kind for kind in OF_ACME if world.ids[kind] in told.replace(path, "")}
            if met or outcome(answer) != route.answers[role]:
                leaking.add(route.name)
    asked = {name for name in LEAKING if name.startswith(SPACES[role])}
    assert leaking == set() if walls == "second" else leaking >= asked, leaking


# Some of what a rival changes where no wall is left.
CHANGED = {
    "b_owner": {"partners:take_back_invitation", "webhooks:remove", "webhooks:resend"},
    "key_b": {"api:partner_update", "api:webhook_endpoint", "api:attest_deletion"},
}


@pytest.mark.parametrize("role", CHANGED)
@pytest.mark.parametrize("walls", ["second", "none"])
def test_no_change_reaches_a_rivals_rows_without_the_first_wall(
    role: str, walls: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tear_down(monkeypatch, walls)
    acted = set()
    for route in routes():
        refused = route.answers[role] == 404 and route.method != "get"
        if refused and route.name.startswith(SPACES[role]):
            with undone():
                before = fingerprint()
                answer = outcome(world.ask(route, role))
                if answer != 404 or (walls == "second" and fingerprint() != before):
                    acted.add(route.name)
    assert acted == set() if walls == "second" else acted >= CHANGED[role], acted
