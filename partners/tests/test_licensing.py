"""The licence gate against the domain's own vectors; no database is needed."""

import datetime as dt
from typing import Any

import pytest

from partners import licensing
from partners.models import Licence, Partner
from partners.types import Market, PartnerType

CHECKED = dt.datetime(2026, 11, 1, 9, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 22)


def partner(type_: str = PartnerType.RERA_AGENT, market: str = Market.INDIA) -> Partner:
    return Partner(name="Sahyadri RERA Agents", type=type_, market=market)


def licence(region: str = "IN-MH", **changes: Any) -> Licence:
    given = {
        "kind": Licence.Kind.RERA_AGENT,
        "number": "A51800000001",
        "region": region,
        "status": Licence.Status.VALID,
        "valid_from": dt.date(2024, 1, 1),
        "valid_to": dt.date(2028, 12, 31),
        "checked_at": CHECKED,
    }
    return Licence(**{**given, **changes})


def codes(
    *licences: Licence,
    who: Partner | None = None,
    market: str = Market.INDIA,
    region: str | None = "IN-MH",
    on: dt.date = TODAY,
) -> list[str]:
    return licensing.failing_codes(
        who or partner(), licences, lead_market=market, region=region, on=on
    )


class TestState:
    def test_a_maharashtra_agent_fails_for_bengaluru_and_passes_for_thane(self):
        assert codes(licence("IN-MH"), region="IN-KA") == ["AGENT_NOT_REGISTERED_IN_STATE"]
        assert codes(licence("IN-MH"), region="IN-MH") == []

    def test_the_state_decides_and_not_the_shape_of_the_number(self):
        shared_shape = {"number": "P02400001234"}
        assert codes(licence("IN-MH", **shared_shape), region="IN-TS") == [
            "AGENT_NOT_REGISTERED_IN_STATE"
        ]
        assert codes(licence("IN-TS", **shared_shape), region="IN-TS") == []

    def test_a_number_with_spaces_is_as_good_as_any(self):
        assert (
            codes(licence("IN-GJ", number="AG/GJ/AHMEDABAD/AHMEDABAD CITY/AA1"), region="IN-GJ")
            == []
        )

    @pytest.mark.parametrize("region", [None, "", "AE-DU", "Maharashtra"])
    def test_an_indian_lead_without_a_known_state_is_refused(self, region):
        assert codes(licence(), region=region) == ["REGION_UNKNOWN"]


class TestDates:
    def test_the_stored_dates_decide_and_no_validity_per_state(self):
        up = licence("IN-UP", valid_from=dt.date(2022, 9, 1), valid_to=dt.date(2032, 8, 31))
        ka = licence("IN-KA", valid_from=dt.date(2022, 9, 1), valid_to=dt.date(2027, 8, 31))
        later = dt.date(2028, 1, 1)

        assert codes(up, ka, region="IN-UP") == []
        assert codes(up, ka, region="IN-KA") == []
        assert codes(up, ka, region="IN-UP", on=later) == []
        assert codes(up, ka, region="IN-KA", on=later) == ["AGENT_REG_EXPIRED"]

    def test_the_last_day_counts_and_the_next_does_not(self):
        ending = licence(valid_to=TODAY)
        assert codes(ending) == []
        assert codes(ending, on=TODAY + dt.timedelta(days=1)) == ["AGENT_REG_EXPIRED"]

    def test_one_that_starts_tomorrow_registers_nobody_today(self):
        coming = licence(valid_from=TODAY + dt.timedelta(days=1))
        assert codes(coming) == ["AGENT_NOT_REGISTERED_IN_STATE"]

    def test_the_day_is_the_market_s_and_not_utc_s(self):
        late = dt.datetime(2026, 11, 22, 20, 0, tzinfo=dt.UTC)
        assert licensing.day_in(Market.INDIA, late) == dt.date(2026, 11, 23)
        assert licensing.day_in(Market.UAE, late) == dt.date(2026, 11, 23)
        assert licensing.day_in(Market.UAE, late - dt.timedelta(hours=1)) == TODAY


