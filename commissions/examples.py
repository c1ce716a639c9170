"""Invented calls and answers for the API's description."""

from typing import Any

from leads.examples import AT, PARTNER, SHARE_ID

UPDATE: dict[str, Any] = {
    "leadId": SHARE_ID,
    "partnerId": PARTNER,
    "status": "closed",
    "agreementValue": 5000000,
    "commissionPercent": 15,
    "currency": "AED",
    "notes": "Successfully closed",
}
UPDATED: dict[str, Any] = {
    "leadId": SHARE_ID,
    "partnerId": PARTNER,
    "status": "closed",
    "updatedAt": AT,
}
BOOKED: dict[str, Any] = {
    "commission": {
        "id": "rev_01jd8v2m5vexample0000000003",
        "commissionAmount": 750000,
        "commissionPercent": 15,
        "agreementValue": 5000000,
        "currency": "AED",
        "direction": "platform_pays_partner",
        "recorded": True,
        "status": "pending",
        "claimDiffers": False,
    }
}
