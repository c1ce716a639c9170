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
COMMISSION: dict[str, Any] = {
    "id": BOOKED["commission"]["id"],
    "leadId": SHARE_ID,
    "agreementValue": 5000000,
    "commissionPercent": 15,
    "commissionAmount": 750000,
    "currency": "AED",
    "direction": "platform_pays_partner",
    "status": "pending",
    "timestamp": AT,
}
COMMISSION_TOLD: dict[str, Any] = {"leadId": SHARE_ID, "version": 5, "commission": COMMISSION}
PARTNER_SHOWN: dict[str, Any] = {
    "id": PARTNER,
    "name": "Acme Channel Partners",
    "type": "channel",
    "market": "uae",
    "status": "active",
    "capacity": 50,
    "activeLeads": 30,
    "defaultCommission": 15,
    "contactEmail": "leads@acme.example",
    "contactPhone": "+971500000001",
    "callbackUrl": "https://hooks.acme.example/portal",
    "revenue": [
        {
            name: COMMISSION[name]
            for name in (
                "id", "leadId", "agreementValue", "commissionPercent", "commissionAmount",
                "timestamp",
            )
        }
    ],
    "createdAt": AT,
    "updatedAt": AT,
}  # fmt: skip
# As docs/api.md reckons them: rates of what was received, accepted and closed.
METRICS: dict[str, Any] = {
    "received": 150,
    "accepted": 120,
    "closed": 45,
    "rejected": 20,
    "inProgress": 28,
    "activeLeads": 30,
    "capacity": 50,
    "capacityUsed": 60,
    "acceptanceRate": 80,
    "conversionRate": 37.5,
    "closureRate": 30,
    "revenue": {"AED": 225000000},
    "commission": {"AED": 33750000},
    "avgDealSize": {"AED": 5000000},
    "avgCommission": {"AED": 750000},
    "avgCommissionPercent": 15,
    "avgResponseTime": 9000,
    "avgTimeToClose": 1555200,
}
