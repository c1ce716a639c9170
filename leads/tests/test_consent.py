"""The one door from a lead to a partner: decision AND choice AND ceiling, column by column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.db.utils import ProgrammingError
from hypothesis import given
from hypothesis import strategies as st

from leads import consent, services
from leads.groups import GROUPS, Groups
from leads.models import ConsentDecision, Lead, Share, ShareStatus
from leads.tests.factories import LeadFactory
from partners.models import Partner
from partners.types import PartnerType
from portal.lib import ids

# contract.md section 5, written down once more by hand: what each group may hold for each type.
ENVELOPE = {"leadId", "market", "currency", "sharedAt"}
CONTACT = {"name", "email", "phone", "location"}
BUDGET = {"min", "max", "currency", "financing", "paymentPreference"}
PREFERENCES = {
    "propertyType", "bedroomsMin", "bedroomsMax", "sizeMin", "sizeMax", "sizeUnit", "locations",
    "views", "amenities", "furnishing", "segment", "completion", "project", "moveInTimeline",
    "intent", "services",
}  # fmt: skip
SERVICE_PREFERENCES = {"services", "moveInTimeline"}
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PARTNER_ID = ids.encode("partner", ids.uuid7())
OTHER_ID = ids.encode("partner", ids.uuid7())

groups = st.builds(Groups, st.booleans(), st.booleans(), st.booleans())
types = st.sampled_from(list(PartnerType))
states = st.sampled_from(list(ConsentDecision.State))
decisions = st.lists(
    st.builds(
        lambda group, state, source, partner, at: ConsentDecision(
            group=group,
            state=state,
            source=source,
            partner_id=PARTNER_ID if source == "agent" else partner,
            decided_at=NOW + timedelta(seconds=at),
        ),
        st.sampled_from(GROUPS),
        states,
        st.sampled_from(["client", "agent"]),
        st.sampled_from([None, PARTNER_ID, OTHER_ID]),
        st.integers(0, 1000),
    ),
    max_size=12,
)


def lead_with_canaries() -> Lead:
    """Return a lead whose every text says which column it is."""
    lead = LeadFactory.build()
    for field in Lead._meta.concrete_fields:
        if isinstance(field, models.CharField | models.TextField) and not field.choices:
            setattr(lead, field.name, f"canary-{field.name}")
    lead.locations, lead.views, lead.amenities = ["canary-locations"], ["canary-views"], ["x"]
    lead.budget_min, lead.budget_max = Decimal(111), Decimal(222)
    return lead


def share_of(kind: str, shown: Groups, status: str = "sent") -> Share:
    partner = Partner(type=kind, name="Acme")
    return Share(
        lead=lead_with_canaries(),
        partner=partner,
        status=status,
        shares_contact=shown.contact,
        shares_budget=shown.budget,
        shares_requirements=shown.requirements,
    )


def check_keys(told: dict[str, Any], kind: str, shown: Groups) -> None:
    """Assert that TOLD holds what the contract lists for these groups and type, and no more."""
    provider = kind == PartnerType.SERVICE_PROVIDER
    allowed = set(ENVELOPE)
    if shown.contact:
        allowed.add("customerInfo")
    if shown.budget and not provider:
        allowed |= {"budget", "budgetDetails"}
    if shown.requirements:
        allowed.add("preferences")
    assert set(told) == allowed
    assert set(told.get("customerInfo", ())) <= (CONTACT - {"location"} if provider else CONTACT)
    assert set(told.get("budgetDetails", ())) <= BUDGET
    wanted = SERVICE_PREFERENCES if provider else PREFERENCES
    assert set(told.get("preferences", ())) <= wanted


@given(kind=types, choice=groups, rows=decisions, policy=st.sampled_from(["attested", "explicit"]))
def test_no_key_comes_out_that_decision_choice_and_ceiling_do_not_all_allow(
    kind: str, choice: Groups, rows: list[ConsentDecision], policy: str
) -> None:
    found = {
        group: consent.verdict(rows, partner_id=PARTNER_ID, group=group, policy=policy)
        for group in GROUPS
    }
    shown = consent.effective(choice, found, kind)

    for group in shown:
        assert choice[group]
        assert consent.RULES[kind].ceiling[group]
        assert oracle(rows, group, policy)
    check_keys(consent.disclose(share_of(kind, shown)), kind, shown)


def oracle(rows: list[ConsentDecision], group: str, policy: str) -> bool:
    """Say in another way than the code whether the client's side says yes."""
    by_source: dict[str, list[ConsentDecision]] = {"client": [], "agent": []}
    for row in sorted(rows, key=lambda r: (r.decided_at, str(r.pk))):
        if row.group == group and row.partner_id != OTHER_ID:
            by_source[row.source].append(row)
    if by_source["client"]:
        return by_source["client"][-1].state == "given"
    return (
        policy == "attested"
        and bool(by_source["agent"])
        and (by_source["agent"][-1].state == "given")
    )


