"""Every address of the portal, and what each role gets there: the route matrix as data.

To add an address: one :class:`Route` per method in the list it belongs to. The matrix
(`test_route_matrix`) compares the lists with the URL configuration, asks every address as every
role, and fails for an address nobody listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# What an answer is: OK is any success, LOGIN the way to the login page (a redirect; 401 with
# HX-Redirect for HTMX); everything else is its status.
OK: Final = "ok"
LOGIN: Final = "login"
Answer = int | str

# Who asks. `a_…` belong to the partner that the objects are of, `b_owner` to its rival.
BROWSERS = ("anonymous", "client", "a_owner", "a_member", "b_owner", "agent", "finance", "admin")
KEYS = ("key_a", "key_a_read", "key_b", "key_agent")
# Asked after the partner is suspended and the member is gone, with sessions from before.
FORMER = ("suspended", "ex_member", "key_suspended")
ROLES = (*BROWSERS, *KEYS, *FORMER)

NO_SUCCESS = frozenset({LOGIN, 400, 401, 403, 404, 405})


@dataclass(frozen=True, slots=True)
class Route:
    """One address with one method.

    :param args: what the address names: kinds of objects of partner A (see `World.ids` in
        `test_route_matrix`), or, after `=`, the word itself
    :param body: what is sent; a value in capitals names the id of an object
    """

    name: str
    answers: Mapping[str, Answer]
    method: str = "get"
    args: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    admin: bool = False

    @property
    def is_call(self) -> bool:
        """Whether it belongs to the API: keys open it, cookies do not."""
        return self.name.startswith("api:")

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.name}"


def page(**answers: Answer) -> dict[str, Answer]:
    """Return what a page answers: ANSWERS, and to everybody else the login page."""
    return dict.fromkeys(ROLES, LOGIN) | answers


def partners_page(
    a_owner: Answer = OK, a_member: Answer = OK, b_owner: Answer = 404, staff: Answer = 403
) -> dict[str, Answer]:
    """Return what a page answers that belongs to a partner's people."""
    return page(a_owner=a_owner, a_member=a_member, b_owner=b_owner) | dict.fromkeys(
        ("agent", "finance", "admin"), staff
    )


def staff_page(
    agent: Answer = OK, finance: Answer = OK, admin: Answer = OK, partner: Answer = 404
) -> dict[str, Answer]:
    """Return what a page answers that belongs to the company's people."""
    return page(agent=agent, finance=finance, admin=admin) | dict.fromkeys(
        ("a_owner", "a_member", "b_owner"), partner
    )


def everybody(answer: Answer = OK, **answers: Answer) -> dict[str, Answer]:
    """Return what a public page answers."""
    return dict.fromkeys(ROLES, answer) | answers


def signed_in(answer: Answer = OK, **answers: Answer) -> dict[str, Answer]:
    """Return what a page answers that is about the own account."""
    people = ("a_owner", "a_member", "b_owner", "agent", "finance", "admin")
    return page(**dict.fromkeys(people, answer)) | answers


def clients_page(answer: Answer = OK) -> dict[str, Answer]:
    """Return what a page answers to whoever came by the client's link; to others it is gone."""
    return everybody(404, client=answer)


def call(
    key_a: Answer = 403,
    key_b: Answer = 403,
    key_agent: Answer = 403,
    key_a_read: Answer | None = None,
) -> dict[str, Answer]:
    """Return what a call of the API answers: only keys open it.

    :param key_a_read: left out, what the full key gets
    """
    told = {"key_a": key_a, "key_b": key_b, "key_agent": key_agent}
    told["key_a_read"] = key_a if key_a_read is None else key_a_read
    return dict.fromkeys(ROLES, 401) | told


_WORK = staff_page(finance=403)

