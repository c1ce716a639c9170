"""A receipt proves a decision to anybody, and holds nothing of the client."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.test import Client
from jwt.api_jws import PyJWS

from events.models import Delivery, Event
from leads import notices, receipts, services
from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import ConsentDecision, Lead, Receipt
from leads.services import Wish, decide
from leads.services.capture import record_client_decisions, told
from leads.services.resolving import lock_lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib import ids, signatures

pytestmark = pytest.mark.django_db
CANARIES = ("Zenobia", "canary.example", "971500099999", "Al Qasba", "saffron")


@pytest.fixture
def lead(dana: User) -> Lead:
    return LeadFactory.create(
        agent=dana,
        name="Zenobia Canary",
        email="zenobia@canary.example",
        phone="+971500099999",
        location="Al Qasba",
        project="saffron",
    )


def decided(lead: Lead, groups: Groups) -> Receipt:
    """Decide as the client does on our form; return the receipt for it."""
    shown = told(notices.current("uae", notices.FORM))
    record_client_decisions(ClientActor(lead.pk), lead, groups, method="form", told=shown)
    receipt = receipts.issue(lock_lead(lead.pk))
    assert receipt is not None
    return receipt


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def padless(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def checked(jws: str, keys: dict[str, Any]) -> dict[str, Any]:
    """Check JWS as a stranger would, with nothing of ours but the published keys."""
    head, payload, signature = jws.split(".")
    wanted = json.loads(unpadded(head))["kid"]
    key = next(key for key in keys["keys"] if key["kid"] == wanted)
    public = Ed25519PublicKey.from_public_bytes(unpadded(key["x"]))
    public.verify(unpadded(signature), f"{head}.{payload}".encode())
    body: dict[str, Any] = json.loads(unpadded(payload))
    return body


def forged(jws: str) -> str:
    """Return JWS with one decision turned round."""
    head, payload, signature = jws.split(".")
    changed = json.loads(unpadded(payload))
    changed["records"][0]["event"]["event_state"] = "given"
    return f"{head}.{padless(signatures.canonical(changed))}.{signature}"


class TestSignature:
    def test_a_stranger_checks_a_receipt_with_the_published_keys(
        self, client: Client, lead: Lead
    ) -> None:
        receipt = decided(lead, Groups(False, True, True))
        answer = client.get("/.well-known/jwks.json")

        assert checked(receipt.jws, answer.json()) == receipt.body == receipts.verify(receipt.jws)
        assert all("d" not in key for key in answer.json()["keys"])
        assert "max-age" in answer["Cache-Control"]

    def test_the_lines_in_our_documentation_check_one(
        self, client: Client, lead: Lead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        receipt = decided(lead, Groups.everything())
        (tmp_path / "receipt.json").write_text(json.dumps(receipts.as_file(receipt)))
        words = (Path(configured.BASE_DIR) / "docs" / "client-export.md").read_text()
        lines = words.split("```python")[1].split("```")[0]
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(
            "urllib.request.urlopen",
            lambda url: io.BytesIO(client.get(urlsplit(url).path).content),
        )

        exec(lines, {})  # noqa: S102 - our own, and the point of the test

    def test_a_receipt_that_was_tampered_with_is_found_out(
        self, client: Client, lead: Lead
    ) -> None:
        jws = forged(decided(lead, Groups(False, True, True)).jws)
        keys = client.get("/.well-known/jwks.json").json()

        with pytest.raises(InvalidSignature):
            checked(jws, keys)
        with pytest.raises(signatures.BadSignature):
            receipts.verify(jws)

    @pytest.mark.parametrize("jws", ["", "a.b", "a.b.c", "é.é.é"])
    def test_what_is_no_jws_is_no_receipt(self, jws: str) -> None:
        with pytest.raises(signatures.BadSignature):
            receipts.verify(jws)

    def test_an_unsigned_one_is_refused(self, lead: Lead) -> None:
        receipt = decided(lead, Groups.everything())
        headers = {"kid": receipt.key_id, "typ": receipts.TYP}
        unsigned = PyJWS().encode(
            signatures.canonical(receipt.body), "", algorithm="none", headers=headers
        )

        with pytest.raises(signatures.BadSignature):
            receipts.verify(unsigned)

    def test_what_we_signed_as_something_else_is_no_receipt(self) -> None:
        signed = signatures.sign(b"{}", typ="statement+jws")

        with pytest.raises(signatures.BadSignature):
            receipts.verify(signed.jws)

    def test_an_old_receipt_is_checked_after_the_key_was_changed(
        self, lead: Lead, settings: Any
    ) -> None:
        old = decided(lead, Groups.everything())
        settings.RECEIPT_SIGNING_KEYS = [padless(b"n" * 32), signatures.DERIVED]
        new = decided(lead, Groups.none())

        assert old.key_id != new.key_id
        assert receipts.verify(old.jws) == old.body
        assert receipts.verify(new.jws) == new.body
        settings.RECEIPT_SIGNING_KEYS = [padless(b"n" * 32)]
        with pytest.raises(signatures.BadSignature):
            receipts.verify(old.jws)

    def test_a_seed_of_another_length_stops_the_portal(self, settings: Any) -> None:
        settings.RECEIPT_SIGNING_KEYS = [padless(b"short")]

        with pytest.raises(ImproperlyConfigured):
            signatures.public_keys()


class TestWhatIsCovered:
    def test_every_grant_change_and_withdrawal_has_its_receipt(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        me = ClientActor(lead.pk)
        decided(lead, Groups(False, True, True))
        services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        decide(actor=me, lead_id=lead.pk, wishes=[Wish("contact", given=True)])
        decide(actor=me, lead_id=lead.pk, wishes=[Wish("budget", given=False)])
        decide(
            actor=me,
            lead_id=lead.pk,
            wishes=[Wish("budget", given=True), Wish("contact", given=False, partner_id=acme.pk)],
        )

        issued = list(lead.receipts.order_by("issued_at"))
        kinds = [receipt.body["kind"] for receipt in issued]
        assert kinds == ["changed", "given", "withdrawn", "changed"]
        covered = list(chain.from_iterable(receipt.decisions for receipt in issued))
        assert len(covered) == len(set(covered))
        assert set(covered) == set(lead.decisions.values_list("pk", flat=True))

    def test_nothing_new_decided_is_nothing_issued(self, lead: Lead) -> None:
        decided(lead, Groups.everything())

        assert receipts.issue(lock_lead(lead.pk)) is None
        assert Delivery.objects.filter(type="client_receipt").count() == 1

    def test_the_record_holds_what_the_standard_asks_for(self, acme: Partner, lead: Lead) -> None:
        decided(lead, Groups.none())
        shown = notices.current("uae")
        decide(
            actor=ClientActor(lead.pk),
            lead_id=lead.pk,
            wishes=[Wish("contact", given=True)],
            notice=notices.remember(shown),
        )
        newest = lead.receipts.first()
        assert newest is not None
        (record,) = newest.body["records"]

        assert record["privacy_notice"]["text_sha256"] == shown.sha256
        assert record["pii_information"] == [
            {"group": "contact", "fields": ["email", "location", "name", "phone"]}
        ]
        assert record["event"]["event_state"] == "given"
        assert record["event"]["entity_id"] == record["pii_principal_id"] == lead.pk
        assert {
            "record_id", "schema_version", "purpose", "pii_controllers", "collection_method",
            "storage_locations", "processing_locations", "retention_period",
            "recipient_third_parties", "withdrawal_method", "jurisdiction", "privacy_rights",
        } <= set(record)  # fmt: skip

    def test_what_an_agent_attests_names_the_partner(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        services.share_lead(
            actor=dana, partner_id=acme.pk, lead_id=lead.pk, method="call", note="said Zenobia"
        )
        receipt = receipts.issue(lock_lead(lead.pk))
        assert receipt is not None

        for record in receipt.body["records"]:
            assert record["recipient_third_parties"] == [
                {"partner_id": acme.pk, "legal_name": "Acme Channel Partners", "country": "AE"}
            ]
            assert record["event"]["stated_by"] == "agent"
            assert record["collection_method"] == "call"


class TestSweep:
    def test_attestations_nobody_was_written_about_get_their_receipts(
        self, dana: User, acme: Partner, rival: Partner, lead: Lead
    ) -> None:
        Lead.objects.filter(pk=lead.pk).update(email="")
        for partner in (acme, rival):
            services.share_lead(actor=dana, partner_id=partner.pk, lead_id=lead.pk)
        assert services.issue_receipts() == []  # a notice of the share may still be under way

        with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=11)):
            issued = services.issue_receipts()
            assert services.issue_receipts() == []

        assert [receipt.lead_id for receipt in issued] == [lead.pk]
        assert len(issued[0].decisions) == 4
        assert not Delivery.objects.filter(type="client_receipt").exists()


def test_ids_begin_with_their_time() -> None:
    now = dt.datetime.now(dt.UTC)
    second = dt.timedelta(seconds=1)

    assert ids.uuid7_floor(now - second) < ids.uuid7() < ids.uuid7_floor(now + second)


class TestKept:
    def test_a_receipt_holds_nothing_of_the_client(
        self, dana: User, acme: Partner, lead: Lead
    ) -> None:
        services.share_lead(
            actor=dana, partner_id=acme.pk, lead_id=lead.pk, method="call", note="said Zenobia"
        )
        receipt = decided(lead, Groups.everything())
        event = Event.objects.get(kind=Event.Kind.RECEIPT_ISSUED)
        mail = Delivery.objects.get(type="client_receipt")

        payload = unpadded(receipt.jws.split(".")[1]).decode()
        for text in (json.dumps(receipt.body), payload, json.dumps(event.data)):
            assert not [canary for canary in CANARIES if canary in text]
        assert mail.refs == {"receipt": receipt.pk}
        assert mail.partner_id is None

    def test_a_receipt_outlives_the_client(self, dana: User, lead: Lead) -> None:
        receipt = decided(lead, Groups.everything())
        services.ask_erasure(actor=ClientActor(lead.pk), lead_id=lead.pk)
        lead.refresh_from_db()
        kept = Receipt.objects.get(pk=receipt.pk)

        assert lead.erased_at is not None
        assert receipts.verify(kept.jws) == kept.body == receipt.body

    @pytest.mark.parametrize("change", ["UPDATE {} SET key_id = ''", "DELETE FROM {}"])
    def test_the_database_lets_nobody_change_it(self, lead: Lead, change: str) -> None:

        decided(lead, Groups.everything())
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change.format("leads_receipt"))

    def test_states_of_one_kind_name_the_receipt(self) -> None:
        given, refused = (ConsentDecision(state=state) for state in ("given", "refused"))

        assert receipts.kind_of([given]) == "given"
        assert receipts.kind_of([refused]) == "refused"
        assert receipts.kind_of([given, refused]) == "changed"
