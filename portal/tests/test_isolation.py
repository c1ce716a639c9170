"""A rival finds nothing of another partner's: every address that names something is listed here.

Every address and every role stand in `routes.py`, which `test_route_matrix` runs.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from events.models import Endpoint, Event
from events.services import create_endpoint
from leads import receipts, services
from leads.groups import Groups
from leads.models import Share
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.services import issue_key
from portal.lib.access import THE_SYSTEM

pytestmark = pytest.mark.django_db

# Address → what a rival's owner gets when it names Acme's share, lead or endpoint.
OBJECT_PAGES = {
    "audit:of_lead": ("get", "lead", 404),
    "viewing:start": ("post", "partner", 404),
    "leads:lead_detail": ("get", "lead", 404),
    "leads:share": ("post", "lead", 404),
    "leads:preview": ("post", "lead", 404),
    "leads:seen": ("post", "lead", 404),
    "leads:client_link": ("post", "lead", 404),
    "leads:send_link": ("post", "lead", 404),
    "leads:propose": ("post", "lead", 404),
    "leads:take_back": ("post", "proposal", 404),
    "leads:receipt_json": ("get", "lead receipt", 404),
    "leads:receipt_pdf": ("get", "lead receipt", 404),
    "leads:copy": ("post", "lead", 404),
    "leads:correct": ("get", "lead", 404),
    "leads:withdraw_consent": ("get", "lead", 404),
    "leads:restrict": ("post", "lead", 404),
    "leads:lift": ("post", "lead", 404),
    "leads:erase": ("post", "lead", 404),
    "leads:share_preferences": ("post", "share", 404),
    "leads:withdraw": ("post", "share", 404),
    "leads:appointment": ("post", "share", 404),
    "leads:forward_request": ("post", "more", 404),
    "leads:decline_request": ("post", "more", 404),
    "leads:stop_leads": ("post", "partner", 404),
    "leads:resume_leads": ("post", "partner", 404),
    "partner:lead_attest": ("post", "share", 404),
    "partner:lead_keep": ("post", "share", 404),
    "partner:lead_ask": ("post", "share", 404),
    "partner:lead_detail": ("get", "share", 404),
    "partner:lead_accept": ("post", "share", 404),
    "partner:lead_start": ("post", "share", 404),
    "partner:lead_reject": ("post", "share", 404),
    "partner:lead_close": ("post", "share", 404),
    "partners:verify_endpoint": ("post", "endpoint", 404),
    "partners:remove_endpoint": ("post", "endpoint", 404),
    "commissions:confirm_closing": ("post", "share", 404),
}
# Address → the body with which a rival's key names Acme's share.
OBJECT_CALLS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "api:lead": ("get", "share", None),
    "api:attest_deletion": ("post", "share", {}),
    "api:request_more": (
        "post",
        "share",
        {"group": "contact", "reason": "To agree on a time for the viewing"},
    ),
    "api:verify_webhook_endpoint": ("post", "endpoint", {}),
    "api:partner_update": ("post", "", {"leadId": "SHARE", "status": "accepted"}),
}
# Staff's calls: a partner has no right, whatever it names.
STAFF_CALLS: dict[str, dict[str, Any]] = {
    "api:share_lead": {"leadId": "LEAD", "partnerId": "PARTNER"},
    "api:share_preferences": {"leadId": "SHARE", "partnerId": "PARTNER", "consent": {}},
    "api:share_appointment": {
        "partner": {"partnerId": "PARTNER", "status": "sent"},
        "payload": {
            "partnerId": "PARTNER",
            "leadId": "SHARE",
            "appointment": {
                "date": "2026-12-28T14:00:00Z",
                "location": "Site",
                "type": "viewing",
            },
        },
    },
}
# Lists and own pages: they answer, and hold nothing of Acme's.
OWN_PAGES = {
    "partner:dashboard": 200,
    "partner:lead_list": 200,
    "partner:commission_list": 200,
    "partner:commissions_csv": 200,
    "partner:leads_csv": 200,
    "partner:reconciliation": 200,
    "partners:settings": 200,
    "leads:lead_list": 403,
    "audit:trail": 403,
    "viewing:choose": 403,
    "leads:lead_new": 403,
    "leads:deletion_list": 403,
    "leads:import": 403,
    "leads:import_template": 403,
    "commissions:analytics": 403,
    "commissions:events_jsonl": 403,
    "commissions:checkpoints_jsonl": 403,
    "commissions:reconciliation": 403,
    "commissions:differences": 403,
    "commissions:commission_list": 403,
    "commissions:statements": 403,
    "commissions:statement_new": 403,
}
OWN_CALLS = ("api:leads", "api:commissions", "api:metrics", "api:partner", "api:webhook_endpoints")


@pytest.fixture
def share(dana: User, acme: Partner) -> Share:
    lead = LeadFactory.create(agent=dana, name="Zenobia Canary", phone="+971500099999")
    return services.share_lead(actor=dana, partner_id=acme.pk, lead_id=lead.pk)


@pytest.fixture
def names(share: Share, amira: User, dana: User, rival: Partner) -> dict[str, str]:
    endpoint: Endpoint = create_endpoint(actor=amira, url="https://hooks.acme-partner.com/in")
    receipt = receipts.issue(share.lead, mail=False)
    assert receipt is not None
    # Whom the client is asked about learns nothing of it.
    proposal = services.propose_partner(
        actor=dana, lead_id=share.lead_id, partner_id=rival.pk, choice=Groups.everything()
    )
    more = services.ask_for_more(
        actor=amira, reference=share.pk, group="contact", reason="To agree on a viewing"
    )
    return {
        "more": str(more.pk),
        "receipt": str(receipt.pk),
        "proposal": str(proposal.pk),
        "lead": str(share.lead_id),
        "share": str(share.pk),
        "endpoint": str(endpoint.pk),
        "partner": str(share.partner_id),
    }


def named(names: dict[str, str], kinds: str) -> list[str]:
    """Return the ids an address of these KINDS names, in their order."""
    return [names[kind] for kind in kinds.split()]


@pytest.fixture
def rival_key(rami: User) -> str:
    _key, secret = issue_key(actor=THE_SYSTEM, partner=rami.partner)
    return secret


def fingerprint() -> dict[str, str]:
    """Return a hash of every table a denied call must leave as it was."""
    # A refusal is an event, and an event moves its stream on.
    left_out = {"django_session", "partners_apikey", Event._meta.db_table, "events_stream"}
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            if table in left_out:
                continue
            cursor.execute(
                f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{table}\" t"
            )
            found[table] = str(cursor.fetchone()[0])
    return found


def filled(body: object, names: dict[str, str]) -> str:
    text = json.dumps(body)
    for kind in ("share", "lead", "partner"):
        text = text.replace(f'"{kind.upper()}"', f'"{names[kind]}"')
    return text


def holds_nothing_of_acme(content: bytes, names: dict[str, str]) -> bool:
    text = content.decode()
    canaries = ["Zenobia", "99999", "Acme", names["share"], names["lead"]]
    return not [canary for canary in canaries if canary in text]


@pytest.mark.parametrize("name", OBJECT_PAGES)
def test_a_rival_gets_404_for_a_fragment_and_changes_nothing(
    name: str, client: Client, rami: User, names: dict[str, str]
) -> None:
    """Whole pages are asked by the route matrix."""
    method, kind, status = OBJECT_PAGES[name]
    client.force_login(rami)
    before = fingerprint()
    headers = {"HX-Request": "true"}
    data = {"status": "accepted", "reason": "mine now", "agreement_value": "1"}

    answer = getattr(client, method)(reverse(name, args=named(names, kind)), data, headers=headers)

    assert answer.status_code == status
    assert holds_nothing_of_acme(answer.content, names)
    assert fingerprint() == before


@pytest.mark.parametrize("name", OBJECT_PAGES)
def test_a_strangers_object_looks_like_one_that_is_not_there(
    name: str, client: Client, rami: User, names: dict[str, str]
) -> None:
    method, kind, _status = OBJECT_PAGES[name]
    client.force_login(rami)
    real = getattr(client, method)(reverse(name, args=named(names, kind)))
    *outer, inner = named(names, kind)
    made_up = inner[:-4] + ("0000" if not inner.endswith("0000") else "1111")
    none = getattr(client, method)(reverse(name, args=[*outer, made_up]))

    assert (real.status_code, digest(real)) == (none.status_code, digest(none))


def digest(answer: Any) -> str:
    """Hash a page without what changes with every request: the CSRF token."""
    lines = [line for line in answer.content.decode().splitlines() if "csrf" not in line.lower()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("name", OBJECT_CALLS)
@pytest.mark.parametrize("prefix", ["/api/", "/api/v1/"])
def test_a_rivals_key_gets_404_and_changes_nothing(
    name: str, prefix: str, client: Client, rival_key: str, names: dict[str, str]
) -> None:
    method, kind, body = OBJECT_CALLS[name]
    before = fingerprint()
    path = reverse(name, args=named(names, kind)).replace("/api/", prefix, 1)
    sent = (
        {"data": filled(body, names), "content_type": "application/json"}
        if body is not None
        else {}
    )

    answer = getattr(client, method)(path, headers={"Authorization": f"Bearer {rival_key}"}, **sent)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert holds_nothing_of_acme(answer.content, names)
    assert fingerprint() == before


@pytest.mark.parametrize("name", STAFF_CALLS)
def test_a_partners_key_cannot_do_what_agents_do(
    name: str, client: Client, rival_key: str, names: dict[str, str]
) -> None:
    before = fingerprint()

    answer = client.post(
        reverse(name),
        data=filled(STAFF_CALLS[name], names),
        content_type="application/json",
        headers={"Authorization": f"Bearer {rival_key}"},
    )

    assert answer.status_code == 403
    assert fingerprint() == before


@pytest.mark.parametrize("name", OWN_PAGES)
def test_a_rivals_own_pages_hold_nothing_of_acmes(
    name: str, client: Client, rami: User, names: dict[str, str]
) -> None:
    client.force_login(rami)
    answer = client.get(reverse(name))

    assert answer.status_code == OWN_PAGES[name]
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    assert holds_nothing_of_acme(content, names)


@pytest.mark.parametrize("name", OWN_CALLS)
def test_a_rivals_own_calls_hold_nothing_of_acmes(
    name: str, client: Client, rival_key: str, names: dict[str, str]
) -> None:
    answer = client.get(reverse(name), headers={"Authorization": f"Bearer {rival_key}"})

    assert answer.status_code == 200
    assert holds_nothing_of_acme(answer.content, names)


@pytest.mark.parametrize(
    "name", ["home", "leads:lead_detail", "leads:share", "partner:lead_list", "partner:lead_accept"]
)
def test_nobody_gets_in_without_signing_in(
    name: str, client: Client, names: dict[str, str]
) -> None:
    kind = OBJECT_PAGES[name][1] if name in OBJECT_PAGES else ""
    path = reverse(name, args=named(names, kind))

    page, fragment = client.get(path), client.get(path, headers={"HX-Request": "true"})

    assert page.status_code == 302
    assert page.headers["Location"].startswith("/accounts/login/")
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (401, "/accounts/login/")


@pytest.mark.parametrize("name", [*OBJECT_CALLS, *STAFF_CALLS, *OWN_CALLS])
def test_cookies_open_no_call(
    name: str, client: Client, amira: User, names: dict[str, str]
) -> None:
    client.force_login(amira)
    kind = OBJECT_CALLS[name][1] if name in OBJECT_CALLS else ""
    path = reverse(name, args=named(names, kind))

    assert client.get(path).status_code in (401, 405)
    assert client.post(path, "{}", content_type="application/json").status_code in (401, 405)


def test_an_expartner_is_out_at_once(
    client: Client, amira: User, acme: Partner, share: Share
) -> None:
    client.force_login(amira)
    assert client.get(reverse("partner:lead_detail", args=[share.pk])).status_code == 200

    Partner.objects.filter(pk=acme.pk).update(status="suspended")

    assert client.get(reverse("partner:lead_detail", args=[share.pk])).status_code == 302
