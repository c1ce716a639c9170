"""What is emitted, full and thin, is what the description says of each type."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from events import letters, payloads, services
from events.models import Delivery, Endpoint, Event
from leads.actors import ClientActor
from leads.groups import GROUPS
from leads.services import share_lead
from leads.services.consent import Wish, decide
from leads.tests.factories import LeadFactory
from portal.lib.access import THE_SYSTEM
from portal.tests.test_api_calls import appointment_body
from portal.tests.test_api_schema import check, schema

pytestmark = pytest.mark.django_db
ALL = {*payloads.TYPES, payloads.VERIFY, payloads.TEST}
# What tells of a person, wherever it stands in a body.
OF_A_CLIENT = {"lead", "customerInfo", "budget", "budgetDetails", "preferences", "location"}


@pytest.fixture
def queued(hook: Endpoint, acme: Any, rival: Any, dana: Any, agent_api: Any) -> list[Delivery]:
    """Return messages of every type to Acme's endpoint."""
    shared, withdrawn, revoked = (
        share_lead(actor=dana, partner_id=acme.pk, lead_id=LeadFactory.create().pk)
        for _number in range(3)
    )
    elsewhere = share_lead(actor=dana, partner_id=rival.pk, lead_id=withdrawn.lead_id)
    wider = {"leadId": shared.pk, "consent": {"shareContact": True, "shareBudget": True}}
    agent_api.post("/api/share-preferences", wider)
    for _time in range(2):
        agent_api.post("/api/share-appointment", appointment_body(shared))
    for share in (shared, elsewhere):
        for report in ({"status": "accepted"}, {"status": "closed", "agreementValue": 100}):
            agent_api.post("/api/partner-update", {"leadId": share.pk, **report})
    decide(
        actor=ClientActor(str(revoked.lead_id)),
        lead_id=str(revoked.lead_id),
        wishes=[Wish(group, False) for group in GROUPS],
    )
    refs = Delivery.objects.get(type="commission.recorded").refs
    kind = Event.Kind.PARTNER_COMMISSION_RECORDED
    event = services.record_event(kind, actor=THE_SYSTEM, partner_id=acme.pk)
    services.queue_webhooks(event, "commission.updated", partner_id=acme.pk, refs=refs)
    services.request_verification(actor=THE_SYSTEM, endpoint_id=hook.pk)
    services.send_test(actor=THE_SYSTEM, endpoint_id=hook.pk)
    return list(Delivery.objects.filter(channel="webhook", endpoint=hook))


def emitted(queued: list[Delivery]) -> dict[str, list[dict[str, Any]]]:
    """Return the bodies of QUEUED as they would leave now, by their types."""
    found: dict[str, list[dict[str, Any]]] = {}
    written, _settled = letters.write(queued)
    for letter in written:
        found.setdefault(letter.delivery.type, []).append(json.loads(letter.body))
    return found


def part_of(type_: str) -> dict[str, Any]:
    content = schema()["webhooks"][type_]["post"]["requestBody"]["content"]
    found: dict[str, Any] = content["application/json"]["schema"]
    return found


def names_in(value: Any) -> set[str]:
    """Return the names of all members of VALUE, however deep."""
    if isinstance(value, dict):
        return set(value).union(*(names_in(member) for member in value.values()))
    return set()


@pytest.mark.parametrize("thin", [False, True])
def test_every_type_is_as_described(thin: bool, queued: list[Delivery], hook: Endpoint) -> None:
    Endpoint.objects.filter(pk=hook.pk).update(thin=thin)

    bodies = emitted(queued)

    assert set(bodies) == ALL
    for type_, found in bodies.items():
        for body in found:
            check(body, part_of(type_))
            # Also for a receiver that lets pass what it does not know: one shape, not two.
            jsonschema.validate(body, {**part_of(type_), "components": schema()["components"]})
            assert body["type"] == type_
            if type_ in payloads.TYPES:
                assert ("link" in body["data"]) is thin
                assert isinstance(body["data"]["version"], int)
            if thin:
                assert not names_in(body) & OF_A_CLIENT, type_


def test_a_test_is_marked(queued: list[Delivery]) -> None:
    [body] = emitted(queued)[payloads.TEST]
    assert body["data"]["test"] is True
    assert not names_in(body) & OF_A_CLIENT


def test_versions_grow_with_each_lead(queued: list[Delivery]) -> None:
    """All bodies are written now, so the latest says the highest number of its lead."""
    bodies = [body["data"] for found in emitted(queued).values() for body in found]
    versions: dict[str, set[int]] = {}
    for data in bodies:
        if "version" in data and "test" not in data:
            versions.setdefault(data["leadId"], set()).add(data["version"])
    assert len(versions) >= 3
    assert all(len(found) == 1 and min(found) > 0 for found in versions.values())


def test_the_headers_and_both_shapes_are_described() -> None:
    for type_, item in schema()["webhooks"].items():
        operation = item["post"]
        names = [parameter["name"] for parameter in operation["parameters"]]
        assert names == ["webhook-id", "webhook-timestamp", "webhook-signature"]
        assert operation["tags"] == ["webhooks"]
        examples = operation["requestBody"]["content"]["application/json"]["examples"]
        assert list(examples) == (["Message", "Thin"] if type_ in payloads.TYPES else ["Message"])


def test_nothing_else_passes() -> None:
    shared = part_of("lead.shared")
    for wrong in (
        {"type": "lead.shared", "timestamp": "2026-11-22T10:00:00Z", "data": {}},
        {"type": "lead.revoked", "timestamp": "2026-11-22T10:00:00Z", "data": {"leadId": "x"}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            check(wrong, shared)
