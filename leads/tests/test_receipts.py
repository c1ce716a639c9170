"""A receipt proves a decision to anybody, and holds nothing of the client."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.test import Client

from leads import notices, receipts
from leads.groups import Groups
from leads.models import Lead, Receipt
from leads.services.capture import record_client_decisions, told
from leads.services.resolving import lock_lead
from leads.tests.factories import LeadFactory
from partners.models import User
from portal.lib import signatures

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(
        agent=dana, name="Zenobia Canary", email="zenobia@canary.example", phone="+971500099999"
    )


def decided(dana: User, lead: Lead, groups: Groups) -> Receipt:
    record_client_decisions(
        dana, lead, groups, method="form", told=told(notices.current("uae", "form"))
    )
    receipt = receipts.issue(lock_lead(lead.pk))
    assert receipt is not None
    return receipt


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def checked(jws: str, keys: dict[str, Any]) -> dict[str, Any]:
    """Check JWS as a stranger would, with nothing of ours but the published keys."""
    head, payload, signature = jws.split(".")
    wanted = json.loads(unpadded(head))["kid"]
    key = next(key for key in keys["keys"] if key["kid"] == wanted)
    public = Ed25519PublicKey.from_public_bytes(unpadded(key["x"]))
    public.verify(unpadded(signature), f"{head}.{payload}".encode())
    body: dict[str, Any] = json.loads(unpadded(payload))
    return body


def test_a_stranger_checks_a_receipt_with_the_published_keys(
    client: Client, dana: User, lead: Lead
) -> None:
    receipt = decided(dana, lead, Groups(False, True, True))
    keys = client.get("/.well-known/jwks.json").json()

    assert checked(receipt.jws, keys) == receipt.body == receipts.verify(receipt.jws)
    assert all("d" not in key for key in keys["keys"])


def test_a_receipt_that_was_tampered_with_is_found_out(
    client: Client, dana: User, lead: Lead
) -> None:
    receipt = decided(dana, lead, Groups(False, True, True))
    head, payload, signature = receipt.jws.split(".")
    changed = json.loads(unpadded(payload))
    changed["records"][0]["event"]["event_state"] = "given"
    forged = base64.urlsafe_b64encode(signatures.canonical(changed)).rstrip(b"=").decode()

    with pytest.raises(signatures.BadSignature):
        receipts.verify(f"{head}.{forged}.{signature}")
    with pytest.raises(InvalidSignature):
        keys = client.get("/.well-known/jwks.json").json()
        checked(f"{head}.{forged}.{signature}", keys)
