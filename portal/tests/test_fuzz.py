"""Throw what the schema allows at the API: every answer is one the schema lists, none a crash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from portal.tests.callers import Caller
from portal.wsgi import application

pytestmark = [pytest.mark.proof, pytest.mark.django_db]
CHECKS = (not_a_server_error, content_type_conformance, status_code_conformance)
thorough = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the test's connection open between calls, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("who", ["agent_api", "acme_api"])
def test_nothing_crashes_the_api(
    who: str, request: pytest.FixtureRequest, one_connection: None
) -> None:
    caller: Caller = request.getfixturevalue(who)
    headers = {"Authorization": f"Bearer {caller.secret}", "Host": "127.0.0.1"}
    described: Any = schemathesis.openapi.from_wsgi("/api/schema/", application)
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) >= 12

    for operation in operations:

        @thorough
        @given(case=operation.as_strategy())
        def attempt(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        attempt()
