"""Staff find an endpoint that needs them, and what was sent there; nobody finds a secret."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from events import signing
from events.health import State, endpoints_by_state, state_of
from events.models import Endpoint
from portal.tests.webhook_world import NEW_URL, attempt, message

pytestmark = pytest.mark.django_db
LIST = "/admin/events/endpoint/"
AT = timezone.now()
STATES = {
    State.DISABLED: {"enabled": False},
    State.UNVERIFIED: {"verified_at": None},
    State.PAUSED: {"open_until": AT + timedelta(hours=1), "failing_since": AT},
    State.FAILING: {"open_until": AT - timedelta(hours=1), "failing_since": AT},
    State.WORKING: {},
}


@pytest.fixture
def admin(client, admin_user):
    client.force_login(admin_user)
    return client


@pytest.mark.parametrize(("state", "fields"), STATES.items())
def test_endpoints_by_how_they_do(state, fields, admin, hook):
    Endpoint.objects.update(**fields)
    found = Endpoint.objects.get()
    assert state_of(found) == state
    for asked in STATES:
        listed = endpoints_by_state(Endpoint.objects.all(), asked)
        assert list(listed) == ([found] if asked == state else [])
        page = admin.get(LIST, {"health": asked}).content.decode()
        assert (hook.url in page) is (asked == state)


def test_the_page_says_what_is_set_and_shows_no_secret(admin, hook):
    key = signing.new_signing_key()
    Endpoint.objects.update(pending_url=NEW_URL)
    hook = Endpoint.objects.get()
    hook.headers, hook.signing_key = '{"Authorization": "Basic c2VjcmV0"}', key
    hook.previous_secret = signing.new_secret()
    hook.previous_secret_until = timezone.now() + timedelta(hours=1)
    hook.save()

    page = admin.get(f"{LIST}{hook.pk}/change/").content.decode()

    assert NEW_URL in page
    assert "Authorization" in page
    assert "v1, v1, v1a" in page
    assert f"/analytics/webhooks/endpoints/{hook.pk}/" in page
    for secret in (hook.secret, hook.previous_secret, key, "c2VjcmV0", hook.challenge):
        assert secret not in page
    for name in ("secret", "headers", "challenge", "signing_key"):
        assert admin.get(LIST, {f"{name}__startswith": "w"}).status_code in (302, 400)


def test_a_message_is_found_by_its_id_and_shows_its_attempts(admin, hook):
    delivery = message(hook)
    attempt(delivery, response_head="<b>Broken</b>")
    messages = "/admin/events/delivery/"
    id_ = str(delivery.pk).rpartition("_")[2]  # the admin spells underscores its own way

    for query in (
        {"q": delivery.webhook_id},
        {"q": f" {hook.pk} "},
        {"q": delivery.event_id},
        {"endpoint__id__exact": hook.pk},
    ):
        assert id_ in admin.get(messages, query).content.decode(), query
    for nothing in ("msg_", "nobody", "endpoint_" + "0" * 26):
        assert id_ not in admin.get(messages, {"q": nothing}).content.decode()
    page = admin.get(f"{messages}{delivery.pk}/change/").content.decode()
    assert "&lt;b&gt;Broken&lt;/b&gt;" in page
