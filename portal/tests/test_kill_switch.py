"""Whoever is shut out is out of everything at the next request; an open page asks by itself."""

import pytest
from django.urls import reverse

from events.models import Delivery
from events.queue import claim
from leads import services as leads
from leads.tests.factories import LeadFactory
from partners import mails, services
from partners.models import User
from partners.services import issue_key, revoke_key
from portal.lib.access import THE_SYSTEM

pytestmark = pytest.mark.django_db
PAGE = "/portal/settings/"
HTMX = {"HX-Request": "true"}


def suspend(admin, amira, milo):
    services.set_status(actor=admin, partner_id=milo.partner_id, status="suspended")


def deactivate(admin, amira, milo):
    services.set_user_active(actor=admin, user_id=milo.pk, active=False)


def remove(admin, amira, milo):
    services.remove_member(actor=amira, user_id=milo.pk)


def past_the_services(admin, amira, milo):
    User.objects.filter(pk=milo.pk).update(is_active=False)


@pytest.mark.parametrize("shut_out", [suspend, deactivate, remove, past_the_services])
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [(PAGE, {}, 302), (PAGE, HTMX, 401), ("/pulse/", HTMX, 401), ("/pulse/", {}, 302)],
)
def test_a_session_ends(client_for, admin_user, amira, milo, shut_out, path, headers, status):
    browser = client_for(milo)
    assert browser.get(path, headers=headers).status_code in (200, 204)
    shut_out(admin_user, amira, milo)
    assert browser.get(path, headers=headers).status_code == status


@pytest.mark.parametrize("shut_out", [suspend, deactivate, remove])
def test_a_reset_link_asked_for_before_opens_nothing(
    client, admin_user, amira, milo, mailoutbox, shut_out
):
    client.post("/accounts/password/reset/", {"email": milo.email})
    link = next(word for word in mailoutbox[0].body.split() if "/key/" in word)
    shut_out(admin_user, amira, milo)

    form = client.get(link, follow=True)
    chosen = {"password1": "a-quiet-lantern-41", "password2": "a-quiet-lantern-41"}
    client.post(form.request["PATH_INFO"], chosen)

    signed = {"login": milo.email, "password": chosen["password1"]}
    client.post("/accounts/login/", signed)
    assert "_auth_user_id" not in client.session
    assert client.get(PAGE).status_code == 302


@pytest.mark.parametrize("how", ["suspended", "revoked"])
def test_a_key_ends(client, admin_user, amira, milo, acme, how):
    key, secret = issue_key(actor=THE_SYSTEM, partner=acme)
    header = {"Authorization": f"Bearer {secret}"}
    assert client.get(reverse("api:leads"), headers=header).status_code == 200
    if how == "suspended":
        suspend(admin_user, amira, milo)
    else:
        revoke_key(actor=admin_user, key_id=key.pk)
    assert client.get(reverse("api:leads"), headers=header).status_code == 401


def test_what_waits_for_a_suspended_partner_is_held(admin_user, dana, amira, milo, acme, endpoint):
    invitation = services.invite(actor=amira, email="nadia@acme.example", role="member")
    leads.share_lead(actor=dana, partner_id=acme.pk, lead_id=LeadFactory.create().pk)
    suspend(admin_user, amira, milo)

    assert Delivery.objects.filter(endpoint=endpoint, state="pending").exists()
    assert claim(10) == []
    assert mails.invitation({"invitation": str(invitation.pk)}) is None


def test_the_pulse_writes_nothing(client_for, milo, django_assert_num_queries):
    browser = client_for(milo)
    expires = browser.session.get_expiry_date()
    stored = browser.session._get_session_from_db().expire_date
    with django_assert_num_queries(2):  # the session and its user
        answer = browser.get("/pulse/", headers=HTMX)
    assert (answer.status_code, answer.content, "Set-Cookie" in answer.headers) == (204, b"", False)
    assert browser.session._get_session_from_db().expire_date == stored
    assert expires is not None


@pytest.fixture
def endpoint(acme):
    from django.utils import timezone  # noqa: PLC0415

    from events.models import Endpoint  # noqa: PLC0415

    return Endpoint.objects.create(
        partner=acme, url="https://hooks.acme-partner.com/in", secret="whsec_x", challenge="c",
        verified_at=timezone.now(),
    )  # fmt: skip
