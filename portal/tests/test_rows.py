"""Reading and writing rows in one message."""

from __future__ import annotations

from typing import Any

import pytest

from leads import services
from leads.models import ConsentDecision, Lead
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from portal.lib import ids, rows

pytestmark = pytest.mark.django_db


def test_rows_read_together_are_what_the_orm_reads(dana: User, acme: Partner) -> None:
    lead = LeadFactory.create()
    services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)
    key = ids.decode("lead", str(lead.pk))

    leads, decisions, none, counted = rows.read_together(
        rows.reading(Lead, "WHERE id = %s", [key]),
        rows.reading(ConsentDecision, "WHERE lead_id = %s ORDER BY id", [key]),
        rows.reading(Lead, "WHERE id = %s", [None]),
        rows.Reading("SELECT count(*) FROM leads_share WHERE lead_id = %s", [key]),
    )

    assert [_values(row) for row in leads] == [_values(Lead.objects.get())]
    in_order = ConsentDecision.objects.order_by("pk")
    assert [_values(row) for row in decisions] == [_values(row) for row in in_order]
    assert decisions[0].partner_id == acme.pk
    assert (none, counted) == ([], [(1,)])


def test_rows_read_together_can_be_saved_again(dana: User) -> None:
    lead = LeadFactory.create(notes="before")
    (found,) = rows.read_together(
        rows.reading(Lead, "WHERE id = %s", [ids.decode("lead", str(lead.pk))])
    )
    found[0].notes = "after"
    found[0].save()

    assert list(Lead.objects.values_list("notes", flat=True)) == ["after"]


def _values(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_rows_by_keys_are_those_django_reads(dana: User, acme: Partner) -> None:
    wanted = User.objects.values("pk", "email", "partner__name", "created_at")
    keys = [ids.decode("user", str(dana.pk))]

    assert rows.by_keys(wanted).read(keys) == list(wanted.filter(pk=dana.pk))
    assert rows.by_keys(wanted).read([]) == []
