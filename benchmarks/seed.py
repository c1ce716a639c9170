"""The worlds that are measured. Made in SQL where services would take hours."""

from __future__ import annotations

import itertools
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from benchmarks.floor.models import Partner as FloorPartner
from commissions.services import rebuild_partner_days
from events import signing
from events.models import Delivery, Endpoint
from leads.models import Lead, Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.services import issue_key
from partners.types import PartnerType
from portal.lib import ids
from portal.lib.access import THE_SYSTEM, Role

PARTNERS = 500
SHARES = 1_000_000
LEADS = 100_000
LARGEST = 45_000


def _partners(number: int, name: str) -> list[Partner]:
    return Partner.objects.bulk_create(
        Partner(
            name=f"{name} {n}",
            type=PartnerType.CHANNEL,
            market="uae",
            default_commission=Decimal(15),
            capacity_limit=100_000,
            contact_email=f"desk{n}@partner.example",
        )
        for n in range(number)
    )


def for_sharing() -> tuple[str, list[str], list[str]]:
    """Make 500 partners with an endpoint each and 400 leads; return an agent's key and the ids."""
    agent = User.objects.create_user("bench@portal.example", None, role=Role.AGENT, name="Bench")
    _key, secret = issue_key(actor=THE_SYSTEM, user=agent, name="bench")
    partners = _partners(PARTNERS, "Sharing")
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
    leads = Lead.objects.bulk_create(
        Lead(market="uae", currency="AED", name=f"Client {n}", budget_max=2_000_000 + n)
        for n in range(400)
    )
    return secret, [str(partner.pk) for partner in partners], [str(lead.pk) for lead in leads]


def floor_partners() -> list[int]:
    """Make the floor's 500 partners."""
    made = FloorPartner.objects.bulk_create(
        FloorPartner(name=f"Floor {n}", capacity=100_000) for n in range(PARTNERS)
    )
    return [partner.pk for partner in made]


# Partner 0 gets LARGEST shares; the others share the rest, falling off from first to last.
_MILLION = """
CREATE TEMP TABLE bench_partner AS
  SELECT id, row_number() OVER (ORDER BY name) - 1 AS place FROM partners_partner
  WHERE name LIKE 'Listing %%';
INSERT INTO leads_lead (id, market, region, currency, name, email, phone, location, budget_min,
    budget_max, financing, payment_preference, intent, property_type, bedrooms_min, bedrooms_max,
    size_min, size_max, size_unit, locations, views, amenities, furnishing, segment, completion,
    project, move_in_timeline, services, temperature, score, notes, source,
    collaboration_outcomes, reassignment_history, created_at, updated_at)
  SELECT gen_random_uuid(), 'uae', 'AE-DU', 'AED', 'Client ' || n, 'c' || n || '@example.com',
    '+97150' || lpad(n::text, 7, '0'), 'Sharjah', 1500000 + n, 2000000 + n, 'mortgage',
    '60/40 plan', 'buy', 'apartment', 2, 3, 1100, 1300, 'sqft', '{Dubai Marina,JBR}', '{marina}',
    '{balcony,pool}', '', 'luxury', 'ready', 'Marina Heights', '60 days', '{}', 'hot', 80, '', '',
    '[]', '[]', now(), now()
  FROM generate_series(1, %(leads)s) n;
CREATE TEMP TABLE bench_lead AS
  SELECT id, row_number() OVER () - 1 AS place FROM leads_lead WHERE name LIKE 'Client %%';
INSERT INTO leads_share (id, lead_id, partner_id, status, chosen_contact, chosen_budget,
    chosen_requirements, shares_contact, shares_budget, shares_requirements, received_contact,
    received_budget, received_requirements, consent_version, consent_updated_at,
    commission_percent, direction, currency, gate, terms, shared_by, shared_at, accepted_at,
    closed_at, updated_at, reason, notes)
  SELECT gen_random_uuid(), l.id, p.id,
    CASE WHEN n %% 100 < 50 THEN 'rejected' WHEN n %% 100 < 97 THEN 'closed'
      WHEN n %% 100 < 98 THEN 'accepted' WHEN n %% 100 < 99 THEN 'in_progress' ELSE 'sent' END,
    n %% 2 = 0, true, true, n %% 2 = 0, true, true, n %% 2 = 0, true, true, 1, now(), 15,
    'platform_pays_partner', 'AED', '{}', '{}', 'bench', at,
    CASE WHEN n %% 100 BETWEEN 50 AND 98 THEN at + interval '2 hours' END,
    CASE WHEN n %% 100 BETWEEN 50 AND 96 THEN at + interval '18 days' END, at, '', ''
  FROM (
    SELECT n, now() - (n %% 1000) * interval '1 day' - (n / 1000) * interval '1 second' AS at,
      CASE WHEN n <= %(largest)s THEN 0
        ELSE 1 + (power(random(), 1.5) * (%(partners)s - 1))::int %% (%(partners)s - 1) END
      AS place
    FROM generate_series(1, %(shares)s) n
  ) s
  JOIN bench_partner p ON p.place = s.place
  JOIN bench_lead l ON l.place = (s.n %% %(leads)s)
  ON CONFLICT DO NOTHING;
"""


