"""The worlds of money that are measured: leads about to be closed, and deals long closed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks import seed
from commissions.agreements import default_terms
from events import signing
from events.models import Endpoint
from partners.models import Partner, User
from partners.services import issue_key
from portal.lib import ids
from portal.lib.access import THE_SYSTEM, Role

CLOSED = 100_000

# A lead each, worked by one of the partners.
_WORKED = """
DROP TABLE IF EXISTS bench_partner, bench_deal;
CREATE TEMP TABLE bench_partner AS
  SELECT id, row_number() OVER (ORDER BY name) - 1 AS place FROM partners_partner
  WHERE name LIKE %(name)s;
CREATE TEMP TABLE bench_deal AS
  SELECT n, gen_random_uuid() AS lead, gen_random_uuid() AS share, gen_random_uuid() AS commission,
    p.id AS partner, now() - interval '2 hours' - (n %% 1000) * interval '1 day' AS at,
    1000000 + (n %% 977) * 1000 AS value
  FROM generate_series(1, %(number)s) n
  JOIN bench_partner p ON p.place = n %% (SELECT count(*) FROM bench_partner);
INSERT INTO leads_lead (id, market, region, currency, name, email, phone, location, budget_min,
    budget_max, financing, payment_preference, intent, property_type, bedrooms_min, bedrooms_max,
    size_min, size_max, size_unit, locations, views, amenities, furnishing, segment, completion,
    project, move_in_timeline, services, temperature, score, notes, source,
    collaboration_outcomes, reassignment_history, created_at, updated_at)
  SELECT lead, 'uae', 'AE-DU', 'AED', 'Client ' || n, 'c' || n || '@example.com',
    '+97150' || lpad(n::text, 7, '0'), 'Sharjah', 1500000 + n, 2000000 + n, 'mortgage',
    '60/40 plan', 'buy', 'apartment', 2, 3, 1100, 1300, 'sqft', '{Dubai Marina,JBR}', '{marina}',
    '{balcony,pool}', '', 'luxury', 'ready', 'Marina Heights', '60 days', '{}', 'hot', 80, '', '',
    '[]', '[]', now(), now()
  FROM bench_deal;
INSERT INTO leads_share (id, lead_id, partner_id, status, chosen_contact, chosen_budget,
    chosen_requirements, shares_contact, shares_budget, shares_requirements, received_contact,
    received_budget, received_requirements, consent_version, consent_updated_at,
    commission_percent, direction, currency, gate, terms, shared_by, shared_at, accepted_at,
    closed_at, updated_at, reason, notes)
  SELECT share, lead, partner, %(status)s, false, true, true, false, true, true, false, true, true,
    1, at, 15, 'platform_pays_partner', 'AED', '{}', %(terms)s, 'bench',
    at - interval '20 days', at - interval '18 days',
    CASE WHEN %(status)s = 'closed' THEN at END, at, '', ''
  FROM bench_deal;
"""
# Three quarters are approved, of which most have fallen due and most of those are paid; one deal in
# fifty is claimed at another rate, and half of these wait for somebody to decide.
_BOOKED = """
INSERT INTO commissions_commission (id, lead_id, share_id, partner_id, agreement_value, percent,
    amount, currency, direction, status, terms, settlement_currency, settled_amount, partner_part,
    platform_part, exchange_source, claimed_value, claimed_percent, claimed_currency, closed_on,
    recorded_by, recorded_at, hands, approved_by, approved_at, claimed_on, claimed_amount,
    papers_currency, papers_by)
  SELECT commission, lead, share, partner, value, 15, value * 0.15, 'AED', 'platform_pays_partner',
    CASE WHEN n %% 20 < 5 THEN 'pending' WHEN n %% 20 < 7 THEN 'approved'
      WHEN n %% 20 < 10 THEN 'payable' ELSE 'paid' END,
    %(terms)s, 'AED', value * 0.15, value * 0.15, 0, '', value,
    CASE WHEN n %% 50 = 0 THEN 16 END, '', at::date, 'bench', at, '{}',
    CASE WHEN n %% 20 < 5 THEN '' ELSE 'finance' END, CASE WHEN n %% 20 >= 5 THEN at END,
    at::date, value * CASE WHEN n %% 50 = 0 THEN 0.16 ELSE 0.15 END, '', ''
  FROM bench_deal;