class TestLicence:
    @pytest.mark.parametrize("status", [Licence.Status.SUSPENDED, Licence.Status.REVOKED])
    def test_suspended_or_revoked_is_refused(self, status):
        assert codes(licence(status=status)) == ["AGENT_SUSPENDED"]

    def test_never_checked_is_refused(self):
        assert codes(licence(checked_at=None)) == ["EVIDENCE_MISSING"]

    def test_every_failing_code_is_answered(self):
        bad = licence(
            status=Licence.Status.SUSPENDED, checked_at=None, valid_to=dt.date(2026, 1, 1)
        )
        assert codes(bad) == ["AGENT_REG_EXPIRED", "AGENT_SUSPENDED", "EVIDENCE_MISSING"]

    def test_one_valid_licence_of_the_state_is_enough(self):
        old = licence(number="A1", valid_to=dt.date(2026, 1, 1))
        unchecked = licence(number="A3", checked_at=None, valid_to=dt.date(2031, 1, 1))
        assert codes(old, unchecked, licence(number="A2")) == []

    def test_without_a_valid_one_the_best_decides(self):
        worst = licence(checked_at=None, status=Licence.Status.REVOKED)
        assert codes(worst, licence(number="A2", checked_at=None)) == ["EVIDENCE_MISSING"]

    def test_a_licence_of_another_kind_is_no_registration(self):
        assert codes(licence(kind=Licence.Kind.TRADE_LICENCE)) == ["AGENT_NOT_REGISTERED_IN_STATE"]


class TestTypesAndMarkets:
    @pytest.mark.parametrize("type_", [PartnerType.RERA_AGENT, PartnerType.CHANNEL])
    def test_agents_of_any_name_need_a_registration_in_india(self, type_):
        assert codes(who=partner(type_)) == ["AGENT_NOT_REGISTERED_IN_STATE"]

    @pytest.mark.parametrize("type_", [PartnerType.DEVELOPER, PartnerType.SERVICE_PROVIDER])
    def test_who_is_no_agent_needs_none(self, type_):
        assert codes(who=partner(type_)) == []
        assert codes(who=partner(type_), region=None) == []

    def test_a_uae_lead_needs_none(self):
        acme = partner(PartnerType.CHANNEL, Market.UAE)
        assert codes(who=acme, market=Market.UAE, region="AE-DU") == []

    def test_a_lead_of_another_market_is_refused_beside_everything_else(self):
        acme = partner(PartnerType.CHANNEL, Market.UAE)
        assert codes(who=acme) == ["MARKET_MISMATCH", "AGENT_NOT_REGISTERED_IN_STATE"]
        assert codes(licence(), market=Market.UAE, region="AE-DU") == ["MARKET_MISMATCH"]


class TestSnapshot:
    AT = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)

    def taken(self, *licences: Licence, who: Partner | None = None, region: str = "IN-MH") -> Any:
        return licensing.gate_snapshot(
            who or partner(), licences, lead_market=Market.INDIA, region=region, at=self.AT
        )

    def test_it_freezes_the_licence_that_decided(self):
        seen = licence()
        assert self.taken(seen) == {
            "at": "2026-11-22T08:00:00+00:00",
            "market": "india",
            "region": "IN-MH",
            "result": "passed",
            "codes": [],
            "licenceId": seen.pk,
            "number": "A51800000001",
            "validTo": "2028-12-31",
            "checkedAt": "2026-11-01T09:00:00+00:00",
        }

    def test_it_says_failed_and_not_required(self):
        assert self.taken(region="IN-KA")["result"] == "failed"
        assert self.taken(who=partner(PartnerType.DEVELOPER))["result"] == "not_required"


def test_every_code_has_a_sentence():
    assert len(licensing.describe(licensing.GateCode)) == len(licensing.GateCode)
    assert all(sentence.endswith(".") for sentence in licensing.describe(licensing.GateCode))
