"""Every address of the portal, and what each role gets there: the route matrix as data.

To add an address: one :class:`Route` per method in the list it belongs to. The matrix
(`test_route_matrix`) compares the lists with the URL configuration, asks every address as every
role, and fails for an address nobody listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portal.tests.route import (
    BROWSERS,
    KEYS,
    OK,
    Route,
    call,
    clients_page,
    everybody,
    partners_page,
    signed_in,
    staff_page,
)
from portal.tests.routes_django import ACCOUNT, ADMIN, ADMIN_SITE, of_model

_WORK = staff_page(finance=403)

PUBLIC = [
    Route("home", signed_in()),
    Route("pulse", signed_in()),
    Route("invitation", everybody(410)),
    Route("invitation", everybody(410), "post", body={"name": "N", "password": "x"}),
    Route("invitation_link", everybody(410), args="=nobody-was-given-this-token-at-all"),
    Route("healthz", everybody()),
    Route("readyz", everybody()),
    Route("jwks", everybody()),
    # Prometheus brings a token of its own; whoever brings another is told so.
    Route("metrics", staff_page(partner=403) | dict.fromkeys((*KEYS, "key_suspended"), 401)),
    Route("capture:form", everybody(), args="=uae"),
    Route("capture:form", everybody(422), "post", "=uae"),
    Route("capture:thanks", everybody(), args="=uae"),
    Route("capture:embed", everybody(), args="=uae"),
    Route("capture:embed", everybody(422), "post", "=uae"),
    Route("capture:embed_thanks", everybody(), args="=uae"),
    Route("capture:return", everybody(404), args="=nobody-was-given-this"),
    Route("capture:return", everybody(404), "post", "=nobody-was-given-this"),
    Route("client:lost", everybody()),
    Route("client:lost", everybody(), "post", body={"email": "nobody@portal.example"}),
    Route("client:consent_link", everybody(404), args="=nobody-was-given-this-token-at-all"),
    Route("client:link", everybody(404), args="=nobody-was-given-this-token-at-all"),
]
CLIENT = [
    Route("client:consent", clients_page()),
    Route("client:lead", clients_page()),
    Route("client:parties", clients_page()),
    Route("client:decide", clients_page(), "post", body={"group": "budget", "given": "no"}),
    Route("client:stop", clients_page()),
    Route("client:stop", clients_page(), "post"),
    Route("client:proposal", clients_page(), "post", "proposal", {"answer": "no"}),
    Route("client:request", clients_page(), "post", "asked_client", {"answer": "no"}),
    Route("client:pause", clients_page(), "post"),
    Route("client:resume", clients_page(), "post"),
    Route("client:correct", clients_page()),
    Route("client:correct", clients_page(422), "post"),
    Route("client:copy", clients_page(), "post", body={"form": "json"}),
    Route("client:receipt_json", clients_page(), args="receipt"),
    Route("client:receipt_pdf", clients_page(), args="receipt"),
    Route("client:erase", clients_page()),
    Route("client:erase", clients_page(), "post", body={"sure": "on"}),
]
# An admin may look after any endpoint.
_ENDPOINT = partners_page(a_member=403) | {"admin": OK}
_INVITATION = _ENDPOINT
_OWN = partners_page(a_member=403)
# An admin does the same in the admin.
_PERSON = partners_page(a_member=403) | {"admin": 404}
PARTNER = [
    Route("partner:dashboard", partners_page(b_owner=OK)),
    Route("partner:lead_list", partners_page(b_owner=OK)),
    Route("partner:leads_csv", partners_page(b_owner=OK)),
    Route("partner:commission_list", partners_page(b_owner=OK)),
    Route("partner:commissions_csv", partners_page(b_owner=OK)),
    Route("partner:commission", partners_page(), args="commission"),
    Route(
        "partner:dispute_open",
        partners_page(),
        "post",
        "commission",
        {"dispute-claimed_amount": "9", "dispute-reason": "Signed"},
    ),
    Route("partner:dispute", partners_page(), args="dispute"),
    Route("partner:dispute_answer", partners_page(), "post", "dispute", {"message-text": "Page 3"}),
    Route("partner:dispute_withdraw", partners_page(), "post", "dispute"),
    Route("partner:paper_add", partners_page(422, 422), "post", "closed"),
    Route("partner:paper", partners_page(), args="evidence", viewer=403),
    Route("partner:commissions_xlsx", partners_page(b_owner=OK)),
    Route("partner:agreement_list", partners_page(b_owner=OK)),
    Route("partner:agreement", partners_page(), args="offered"),
    Route("partner:agreement_accept", partners_page(a_member=403), "post", "offered"),
    Route("partner:agreement_decline", partners_page(a_member=403), "post", "offered"),
    Route("partner:reconciliation", partners_page(b_owner=OK)),
    Route("partner:lead_detail", partners_page(), args="share"),
    Route("partner:lead_accept", partners_page(), "post", "share"),
    Route("partner:lead_start", partners_page(), "post", "accepted"),
    Route("partner:lead_reject", partners_page(), "post", "share", {"reason": "No time for it"}),
    Route("partner:lead_close", partners_page(), "post", "accepted", {"agreement_value": "900000"}),
    Route("partner:lead_attest", partners_page(), "post", "owed"),
    Route("partner:lead_keep", partners_page(), "post", "owed", {"reason": "The law wants it."}),
    Route(
        "partner:lead_ask",
        partners_page(),
        "post",
        "accepted",
        {"group": "contact", "reason": "To agree on a time for the viewing"},
    ),
    Route("partners:settings", partners_page(b_owner=OK)),
    Route(
        "partners:settings",
        partners_page(a_member=403, b_owner=OK),
        "post",
    ),
    Route("partners:keys", partners_page(a_member=403, b_owner=OK)),
    Route("partners:keys", partners_page(422, 403, 422), "post"),
    Route("partners:key", partners_page(a_member=403), args="key"),
    Route("partners:key", partners_page(a_member=403), "post", "key", {"name": "CRM"}),
    Route(
        "partners:rotate_key",
        partners_page(a_member=403),
        "post",
        "key",
        {"overlap_hours": "24"},
    ),
    Route("partners:revoke_key", partners_page(a_member=403), "post", "key"),
    Route("partners:people", partners_page(a_member=403, b_owner=OK)),
    Route("partners:people", partners_page(422, 403, 422), "post"),
    Route("partners:remove_person", _PERSON, "post", "user"),
    Route("partners:change_role", _PERSON, "post", "user", {"role": "owner"}),
    Route("partners:resend_invitation", _INVITATION, "post", "invitation"),
    Route("partners:take_back_invitation", _INVITATION, "post", "invitation"),
    Route(
        "partners:propose_commission",
        partners_page(a_member=403, b_owner=OK),
        "post",
        body={"percent": "14"},
    ),
    Route(
        "partners:add_endpoint",
        partners_page(a_member=403, b_owner=OK),
        "post",
        body={"url": "https://hooks.acme-partner.com/second"},
    ),
    Route("partners:verify_endpoint", _ENDPOINT, "post", "endpoint"),
    Route("partners:remove_endpoint", _ENDPOINT, "post", "endpoint"),
    Route("webhooks:overview", partners_page(a_member=403, b_owner=OK)),
    Route("webhooks:debugger", partners_page(a_member=403, b_owner=OK)),
    Route("webhooks:debugger", partners_page(422, 403, 422), "post"),
    Route("webhooks:endpoint", partners_page(a_member=403), args="endpoint"),
    Route("webhooks:change", partners_page(422, 403), "post", "endpoint"),
    Route("webhooks:rotate", _OWN, "post", "endpoint", {"overlap_hours": "24"}),
    Route("webhooks:signing_key", _OWN, "post", "endpoint"),
    Route("webhooks:test", _OWN, "post", "endpoint"),
    Route("webhooks:recover", _OWN, "post", "endpoint", {"hours": "24"}),
    Route("webhooks:verify", _OWN, "post", "endpoint"),
    Route("webhooks:disable", _OWN, "post", "endpoint"),
    Route("webhooks:remove", _OWN, "post", "endpoint"),
    Route("webhooks:delivery", _OWN, args="delivery"),
    Route("webhooks:resend", _OWN, "post", "delivery"),
]
_BY_ADMIN = staff_page(403, 403, partner=403)
_MONEY = staff_page(403)
STAFF = [
    Route("webhook_oversight:overview", staff_page(partner=403)),
    Route("webhook_oversight:debugger", staff_page(partner=403)),
    Route("webhook_oversight:debugger", staff_page(422, 422, 422, partner=403), "post"),
    Route("webhook_oversight:endpoint", staff_page(partner=403), args="endpoint"),
    Route("webhook_oversight:change", staff_page(403, 403, 422, 403), "post", "endpoint"),
    Route("webhook_oversight:rotate", staff_page(403, 403, 403, 403), "post", "endpoint"),
    Route("webhook_oversight:signing_key", _BY_ADMIN, "post", "endpoint"),
    Route("webhook_oversight:test", _BY_ADMIN, "post", "endpoint"),
    Route("webhook_oversight:recover", _BY_ADMIN, "post", "endpoint", {"hours": "24"}),
    Route("webhook_oversight:verify", _BY_ADMIN, "post", "endpoint"),
    Route("webhook_oversight:disable", _BY_ADMIN, "post", "endpoint"),
    Route("webhook_oversight:remove", _BY_ADMIN, "post", "endpoint"),
    Route("webhook_oversight:delivery", staff_page(partner=403), args="delivery"),
    Route("webhook_oversight:resend", _BY_ADMIN, "post", "delivery"),
    Route("leads:lead_list", staff_page(partner=403)),
    Route("leads:lead_new", staff_page(finance=403, partner=403)),
    Route("leads:lead_new", staff_page(422, 403, 422, partner=403), "post"),
    Route("leads:import", staff_page(finance=403, partner=403)),
    Route("leads:import", staff_page(422, 403, 422, partner=403), "post"),
    Route("leads:import_template", staff_page(partner=403)),
    Route("leads:lead_detail", staff_page(), args="lead"),
    Route("leads:share", staff_page(422, 403, 422), "post", "lead"),
    Route("leads:preview", _WORK, "post", "lead"),
    Route("leads:seen", _WORK, "post", "lead"),
    Route("leads:client_link", _WORK, "post", "lead"),
    Route("leads:send_link", _WORK, "post", "lead"),
    Route("leads:propose", staff_page(422, 403, 422), "post", "lead"),
    Route("leads:take_back", _WORK, "post", "proposal"),
    Route("leads:receipt_json", staff_page(), args="lead receipt"),
    Route("leads:receipt_pdf", staff_page(), args="lead receipt"),
    Route("leads:copy", _WORK, "post", "lead", {"form": "json"}),
    Route("leads:correct", _WORK, args="lead"),
    Route("leads:correct", staff_page(422, 403, 422), "post", "lead"),
    Route("leads:withdraw_consent", _WORK, args="lead"),
    Route("leads:withdraw_consent", staff_page(422, 403, 422), "post", "lead"),
    Route("leads:restrict", _WORK, "post", "lead"),
    Route("leads:lift", _WORK, "post", "lead"),
    Route("leads:erase", _WORK, args="lead"),
    Route("leads:erase", staff_page(422, 403, 422), "post", "lead"),
    Route("leads:share_preferences", _WORK, "post", "share", {"method": "call"}),
    Route("leads:withdraw", _WORK, "post", "share", {"reason": "Taken back"}),
    Route(
        "leads:appointment",
        _WORK,
        "post",
        "share",
        {"kind": "viewing", "starts_at": "2096-12-28T14:00", "location": "Site"},
    ),
    Route("leads:forward_request", _WORK, "post", "more"),
    Route("leads:decline_request", _WORK, "post", "more"),
    Route("leads:deletion_list", staff_page(partner=403)),
    Route("leads:stop_leads", staff_page(403, 403), "post", "partner"),
    Route("leads:resume_leads", staff_page(403, 403), "post", "partner"),
    Route("commissions:analytics", staff_page(partner=403)),
    Route("commissions:analytics", staff_page(partner=403), query="currency=INR"),
    Route("audit:trail", staff_page(partner=403)),
    Route("audit:of_lead", staff_page(), args="lead"),
    Route("viewing:choose", staff_page(partner=403)),
    Route("viewing:start", staff_page(), args="partner"),
    Route("viewing:start", staff_page(), "post", "partner"),
    Route("viewing:stop", staff_page(403, 403, 403, partner=403), "post", viewer=OK),
    Route("commissions:events_jsonl", staff_page(partner=403)),
    Route("commissions:checkpoints_jsonl", staff_page(403, 403, partner=403)),
    Route("commissions:reconciliation", staff_page(partner=403)),
    Route("commissions:agreements", staff_page(403, partner=403)),
    Route("commissions:agreement_new", staff_page(403, partner=403)),
    Route("commissions:agreement_new", staff_page(403, 422, 422, 403), "post"),
    Route("commissions:agreement", staff_page(403), args="agreement"),
    Route("commissions:agreement", staff_page(403, 422, 422), "post", "agreement"),
    Route("commissions:agreement_end", _MONEY, "post", "agreement"),
    Route("commissions:agreement_withdraw", _MONEY, "post", "offered"),
    Route("commissions:commission", staff_page(), args="commission"),
    Route("commissions:approve_many", staff_page(403, partner=403), "post"),
    Route("commissions:approve", _MONEY, "post", "commission"),
    Route(
        "commissions:correct",
        _MONEY,
        "post",
        "commission",
        {"correct-value": "900000", "correct-reason": "As signed"},
    ),
    Route(
        "commissions:claw_back", _MONEY, "post", "commission", {"reverse-reason": "Sale cancelled"}
    ),
    Route(
        "commissions:pay",
        _MONEY,
        "post",
        "commission",
        {"pay-amount": "9", "pay-paid_on": "2026-01-01", "pay-reference": "TT-1"},
    ),
    Route(
        "commissions:milestone",
        _MONEY,
        "post",
        "commission",
        {"milestone-number": "1", "milestone-met_on": "2026-01-01"},
    ),
    Route("commissions:disputes", staff_page(partner=403)),
    Route("commissions:dispute", staff_page(), args="dispute"),
    Route(
        "commissions:dispute_open",
        _MONEY,
        "post",
        "commission",
        {"dispute-claimed_amount": "9", "dispute-reason": "Signed"},
    ),
    Route("commissions:dispute_answer", _MONEY, "post", "dispute", {"message-text": "Page 3"}),
    Route(
        "commissions:dispute_decide",
        _MONEY,
        "post",
        "dispute",
        {"decide-decision": "upheld", "decide-reason": "Signed"},
    ),
    Route("commissions:dispute_withdraw", _MONEY, "post", "dispute"),
    Route("commissions:paper_add", staff_page(422, 422, 422), "post", "closed"),
    Route("commissions:paper", staff_page(), args="evidence"),
    Route("commissions:settle", staff_page(403, 422, 422), "post", "question"),
    Route("commissions:decide", _MONEY, "post", "question"),
    # It is no closing without an exchange rate, which the page of the commission says.
    Route("commissions:book_as_agreed", _MONEY, "post", "question"),
    Route("commissions:rates", staff_page(403, partner=403)),
    Route("commissions:rates", staff_page(403, 422, 422, 403), "post"),
    Route("commissions:exports", staff_page(partner=403)),
    Route("commissions:export_file", staff_page(422, 422, 422, partner=403)),
    *(
        Route(
            "commissions:export_file",
            staff_page(agents, partner=403),
            query=f"what={what}&format={form}",
        )
        for what, agents in (
            ("commissions", OK),
            ("journal", OK),
            ("differences", OK),
            ("disputes", OK),
            ("terms", 422),
            ("rates", 422),
        )
        for form in ("csv", "xlsx")
    ),
    Route("commissions:confirm_closing", staff_page(), "post", "closed", {"agreement_value": "9"}),
    Route("commissions:differences", staff_page(partner=403)),
    Route("commissions:commission_list", staff_page(partner=403)),
    Route("commissions:dismiss", _MONEY, "post", "question"),
    Route("commissions:assign", _MONEY, "post", "question"),
    Route(
        "commissions:record",
        staff_page(),
        "post",
        "commission",
        {
            "papers-value": "900000",
            "papers-closed_on": "2026-01-01",
            "papers-currency": "AED",
        },
    ),
    Route("commissions:statements", staff_page(403, partner=403)),
    Route("commissions:statement_new", staff_page(403, partner=403)),
    Route("commissions:statement_new", staff_page(403, 422, 422, partner=403), "post"),
    Route("commissions:statement", _MONEY, args="statement"),
]
_HOOK = call(OK, 404, 403, key_a_read=403)
# Earlier than anything that is recovered: refused before the endpoint is looked for.
_RECOVER = call(422, 404, 403, key_a_read=403)
_SHARED = {"leadId": "SHARE", "partnerId": "PARTNER"}
API = [
    Route("api:docs", everybody()),
    Route("api:schema", everybody()),
    Route("api:unknown", everybody(404)),
    Route("api:leads", call(OK, OK, 403)),
    Route("api:lead", call(OK, 404, 403), args="share"),
    Route("api:commissions", call(OK, OK, 403)),
    Route("api:metrics", call(OK, OK, 403)),
    Route("api:partner", call(OK, OK, 403)),
    Route("api:webhook_endpoints", call(OK, OK, 403, key_a_read=403)),
    Route(
        "api:webhook_endpoints",
        call(OK, OK, 403, key_a_read=403),
        "post",
        body={"url": "https://hooks.acme-partner.com/third"},
    ),
    Route("api:verify_webhook_endpoint", call(OK, 404, 403, key_a_read=403), "post", "endpoint"),
    Route("api:webhook_endpoint", _HOOK, args="endpoint"),
    Route("api:webhook_endpoint", _HOOK, "patch", "endpoint", {"description": "CRM"}),
    Route("api:webhook_endpoint", _HOOK, "delete", "endpoint"),
    Route("api:rotate_webhook_secret", _HOOK, "post", "endpoint"),
    Route("api:webhook_signing_key", _HOOK, "post", "endpoint"),
    Route("api:webhook_signing_key", _HOOK, "delete", "endpoint"),
    Route("api:test_webhook_endpoint", _HOOK, "post", "endpoint"),
    Route("api:recover_webhooks", _RECOVER, "post", "endpoint", {"since": "2001-01-01T00:00:00Z"}),
    Route("api:webhook_stats", _HOOK, args="endpoint"),
    Route("api:webhook_deliveries", _HOOK, args="endpoint"),
    Route("api:webhook_delivery", _HOOK, args="endpoint delivery"),
    Route(
        "api:resend_webhook",
        call(409, 404, 403, key_a_read=403),
        "post",
        "endpoint delivery",
    ),
    Route("api:attest_deletion", call(OK, 404, 403, key_a_read=403), "post", "owed"),
    Route(
        "api:request_more",
        call(OK, 404, 403, key_a_read=403),
        "post",
        "accepted",
        {"group": "contact", "reason": "To agree on a time for the viewing"},
    ),
    Route(
        "api:partner_update",
        call(OK, 404, OK, key_a_read=403),
        "post",
        body={"leadId": "SHARE", "status": "accepted"},
    ),
    Route(
        "api:leads",
        call(key_agent=OK),
        "post",
        body={
            "lead": {"customerInfo": {"name": "New Person"}, "budget": 500000, "preferences": {}},
            "market": "uae",
            "clientConsent": {"shareBudget": True},
        },
    ),
    Route("api:share_lead", call(key_agent=OK), "post", body={"leadId": "LEAD", "partnerId": "B"}),
    Route(
        "api:share_preferences",
        call(key_agent=OK),
        "post",
        body=_SHARED | {"consent": {"shareRequirements": True}},
    ),
    Route(
        "api:share_appointment",
        call(key_agent=OK),
        "post",
        body={
            "partner": {"partnerId": "PARTNER", "status": "sent"},
            "payload": _SHARED
            | {
                "appointment": {
                    "date": "2096-12-28T14:00:00Z",
                    "location": "Site",
                    "type": "viewing",
                }
            },
        },
    ),
]


def _as_viewer(route: Route, *, below_portal: bool) -> Route:
    """Return ROUTE with what a viewer gets: below /portal/ to look, elsewhere as an agent."""
    found = route.viewer
    if found is None and below_portal:
        found = route.answers["a_member"] if route.method == "get" else 403
    if found is None:
        found = route.answers["agent"]
    return replace(route, answers={**route.answers, "viewer": found})


def routes() -> Iterator[Route]:
    """Yield every row of the matrix."""
    for part in (PUBLIC, CLIENT, PARTNER, STAFF, API, ACCOUNT, ADMIN_SITE):
        for route in part:
            yield _as_viewer(route, below_portal=part is PARTNER)
    for label, rights in ADMIN.items():
        for route in of_model(label, rights):
            yield _as_viewer(route, below_portal=False)


_FEW = {route.name for part in (PUBLIC, CLIENT, ACCOUNT) for route in part}


def asked_first(route: Route) -> tuple[str, ...]:
    """Return who is asked in the plain suite: whoever can differ. The proofs ask everybody."""
    if route.is_call:
        return ("anonymous", "a_owner", *KEYS, "key_suspended")
    if route.name in _FEW:
        return ("anonymous", "client", "a_owner", "agent", "key_a", "suspended")
    return (*BROWSERS, "key_a", "suspended", "ex_member")
