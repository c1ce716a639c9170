"""Three partners, a word of its own in every stored text: nobody meets one that is not its to see.

Every row's texts are overwritten, whatever model it is of, so that a new column or a new table is
swept without anybody thinking of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, models, transaction

from leads.models import Lead, Share
from partners.models import Partner, User
from partners.tests.factories import OwnerFactory
from portal.lib import scope
from portal.tests import disclosure, route_world
from portal.tests.route_world import World, content_of
from portal.tests.routes import BROWSERS, FORMER, KEYS, Route, routes

pytestmark = [pytest.mark.proof, pytest.mark.django_db]
PAGES = [route for route in routes() if route.method == "get"]
GROUPS = {
    "contact": disclosure.CONTACT,
    "budget": disclosure.BUDGET,
    "requirements": disclosure.REQUIREMENTS,
}
TEXTS = (models.CharField, models.TextField, models.EmailField, models.JSONField)
# Not text but the key, the name or the shape of something: overwritten, nothing works any more.
MACHINERY = {
    "password", "role", "secret", "challenge", "prefix", "request_id", "kind", "type", "refs",
    "key_hash", "token_hash", "session_key", "currency", "market", "region", "status", "actor",
    "cause", "language", "document", "signature", "sha256", "scopes", "services", "languages",
}  # fmt: skip
APPS = ("partners", "leads", "commissions", "events")


@dataclass(frozen=True, slots=True)
class Token:
    """Where one word is stored, and which partner's row that is."""

    word: str
    model: str
    column: str
    row: str
    partner: str | None


@dataclass
class Swept:
    """The world, and every word in it."""

    world: World
    tokens: list[Token]

    def seen_in(self, answer: Any) -> list[Token]:
        """Return the tokens whose word stands in the headers or the body of ANSWER."""
        body = content_of(answer).decode("utf-8", "replace")
        text = f"{dict(answer.headers)} {body}".lower()
        return [token for token in self.tokens if token.word in text]


@pytest.fixture
def swept() -> Swept:
    world = route_world.built()
    others = [Partner.objects.get(pk=world.ids[kind]) for kind in ("b", "third")]
    agent = User.objects.get(email="dana@portal.example")
    for partner, next_one in zip(others, reversed(others), strict=True):
        owner = User.objects.filter(partner=partner).first() or OwnerFactory.create(partner=partner)
        route_world.leads_of(agent, owner, partner, next_one)
    return Swept(world, list(_overwritten()))


def _overwritten() -> Iterator[Token]:
    """Give every text of every row a word of its own."""
    numbers = itertools.count(1)
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            if model._meta.label == "events.Event":  # append-only, and holds no texts of people
                continue
            for row in model._base_manager.all():
                for column in _texts(model):
                    yield from _written(row, column, f"zq{next(numbers):05d}x")


def _texts(model: type[models.Model]) -> list[str]:
    return [
        found.name
        for found in model._meta.concrete_fields
        if isinstance(found, TEXTS)
        and not (found.primary_key or found.choices or found.name in MACHINERY)
    ]


def _written(row: models.Model, column: str, word: str) -> Iterator[Token]:
    """Write WORD into the row; a column that takes no such text stays as it is."""
    kept = getattr(row, column)
    value: Any = [word] if isinstance(kept, list) else word
    if isinstance(kept, dict) or (kept is None and not isinstance(value, str)):
        return
    if "email" in column:
        value = f"{word}@portal.example"
    if column == "url":
        value = f"https://{word}.example/in"
    try:
        with transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk).update(**{column: value})
    except DatabaseError:
        return
    yield Token(word, row._meta.label, column, str(row.pk), _partner_of(row))


def _partner_of(row: Any) -> str | None:
    """Return whose row it is; a lead belongs to no partner, only what is disclosed of it."""
    if isinstance(row, Partner):
        return str(row.pk)
    if getattr(row, "partner_id", None) and not isinstance(row, _OFFERS):
        return str(row.partner_id)
    share = getattr(row, "share", None)
    return str(share.partner_id) if share else None


_OFFERS = tuple(
    apps.get_model("leads", name) for name in ("Proposal", "ConsentDecision")
)  # about a partner, and none of its business


