"""Whether a person is known already: told to staff, and to nobody else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from leads import services, suppression
from leads.actors import ClientActor
from leads.duplicates import duplicates_of, oldest_like
from leads.errors import Suppressed
from leads.models import Lead
from leads.services import LeadDraft
from leads.tests.factories import LeadFactory
from leads.tests.test_capture_form import FORM, TYPED, token_on
from partners.models import Partner, User


def captured(actor: Any, market: str = "uae", **values: Any) -> Lead:
    return services.capture_lead(actor=actor, market=market, draft=LeadDraft(**values))


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_the_same_email_however_it_is_written(self, dana: User) -> None:
        first = captured(dana, email="layla@example.com")
        assert captured(dana, email=" LAYLA@Example.com ").duplicate_of_id == first.pk

    def test_the_same_number_however_it_is_written(self, dana: User) -> None:
        first = captured(dana, phone="050 123 4567")
        assert captured(dana, phone="+971 (50) 123-4567").duplicate_of_id == first.pk

    def test_the_oldest_counts(self, dana: User) -> None:
        by_email = captured(dana, email="layla@example.com")
        captured(dana, phone="0501234567")
        both = captured(dana, email="layla@example.com", phone="0501234567")
        assert both.duplicate_of_id == by_email.pk

    def test_nobody_is_nobodys_duplicate(self, dana: User) -> None:
        captured(dana, name="A")
        assert captured(dana, name="A").duplicate_of_id is None

    def test_another_market_is_another_matter(self, dana: User) -> None:
        captured(dana, email="layla@example.com")
        assert captured(dana, "india", email="layla@example.com").duplicate_of_id is None

    def test_an_erased_lead_is_no_longer_known(self, dana: User) -> None:
        LeadFactory.create(email="layla@example.com", erased_at=timezone.now())
        assert captured(dana, email="layla@example.com").duplicate_of_id is None

    def test_a_lead_that_is_shared_as_it_comes_is_looked_at_too(
        self, dana: User, acme: Partner
    ) -> None:
        first = captured(dana, email="layla@example.com")
        draft = LeadDraft(email="layla@example.com", budget_max=5)
        share = services.share_lead(actor=dana, partner_id=acme.pk, draft=draft)
        assert share.lead.duplicate_of_id == first.pk

    def test_looking_is_one_message(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(1):
            assert oldest_like("uae", "a@example.com", "+971501234567") is None
        with django_assert_num_queries(0):
            assert oldest_like("uae", "", "") is None

    def test_staff_see_them_and_nobody_else_does(self, dana: User, amira: User) -> None:
        first = captured(dana, email="layla@example.com", phone="0501234567")
        second = captured(dana, email="layla@example.com")
        third = captured(dana, phone="0501234567")

        assert list(duplicates_of(user=dana, lead=first)) == [second, third]
        assert list(duplicates_of(user=dana, lead=second)) == [first]
        assert not duplicates_of(user=amira, lead=first)
        assert not duplicates_of(user=ClientActor(first.pk), lead=first)

    def test_the_agents_page_names_them(self, dana: User, client_for: Any) -> None:
        first = captured(dana, email="layla@example.com", name="Layla One")
        second = captured(dana, email="layla@example.com", name="Layla Two")
        page = client_for(dana).get(f"/leads/{second.pk}/").content.decode()
        assert f'href="/leads/{first.pk}/"' in page


@pytest.mark.django_db
class TestWhoWasErased:
    def test_no_entrance_records_them_again(self, dana: User, acme: Partner) -> None:
        suppression.add(LeadFactory.build(email="layla@example.com", phone="+971501234567"))
        with pytest.raises(Suppressed):
            captured(dana, email="LAYLA@example.com")
        with pytest.raises(Suppressed):
            captured(dana, phone="050 1234567")
        draft = LeadDraft(email="layla@example.com", budget_max=5)
        with pytest.raises(Suppressed):
            services.share_lead(actor=dana, partner_id=acme.pk, draft=draft)
        assert not Lead.objects.exists()

    def test_the_agent_is_told_beside_the_form(self, dana: User, client_for: Any) -> None:
        suppression.add(LeadFactory.build(email="layla@example.com", phone=""))
        typed = {"market": "uae", "name": "Kept", "email": "layla@example.com"}
        answer = client_for(dana).post("/leads/new/", typed)
        assert answer.status_code == 422
        assert "asked to be erased" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_forty_captures_of_one_person_make_one_original(self, dana: User) -> None:
        made = at_once(40, lambda n: captured(dana, email="layla@example.com", name=str(n)))

        originals = [lead.pk for lead in made if lead.duplicate_of_id is None]
        assert len(originals) == 1
        assert {lead.duplicate_of_id for lead in made} == {None, originals[0]}

    def test_forty_posts_of_one_form_make_one_lead(self, settings: Any) -> None:
        settings.CAPTURE_MIN_SECONDS = 0
        token = token_on(Client().get(FORM))
        answers = at_once(40, lambda _n: Client().post(FORM, {**TYPED, "token": token}))

        assert {(a.status_code, a["Location"]) for a in answers} == {(302, f"{FORM}thanks/")}
        lead = Lead.objects.get()
        assert (lead.decisions.count(), lead.receipts.count()) == (3, 1)


def at_once(number: int, call: Any) -> list[Any]:
    start = threading.Barrier(number)

    def make(n: int) -> Any:
        start.wait(30)
        try:
            return call(n)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(make, range(number)))