PUBLIC = [
    Route("home", signed_in()),
    Route("healthz", everybody()),
    Route("readyz", everybody()),
    Route("jwks", everybody()),
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
    Route("client:proposal", clients_page(), "post", "proposal", {"given": "no"}),
    Route("client:request", clients_page(), "post", "asked_client", {"given": "no"}),
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
PARTNER = [
    Route("partner:dashboard", partners_page(b_owner=OK)),
    Route("partner:lead_list", partners_page(b_owner=OK)),
    Route("partner:commission_list", partners_page(b_owner=OK)),
    Route("partner:commissions_csv", partners_page(b_owner=OK)),
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
        partners_page(a_member=403, b_owner=422, a_owner=422),
        "post",
    ),
    Route(
        "partners:propose_commission",
        partners_page(a_member=403, b_owner=OK),
        "post",
        body={"commission": "14", "reason": "Volume"},
    ),
    Route(
        "partners:add_endpoint",
        partners_page(a_member=403, b_owner=OK),
        "post",
        body={"url": "https://hooks.acme-partner.com/second"},
    ),
    Route("partners:verify_endpoint", partners_page(a_member=403), "post", "endpoint"),
    Route("partners:remove_endpoint", partners_page(a_member=403), "post", "endpoint"),
]
STAFF = [
    Route("leads:lead_list", staff_page(partner=403)),
    Route("leads:lead_new", staff_page(finance=403, partner=403)),
    Route("leads:lead_new", staff_page(422, 403, 422, partner=403), "post"),
    Route("leads:import", staff_page(finance=403, partner=403)),
    Route("leads:import", staff_page(422, 403, 422, partner=403), "post"),
    Route("leads:import_template", staff_page(finance=403, partner=403)),
    Route("leads:lead_detail", staff_page(), args="lead"),
    Route("leads:share", staff_page(422, 403, 422), "post", "lead"),
    Route("leads:preview", _WORK, "post", "lead"),
    Route("leads:seen", _WORK, "post", "lead"),
    Route("leads:client_link", _WORK, "post", "lead"),
    Route("leads:send_link", _WORK, "post", "lead"),
    Route("leads:propose", staff_page(422, 403, 422), "post", "lead"),
    Route("leads:take_back", _WORK, "post", "proposal"),
    Route("leads:receipt_json", _WORK, args="lead receipt"),
    Route("leads:receipt_pdf", _WORK, args="lead receipt"),
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
    Route("leads:appointment", staff_page(422, 403, 422), "post", "share"),
    Route("leads:forward_request", _WORK, "post", "more"),
    Route("leads:decline_request", _WORK, "post", "more"),
    Route("leads:deletion_list", staff_page(partner=403)),
    Route("leads:stop_leads", staff_page(403, 403), "post", "partner"),
    Route("leads:resume_leads", staff_page(403, 403), "post", "partner"),
    Route("commissions:analytics", staff_page(partner=403)),
    Route("commissions:events_jsonl", staff_page(403, 403, partner=403)),
    Route("commissions:checkpoints_jsonl", staff_page(403, 403, partner=403)),
    Route("commissions:reconciliation", staff_page(partner=403)),
    Route("commissions:confirm_closing", staff_page(), "post", "closed", {"agreement_value": "9"}),
]
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
    Route("api:webhook_endpoints", call(OK, OK, 403)),
    Route(
        "api:webhook_endpoints",
        call(OK, OK, 403, key_a_read=403),
        "post",
        body={"url": "https://hooks.acme-partner.com/third"},
    ),
    Route("api:verify_webhook_endpoint", call(OK, 404, 403, key_a_read=403), "post", "endpoint"),
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
        body={"customerInfo": {"name": "New Person"}, "budget": 5, "preferences": {}},
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
# The pages about the own account. Without one only the way in is open.
ACCOUNT: list[Route] = []
# Every model of the admin site → who may view, add, change and delete there.
ADMIN: dict[str, str] = {}


def routes() -> Iterator[Route]:
    """Yield every row of the matrix that is no admin address."""
    for part in (PUBLIC, CLIENT, PARTNER, STAFF, API, ACCOUNT):
        yield from part