def for_pages() -> dict[str, User]:
    """Make 1,000,000 shares of 500 partners; return the owner of the largest and of a median one.

    The owners' partners have the daily figures their shares come to.
    """
    partners = _partners(PARTNERS, "Listing")
    known = {Partner._meta.pk.get_prep_value(partner.pk): partner for partner in partners}
    with connection.cursor() as cursor:
        cursor.execute(
            _MILLION,
            {"leads": LEADS, "largest": LARGEST, "partners": PARTNERS, "shares": SHARES},
        )
    rebuild_partner_days(actor=THE_SYSTEM)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT partner_id FROM leads_share WHERE partner_id = ANY(%s)"
            " GROUP BY partner_id ORDER BY count(*) DESC",
            [list(known)],
        )
        by_size = [row[0] for row in cursor.fetchall()]
    return {
        name: User.objects.create_user(
            f"{name}@bench.example", None, role=Role.OWNER, name=name, partner=known[pk]
        )
        for name, pk in (("largest", by_size[0]), ("median", by_size[len(by_size) // 2]))
    }


_EVENTS = """
INSERT INTO events_event (id, kind, actor, partner_id, lead_id, share_id, ok, data, request_id, at)
  SELECT gen_random_uuid(), 'lead_shared', 'user_01h455vb4pex5vsknk084sn02q',
    md5('partner' || n %% 500)::uuid,
    CASE WHEN n %% 10 > 0 THEN md5('lead' || n %% %(leads)s)::uuid END, gen_random_uuid(), true,
    '{"groups": ["budget", "requirements"], "percent": "15.00"}', md5(n::text),
    now() - (%(until)s - n) * interval '1 second'
  FROM generate_series(%(from)s, %(until)s) n
"""


def events(number: int = 1_000_000) -> None:
    """Write NUMBER events of 100,000 leads and 500 partners, in transactions of 10,000."""
    for start in range(1, number, 10_000):
        with connection.cursor() as cursor:
            cursor.execute(_EVENTS, {"leads": LEADS, "from": start, "until": start + 9_999})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_event; ANALYZE events_stream")


ENDPOINTS = 20
# So that a body has 2 kB.
_MUCH_TO_TELL = {
    "locations": [f"Community {n}, Dubai Marina" for n in range(12)],
    "views": [f"view over the marina {n}" for n in range(12)],
    "amenities": [f"amenity of the building {n}" for n in range(14)],
}


def endpoints_at(port: int) -> None:
    """Give 20 partners an endpoint on loopback PORT and a live share of each of 50 leads."""
    partners = _partners(ENDPOINTS, "Delivering")
    Endpoint.objects.bulk_create(
        Endpoint(
            partner=partner,
            url=f"http://127.0.0.1:{port}/{partner.pk}",
            secret=signing.new_secret(),
            challenge="x",
            verified_at=timezone.now(),
        )
        for partner in partners
    )
    leads = LeadFactory.create_batch(50, **_MUCH_TO_TELL)
    now = timezone.now()
    Share.objects.bulk_create(
        Share(
            lead=lead,
            partner=partner,
            chosen_contact=True,
            chosen_budget=True,
            chosen_requirements=True,
            shares_contact=True,
            shares_budget=True,
            shares_requirements=True,
            received_contact=True,
            received_budget=True,
            received_requirements=True,
            commission_percent=Decimal(15),
            direction=partner.direction,
            currency="AED",
            shared_by="bench",
            shared_at=now,
        )
        for partner in partners
        for lead in leads
    )


def point_endpoints_at(port: int) -> None:
    """Let the endpoints be on loopback PORT, with nothing known of how they do."""
    for endpoint in Endpoint.objects.filter(url__startswith="http:"):
        endpoint.url = f"http://127.0.0.1:{port}/{endpoint.pk}"
        endpoint.lane, endpoint.open_until, endpoint.silent_in_row = 16, None, 0
        endpoint.save(update_fields=["url", "lane", "open_until", "silent_in_row"])


_BACKLOG = """
INSERT INTO events_delivery (id, webhook_id, channel, endpoint_id, partner_id, type, event_id,
    event_at, refs, state, attempts, next_attempt_at, last_error)
  SELECT gen_random_uuid(), gen_random_uuid(), 'webhook', e.id, e.partner_id, 'lead.shared',
    gen_random_uuid(), now(), jsonb_build_object('share', p.share), 'pending', 0,
    now() - interval '1 hour' + n * interval '1 millisecond', ''
  FROM generate_series(1, %(number)s) n
  JOIN unnest(%(shares)s::text[], %(partners)s::uuid[]) WITH ORDINALITY p(share, partner_id, place)
    ON p.place = 1 + n %% %(shares_number)s
  JOIN events_endpoint e ON e.partner_id = p.partner_id
"""


def backlog(number: int) -> None:
    """Queue NUMBER deliveries of the shares that have been due for an hour."""
    shares = list(Share.objects.values_list("pk", "partner_id"))
    with connection.cursor() as cursor:
        cursor.execute(
            _BACKLOG,
            {
                "number": number,
                "shares": [share for share, _partner in shares],
                "partners": [ids.decode("partner", partner) for _share, partner in shares],
                "shares_number": len(shares),
            },
        )
        cursor.execute("ANALYZE events_delivery")


def deliveries(number: int) -> list[str]:
    """Queue NUMBER deliveries of the shares, due now, in place of those of the last round."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_attempt")
        cursor.execute("DELETE FROM events_delivery")
    endpoints = {
        endpoint.partner_id: endpoint
        for endpoint in Endpoint.objects.filter(url__startswith="http:")
    }
    shares = list(Share.objects.filter(partner__in=list(endpoints)).values_list("pk", "partner_id"))
    now = timezone.now()
    made = Delivery.objects.bulk_create(
        [
            Delivery(
                channel=Delivery.Channel.WEBHOOK,
                endpoint=endpoints[partner_id],
                partner_id=partner_id,
                type="lead.shared",
                event_id=ids.encode("event", ids.uuid7()),
                event_at=now,
                refs={"share": share_id},
            )
            for share_id, partner_id in itertools.islice(itertools.cycle(shares), number)
        ],
        batch_size=1000,
    )
    with connection.cursor() as cursor:  # else it is up to autovacuum what the planner knows
        cursor.execute("ANALYZE events_delivery; ANALYZE events_attempt")
    return [str(delivery.pk) for delivery in made]
