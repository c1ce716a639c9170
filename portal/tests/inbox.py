"""The partners' own systems in a test: take webhooks, and believe only what is signed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from standardwebhooks import Webhook

from events.tests.receiver import Got, Handler, Receiver
from portal.tests.visitors import Api

ARRIVES_WITHIN = 25.0  # seconds; the sweep comes every five


def _answer(handler: Handler, body: bytes) -> None:
    """Echo a challenge, take everything else."""
    message = json.loads(body)
    said = {"ok": True}
    if message["type"] == "webhook.verify":
        said = {"challenge": message["data"]["challenge"]}
    handler.answer(200, {"Content-Type": "application/json"}, json.dumps(said).encode())


@dataclass(frozen=True, slots=True)
class Arrival:
    """One webhook whose signature held."""

    id: str
    type: str
    timestamp: str
    data: dict[str, Any]
    text: str


class PartnerInbox:
    """One receiver for all partners, each with a path and a secret of its own."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._secrets: dict[str, str] = {}

    def url(self, name: str) -> str:
        return self._receiver.url(f"/hooks/{name}")

    def connect(self, name: str, api: Api) -> str:
        """Register the inbox of NAME by its partner's API, wait for its proof, return its id."""
        self._receiver.answers[f"/hooks/{name}"] = _answer
        made = api.post("/api/webhook-endpoints", {"url": self.url(name)}).data
        self._secrets[name] = made["secret"]
        assert made["secret"].startswith("whsec_")
        assert made["verified"] is False
        deadline = time.monotonic() + ARRIVES_WITHIN
        while not self._is_verified(api, made["id"]):
            assert time.monotonic() < deadline, "the endpoint was not verified"
            time.sleep(0.05)
        return str(made["id"])

    @staticmethod
    def _is_verified(api: Api, endpoint_id: str) -> bool:
        endpoints = api.get("/api/webhook-endpoints").data
        return any(entry["id"] == endpoint_id and entry["verified"] for entry in endpoints)

    def arrivals(self, name: str, type_: str = "") -> list[Arrival]:
        """Return what came for NAME, believed by the independent `standardwebhooks` package."""
        believed = [self._believe(name, got) for got in self._receiver.at(f"/hooks/{name}")]
        return [arrival for arrival in believed if type_ in ("", arrival.type)]

    def wait_for(self, name: str, type_: str, reference: str) -> Arrival:
        """Return the newest webhook of TYPE_ about the lead REFERENCE, once it is there."""
        deadline = time.monotonic() + ARRIVES_WITHIN
        while True:
            for arrival in reversed(self.arrivals(name, type_)):
                if arrival.data.get("leadId") == reference:
                    return arrival
            assert time.monotonic() < deadline, f"no {type_} for {name}"
            time.sleep(0.05)

    def _believe(self, name: str, got: Got) -> Arrival:
        message = Webhook(self._secrets[name]).verify(got.body, got.headers)
        assert set(message) == {"type", "timestamp", "data"}
        return Arrival(
            got.headers["webhook-id"],
            message["type"],
            message["timestamp"],
            message["data"],
            got.body.decode(),
        )
