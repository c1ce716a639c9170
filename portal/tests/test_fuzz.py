"""Throw what the schema allows at the API: every answer is one the schema lists, none a crash."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ensure_resource_availability,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    use_after_free,
)

from events.models import Delivery, Endpoint
from leads import services
from leads.models import Share
from partners.models import Partner, User
from portal.tests.callers import Caller
from portal.wsgi import application

pytestmark = [pytest.mark.proof, pytest.mark.django_db]
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    status_code_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
AUTH = [*CHECKS, ignored_auth]  # asks each call twice more: without a key, and with a wrong one
LINKED = [*CHECKS, use_after_free, ensure_resource_availability]
_SETTINGS: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
thorough = settings(max_examples=50, **_SETTINGS)
brief = settings(max_examples=10, **_SETTINGS)
linked = settings(max_examples=25, stateful_step_count=8, **_SETTINGS)
OPERATIONS = 25  # at least


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the test's connection open between calls, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def described() -> Any:
    return schemathesis.openapi.from_wsgi("/api/schema/", application)


def headers_of(caller: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {caller.secret}", "Host": "127.0.0.1"}


def operations_of(described: Any) -> list[Any]:
    found = [operation.ok() for operation in described.get_all_operations()]
    assert len(found) >= OPERATIONS
    return found


@pytest.mark.parametrize("who", ["agent_api", "acme_api"])
def test_nothing_crashes_the_api(
    who: str, request: pytest.FixtureRequest, one_connection: None, described: Any
) -> None:
    headers = headers_of(request.getfixturevalue(who))
    for operation in operations_of(described):

        @thorough
        @given(case=operation.as_strategy())
        def attempt(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=CHECKS)

        attempt()


def test_no_call_is_answered_without_a_good_key(
    acme_api: Caller, one_connection: None, described: Any
) -> None:
    headers = headers_of(acme_api)
    for operation in operations_of(described):

        @brief
        @given(case=operation.as_strategy())
        def attempt(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=AUTH)

        attempt()


def test_one_call_after_the_other(
    acme_api: Caller, share: Share, one_connection: None, described: Any
) -> None:
    """Follow the links: make an endpoint, change, test, rotate, remove and ask for it again."""
    headers, followed = headers_of(acme_api), set()

    class Sequence(described.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            # What an earlier sequence made must not stand in the way of this one.
            self.start, self.numbers = transaction.savepoint(), count()

        def teardown(self) -> None:
            transaction.savepoint_rollback(self.start)
            super().teardown()

        def before_call(self, case: Any) -> None:
            # What is thought up is hardly ever an address we may call, and nothing would follow.
            if case.method == "POST" and case.path.endswith("/webhook-endpoints"):
                case.body = {"url": f"https://hooks.acme.example/{next(self.numbers)}"}

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": headers}

        def validate_response(self, response: Any, case: Any, **_given: Any) -> None:
            if "{" in case.path and response.status_code < 300:
                followed.add(f"{case.method} {case.path}")
            case.validate_response(response, checks=LINKED)

    run_state_machine_as_test(Sequence, settings=linked)
    assert len(followed) >= 5, followed


def test_the_ids_of_one_partner_open_nothing_for_another(
    acme: Partner, dana: User, share: Share, rival_api: Caller, one_connection: None, described: Any
) -> None:
    endpoint = Endpoint.objects.create(
        partner=acme, url="https://hooks.acme.example/canary", secret="whsec_x", challenge="x",
        verified_at=share.shared_at,
    )  # fmt: skip
    services.withdraw_share(actor=dana, reference=str(share.pk), reason="Told to the endpoint")
    delivery = Delivery.objects.filter(endpoint=endpoint).latest("pk")
    ids = {"endpoint": endpoint.pk, "reference": share.pk, "delivery": delivery.pk}
    headers = headers_of(rival_api)
    named = [one for one in operations_of(described) if "{" in one.path]
    assert len(named) >= 12

    for operation in named:

        @brief
        @given(case=operation.as_strategy())
        def attempt(case: Any) -> None:
            case.path_parameters = {name: str(ids[name]) for name in case.path_parameters}
            answer = case.call(headers=headers)
            assert answer.status_code in (400, 403, 404, 413, 415), answer.text
            assert "acme" not in answer.text.lower()

        attempt()
    assert Endpoint.objects.get() == endpoint
