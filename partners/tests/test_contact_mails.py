"""Whoever was a partner's contact learns that somebody else is, whoever changed it."""

from __future__ import annotations

import pytest

from events import payloads
from events.models import Delivery
from partners import services

pytestmark = pytest.mark.django_db
OLD, NEW = "old@acme.example", "new@acme.example"


@pytest.fixture
def company(acme):
    acme.contact_email = OLD
    acme.save()
    return acme


def queued() -> list[Delivery]:
    return list(Delivery.objects.filter(type="contact_changed"))


def by_owner(company, amira, admin_user, address):
    services.update_settings(
        actor=amira, contact_email=address, contact_phone="", capacity_wanted=None
    )


def by_admin(company, amira, admin_user, address):
    services.update_partner(actor=admin_user, partner_id=company.pk, contact_email=address)


@pytest.mark.parametrize("change", [by_owner, by_admin])
def test_the_old_contact_is_told_and_not_who_the_new_one_is(change, company, amira, admin_user):
    change(company, amira, admin_user, NEW)

    [waiting] = queued()
    assert OLD not in str(waiting.refs)
    mail = payloads.build_mail("contact_changed", waiting.refs)
    assert mail is not None
    assert mail.to == OLD
    assert company.name in mail.text
    assert NEW not in mail.text


@pytest.mark.parametrize("change", [by_owner, by_admin])
def test_nobody_is_told_of_what_stayed(change, company, amira, admin_user):
    change(company, amira, admin_user, OLD)
    services.update_partner(actor=admin_user, partner_id=company.pk, contact_phone="+971501234567")
    assert queued() == []


def test_where_there_was_no_contact_nobody_is_told(company, amira, admin_user):
    company.contact_email = ""
    company.save()
    by_admin(company, amira, admin_user, NEW)
    assert queued() == []


def test_an_address_that_waited_too_long_is_not_readable_any_more(company):
    refs = {"partner": company.pk, payloads.SEALED_TO: "nothing of ours"}
    assert payloads.build_mail("contact_changed", refs) is None
