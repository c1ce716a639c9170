"""What webhooks and mails about leads say, and to whom they are still written."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from events.models import Delivery
from events.services import confirm_endpoint, create_endpoint
from leads import payloads, services
from leads.models import Share
from leads.scrub import REMOVED, scrub
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db
PHONE = "+971 50 123 4567"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Kabir,0501234567", f"Kabir,{REMOVED}"),
        ("See you.0501234567", f"See you.{REMOVED}"),
        ("up to 21,000,000", "up to 21,000,000"),
        ("licence A51800000001", "licence A51800000001"),
    ],
)
def test_a_number_is_found_behind_a_comma_and_an_amount_is_none(written: str, shown: str) -> None:
    assert scrub(written) == shown


@pytest.fixture
def share(dana: User, acme: Partner) -> Share:
    """A lead live with Acme, contact withheld."""
    acme.contact_email = "desk@acme.example"
    acme.save()
    return services.share_lead(actor=dana, partner_id=acme.pk, lead_id=LeadFactory.create().pk)


def about(share: Share, **refs: str) -> Delivery:
    return Delivery(refs={"share": share.pk, **refs})


def built(builder: Any, delivery: Delivery) -> dict[str, Any]:
    body = builder([delivery])[delivery.pk]
    assert body is not None
    return dict(body)


def test_the_place_of_a_viewing_names_no_number_while_contact_is_withheld(
    dana: User, acme: Partner, share: Share
) -> None:
    draft = services.AppointmentDraft(
        type="viewing", starts_at=timezone.now(), location=f"Marina gate, call {PHONE}"
    )
    made = services.share_appointment(
        actor=dana, partner_id=acme.pk, reference=share.pk, draft=draft
    )

    body = built(payloads.build_appointment, about(share, appointment=made.pk))

    assert body["appointment"]["location"] == f"Marina gate, call {REMOVED}"


def test_the_reason_of_an_end_names_no_number(dana: User, share: Share) -> None:
    services.withdraw_share(actor=dana, reference=share.pk, reason=f"The client said: {PHONE}")

    body = built(payloads.build_updated, about(share))

    assert body["reason"] == f"The client said: {REMOVED}"


@pytest.mark.parametrize("spelt", ["https://Acme.example:443", "https://acme.example/"])
def test_the_callback_may_be_spelt_as_it_was_registered(
    dana: User, acme: Partner, amira: User, spelt: str
) -> None:
    endpoint = create_endpoint(actor=amira, url="https://Acme.example:443")
    confirm_endpoint(actor=amira, endpoint_id=endpoint.pk, echoed=endpoint.challenge)

    share = services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=LeadFactory.create().pk, callback_url=spelt
    )

    assert share.endpoint_id == endpoint.pk


@pytest.mark.parametrize("builder", [payloads.mail_lead_shared, payloads.mail_appointment_shared])
def test_a_suspended_partner_gets_no_mail(builder: Any, acme: Partner, share: Share) -> None:
    assert builder({"share": share.pk}) is not None

    acme.status = Partner.Status.SUSPENDED
    acme.save()

    assert builder({"share": share.pk}) is None
