"""No list tells by its filters, its search, its order or its length what it does not show.

Each list is asked with every parameter somebody might try; then what the reader may not see is
changed, and not a byte of any answer may differ.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.admin import ModelAdmin
from django.db import transaction
from django.utils import timezone

from commissions.models import Agreement, Commission
from events.models import Endpoint
from leads import services
from leads.admin import ReadOnlyAdmin
from leads.consent import BUDGET, CONTACT, REQUIREMENTS
from leads.groups import Groups
from leads.models import Lead, MoreRequest, Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.tests.factories import OwnerFactory
from portal.lib import scope
from portal.tests import route_world
from portal.tests.route_world import World, content_of, undone

pytestmark = [pytest.mark.proof, pytest.mark.django_db]

PAGES = (
    "/portal/",
    "/portal/leads/",
    "/portal/commissions/",
    "/portal/commissions.csv",
    "/portal/reconciliation/",
    "/portal/agreements/",
)
CALLS = (
    "/api/leads",
    "/api/commissions",
    "/api/metrics",
    "/api/partner",
    "/api/webhook-endpoints",
)
ADMIN = tuple(
    f"/admin/leads/{model}/"
    for model in ("lead", "share", "consentdecision", "appointment", "deletiontask", "morerequest")
)
# Documented, and about nothing hidden.
# What is documented, or offered on the page.
KNOWN = ("", "status=sent", "status=closed", "status=paid", "limit=2", "to_delete=1",
         "show=differing", "page=2")  # fmt: skip
MOVING = {"X-Request-ID", "X-Request-Id", "Set-Cookie", "Date"}
# New in each answer.
_TOKEN = re.compile(rb'(csrfmiddlewaretoken" value=|csrf-token" content=|"requestId":)"[^"]+"')


@dataclass
class Told:
    """The world, and the hidden values the parameters are tried with."""

    world: World
    wanted: Lead

    def guesses(self) -> list[str]:
        """Return the query strings somebody who guesses would send."""
        lead, rival = self.wanted, self.world.ids["partner"]
        values = {"name": lead.name, "email": lead.email, "phone": lead.phone, "notes": lead.notes}
        values |= {"budget_max": str(lead.budget_max), "score": str(lead.score)}
        tries = [f"{column}={value}" for column, value in values.items()]
        tries += [f"lead__{column}__startswith={value[:2]}" for column, value in values.items()]
        tries += [f"{order}=phone" for order in ("ordering", "order_by", "sort", "o")]
        tries += [f"q={lead.phone}", f"search={lead.email}", f"partner={rival}"]
        return [*tries, f"partner_id={rival}", "fields=phone", "include=lead", "format=json"]


Change = Callable[[Told], None]


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker: Any) -> Iterator[Told]:
    logging.disable(logging.CRITICAL)
    stopped = time_machine.travel(timezone.now(), tick=False)
    with stopped, django_db_blocker.unblock(), transaction.atomic():
        yield _built()
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)


def _built() -> Told:
    world = route_world.built()
    b, agent = Partner.objects.get(pk=world.ids["b"]), User.objects.get(pk=world.user_ids["agent"])
    owner = User.objects.get(pk=world.user_ids["b_owner"])
    third = Partner.objects.get(pk=world.ids["third"])
    route_world.leads_of(agent, owner, b, third)
    OwnerFactory.create(partner=third)
    # One both of them have, and two of which B sees neither contact nor budget.
    wanted = LeadFactory.create(agent=agent, name="Quenby Vantongeren")
    for lead, partners in ((wanted, (b, world.a)), (LeadFactory.create(agent=agent), (b,))):
        for partner in partners:
            services.share_lead(
                actor=agent,
                partner_id=partner.pk,
                lead_id=lead.pk,
                choice=Groups(False, False, True),
            )
    return Told(world, wanted)


def _asked(world: World, role: str, address: str) -> tuple[int, dict[str, str], bytes]:
    """Return the whole answer, but what differs each time."""
    sent = {"Authorization": f"Bearer {world.secrets[role]}"} if role in world.secrets else {}
    answer = world.browser(role).get(address, headers=sent)
    told = {name: value for name, value in answer.headers.items() if name not in MOVING}
    return answer.status_code, told, _TOKEN.sub(b"", content_of(answer))


def _all(told: Told, role: str, lists: tuple[str, ...], tries: Iterable[str]) -> dict[str, Any]:
    found = {}
    for address in (f"{path}?{query}" for path in lists for query in tries):
        with undone():  # a look may leave an event
            found[address] = _asked(told.world, role, address)
    return found


def _differing(
    told: Told,
    role: str,
    lists: tuple[str, ...],
    tries: Iterable[str],
    change: Callable[[Told], None],
) -> list[str]:
    before = _all(told, role, lists, tries)
    with undone():
        change(told)
        after = _all(told, role, lists, tries)
    return [address for address in before if before[address] != after[address]]


def of_rivals(told: Told) -> None:
    """Change whatever other partners have, also of the lead that both have."""
    others = Partner.objects.exclude(pk=told.world.ids["b"])
    new = LeadFactory.create(name="Zebedee Quux", phone=told.wanted.phone)
    services.share_lead(
        actor=User.objects.get(pk=told.world.user_ids["agent"]),
        partner_id=told.world.a.pk,
        lead_id=new.pk,
    )
    theirs = Share.objects.filter(partner__in=others)
    theirs.update(status="accepted", notes="Rival's", reason="Rival's", accepted_at=timezone.now())
    Commission.objects.filter(partner__in=others).update(percent=Decimal(3), status="paid")
    Agreement.objects.filter(partner__in=others).update(title="Rival's", ended_at=timezone.now())
    Endpoint.objects.filter(partner__in=others).update(enabled=False, failing_since=timezone.now())
    others.update(capacity_limit=33, default_commission=Decimal(7), contact_phone="+971500000033")


def hidden_of_own(told: Told) -> None:
    """Change of B's leads what is not disclosed to B."""
    for share in Share.objects.filter(partner=told.world.ids["b"]).select_related("lead"):
        hidden: dict[str, Any] = {
            "notes": "Changed", "source": "changed", "score": 3, "temperature": "cold",
            "agent": None, "reassignment_history": ["changed"],
        }  # fmt: skip
        if not share.disclosed.contact:
            hidden |= {"name": "A Changed", "email": "a@changed.example", "phone": "+971500000001"}
            hidden |= {"location": "Changed"}
        if not share.disclosed.budget:
            hidden |= {"budget_min": 1, "budget_max": 2, "payment_preference": "changed"}
            hidden |= {"financing": "cash"}
        if not share.disclosed.requirements:
            hidden |= {"project": "Changed", "locations": ["Changed"], "bedrooms_min": 1}
        Lead.objects.filter(pk=share.lead_id).update(**hidden)
        Share.objects.filter(pk=share.pk).update(gate={"changed": 1}, shared_by="user_changed")


