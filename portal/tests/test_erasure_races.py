"""An erasure and something else at once: whoever is first, nothing of the person is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from commissions.models import Commission
from commissions.services import report_status
from leads import services
from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import DeletionTask, Lead, Share
from leads.services import LeadDraft
from leads.tests.factories import LeadFactory
from portal.lib.errors import DomainError
from portal.tests.test_races import at_once, give_room

pytestmark = [pytest.mark.proof, pytest.mark.django_db(transaction=True)]
EMAIL, PHONE = "zenobia@quist.example", "+971501239876"
ROUNDS = 8


def leads() -> Iterator[Lead]:
    """Yield a fresh lead of another person for each round."""
    for number in range(ROUNDS):
        yield LeadFactory.create(name="Zenobia", email=f"{number}{EMAIL}", phone=f"{PHONE}{number}")


def erasing(lead: Lead) -> Callable[[], Lead]:
    return lambda: services.ask_erasure(actor=ClientActor(str(lead.pk)), lead_id=str(lead.pk))


def refused(result: Any) -> bool:
    return isinstance(result, DomainError)


def test_sharing_meanwhile_leaves_nothing_shared(dana, acme):
    give_room(acme, 100)
    for lead in leads():
        _erased, shared = at_once(
            [
                erasing(lead),
                lambda lead=lead: services.share_lead(
                    actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups.everything()
                ),
            ]
        )

        found = Share.objects.filter(lead=lead).first()
        assert (found is None) is refused(shared)
        if found is not None:
            assert found.status == "revoked"
            assert not found.disclosed
            assert DeletionTask.objects.filter(share=found, cause="erased").exists()
        assert Lead.objects.get(pk=lead.pk).erased_at is not None


def test_closing_meanwhile_keeps_the_money_and_not_the_person(dana, amira, acme):
    give_room(acme, 100)
    for lead in leads():
        share = services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
        services.update_share(actor=amira, reference=share.pk, status="accepted")

        _erased, closed = at_once(
            [
                erasing(lead),
                lambda share=share: report_status(
                    actor=amira,
                    reference=share.pk,
                    status="closed",
                    agreement_value=Decimal(1_000_000),
                    notes="Sold to Zenobia",
                ),
            ]
        )

        share.refresh_from_db()
        booked = Commission.objects.filter(share=share).exists()
        assert booked is not refused(closed)
        assert share.status == ("closed" if booked else "revoked")
        assert not share.disclosed
        assert share.notes == ""


def test_correcting_meanwhile_brings_nothing_back(dana):
    for lead in leads():
        at_once(
            [
                erasing(lead),
                lambda lead=lead: services.correct_lead(
                    actor=dana, lead_id=lead.pk, changes={"name": "Zenobia Quist"}
                ),
            ]
        )

        lead.refresh_from_db()
        assert (lead.name, lead.email, lead.erased_at is None) == ("", "", False)


def test_recording_the_person_meanwhile_leaves_no_other_lead(dana):
    for lead in leads():
        draft = LeadDraft(name="Zenobia", email=lead.email, phone=lead.phone)
        at_once(
            [
                erasing(lead),
                lambda draft=draft: services.capture_lead(actor=dana, market="uae", draft=draft),
                lambda draft=draft: services.capture_lead(actor=dana, market="uae", draft=draft),
            ]
        )

    assert not Lead.objects.filter(erased_at__isnull=True).exists()


def test_two_requests_of_one_person_wait_for_each_other():
    for lead in leads():
        other = LeadFactory.create(email=lead.email, phone=lead.phone)

        results = at_once([erasing(lead), erasing(other)] * 3)

        assert not [result for result in results if refused(result)]
    assert not Lead.objects.filter(erased_at__isnull=True).exists()