@pytest.mark.parametrize(
    ("kind", "status", "shown"),
    list(product(PartnerType, ShareStatus, [Groups(*f) for f in product([0, 1], repeat=3)])),
)
def test_every_type_status_and_choice_discloses_just_what_the_contract_lists(
    kind: str, status: str, shown: Groups
) -> None:
    told = consent.disclose(share_of(kind, shown, status))

    live = status in {"sent", "accepted", "in_progress", "closed"}
    check_keys(told, kind, shown if live else Groups.none())


@given(kind=types, shown=groups)
def test_no_internal_column_is_ever_told(kind: str, shown: Groups) -> None:
    told = str(consent.disclose(share_of(kind, shown)))

    for column in ("notes", "source", "temperature", "score", "region"):
        assert f"canary-{column}" not in told
    if not shown.contact:
        for column in ("name", "email", "phone", "location"):
            assert f"'canary-{column}'" not in told


def test_a_new_column_appears_nowhere_by_itself() -> None:
    """Give the lead a column the disclosure has never heard of."""
    lead = lead_with_canaries()
    lead.passport_number = "canary-passport"  # type: ignore[attr-defined]
    share = share_of(PartnerType.DEVELOPER, Groups.everything())
    share.lead = lead

    assert "canary-passport" not in str(consent.disclose(share))
    assert "canary-passport" not in str(consent.client_safe_view(lead))


def test_every_column_of_a_lead_is_either_disclosed_by_name_or_internal() -> None:
    """Whoever adds a column decides here what it is."""
    internal = {
        "restricted_at",
        "erasure_asked_at",
        "erase_after",
        "erased_at",
        "id", "market", "region", "currency", "agent", "temperature", "score", "notes", "source",
        "duplicate_of", "collaboration_outcomes", "reassignment_history", "needs_agent_since",
        "created_at", "updated_at",
    }  # fmt: skip
    named = {
        *consent.CONTACT.values(),
        *consent.BUDGET.values(),
        *consent.REQUIREMENTS.values(),
    }
    assert {field.name for field in Lead._meta.concrete_fields} == internal | named


@pytest.mark.django_db
def test_a_row_of_the_database_discloses_the_same_as_the_share(dana, skyline) -> None:  # type: ignore[no-untyped-def]
    lead = LeadFactory.create()
    share = services.share_lead(
        actor=dana, partner_id=skyline.pk, lead_id=lead.pk, choice=Groups.everything()
    )

    row = Share.objects.values(*consent.DISCLOSURE_COLUMNS).get(pk=share.pk)
    assert consent.disclose_row(row) == consent.disclose(share)


class TestTheClientsView:
    def test_names_no_partner_and_nothing_internal(self) -> None:
        lead = lead_with_canaries()
        lead.collaboration_outcomes = [{"partner": "canary-partner"}]
        lead.reassignment_history = [{"from": "canary-history"}]

        seen = str(consent.client_safe_view(lead))

        for hidden in ("canary-partner", "canary-history", "canary-notes", "canary-source"):
            assert hidden not in seen
        assert "canary-name" in seen


class TestDecisions:
    @pytest.mark.django_db
    def test_are_never_changed_or_deleted(self, acme: Partner) -> None:
        lead = LeadFactory.create()
        ConsentDecision.objects.create(
            lead=lead, group="contact", state="given", source="client", decided_by="x"
        )
        for statement in (
            "UPDATE leads_consentdecision SET state = 'refused'",
            "DELETE FROM leads_consentdecision",
        ):
            with (
                pytest.raises(ProgrammingError, match="never changed"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("call +971 50 000 0001 please", False),
        ("0500000001", False),
        ("٠٥٠ ١٢٣ ٤٥٦٧", False),
        ("john@example.com", False),
        ("john (at) example (dot) com", False),
        ("john at example dot com", False),
        ("+91-98765-43210", False),
        ("(050) 123.4567", False),
        ("21,000,000 to 26,000,000", True),
        ("Fictional Heights P99900000001", True),
        ("1,100-1,300 sq ft BUA", True),
        ("handover by Q4 2028", True),
        ("Dubai Hills at sunset", True),
    ],
)
def test_free_text_loses_phones_and_addresses_while_contact_is_withheld(
    text: str, kept: bool
) -> None:
    share = share_of(PartnerType.CHANNEL, Groups(False, True, True))
    share.lead.payment_preference = text
    share.lead.views = [text]

    told = consent.disclose(share)

    assert (told["budgetDetails"]["paymentPreference"] == text) is kept
    assert (told["preferences"]["views"] == [text]) is kept
