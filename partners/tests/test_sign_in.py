"""Who may sign in: a right password is not enough for somebody who was shut out."""

from urllib.parse import urlsplit

import pytest

from partners.models import Partner
from partners.tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"


def sign_in(client, user, password=PASSWORD):
    return client.post(LOGIN, {"login": user.email, "password": password})


def test_an_account_in_good_standing_signs_in(client, amira):
    assert sign_in(client, amira).status_code == 302
    assert client.get("/portal/settings/").status_code == 200


@pytest.mark.parametrize("how", ["suspended", "deactivated", "wrong password"])
def test_everybody_else_gets_the_same_answer(client, amira, how):
    if how == "suspended":
        Partner.objects.filter(pk=amira.partner_id).update(status=Partner.Status.SUSPENDED)
    if how == "deactivated":
        amira.is_active = False
        amira.save()
    response = sign_in(client, amira, "wrong-horse-2026" if how == "wrong password" else PASSWORD)
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session
    form = response.context["form"]
    assert [error.code for error in form.non_field_errors().as_data()] == [
        "email_password_mismatch"
    ]


def test_an_inactive_partner_s_people_still_work_their_open_leads(client, amira):
    Partner.objects.filter(pk=amira.partner_id).update(status=Partner.Status.INACTIVE)
    assert sign_in(client, amira).status_code == 302
    assert client.get("/portal/settings/").status_code == 200


def test_a_session_ends_even_if_its_row_were_still_there(client_for, amira):
    browser = client_for(amira)
    Partner.objects.filter(pk=amira.partner_id).update(status=Partner.Status.SUSPENDED)
    assert browser.get("/portal/settings/").status_code == 302


def test_nobody_signs_up(client):
    page = client.get("/accounts/signup/").content.decode()
    assert 'name="password1"' not in page


def test_a_forgotten_password_is_replaced_by_the_link_in_the_mail(client, amira, mailoutbox):
    client.post("/accounts/password/reset/", {"email": amira.email})
    link = next(word for word in mailoutbox[0].body.split() if "/key/" in word)

    form = client.get(urlsplit(link).path, follow=True)
    chosen = {"password1": "a-quiet-lantern-41", "password2": "a-quiet-lantern-41"}
    done = client.post(form.request["PATH_INFO"], chosen, follow=True)

    assert (form.status_code, done.status_code) == (200, 200)
    assert sign_in(client, amira, chosen["password1"]).status_code == 302
