"""The description is true: what we answer and send is what it says, and its page shows it."""

from __future__ import annotations

import functools
import json
import re

import jsonschema
import pytest
from django.urls import URLPattern, get_resolver

from events.models import Delivery
from events.payloads import TYPES, build
from leads.services import share_lead
from leads.tests.factories import LeadFactory
from portal.api_codes import CODES
from portal.tests.test_api_calls import CONSENT, DRAFT, appointment_body
from portal.views_docs import description


@functools.lru_cache(maxsize=1)
def schema():
    return json.loads(json.dumps(description()))


def check(value, part):
    """Check VALUE against a part of the description; unknown members are refused."""
    closed = json.loads(json.dumps({**part, "components": schema()["components"]}))
    for component in closed["components"]["schemas"].values():
        if component.get("type") == "object" and "properties" in component:
            component["additionalProperties"] = False
    jsonschema.validate(value, closed, format_checker=jsonschema.FormatChecker())


def check_answer(response, path, method="post"):
    told = schema()["paths"][path][method]["responses"][str(response.status_code)]["content"]
    media_type = response.headers["Content-Type"]
    assert list(told) == [media_type]
    part = told[media_type]["schema"]
    if response.status_code < 400:
        check(response.json(), part)
    else:  # some codes bring members of their own
        jsonschema.validate(response.json(), {**part, "components": schema()["components"]})


def check_body(body, path):
    content = schema()["paths"][path]["post"]["requestBody"]["content"]
    check(body, content["application/json"]["schema"])


@pytest.mark.django_db
class TestAnswers:
    def test_agents_calls(self, agent_api, acme, lead):
        body = {"partnerId": acme.pk, "lead": DRAFT, "consent": CONSENT}
        check_body(body, "/api/share-lead")
        check_answer(agent_api.post("/api/share-lead", body), "/api/share-lead")
        shared = agent_api.post("/api/share-lead", {"leadId": lead.pk, "partnerId": acme.pk})
        check_answer(shared, "/api/share-lead")
        again = agent_api.post("/api/share-lead", {"leadId": lead.pk, "partnerId": acme.pk})
        check_answer(again, "/api/share-lead")
        check_answer(agent_api.post("/api/share-lead", {}), "/api/share-lead")
        body = {"leadId": shared.json()["data"]["shareId"], "consent": {"shareBudget": True}}
        check_body(body, "/api/share-preferences")
        check_answer(agent_api.post("/api/share-preferences", body), "/api/share-preferences")
        body = {"lead": DRAFT, "clientConsent": CONSENT}
        check_body(body, "/api/leads")
        check_answer(agent_api.post("/api/leads", body), "/api/leads")

    def test_an_appointment(self, agent_api, share):
        body = appointment_body(share)
        check_body(body, "/api/share-appointment")
        check_answer(agent_api.post("/api/share-appointment", body), "/api/share-appointment")

    def test_partners_calls(self, agent_api, acme_api, share):
        wide = {"leadId": share.pk, "consent": {"shareContact": True, "shareBudget": True}}
        agent_api.post("/api/share-preferences", wide)
        self.read_all(acme_api, share)
        accept = {"leadId": share.pk, "status": "accepted"}
        closing = {"leadId": share.pk, "status": "closed", "agreementValue": "100.50"}
        for body in (accept, closing):
            check_body(body, "/api/partner-update")
            check_answer(acme_api.post("/api/partner-update", body), "/api/partner-update")
        self.read_all(acme_api, share)
        endpoint = acme_api.post("/api/webhook-endpoints", {"url": "https://partner.example/hook"})
        check_answer(endpoint, "/api/webhook-endpoints")
        verify = f"/api/webhook-endpoints/{endpoint.json()['data']['id']}/verify"
        check_answer(acme_api.post(verify), "/api/webhook-endpoints/{endpoint}/verify")
        check_answer(acme_api.get("/api/webhook-endpoints"), "/api/webhook-endpoints", "get")

    def read_all(self, api, share):
        for path in ("partner", "leads", "commissions", "metrics"):
            check_answer(api.get(f"/api/{path}"), f"/api/{path}", "get")
        check_answer(api.get(f"/api/leads/{share.pk}"), "/api/leads/{reference}", "get")

    def test_webhooks(self, acme_api, agent_api, dana, acme, rival):
        acme_api.post("/api/webhook-endpoints", {"url": "https://partner.example/hook"})
        acme.endpoints.update(verified_at=acme.created_at)
        shared, withdrawn = (
            share_lead(actor=dana, partner_id=acme.pk, lead_id=LeadFactory.create().pk)
            for _number in range(2)
        )
        elsewhere = share_lead(actor=dana, partner_id=rival.pk, lead_id=withdrawn.lead_id)
        agent_api.post(
            "/api/share-preferences", {"leadId": shared.pk, "consent": {"shareBudget": True}}
        )
        appointment = appointment_body(shared)
        agent_api.post("/api/share-appointment", appointment)
        agent_api.post("/api/share-appointment", appointment)
        closing = {"status": "closed", "agreementValue": 100}
        for reference in (shared.pk, elsewhere.pk):
            agent_api.post("/api/partner-update", {"leadId": reference, "status": "accepted"})
            agent_api.post("/api/partner-update", {"leadId": reference, **closing})

        deliveries = list(Delivery.objects.filter(channel="webhook"))
        for delivery in deliveries:
            data = build(delivery.type, [delivery])[delivery.pk]
            if data is None:  # what was withdrawn meanwhile is not told any more
                continue
            told = schema()["webhooks"][delivery.type]["post"]["requestBody"]["content"]
            body = {
                "type": delivery.type,
                "timestamp": "2026-11-22T10:00:00Z",
                "data": data,
            }
            check(body, told["application/json"]["schema"])
        assert {delivery.type for delivery in deliveries} == {
            "webhook.verify",
            "lead.shared",
            "lead.updated",
            "lead.consent_updated",
            "appointment.shared",
            "appointment.updated",
            "commission.recorded",
        }