INSERT INTO commissions_instalment (id, commission_id, number, condition, percent, met_on, met_by,
    due_on)
  SELECT gen_random_uuid(), commission, 1, '', 100, at::date, '', at::date + 30 FROM bench_deal;
INSERT INTO commissions_ledgerentry (id, commission_id, partner_id, kind, debit, credit, amount,
    currency, booked_on, reference, recorded_by, recorded_at)
  SELECT gen_random_uuid(), commission, partner, s.kind, s.debit, s.credit, value * 0.15, 'AED',
    at::date + s.days, '', 'bench', at + s.days * interval '1 minute'
  FROM bench_deal JOIN (VALUES
    ('accrual', 'commission_expense', 'accrued_commission', 0, 0),
    ('approval', 'accrued_commission', 'approved_commission', 5, 3),
    ('release', 'approved_commission', 'partner_payable', 7, 30),
    ('payment', 'partner_payable', 'bank_clearing', 10, 35)
  ) s(kind, debit, credit, least_place, days) ON n %% 20 >= s.least_place;
INSERT INTO commissions_reconciliationitem (id, commission_id, share_id, partner_id, kind, status,
    claimed_value, claimed_percent, claimed_currency, recorded_value, recorded_on,
    recorded_percent, recorded_currency, due_on, created_at, settled_at, settled_by, resolution,
    reason, reference)
  SELECT gen_random_uuid(), commission, share, partner, 'rate_diff',
    CASE WHEN n %% 100 = 0 THEN 'open' ELSE 'settled' END, value, 16, '', value, at::date, 15,
    'AED', at::date + 14, at, CASE WHEN n %% 100 > 0 THEN at END,
    CASE WHEN n %% 100 > 0 THEN 'finance' ELSE '' END,
    CASE WHEN n %% 100 > 0 THEN 'record' ELSE '' END, '', ''
  FROM bench_deal WHERE n %% 50 = 0;
"""


@dataclass(frozen=True, slots=True)
class Worked:
    """One lead about to be closed; the secret is its partner's."""

    share: str
    secret: str


def for_closing(number: int) -> list[Worked]:
    """Make 500 partners with a key and an endpoint each, and NUMBER leads they work in turn."""
    partners = seed._partners(seed.PARTNERS, "Closing")
    Endpoint.objects.bulk_create(
        Endpoint(
            partner=partner,
            url=f"https://hooks.partner.example/{partner.pk}",
            secret=signing.new_secret(),
            challenge="x",
            verified_at=timezone.now(),
        )
        for partner in partners
    )
    secrets = {
        ids.decode("partner", str(partner.pk)): issue_key(actor=THE_SYSTEM, partner=partner)[1]
        for partner in partners
    }
    with connection.cursor() as cursor:
        cursor.execute(_WORKED, _given(partners, "Closing", number, "in_progress"))
        cursor.execute("SELECT share, partner FROM bench_deal ORDER BY n")
        made = [Worked(ids.encode("share", pk), secrets[of]) for pk, of in cursor.fetchall()]
        cursor.execute("ANALYZE leads_lead; ANALYZE leads_share")
    return made


def for_reconciling() -> User:
    """Make 100,000 closed deals of 500 partners; return somebody in finance."""
    _closed(seed._partners(seed.PARTNERS, "Reconciling"), "Reconciling")
    return User.objects.create_user(
        "finance@bench.example", None, role=Role.FINANCE, name="Finance"
    )


def for_exporting() -> User:
    """Make 100,000 closed deals of one more partner; return its owner."""
    partners = seed._partners(1, "Exporting")
    _closed(partners, "Exporting")
    return User.objects.create_user(
        "owner@bench.example", None, role=Role.OWNER, name="Owner", partner=partners[0]
    )


def _closed(partners: list[Partner], name: str) -> None:
    given = _given(partners, name, CLOSED, "closed")
    with connection.cursor() as cursor:
        cursor.execute(_WORKED, given)
        cursor.execute(_BOOKED, given)
        cursor.execute("ANALYZE")


def _given(partners: list[Partner], name: str, number: int, status: str) -> dict[str, Any]:
    terms = json.dumps(default_terms(partners[0]).as_json())
    return {"name": f"{name} %", "number": number, "status": status, "terms": terms}
