"""Who calls the API in tests: Dana's system, Acme's and, as the stranger, Rival's."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from leads.models import Lead, Share
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from partners import services
from partners.models import Partner, User
from portal.lib.access import THE_SYSTEM


@dataclass
class Caller:
    """A system with a key. `post` takes an object or raw bytes."""

    secret: str
    client: Client = field(default_factory=Client)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=self._headers(headers))

    def send(self, method: str, path: str, body: Any, **headers: str) -> Any:
        content_type = headers.pop("content_type", "application/json")
        raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        return self.client.generic(
            method, path, raw, content_type=content_type, headers=self._headers(headers)
        )

    def _headers(self, given: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in given.items()}
        return {"Authorization": f"Bearer {self.secret}", **named} if self.secret else named


def caller_for(*, scopes: tuple[str, ...] = (), **holder: Any) -> Caller:
    """Return a system with a fresh key of HOLDER (partner= or user=)."""
    _key, secret = services.issue_key(actor=THE_SYSTEM, scopes=scopes, **holder)
    return Caller(secret)


@pytest.fixture
def agent_api(dana: User) -> Caller:
    return caller_for(user=dana)


@pytest.fixture
def acme_api(acme: Partner) -> Caller:
    return caller_for(partner=acme)


@pytest.fixture
def rival_api(rival: Partner) -> Caller:
    return caller_for(partner=rival)


@pytest.fixture
def lead(db: None) -> Lead:
    return LeadFactory.create()


@pytest.fixture
def share(dana: User, acme: Partner, lead: Lead) -> Share:
    """The lead, live with Acme."""
    return share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
