"""Rights as a table: every cell, and every line of the requirement's five types, is run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings

from leads.consent import RULES, disclose
from leads.gate import gate_codes
from leads.groups import GROUPS, Groups
from leads.models import Lead, Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.types import TYPES
from portal.lib.access import GRANTS, PARTNER_SYSTEM, Can, Role, may, require
from portal.lib.errors import NotAllowed
from portal.rights import REQUIRED, ROLES, TO_COME, Row, as_markdown

REQUIREMENT_LINES = 68  # ✅ and ❌ under "Partner Roles & Duties"
INTERNAL = ("temperature", "score", "notes", "source", "duplicate_of_id")
KINDS = {"own", "gate", "internal", TO_COME, *GROUPS}


class Somebody:
    """An actor of one role."""

    partner_id = None
    actor_id = "user_somebody"

    def __init__(self, role: str, *, active: bool = True) -> None:
        self.role, self.is_active = role, active


@pytest.mark.parametrize("right", list(Can))
@pytest.mark.parametrize("role", list(ROLES))
def test_each_right_opens_for_its_roles_and_no_other(role: str, right: Can) -> None:
    if right in GRANTS[role]:
        require(Somebody(role), right)
    else:
        with pytest.raises(NotAllowed):
            require(Somebody(role), right)
    assert not may(Somebody(role, active=False), right)


def test_the_document_is_what_the_code_grants() -> None:
    kept = (settings.BASE_DIR / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert kept == as_markdown(), "run: python manage.py permissions > docs/permissions.md"


def test_every_line_of_the_requirement_is_a_row() -> None:
    assert len(REQUIRED) == REQUIREMENT_LINES
    assert {row.type for row in REQUIRED} == set(TYPES)
    for row in REQUIRED:
        assert row.by in KINDS or row.by in set(Can) or row.by.startswith("never:"), row
        assert row.by != TO_COME or row.what, row


def _share(type_: str, groups: Groups, status: str = "accepted") -> Share:
    lead = LeadFactory.build()
    given = {f"shares_{group}": groups[group] for group in GROUPS}
    partner = Partner(type=type_, market=lead.market, name="One")
    return Share(lead=lead, partner=partner, status=status, commission_percent=Decimal(10), **given)


KEY_OF = {"contact": "customerInfo", "budget": "budgetDetails", "requirements": "preferences"}
RUN = [row for row in REQUIRED if row.by != TO_COME]


def _named(row: Row) -> str:
    return f"{row.type}-{row.says}"


@pytest.mark.parametrize("row", [r for r in RUN if r.by in set(Can)], ids=_named)
def test_a_line_about_acting_holds_for_everybody_of_a_partner(row: Row) -> None:
    for role in (Role.OWNER, Role.MEMBER, PARTNER_SYSTEM):
        assert may(Somebody(role), Can(row.by)) is row.allowed


@pytest.mark.parametrize("row", [r for r in RUN if r.by in GROUPS], ids=_named)
def test_a_line_about_a_group_holds_with_consent_and_not_without(row: Row) -> None:
    key = KEY_OF[row.by]
    assert key in disclose(_share(row.type, Groups.everything()))
    others = Groups(*(group != row.by for group in GROUPS))
    assert key not in disclose(_share(row.type, others))
    assert key not in disclose(_share(row.type, Groups.everything(), status="withdrawn"))


@pytest.mark.parametrize("row", [r for r in RUN if r.by.startswith("never:")], ids=_named)
def test_what_a_type_never_gets_it_does_not_get_with_every_consent(row: Row) -> None:
    key = row.by.removeprefix("never:")
    told = disclose(_share(row.type, Groups.everything()))
    assert key not in {*told, *told["customerInfo"], *told["preferences"]}
    of_another = disclose(_share("developer", Groups.everything()))
    assert key in {*of_another, *of_another["preferences"]}
    assert not RULES[row.type].ceiling.budget


@pytest.mark.parametrize("row", [r for r in RUN if r.by == "internal"], ids=_named)
def test_nothing_internal_is_disclosed(row: Row) -> None:
    share = _share(row.type, Groups.everything())
    told = str(disclose(share))
    for column in ("notes", "source", "temperature"):
        assert getattr(share.lead, column) not in told
    for column in INTERNAL:
        assert column not in told


@pytest.mark.django_db
@pytest.mark.parametrize("row", [r for r in RUN if r.by == "own"], ids=_named)
def test_a_partner_reads_its_own_shares_and_no_rivals(
    row: Row, dana: User, acme: Partner, amira: User, rami: User
) -> None:
    from leads.services import share_lead  # noqa: PLC0415 - only this row writes

    lead: Lead = LeadFactory.create()
    Partner.objects.filter(type=acme.type).update(type=row.type)
    share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)

    assert Share.objects.visible_to(amira).count() == 1
    assert not Share.objects.visible_to(rami).exists()
    for nobody in (amira, rami):
        assert not Lead.objects.visible_to(nobody).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("row", [r for r in RUN if r.by == "gate"], ids=_named)
def test_the_licence_gate_stands_for_indian_leads(row: Row, sahyadri: Partner) -> None:
    from django.utils import timezone  # noqa: PLC0415 - only this row asks the time

    facts: Any = {"market": "india", "region": "IN-MH", "currency": "INR"}
    licensed, elsewhere = LeadFactory.build(**facts), LeadFactory.build(**facts)
    elsewhere.region = "IN-KA"
    assert not gate_codes(sahyadri, licensed, timezone.now())[0]
    assert gate_codes(sahyadri, elsewhere, timezone.now())[0]
