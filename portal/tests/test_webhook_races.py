"""An endpoint asked for many things at once: no address or message twice, no limit passed."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db.models import Q
from django.utils import timezone

from events import payloads, services
from events.models import Delivery, Endpoint
from events.services import redelivery
from partners.models import Partner, User
from portal.tests.test_races import at_once, codes
from portal.tests.webhook_world import NEW_URL, URL, message

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_endpoints_never_wait_for_the_same_address(
    amira: User, acme: Partner, hook: Endpoint
) -> None:
    """Both would be proven one day, and the second would stop whoever writes that down."""
    other = Endpoint.objects.create(
        partner=acme, url=URL + "/other", secret=hook.secret, verified_at=timezone.now()
    )
    changes = [
        partial(services.change_endpoint, actor=amira, endpoint_id=one.pk, url=NEW_URL)
        for one in (hook, other)
    ]
    create = partial(services.create_endpoint, actor=amira, url=NEW_URL)

    found = codes(at_once([*changes, create] * 3))

    assert set(found) == {"done", "endpoint_exists"}
    having = Endpoint.objects.filter(Q(url=NEW_URL) | Q(pending_url=NEW_URL))
    assert having.count() == 1


def test_one_message_asked_for_many_times_goes_once(amira: User, hook: Endpoint) -> None:
    delivery = message(hook)
    resend = partial(services.resend_delivery, actor=amira, delivery_id=delivery.pk)

    assert codes(at_once([resend] * 6)) == {"done": 1, "delivery_not_finished": 5}


def test_recovering_and_resending_at_once_each_message_is_queued_once(
    amira: User, hook: Endpoint
) -> None:
    lost = [message(hook) for _number in range(4)]
    since = timezone.now() - timedelta(hours=1)
    recover = partial(services.recover, actor=amira, endpoint_id=hook.pk, since=since)
    resend = [partial(services.resend_delivery, actor=amira, delivery_id=one.pk) for one in lost]

    found = codes(at_once([recover, *resend, recover]))

    assert set(found) <= {"done", "delivery_not_finished"}
    assert Delivery.objects.filter(channel="webhook", state="pending", attempts=1).count() == 4


def test_no_more_tests_than_allowed(
    amira: User, hook: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redelivery, "TESTS_AN_HOUR", 3)
    test = partial(services.send_test, actor=amira, endpoint_id=hook.pk)

    assert codes(at_once([test] * 6)) == {"done": 3, "too_many_tests": 3}
    assert Delivery.objects.filter(type=payloads.TEST).count() == 3


def test_whatever_is_asked_at_once_nobody_waits_for_ever(amira: User, hook: Endpoint) -> None:
    who = {"actor": amira, "endpoint_id": hook.pk}
    calls = [
        partial(services.change_endpoint, url=NEW_URL, **who),
        partial(services.rotate_secret, **who),
        partial(services.request_verification, **who),
        partial(services.make_signing_key, **who),
        partial(services.change_endpoint, enabled=False, **who),
        partial(services.remove_endpoint, **who),
    ]

    assert set(codes(at_once(calls))) <= {"done", "not_found"}

    gone = Endpoint.objects.get()
    assert (gone.enabled, gone.secret, gone.signing_key) == (False, "", "")
    assert not gone.deliveries.filter(state="pending").exists()
