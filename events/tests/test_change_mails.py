"""The partner's contact learns of every change of an endpoint, and of no secret."""

from __future__ import annotations

from datetime import timedelta

import pytest

from events import payloads, services
from events.models import Delivery, Endpoint
from portal.lib.access import THE_SYSTEM

pytestmark = pytest.mark.django_db
URL = "https://hook.partner.example/in?token=topsecret"
NEW_URL = "https://thief.example/in"


@pytest.fixture
def endpoint(acme, amira):
    acme.contact_email = "team@acme.example"
    acme.save()
    made = services.create_endpoint(actor=amira, url=URL)
    services.confirm_endpoint(actor=THE_SYSTEM, endpoint_id=made.pk, echoed=made.challenge)
    Delivery.objects.filter(channel="email").delete()
    return Endpoint.objects.get()


def told() -> list[str]:
    """Return the subjects of what waits, after looking for what must not be in it."""
    subjects = []
    for waiting in Delivery.objects.filter(type="endpoint_changed").order_by("id"):
        mail = payloads.build_mail(waiting.type, waiting.refs)
        assert mail is not None
        assert mail.to == "team@acme.example"
        assert "topsecret" not in mail.text + mail.subject
        assert "whsec_" not in mail.text
        subjects.append(mail.subject.partition(": ")[2])
    return subjects


CHANGES = {
    "changed": lambda **who: services.change_endpoint(thin=True, **who),
    "signing secret of": lambda **who: services.rotate_secret(overlap=timedelta(0), **who),
    "switched off": lambda **who: services.change_endpoint(enabled=False, **who),
    "removed": services.remove_endpoint,
    "changed ": services.make_signing_key,
}


@pytest.mark.parametrize("said", CHANGES)
def test_each_change_is_told_once(said, amira, endpoint):
    CHANGES[said](actor=amira, endpoint_id=endpoint.pk)
    [subject] = told()
    assert said.strip() in subject
    assert "hook.partner.example" in subject


def test_a_new_address_is_named_while_it_waits_and_when_it_took_over(amira, endpoint):
    services.change_endpoint(actor=amira, endpoint_id=endpoint.pk, url=NEW_URL)
    [waiting] = Delivery.objects.filter(type="endpoint_changed")
    mail = payloads.build_mail(waiting.type, waiting.refs)
    assert mail is not None
    assert "thief.example takes its place" in mail.text

    endpoint.refresh_from_db()
    services.confirm_endpoint(actor=THE_SYSTEM, endpoint_id=endpoint.pk, echoed=endpoint.challenge)
    assert "The webhook address thief.example was verified" in told()


def test_a_suspended_partner_gets_none(amira, acme, endpoint):
    services.change_endpoint(actor=amira, endpoint_id=endpoint.pk, thin=True)
    acme.status = "suspended"
    acme.save()
    [waiting] = Delivery.objects.filter(type="endpoint_changed")
    assert payloads.build_mail(waiting.type, waiting.refs) is None
