"""Three partners, staff of other markets and teams, and a canary in whatever any row holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from django.utils import timezone
from pypdf import PdfReader

from events.models import Attempt, Delivery
from leads.groups import Groups
from leads.models import Lead
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.services import invite, issue_key
from partners.tests.factories import LicenceFactory, OwnerFactory, UserFactory
from portal.lib.access import THE_SYSTEM, Role
from portal.tests import canaries, route_world
from portal.tests.canaries import Aviary, Canary
from portal.tests.route import Route
from portal.tests.route_world import World, content_of, signed_in, undone
from portal.tests.routes import routes

ROUTES = list(routes())
PAGES = [route for route in ROUTES if route.method == "get"]
ACTS = [route for route in ROUTES if route.method != "get"]
# Beside those of the matrix: staff of another market, and of another team.
SCOPED = {"agent_india": {"market": "india"}, "agent_south": {"team": "south"}}
UNSAID = {"Content-Length"}  # may be any number
HX = {"HX-Request": "true"}


@dataclass
class Swept:
    """The world, and what is stored in it."""

    world: World
    aviary: Aviary

    def met(self, answer: Any, asked: str = "") -> set[Canary]:
        """Return the canaries in headers and body of ANSWER; not those ASKED itself names."""
        told = {name: value for name, value in answer.headers.items() if name not in UNSAID}
        found = self.aviary.in_text(f"{told} {text_of(answer)}")
        return found - self.aviary.in_text(asked)

    def read(self, role: str) -> Iterator[tuple[str, Canary]]:
        """Yield every canary that ROLE meets by looking, and where."""
        for route in _tried_by(role, PAGES):
            path = self.world.path(route)
            forms: list[dict[str, str]] = [{}] if route.is_call or _is_djangos(route) else [{}, HX]
            for headers in forms:
                answer = self.world.ask(route, role, path=path, **headers)
                for canary in self.met(answer, path):
                    yield str(route), canary

    def acted(self, role: str) -> Iterator[tuple[str, Canary]]:
        """Yield every canary in what ROLE is answered when it does something, well or badly."""
        for route in _tried_by(role, ACTS):
            path = self.world.path(route)
            for asked in (route, replace(route, body=_spoilt(route) if route.is_call else {})):
                sent = json.dumps(self.world.filled(asked.body))
                with undone():
                    answer = self.world.ask(asked, role, path=path)
                    found = self.met(answer, f"{path} {sent}")
                for canary in found:
                    yield str(route), canary


def _tried_by(role: str, asked: list[Route]) -> Iterator[Route]:
    """Leave out what the matrix shows to be closed whoever asks: calls to browsers, pages to keys.

    Of those Django's many pages send to its login, the anonymous one stands for all.
    """
    for route in asked:
        to_django = role in ("finance", "admin", "anonymous") or not _is_djangos(route)
        if route.is_call == role.startswith("key_") and to_django:
            yield route


def _is_djangos(route: Route) -> bool:
    return route.name.startswith("admin:")


def _spoilt(route: Route) -> Any:
    """Return the body of ROUTE with nothing in it of the kind it should be."""
    return {**{name: [{}] for name in route.body}, "unknown": "1"}


def text_of(answer: Any) -> str:
    """Return what the body of ANSWER says; of a PDF or a workbook what stands in it."""
    body = content_of(answer)
    if body.startswith(b"PK\x03\x04"):
        with ZipFile(BytesIO(body)) as book:
            parts = [book.read(name).decode() for name in book.namelist()]
        return re.sub("<[^>]*>", " ", " ".join(parts))
    return words_of(body) if body.startswith(b"%PDF") else body.decode("utf-8", "replace")


def words_of(pdf: bytes) -> str:
    """Return the text of PDF and what it says of itself."""
    read = PdfReader(BytesIO(pdf))
    return " ".join([str(read.metadata), *(page.extract_text() for page in read.pages)])


def built() -> Swept:
    """Return the world with everything in it overwritten."""
    world = route_world.built()
    agent = User.objects.get(email="dana@portal.example")
    partners = {kind: Partner.objects.get(pk=world.ids[kind]) for kind in ("partner", "b", "third")}
    owners = {kind: _owner(partner) for kind, partner in partners.items()}
    for kind, next_one in (("b", "third"), ("third", "b")):
        route_world.leads_of(agent, owners[kind], partners[kind], partners[next_one])
    for kind, partner in partners.items():
        _beside(agent, partner, owners[kind], kind)
    for role, scope in SCOPED.items():
        limited = UserFactory.create(email=f"{role}@portal.example", role=Role.AGENT, **scope)
        world.sessions[role] = signed_in(limited)
        _leads_elsewhere(limited)
    return Swept(world, canaries.tokenised())


def _owner(partner: Partner) -> User:
    return User.objects.filter(partner=partner).first() or OwnerFactory.create(partner=partner)


def _beside(agent: User, partner: Partner, owner: User, kind: str) -> None:
    """Give PARTNER what its leads alone do not: a client in full, people, messages tried."""
    share_lead(
        actor=agent,
        partner_id=partner.pk,
        lead_id=LeadFactory.create(agent=agent).pk,
        choice=Groups.everything(),
    )
    LicenceFactory.create(partner=partner)
    UserFactory.create(email=f"{kind}@member.example", role=Role.MEMBER, partner=partner)
    invite(actor=owner, email=f"{kind}@invited.example", role=Role.MEMBER)
    issue_key(actor=THE_SYSTEM, partner=partner, signed=True)
    for delivery in Delivery.objects.filter(partner_id=partner.pk):
        Attempt.objects.create(
            delivery=delivery, number=1, started_at=timezone.now(), duration_ms=9
        )


def _leads_elsewhere(agent: User) -> list[Lead]:
    """Return leads only AGENT's market or team may see."""
    if agent.market:
        facts = {"market": "india", "region": "IN-MH", "currency": "INR"}
        return [LeadFactory.create(agent=agent, **facts)]
    return [LeadFactory.create(agent=agent)]