def _disclosed(partner_id: str) -> set[tuple[str, str]]:
    """Return (lead, column) for what PARTNER_ID may see of leads."""
    shares = Share.objects.filter(partner_id=partner_id, status__in=("sent", "accepted", "closed"))
    return {
        (str(share.lead_id), column)
        for share in shares
        for group in share.effective
        for column in GROUPS[group]
    }


def _is_theirs(token: Token, partner_id: str, disclosed: set[tuple[str, str]]) -> bool:
    if token.model == Lead._meta.label:
        return (token.row, token.column) in disclosed
    return token.partner == partner_id


def _crawl(swept: Swept, role: str) -> Iterator[tuple[Route, str, Token]]:
    """Yield every word that ROLE meets anywhere, and on which address and in which form."""
    for route in PAGES:
        for form, headers in (("page", {}), ("fragment", {"HX-Request": "true"})):
            try:
                answer = swept.world.ask(route, role, **headers)
            except UnicodeEncodeError:
                continue
            for token in swept.seen_in(answer):
                yield route, form, token


def _told(found: set[tuple[str, str, str]]) -> str:
    return "\n".join(sorted(" ".join(each) for each in found))


@pytest.mark.parametrize(
    ("role", "kind"),
    [("a_owner", "partner"), ("a_member", "partner"), ("b_owner", "b"), ("key_a", "partner"),
     ("key_a_read", "partner"), ("key_b", "b")],
)  # fmt: skip
def test_a_partner_meets_its_own_words_only(swept: Swept, role: str, kind: str) -> None:
    partner_id = swept.world.ids[kind]
    disclosed = _disclosed(partner_id)
    met = list(_crawl(swept, role))

    leaked = {
        (str(route), token.model, token.column)
        for route, _form, token in met
        if not _is_theirs(token, partner_id, disclosed)
    }
    assert leaked == set(), _told(leaked)
    assert {token.model for *_rest, token in met} >= {"leads.Lead", "partners.Partner"}


@pytest.mark.parametrize("role", ["anonymous", *FORMER])
def test_who_is_out_meets_no_word(swept: Swept, role: str) -> None:
    if role in FORMER:
        swept.world.suspend()
    leaked = {
        (str(route), token.model, token.column) for route, _form, token in _crawl(swept, role)
    }
    assert leaked == set(), _told(leaked)


def test_the_client_meets_the_words_of_its_own_lead(swept: Swept) -> None:
    lead = swept.world.ids["lead"]
    met = list(_crawl(swept, "client"))
    leaked = {
        (str(route), token.model, token.column)
        for route, _form, token in met
        if token.model == Lead._meta.label and token.row != lead
    }
    assert leaked == set(), _told(leaked)
    assert {token.row for *_rest, token in met if token.model == Lead._meta.label} == {lead}


def test_finance_meets_no_contact_and_no_notes(swept: Swept) -> None:
    hidden = disclosure.CONTACT | {"notes"}
    leaked = {
        (str(route), token.model, token.column)
        for route, _form, token in _crawl(swept, "finance")
        if token.model == Lead._meta.label and token.column in hidden
    }
    assert leaked == set(), _told(leaked)


def test_it_bites(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that forgets whose rows it may see is found, where the second wall is down as well."""
    monkeypatch.setattr(scope, "_enter", lambda _partner_id: None)
    monkeypatch.setattr(type(Share.objects.all()), "visible_to", lambda rows, _actor: rows.all())
    partner_id = swept.world.ids["b"]
    disclosed = _disclosed(partner_id)
    assert any(
        not _is_theirs(token, partner_id, disclosed) for *_where, token in _crawl(swept, "b_owner")
    )


def test_every_role_is_swept() -> None:
    swept_roles = {"a_owner", "a_member", "b_owner", "key_a", "key_a_read", "key_b", "anonymous"}
    # An agent and an admin see all leads, and an agent's key reads nothing.
    beside = {"client", "finance", "agent", "admin", "key_agent"}
    assert swept_roles | beside | set(FORMER) == {*BROWSERS, *KEYS, *FORMER}
