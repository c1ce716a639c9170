"""Malformed bodies: each gets its 4xx problem and changes no table."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection
from django.test import RequestFactory

from leads.models import Lead, Share
from portal.lib.parsing import TooLarge, read_body
from portal.tests.test_api_calls import refused

pytestmark = pytest.mark.django_db

SHARE = "/api/share-lead"
PREFERENCES = "/api/share-preferences"
UPDATE = "/api/partner-update"
APPOINTMENT = "/api/share-appointment"
CAPTURE = "/api/leads"
ENDPOINTS = "/api/webhook-endpoints"
POSTS = (SHARE, PREFERENCES, UPDATE, APPOINTMENT, CAPTURE, ENDPOINTS)

# Whatever the address, these bytes are no body: (name, bytes, status).
NO_BODIES = [
    ("empty", b"", 400),
    ("cut off", b'{"leadId": "lead', 400),
    ("a list", b"[]", 400),
    ("a string", b'"x"', 400),
    ("null", b"null", 400),
    ("not utf-8", b'{"leadId": "\xff"}', 400),
    ("doubled", b'{"partnerId": "a", "partnerId": "b"}', 400),
    ("too deep", b'{"lead":' * 30_000, 400),
    ("NaN", b'{"agreementValue": NaN}', 400),
    ("a very long number", b'{"agreementValue": ' + b"1" * 5000 + b"}", 400),
    ("a NUL", b'{"leadId": "\\u0000"}', 400),
    ("half a character", b'{"leadId": "\\ud800"}', 400),
    ("an unknown field", b'{"isStaff": true}', 400),
    ("prototype", b'{"__proto__": {"role": "admin"}}', 400),
    ("too long", b'{"notes": "' + b"x" * 270_000 + b'"}', 413),
]

MISSING = object()


def changed(base: Any, path: str, value: Any) -> Any:
    """Return a copy of BASE with VALUE at PATH, such as `lead.budget.min`."""
    copy = json.loads(json.dumps(base))
    *parents, last = path.split(".")
    place = copy
    for name in parents:
        place = place.setdefault(name, {})
    if value is MISSING:
        place.pop(last, None)
    else:
        place[last] = value
    return copy


# (address, where, what): the body is good but for this.
ROWS: list[tuple[str, str, Any]] = [
    *((SHARE, "partnerId", wrong) for wrong in (MISSING, None, 7, True, ["a"], {"id": "a"})),
    *((SHARE, "leadId", wrong) for wrong in (MISSING, None, 7, [])),
    (SHARE, "lead", "text"),
    (SHARE, "lead", []),
    (SHARE, "partnerName", 5),
    (SHARE, "partnerName", ""),
    (SHARE, "callbackUrl", {"url": "x"}),
    (SHARE, "consent", "yes"),
    (SHARE, "consent", []),
    (SHARE, "consent", None),
    *((SHARE, "consent.shareContact", wrong) for wrong in ("true", 1, 0, None, "on", [])),
    (SHARE, "consent.shareScore", True),
    (SHARE, "consentMethod", "telepathy"),
    (SHARE, "consentMethod", 3),
    *(
        (SHARE, name, "x")
        for name in ("id", "status", "partner", "commissionPercent", "capacity", "role", "score")
    ),
    (PREFERENCES, "leadId", MISSING),
    (PREFERENCES, "consent", MISSING),
    (PREFERENCES, "consent", True),
    (PREFERENCES, "consent.shareBudget", "no"),
    (PREFERENCES, "updatedAt", "2026-01-01T00:00:00Z"),
    (UPDATE, "leadId", MISSING),
    (UPDATE, "leadId", 1.5),
    (UPDATE, "partnerId", []),
    *((UPDATE, "status", wrong) for wrong in (MISSING, "withdrawn", "CLOSED", 1, None, ["closed"])),
    *(
        (UPDATE, "agreementValue", wrong)
        for wrong in (
            MISSING, 0, -1, "0", "-5", "+5", True, None, [5], {}, "", " 12 ", "1_000", "1,000",
            "５０００", "٣", "1E+5", "0x10", "1e3", "NaN", "Infinity", 1.234, "1.234", "1.", ".5",
            1_000_000_000_000, "1000000000000", 12345678901234567, "5 000", "5\n",
        )
    ),
    *((UPDATE, "commissionPercent", wrong) for wrong in (-1, "15%", 100.01, True, "1e1", 1.23456)),
    *((UPDATE, "currency", wrong) for wrong in ("aed", "XXX", "", 784, None)),
    *(
        (UPDATE, "closingDate", wrong)
        for wrong in ("2026-13-01", "22.11.2026", "2026-11-22T00:00:00Z", 20261122, True, None, "")
    ),
    (UPDATE, "notes", 5),
    (UPDATE, "notes", "x" * 4001),
    (UPDATE, "reason", "x" * 501),
    (UPDATE, "commissionAmount", 1),
    (APPOINTMENT, "partner", MISSING),
    (APPOINTMENT, "partner.status", "gone"),
    (APPOINTMENT, "payload", "x"),
    (APPOINTMENT, "payload.leadId", MISSING),
    (APPOINTMENT, "payload.lead", 5),
    (APPOINTMENT, "payload.appointment", MISSING),
    (APPOINTMENT, "payload.appointment.id", 7),
    (APPOINTMENT, "payload.appointment.id", "x" * 65),
    *(
        (APPOINTMENT, "payload.appointment.date", wrong)
        for wrong in (
            MISSING, "tomorrow", "2026-12-28", "2026-12-28T14:00:00", "2026-13-28T14:00:00Z",
            "2026-02-30T14:00:00Z", "0001-01-01T00:00:00+14:00", 1798466400, None,
        )
    ),
    (APPOINTMENT, "payload.appointment.type", "party"),
    (APPOINTMENT, "payload.appointment.place", "moon"),
    (APPOINTMENT, "payload.appointment.location", ""),
    (APPOINTMENT, "payload.appointment.location", "x" * 301),
    (CAPTURE, "lead", MISSING),
    (CAPTURE, "lead", None),
    (CAPTURE, "market", "mars"),
    (CAPTURE, "lead.score", 99),
    (CAPTURE, "lead.notes", "x"),
    (CAPTURE, "lead.customerInfo.email", "no address"),
    (CAPTURE, "lead.customerInfo.name", 5),
    (CAPTURE, "lead.customerInfo.nationality", "x"),
    *((CAPTURE, "lead.budget", wrong) for wrong in (-1, "a lot", True, [], 1e13)),
    (CAPTURE, "lead.budget.min", 500),
    (CAPTURE, "lead.budget.currency", "XXX"),
    (CAPTURE, "lead.budget.financing", "gift"),
    (CAPTURE, "lead.preferences.bedroomsMin", 1.5),
    (CAPTURE, "lead.preferences.bedroomsMin", 1000),
    (CAPTURE, "lead.preferences.locations", "Dubai"),
    (CAPTURE, "lead.preferences.locations", [1]),
    (CAPTURE, "lead.preferences.locations", ["x"] * 51),
    (CAPTURE, "lead.preferences.services", ["gardening"]),
    (CAPTURE, "lead.preferences.completion", "soon"),
    (CAPTURE, "lead.region", "Dubai"),
    (CAPTURE, "clientConsent.method", "guess"),
    (CAPTURE, "clientConsent.method", "page"),
    (CAPTURE, "clientConsent.shareContact", "yes"),
    (ENDPOINTS, "url", MISSING),
    (ENDPOINTS, "url", 5),
    (ENDPOINTS, "eventTypes", "lead.shared"),
    (ENDPOINTS, "eventTypes", ["lead.everything"]),
    (ENDPOINTS, "secret", "whsec_mine"),
]  # fmt: skip


@pytest.fixture
def good(lead: Lead, share: Share) -> dict[str, Any]:
    """Return a body per address that would be accepted, or refused by a rule only."""
    pair = {"partnerId": share.partner_id, "leadId": share.pk}
    appointment = {"date": "2026-12-28T14:00:00Z", "location": "Gate", "type": "viewing"}
    return {
        SHARE: {"leadId": lead.pk, "partnerId": share.partner_id},
        PREFERENCES: {**pair, "consent": {"shareBudget": True}},
        UPDATE: {**pair, "status": "closed", "agreementValue": 100},
        APPOINTMENT: {
            "partner": {"partnerId": share.partner_id},
            "payload": {**pair, "appointment": appointment},
        },
        CAPTURE: {"lead": {"budget": {"max": 100}, "customerInfo": {"name": "Layla"}}},
        ENDPOINTS: {"url": "https://partner.example/hook"},
    }


def contents() -> dict[str, Any]:
    """Return every row of every table of ours, as text."""
    found = {}
    with connection.cursor() as cursor:
        for app in ("events", "partners", "leads", "commissions"):
            for model in apps.get_app_config(app).get_models():
                table = connection.ops.quote_name(model._meta.db_table)
                cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
                found[table] = cursor.fetchall()
    return found


@pytest.fixture
def caller_of(agent_api, acme_api):
    return {path: acme_api if path in (UPDATE, ENDPOINTS) else agent_api for path in POSTS}


def test_there_are_at_least_sixty_rows():
    assert len(ROWS) >= 60


def test_too_long_a_number_is_told_so(acme_api, good):
    body = {**good[UPDATE], "agreementValue": "1000000000000.00"}
    [error] = refused(acme_api.post(UPDATE, body), 400, "malformed")["errors"]
    assert error["pointer"] == "#/agreementValue"
    assert error["detail"] == "At most 12 digits before the point."


@pytest.mark.parametrize("path", POSTS)
def test_what_is_no_body(path, caller_of, good):
    before = contents()
    for name, body, status in NO_BODIES:
        response = caller_of[path].post(path, body, Idempotency_Key="no-body")

        code = "too_large" if status == 413 else "malformed"
        problem = refused(response, status, code)
        assert status == 413 or problem["errors"], name
    assert contents() == before


@pytest.mark.parametrize("path", POSTS)
def test_one_thing_wrong(path, caller_of, good):
    before = contents()
    for row_path, where, value in ROWS:
        if row_path != path:
            continue
        response = caller_of[path].post(path, changed(good[path], where, value))

        assert response.status_code == 400, (where, value, response.content)
        problem = refused(response, 400, "malformed")
        pointers = [entry["pointer"] for entry in problem["errors"]]
        assert all(pointer.startswith("#/") for pointer in pointers), (where, value, pointers)
        assert any(where.split(".")[0] in pointer for pointer in pointers), (where, pointers)
    assert contents() == before


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/vnd.api+json",
    ],
)
def test_other_media_types(path, content_type, caller_of, good):
    before = contents()

    response = caller_of[path].post(path, good[path], content_type=content_type)

    refused(response, 415, "unsupported_media_type")
    assert "in UTF-8, not compressed" in response.json()["detail"]
    assert contents() == before


def test_a_compressed_body(agent_api, good):
    response = agent_api.post(SHARE, b"\x1f\x8b\x08\x00", Content_Encoding="gzip")

    refused(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("length", [10, 300_000])
def test_a_body_sent_in_chunks_is_read_and_limited(length):
    """A server that ends the stream itself gives no length; Django alone would read nothing."""
    request = RequestFactory().post(SHARE, content_type="application/json")
    del request.META["CONTENT_LENGTH"]
    request.META |= {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
        "wsgi.input": BytesIO(b"x" * length),
    }

    if length <= django_settings.API_MAX_BODY:
        assert read_body(request) == b"x" * length
    else:
        with pytest.raises(TooLarge):
            read_body(request)


def test_the_good_bodies_are_good(caller_of, good, share):
    share.status = "accepted"
    share.accepted_at = share.shared_at
    share.save()
    answers = {path: caller_of[path].post(path, good[path]).status_code for path in POSTS}

    assert answers == {**dict.fromkeys(POSTS, 200), SHARE: 409, APPOINTMENT: 409, PREFERENCES: 200}
