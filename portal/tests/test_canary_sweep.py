"""Three partners, a value of its own in every stored field: nobody meets what is not its to see.

The values and how they are found again: `canaries`. Who may meet which: `canary_rights`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

from leads.models import Lead, Proposal, Share
from partners.models import User
from portal.lib import scope
from portal.tests import canary_rights as rights
from portal.tests import canary_world
from portal.tests.canaries import APPS, Canary, spellings
from portal.tests.canary_rights import Sight
from portal.tests.canary_world import SCOPED, Swept
from portal.tests.route import BROWSERS, FORMER, KEYS
from portal.tests.route_world import undone

pytestmark = [pytest.mark.proof, pytest.mark.django_db]
OWNER, KEY = (rights.joined(rights.SYSTEMS, more) for more in (rights.OWNER, rights.KEY))
OF_A = {"a_owner": OWNER, "a_member": {}, "key_a": KEY, "key_a_read": KEY}
OF_B = {"b_owner": OWNER, "key_b": KEY}
# What the database takes no canary in, because it must stay in order with another column.
IN_ORDER = {
    "partners.Partner.capacity_wanted", "commissions.Commission.amount",
    "commissions.Commission.settlement_currency", "commissions.Commission.settled_amount",
    "commissions.Commission.partner_part", "commissions.Commission.platform_part",
    "commissions.Commission.papers_currency",
}  # fmt: skip
# Tables no row of this world is in: codes used up, what was erased, and what the chain is held to.
EMPTY = {
    "partners.UsedCode", "leads.Suppression", "events.Checkpoint", "events.Reached",
    "events.StoredAnswer", "commissions.Statement", "commissions.StatementLine",
    "commissions.TierVolume",
}  # fmt: skip


@pytest.fixture(scope="module")
def swept(django_db_setup: None, django_db_blocker: Any) -> Iterator[Swept]:
    """One world for all roles; what one of them did is rolled back."""
    logging.disable(logging.CRITICAL)  # every refusal would be written down with its trace
    with django_db_blocker.unblock(), transaction.atomic():
        yield canary_world.built()
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)


def sights(swept: Swept) -> dict[str, Sight]:
    """Return what each role may meet by looking."""
    ids = swept.world.ids
    found = {role: rights.of_partner(ids["partner"], more) for role, more in OF_A.items()}
    found |= {role: rights.of_partner(ids["b"], more) for role, more in OF_B.items()}
    agent = Sight(
        columns=rights.STAFF, never=rights.NOT_AGENT, self_id=swept.world.user_ids["agent"]
    )
    found |= {
        "admin": Sight(columns=rights.STAFF),
        "finance": Sight(columns=rights.STAFF, never=rights.NOT_FINANCE),
        "agent": agent,
        "client": Sight(columns=rights.CLIENT, leads=frozenset({ids["lead"]})),
        **{role: replace(agent, leads=_leads(role)) for role in SCOPED},
    }
    return found | dict.fromkeys(("anonymous", "key_agent", *FORMER), rights.NOTHING)


def _leads(role: str) -> frozenset[str]:
    mine = Lead.objects.filter(agent__in=User.objects.filter(**SCOPED[role]))
    return frozenset(str(pk) for pk in mine.values_list("pk", flat=True))


def leaks(met: Iterable[tuple[str, Canary]], sight: Sight) -> list[str]:
    """Return in words what was met beyond SIGHT."""
    return sorted({f"{where}: {canary}" for where, canary in met if not sight.allows(canary)})


@pytest.mark.parametrize("role", [*OF_A, *OF_B])
def test_a_partner_meets_its_own_only(swept: Swept, role: str) -> None:
    sight = sights(swept)[role]
    read = list(swept.read(role))

    assert leaks(read, sight) == []
    assert leaks(swept.acted(role), sight) == []
    met = {canary.model for _where, canary in read}
    assert met >= {"leads.Lead", "leads.Share", "partners.Partner", "commissions.Commission"}
    assert {c.column for _where, c in read if c.model == "leads.Lead"} & rights.GROUPS["contact"]


@pytest.mark.parametrize("role", ["anonymous", "key_agent", *FORMER])
def test_who_is_out_or_only_writes_meets_nothing(swept: Swept, role: str) -> None:
    with undone():
        if role in FORMER:
            swept.world.suspend()
        assert leaks(swept.read(role), rights.NOTHING) == []
        if role != "key_agent":
            assert leaks(swept.acted(role), rights.NOTHING) == []


def test_what_an_agents_key_is_told_is_the_agents(swept: Swept) -> None:
    assert leaks(swept.acted("key_agent"), sights(swept)["agent"]) == []


@pytest.mark.parametrize("role", ["agent", "finance", "admin", *SCOPED])
def test_staff_meet_what_their_role_and_scope_leave(swept: Swept, role: str) -> None:
    sight = sights(swept)[role]
    read = list(swept.read(role))

    assert leaks(read, sight) == []
    assert leaks(swept.acted(role), sight) == []
    met = {canary.lead for _where, canary in read if canary.model == "leads.Lead"}
    assert met == (sight.leads or {str(pk) for pk in Lead.objects.values_list("pk", flat=True)})


def test_a_viewer_meets_below_the_portal_what_a_member_does(swept: Swept) -> None:
    member, agent = sights(swept)["a_member"], sights(swept)["agent"]
    below = ("GET partner:", "GET partners:")
    for where, canary in swept.read("viewer"):
        sight = member if where.startswith(below) else agent
        assert sight.allows(canary) or canary.row == agent.self_id, (where, str(canary))


def test_the_client_meets_its_own_lead_and_who_has_it(swept: Swept) -> None:
    sight = sights(swept)["client"]
    read = list(swept.read("client"))
    acted = list(swept.acted("client"))

    assert leaks(read, sight) == []
    copy = replace(sight, columns=rights.joined(rights.CLIENT, rights.COPY))
    assert leaks(acted, copy) == []
    lead = swept.world.ids["lead"]
    partners = {str(pk) for pk in Share.objects.filter(lead=lead).values_list("partner", flat=True)}
    asked = Proposal.objects.filter(lead=lead).values_list("partner", flat=True)
    named = {c.row for _where, c in (*read, *acted) if c.model == "partners.Partner"}
    assert named <= partners | {str(pk) for pk in asked}
    agent = swept.world.user_ids["agent"]
    assert {c.row for _where, c in (*read, *acted) if c.model == "partners.User"} <= {agent}
    assert {c.row for _where, c in read if c.model == "leads.Lead"} == {lead}


def test_it_bites(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that forgets whose rows it may see is found, where the second wall is down as well."""
    monkeypatch.setattr(scope, "_enter", lambda _partner_id: None)
    monkeypatch.setattr(type(Share.objects.all()), "visible_to", lambda rows, _actor: rows.all())
    found = leaks(swept.read("b_owner"), sights(swept)["b_owner"])
    kinds = {line.rpartition(".")[2] for line in found}
    # A number, a day, an id and a word.
    assert kinds >= {"budget_max", "shared_at", "id", "move_in_timeline"}, found


def test_every_column_of_every_table_holds_a_canary(swept: Swept) -> None:
    assert set(swept.aviary.refused) <= IN_ORDER, swept.aviary.refused
    models = [model for label in APPS for model in apps.get_app_config(label).get_models()]
    assert {m._meta.label for m in models if not m._base_manager.exists()} <= EMPTY


def test_every_role_is_swept(swept: Swept) -> None:
    assert {*sights(swept), "viewer"} - set(SCOPED) == {*BROWSERS, *KEYS, *FORMER}


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("AED\u00a04,000,037", "4000037"),
        ("₹40,00,037.00", "4000037"),
        ('{"budget": 4000037}', "4000037"),
        ("x,4000037.00,y", "4000037"),
        ("12.4%", "12.4%"),
        ('{"percent": 12.43}', "12.43%"),
        ("3 Feb 1951, 14:00 GMT", "1951-02-03"),
        ("Feb. 3, 1951", "1951-02-03"),
        ("03/02/1951", "1951-02-03"),
        ("1951-02-03T10:00:00Z", "1951-02-03"),
        ("ZQ00001X@portal.example", "zq00001x"),
    ],
)
def test_a_canary_is_known_in_every_form(written: str, known: str) -> None:
    assert known in set(spellings(written))