class TestDescription:
    def test_is_openapi_3_1(self):
        assert schema()["openapi"].startswith("3.1")
        assert set(schema()["webhooks"]) == {*TYPES, "webhook.verify", "webhook.test"}

    def test_names_every_address(self):
        described = {path.removeprefix("/api/") for path in schema()["paths"]}
        api = next(entry for entry in get_resolver().url_patterns if "api/" in str(entry.pattern))
        routes = {
            str(pattern.pattern)
            .replace("<str:", "{")
            .replace("<endpoint:", "{")
            .replace("<delivery:", "{")
            .replace(">", "}")
            for pattern in flat(api.url_patterns)
        }

        assert routes - {"docs/", "schema/", ""} == described

    def test_examples_are_what_it_says(self):
        for item in (*schema()["paths"].values(), *schema()["webhooks"].values()):
            for operation in item.values():
                for content in contents_of(operation):
                    for example in content.get("examples", {}).values():
                        check(example["value"], content["schema"])

    def test_every_call_and_message_has_an_example(self):
        for address, method, operation in operations():
            body = operation.get("requestBody", {})
            good = next(s for s in operation["responses"] if s.startswith("2"))
            wanted = [operation["responses"][good]] + ([body] if body.get("required") else [])
            for part in wanted:
                for content in part.get("content", {}).values():
                    assert content.get("examples"), f"{method} {address}"
        for name, item in schema()["webhooks"].items():
            for content in item["post"]["requestBody"]["content"].values():
                assert content.get("examples"), name

    def test_every_refusal_names_its_codes_and_each_is_explained(self):
        explained = {(status, code) for status, code, _words in CODES}
        for address, method, operation in operations():
            for status, answer in operation["responses"].items():
                if status.startswith("2"):
                    continue
                named = re.findall(r"`(\w+)`", answer["description"])
                assert named, f"{method} {address} {status}"
                assert {(int(status), code) for code in named} <= explained

    def test_it_is_made_without_a_warning(self, capsys):
        description.cache_clear()
        description()
        assert capsys.readouterr().err == ""


def operations():
    for address, item in schema()["paths"].items():
        for method, operation in item.items():
            yield address, method, operation


def flat(patterns):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern
        elif str(pattern.pattern) != "v1/":
            yield from flat(pattern.url_patterns)


def contents_of(operation):
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for response in operation["responses"].values():
        yield from response.get("content", {}).values()


@pytest.mark.django_db
class TestPages:
    def test_both_are_open_and_say_the_same(self, client):
        response = client.get("/api/schema/")
        page = client.get("/api/docs/").content.decode()

        assert response.json()["info"]["title"]
        for path in response.json()["paths"]:
            assert path in page
        for code in ("capacity_reached", "rate_limited", "malformed"):
            assert f'id="{code}"' in page
        assert "<script>" not in page
        assert " style=" not in page
