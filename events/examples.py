"""Invented calls and answers for the API's description."""

from __future__ import annotations

from typing import Any

ENDPOINT: dict[str, Any] = {
    "id": "endpoint_01m82e99tnfrh8ge3g6gyzmf6a",
    "url": "https://partner.example/webhook",
    "verified": True,
    "enabled": True,
    "eventTypes": ["lead.revoked", "lead.shared"],
    "description": "CRM, live",
    "pendingUrl": None,
    "state": "working",
    "disabledReason": None,
    "payloadVersion": "1",
    "thin": False,
    "headerNames": ["Authorization"],
    "publicKey": None,
    "previousSecretUntil": None,
    "failingSince": None,
    "pausedUntil": None,
    "lastSentAt": "2026-11-22T10:00:01.250Z",
    "lastFailedAt": None,
    "createdAt": "2026-11-20T09:00:00.000Z",
}
NEW: dict[str, Any] = ENDPOINT | {
    "verified": False,
    "state": "unverified",
    "headerNames": [],
    "lastSentAt": None,
}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="  # noqa: S105 - an example
PUBLIC_KEY = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
DELIVERY: dict[str, Any] = {
    "id": "delivery_01m82f0v5te7m9dq4hs3n2kx8r",
    "webhookId": "msg_5tq3gkz1b8f2yadj7c9w4e6rxm",
    "type": "lead.shared",
    "leadId": "share_5w3pn08hjse9tbkv7d4c2g6yrq",
    "state": "pending",
    "trigger": "schedule",
    "happenedAt": "2026-11-22T10:00:00.000Z",
    "nextAttemptAt": "2026-11-22T10:05:06.110Z",
    "finishedAt": None,
    "error": "http_503",
    "attemptsMade": 1,
    "attempts": [
        {
            "number": 1,
            "trigger": "schedule",
            "startedAt": "2026-11-22T10:00:00.090Z",
            "durationMs": 212,
            "status": 503,
            "error": "http_503",
            "responseHead": "Down for maintenance",
        }
    ],
}
AGAIN: dict[str, Any] = DELIVERY | {
    "trigger": "resend",
    "nextAttemptAt": "2026-11-22T12:00:00.000Z",
}
TEST: dict[str, Any] = DELIVERY | {
    "type": "webhook.test",
    "leadId": None,
    "trigger": "test",
    "nextAttemptAt": "2026-11-22T12:00:00.000Z",
    "error": None,
    "attemptsMade": 0,
    "attempts": [],
}
STATS: dict[str, Any] = {
    "state": "working",
    "hours": 24,
    "attempts": 212,
    "succeeded": 211,
    "failed": 1,
    "successRate": 99.5,
    "p95Ms": 180,
    "waiting": 0,
    "oldestDueSeconds": 0,
}
RECOVERY = {"since": "2026-11-21T00:00:00.000Z", "recovered": 42}
