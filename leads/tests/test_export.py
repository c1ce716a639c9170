"""The client's copy holds everything of the client and nothing of anybody else."""

from __future__ import annotations

import json

import pytest

from leads import export, services
from leads.groups import Groups
from leads.models import Lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User

pytestmark = pytest.mark.django_db


def test_no_column_of_a_lead_is_forgotten() -> None:
    told = {column for columns in export.DETAILS.values() for column in columns.values()}
    listed = told | set(export.ELSEWHERE) | set(export.LEFT_OUT)

    assert {field.name for field in Lead._meta.concrete_fields} == listed


def test_the_copy_says_what_is_held_why_and_who_got_it(dana: User, acme: Partner) -> None:
    lead = LeadFactory.create(agent=dana, name="Zenobia Canary", score=87, notes="calls late")
    services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups(False, True, True)
    )
    copy = json.loads(json.dumps(services.take_copy(actor=dana, lead_id=lead.pk)))

    assert copy["contact"]["name"] == "Zenobia Canary"
    assert copy["internal"]["score"] == 87
    assert copy["internal"]["notes"] == "calls late"
    assert [r["name"] for r in copy["recipients"]] == ["Acme Channel Partners"]
    assert copy["recipients"][0]["groupsEverSeen"] == ["budget", "requirements"]
    assert len(copy["consents"]) == 2
