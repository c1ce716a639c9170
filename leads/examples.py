"""Invented calls and answers for the API's description."""

from typing import Any

LEAD = "lead_01jd8v2m5vexample0000000000"
PARTNER = "partner_01jd8v2m5vexample0000000001"
SHARE_ID = "share_5h2k9q0000example0000000000"
AT = "2026-11-22T10:00:00.000Z"

SHARE: dict[str, Any] = {
    "leadId": LEAD,
    "partnerId": PARTNER,
    "partnerName": "Acme Channel Partners",
    "consent": {"shareContact": False, "shareBudget": True, "shareRequirements": True},
    "consentMethod": "call",
}
SHARED: dict[str, Any] = {
    "leadId": LEAD,
    "partnerId": PARTNER,
    "shareId": SHARE_ID,
    "status": "sent",
    "sharedAt": AT,
    "consent": {"shareContact": False, "shareBudget": True, "shareRequirements": True},
    "withheld": {},
}
PREFERENCES: dict[str, Any] = {
    "leadId": LEAD,
    "partnerId": PARTNER,
    "consent": {"shareContact": True, "shareBudget": True, "shareRequirements": True},
    "consentMethod": "message",
}
PREFERENCES_CHANGED: dict[str, Any] = {
    "leadId": LEAD,
    "partnerId": PARTNER,
    "consent": {"shareContact": False, "shareBudget": True, "shareRequirements": True},
    "withheld": {"shareContact": "refused by the client"},
    "updatedAt": AT,
}
APPOINTMENT: dict[str, Any] = {
    "partner": {"partnerId": PARTNER, "status": "accepted"},
    "payload": {
        "partnerId": PARTNER,
        "leadId": SHARE_ID,
        "appointment": {
            "id": "appt_abc",
            "date": "2026-12-28T14:00:00Z",
            "location": "Property site",
            "type": "viewing",
        },
    },
}
APPOINTED: dict[str, Any] = {
    "appointmentId": "appt_01jd8v2m5vexample0000000002",
    "leadId": SHARE_ID,
    "partnerId": PARTNER,
    "sharedAt": AT,
}
CAPTURE: dict[str, Any] = {
    "market": "uae",
    "lead": {
        "customerInfo": {"name": "Layla Fiktiva", "email": "layla.f@example.com"},
        "budget": {"min": 1800000, "max": 2200000, "currency": "AED", "financing": "mortgage"},
        "preferences": {"propertyType": "apartment", "bedroomsMin": 2, "intent": "buy"},
    },
    "clientConsent": {"shareContact": False, "shareBudget": True, "shareRequirements": True},
}
CAPTURED: dict[str, Any] = {"leadId": LEAD, "market": "uae", "createdAt": AT}
ATTEST: dict[str, Any] = {
    "outcome": "retained",
    "reason": "Invoices of the closed deal are kept as the tax law demands.",
}
ATTESTED: dict[str, Any] = {
    "leadId": SHARE_ID,
    "partnerId": PARTNER,
    "outcome": "retained",
    "attestedAt": AT,
    "groups": ["contact"],
}
REQUEST_MORE: dict[str, Any] = {
    "group": "contact",
    "reason": "To agree on a time for the viewing the client asked for.",
}
REQUESTED: dict[str, Any] = {
    "requestId": "more_6xq2k9v0d3exampleexample01",
    "group": "contact",
    "status": "asked",
}
DISCLOSED: dict[str, Any] = {
    "leadId": SHARE_ID,
    "market": "uae",
    "currency": "AED",
    "sharedAt": AT,
    "budget": 2200000,
    "budgetDetails": {"min": 1800000, "max": 2200000, "currency": "AED", "financing": "mortgage"},
    "preferences": {"propertyType": "apartment", "bedroomsMin": 2, "intent": "buy"},
}
LEAD_SHOWN: dict[str, Any] = {
    "leadId": SHARE_ID,
    "partnerId": PARTNER,
    "status": "accepted",
    "sharedAt": AT,
    "acceptedAt": "2026-11-22T10:42:00.000Z",
    "closedAt": None,
    "confirmedAt": None,
    "updatedAt": "2026-11-22T10:42:00.000Z",
    "consent": {"shareContact": False, "shareBudget": True, "shareRequirements": True},
    "lead": DISCLOSED,
}

# --- `data` of the messages we send ---------------------------------------------------------------
SHARED_TOLD: dict[str, Any] = {
    "leadId": SHARE_ID,
    "version": 1,
    "partnerId": PARTNER,
    "partnerName": "Acme Channel Partners",
    "status": "sent",
    "sharedAt": AT,
    "consent": {"shareContact": False, "shareBudget": True, "shareRequirements": True},
    "lead": DISCLOSED,
}
UPDATED_TOLD: dict[str, Any] = {
    "leadId": SHARE_ID,
    "version": 2,
    "status": "withdrawn",
    "reason": "The client chose another project.",
    "consent": {"shareContact": False, "shareBudget": False, "shareRequirements": False},
}
REVOKED_TOLD: dict[str, Any] = {
    "leadId": SHARE_ID,
    "version": 3,
    "status": "accepted",
    "consent": {"shareContact": False, "shareBudget": False, "shareRequirements": True},
    "withdrawn": ["budget"],
    "attestBy": "2026-11-29T10:00:00.000Z",
}
APPOINTMENT_TOLD: dict[str, Any] = {
    "leadId": SHARE_ID,
    "version": 4,
    "appointment": {
        "id": "appt_abc",
        "date": "2026-12-28T14:00:00.000Z",
        "type": "viewing",
        "place": "property",
        "location": "Property site",
    },
    "lead": DISCLOSED,
}
