"""The running portal, the partners' inboxes and the systems that call the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from portal.tests import route_world
from portal.tests.callers import acme_api, agent_api, lead, rival_api, share
from portal.tests.live import inbox, live, live_processes
from portal.tests.webhook_world import hook, path

__all__ = [
    "acme_api",
    "agent_api",
    "hook",
    "inbox",
    "lead",
    "live",
    "live_processes",
    "path",
    "rival_api",
    "share",
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[route_world.World]:
    """One world of the route matrix for a file; each test undoes what it does there."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield route_world.built()
        transaction.set_rollback(True)