def contact_of_all(told: Told) -> None:
    """Change who clients are, and words that may say it."""
    Lead.objects.update(
        name="A Changed", email="a@changed.example", phone="+971500000001", location="Changed",
        notes="Changed",
    )  # fmt: skip
    Share.objects.update(notes="Changed", reason="Changed")
    MoreRequest.objects.update(reason="Changed")


@pytest.mark.parametrize("change", [of_rivals, hidden_of_own])
@pytest.mark.parametrize(("role", "lists"), [("b_owner", PAGES), ("key_b", CALLS)])
def test_nothing_hidden_moves_a_byte_for_a_partner(
    told: Told, role: str, lists: tuple[str, ...], change: Change
) -> None:
    assert _differing(told, role, lists, KNOWN, change) == []


def test_the_api_refuses_whatever_it_does_not_document(told: Told) -> None:
    answers = _all(told, "key_b", CALLS, told.guesses())
    assert {address: status for address, (status, *_rest) in answers.items() if status != 400} == {}


def test_pages_ignore_whatever_they_do_not_offer(told: Told) -> None:
    bare = _all(told, "b_owner", PAGES, ("",))
    answers = _all(told, "b_owner", PAGES, told.guesses())
    assert [a for a, found in answers.items() if found != bare[a.partition("?")[0] + "?"]] == []


LOOKUPS = [
    f"{path}{column}__startswith=Q"
    for column in (*CONTACT.values(), "notes", "reason", "note")
    for path in ("", "lead__", "share__lead__", "shares__", "share__")
]


def test_finance_cannot_filter_by_who_a_client_is(told: Told) -> None:
    answers = _all(told, "finance", ADMIN, LOOKUPS)
    assert [a for a, (status, *_rest) in answers.items() if status not in (302, 400)] == []


def test_finance_cannot_search_or_order_by_it_either(told: Told) -> None:
    lists = (*ADMIN, "/leads/", "/deletions/", "/reconciliation/", "/analytics/audit/")
    lead = told.wanted
    tries = [f"q={word}" for word in (lead.name, lead.email, lead.phone, lead.notes)]
    tries += [f"o={number}" for number in (1, -1, 3)]
    assert _differing(told, "finance", lists, tries, contact_of_all) == []


def test_it_bites(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that forgets its reader is found, and so is a filter over what is not shown."""
    monkeypatch.setattr(ReadOnlyAdmin, "lookup_allowed", ModelAdmin.lookup_allowed)
    assert _differing(told, "finance", ADMIN[:1], LOOKUPS[:1], contact_of_all) != []

    monkeypatch.setattr(scope, "_enter", lambda _partner_id: None)
    monkeypatch.setattr(type(Share.objects.all()), "visible_to", lambda rows, _actor: rows.all())
    assert _differing(told, "b_owner", PAGES[1:2], ("",), of_rivals) != []


def test_every_column_of_a_group_is_known_here() -> None:
    """A new column in a group is one more thing to hide: it must be changed above."""
    assert set(CONTACT.values()) == {"name", "email", "phone", "location"}
    assert len(BUDGET) == 5
    assert len(REQUIREMENTS) == 16
