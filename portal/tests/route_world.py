"""The world the route matrix is asked in: partner A with everything that can be named, its rival B.

Sessions and keys are from before a suspension, as those of an open page are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.core.signing import get_cookie_signer
from django.db import connection, transaction
from django.test import Client
from django.test.client import ClientHandler
from django.urls import reverse
from django.utils import timezone

from commissions.models import (
    AgreementVersion,
    ConfirmationLimit,
    Correction,
    Dispute,
    Evidence,
    ExchangeRate,
)
from commissions.services import (
    agreements,
    disputes,
    evidence,
    import_statement,
    report_status,
)
from commissions.terms import Terms
from commissions.tests.paper_samples import png
from events.models import Endpoint, Event
from leads import notices, receipts, services
from leads.actors import ClientActor
from leads.groups import GROUPS, Groups
from leads.models import ClientLink, Lead, Share
from leads.services.consent import Wish, decide
from leads.tests.factories import LeadFactory
from leads.views.client import COOKIE, SALT
from partners.models import Partner, User
from partners.services import invite, issue_key
from partners.tests.factories import OwnerFactory, PartnerFactory, UserFactory
from portal.lib.access import THE_SYSTEM, Role
from portal.tests.route import AWAY, LOGIN, OK, Answer, Route

# Made once: each of its own would load the middleware anew.
_HANDLER = ClientHandler(enforce_csrf_checks=False)
REASON = "To agree on a time for the viewing"
READ_SCOPES = ("partner:read", "leads:read", "commissions:read", "metrics:read")
# A refusal is an event, and an event moves its stream on; a session and a key say when last used.
MOVING = {"django_session", "partners_apikey", Event._meta.db_table, "events_stream"}


@dataclass
class World:
    """Who asks and what can be named. `ids` → kind of object to its id."""

    ids: dict[str, str]
    sessions: dict[str, str]
    secrets: dict[str, str]
    link_id: str
    a: Partner
    member: User
    user_ids: dict[str, str]
    # Hashes of the tables as they stand, and after the suspension.
    present: dict[str, str] = field(default_factory=dict)
    former: dict[str, str] = field(default_factory=dict)

    def browser(self, role: str) -> Client:
        """Return a fresh browser of ROLE; what an answer does to its cookies stays with it."""
        client = Client(raise_request_exception=False)
        client.handler = _HANDLER
        if session := self.sessions.get(role):
            client.cookies[settings.SESSION_COOKIE_NAME] = session
        if role == "client":
            signed = get_cookie_signer(salt=COOKIE + SALT).sign(self.link_id)
            client.cookies[COOKIE] = signed
        return client

    def ask(self, route: Route, role: str, *, path: str = "", **headers: str) -> Any:
        """Return the answer of ROUTE to ROLE."""
        if secret := self.secrets.get(role):
            headers["Authorization"] = f"Bearer {secret}"
        path = path or self.path(route)
        browser = self.browser(role)
        if route.method == "get":
            return browser.get(path, headers=headers)
        body = self.filled(route.body)
        sent = {"data": body}
        if route.is_call:
            sent = {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(browser, route.method)(path, headers=headers, **sent)

    def path(self, route: Route) -> str:
        """Return the address, with the ids of what it names."""
        words = [self._word(part) for part in route.args.split()]
        if route.name.startswith("admin:"):  # which takes the `_22` of `share_22…` for a quote
            words = [quote(word) for word in words]
        query = f"?{route.query}" if route.query else ""
        return reverse(route.name, args=words) + query

    def _word(self, part: str) -> str:
        return part[1:] if part.startswith("=") else self.ids[part]

    def filled(self, body: Any) -> Any:
        """Return BODY with ids instead of the capitals that name them."""
        if isinstance(body, Mapping):
            return {name: self.filled(value) for name, value in body.items()}
        return (
            self.ids.get(body.lower(), body) if isinstance(body, str) and body.isupper() else body
        )

    def suspend(self) -> None:
        """Suspend partner A and let its member go, as an admin would."""
        Partner.objects.filter(pk=self.a.pk).update(status=Partner.Status.SUSPENDED)
        User.objects.filter(pk=self.member.pk).update(is_active=False)


def outcome(response: Any) -> Answer:
    """Return what RESPONSE is in the words of the matrix."""
    to_login = ("/accounts/login/", "/admin/login/")
    if response.status_code == 302 and response.headers["Location"].startswith(to_login):
        return LOGIN
    if response.status_code == 401 and response.headers.get("HX-Redirect", "").startswith(to_login):
        return LOGIN
    # A fragment without anything in it that sends the whole page elsewhere shows nothing.
    elsewhere = {"HX-Redirect", "HX-Refresh"} & set(response.headers)
    if elsewhere and not response.streaming and not response.content:
        return AWAY
    return OK if response.status_code < 400 else int(response.status_code)


class _Undo(Exception):
    """Ends a block whose traces are not kept."""


@contextmanager
def undone() -> Iterator[None]:
    """Run a block and keep nothing of what it wrote."""
    try:
        with transaction.atomic():
            yield
            raise _Undo
    except _Undo:
        pass


def content_of(response: Any) -> bytes:
    """Return the whole body, streamed or not."""
    return b"".join(response) if response.streaming else bytes(response.content)


def fingerprint() -> dict[str, str]:
    """Return a hash of every table that a denied call must leave as it was."""
    tables = sorted({m._meta.db_table for m in apps.get_models(include_auto_created=True)} - MOVING)
    hashes = " UNION ALL ".join(
        f"SELECT '{table}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{table}\" t"
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(hashes)
        return {str(table): str(found) for table, found in cursor.fetchall()}


def built() -> World:
    """Return a world with every kind of object of partner A."""
    a = PartnerFactory.create(name="Acme Channel Partners", capacity_limit=50)
    b = PartnerFactory.create(name="Rival Realty", capacity_limit=50)
    third = PartnerFactory.create(name="Third Estates", capacity_limit=50)
    people = {
        "a_owner": OwnerFactory.create(email="amira@acme.example", partner=a),
        "a_member": UserFactory.create(email="milo@acme.example", role=Role.MEMBER, partner=a),
        "b_owner": OwnerFactory.create(email="rami@rival.example", partner=b),
        "agent": UserFactory.create(email="dana@portal.example"),
        "finance": UserFactory.create(email="finance@portal.example", role=Role.FINANCE),
        "admin": UserFactory.create(email="admin@portal.example", role=Role.ADMIN),
    }
    member = people["ex_member"] = UserFactory.create(
        email="gone@acme.example", role=Role.MEMBER, partner=a
    )
    sessions = {role: signed_in(user) for role, user in people.items()}
    sessions["viewer"] = signed_in(people["agent"], as_partner=a)
    ids = {"partner": a.pk, "b": b.pk, "third": third.pk, "user": member.pk}
    ids |= leads_of(people["agent"], people["a_owner"], a, third)
    _rows_to_name(member)
    invitation = invite(actor=people["a_owner"], email="nadia@acme.example", role=Role.MEMBER)
    ids["invitation"] = invitation.pk
    ids["key"] = issue_key(actor=people["a_owner"], partner=a, name="CRM")[0].pk
    secrets = _keys(a, b, people["agent"])
    ids |= _one_of_each()
    return World(
        ids={kind: str(found) for kind, found in ids.items()},
        sessions=sessions | {"suspended": sessions["a_owner"]},
        secrets=secrets,
        link_id=_link(ids["lead"]),
        a=a,
        member=member,
        user_ids={role: str(user.pk) for role, user in people.items()},
    )


def signed_in(user: User, as_partner: Partner | None = None) -> str:
    """Return the session of USER, who looks at a partner's portal if AS_PARTNER is one."""
    browser = Client()
    browser.force_login(user)
    if as_partner:
        browser.post(reverse("viewing:start", args=[as_partner.pk]))
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def _keys(a: Partner, b: Partner, agent: User) -> dict[str, str]:
    full = issue_key(actor=THE_SYSTEM, partner=a)[1]
    return {
        "key_a": full,
        "key_suspended": full,
        "key_a_read": issue_key(actor=THE_SYSTEM, partner=a, scopes=READ_SCOPES)[1],
        "key_b": issue_key(actor=THE_SYSTEM, partner=b)[1],
        "key_agent": issue_key(actor=THE_SYSTEM, user=agent)[1],
    }


def _link(lead_id: Any) -> str:
    services.issue_client_link(actor=THE_SYSTEM, lead_id=str(lead_id))
    return str(ClientLink.objects.latest("pk").pk)


def leads_of(agent: User, owner: User, a: Partner, third: Partner) -> dict[str, Any]:
    """Return the ids of A's shares, one for each thing that can be done with one."""
    endpoint = _endpoint(a)  # first of all, so that it is told of all
    share = _shared(agent, a, LeadFactory.create(agent=agent, name="Zenobia Canary"))
    accepted = _shared(agent, a, LeadFactory.create(agent=agent))
    report_status(actor=owner, reference=str(accepted.pk), status="accepted")
    owed = _shared(agent, a, LeadFactory.create(agent=agent), Groups.everything())
    decide(
        actor=ClientActor(str(owed.lead_id)),
        lead_id=str(owed.lead_id),
        wishes=[Wish(group, False) for group in GROUPS],
    )
    ask = {"actor": owner, "group": "contact", "reason": REASON}
    more = services.ask_for_more(reference=str(_shared(agent, a, LeadFactory.create()).pk), **ask)
    asked = services.ask_for_more(reference=str(share.pk), **ask)
    services.forward_request(actor=agent, request_id=str(asked.pk))
    proposal = services.propose_partner(
        actor=agent, lead_id=str(share.lead_id), partner_id=third.pk, choice=Groups.everything()
    )
    services.share_appointment(
        actor=agent,
        reference=str(share.pk),
        partner_id=a.pk,
        draft=services.AppointmentDraft(
            type="viewing", starts_at=timezone.now() + timedelta(days=9), location="Gate 2"
        ),
    )
    receipt = receipts.issue(share.lead, mail=False)
    assert receipt is not None
    closed = _closed(agent, owner, a)
    offered = _offered(a)
    dispute, paper = _disputed(owner, _closed(agent, owner, a))
    return {
        "lead": share.lead_id,
        "share": share.pk,
        "accepted": accepted.pk,
        "owed": owed.pk,
        "closed": closed.pk,
        "agreement": offered.agreement_id,
        "offered": offered.pk,
        "commission": closed.commissions.get().pk,
        "question": closed.reconciliation_items.get().pk,
        "dispute": dispute.pk,
        "evidence": paper.pk,
        "statement": _statement(a),
        "more": more.pk,
        "asked_client": asked.pk,
        "proposal": proposal.pk,
        "receipt": receipt.pk,
        "endpoint": endpoint.pk,
        "delivery": endpoint.deliveries.filter(type="lead.shared").latest("pk").pk,
    }


def _disputed(owner: User, share: Share) -> tuple[Dispute, Evidence]:
    """Return a dispute about what SHARE earned, talked over, and a paper that belongs to it."""
    dispute = disputes.open_dispute(
        actor=owner,
        commission_id=str(share.commissions.get().pk),
        claimed_amount=Decimal(9),
        reason="Zenobia says so",
    )
    figures = {"value": "9", "percent": "9", "closedOn": "2026-01-01", "amount": "9"}
    Correction.objects.create(
        commission=dispute.commission,
        kind=Correction.Kind.CORRECTED,
        before=figures,
        after=figures,
        reason="Zenobia asked for it",
        made_by=owner.actor_id,
    )
    disputes.answer(actor=owner, dispute_id=str(dispute.pk), text="Zenobia wrote it")
    paper = evidence.add_evidence(
        actor=owner,
        reference=str(share.pk),
        content=png(),
        name="contract.png",
        dispute_id=str(dispute.pk),
    )
    return dispute, paper


def _offered(partner: Partner) -> AgreementVersion:
    terms = Terms(direction=partner.direction, percent=Decimal(12))
    return agreements.offer(
        actor=THE_SYSTEM,
        partner_id=str(partner.pk),
        draft=agreements.Draft(terms=terms, valid_from=timezone.now().date()),
        title="Zenobia terms",
    )


def _statement(partner: Partner) -> str:
    """Return a statement of a deal that is none of ours."""
    day = date(2020, 1, 1)
    done = import_statement(
        actor=THE_SYSTEM,
        partner_id=str(partner.pk),
        first=day,
        last=day,
        content=b"reference,value,date\nZEN-77,9,2020-01-01\n",
        file_name="zenobia.csv",
    )
    return str(done.statement.pk)


def _shared(agent: User, partner: Partner, lead: Lead, choice: Groups | None = None) -> Share:
    return services.share_lead(
        actor=agent, partner_id=str(partner.pk), lead_id=str(lead.pk), choice=choice
    )


def _closed(agent: User, owner: User, partner: Partner) -> Share:
    """Return a closing that waits to be confirmed: its claim differs from the frozen rate."""
    share = _shared(agent, partner, LeadFactory.create())
    reference = str(share.pk)
    report_status(actor=owner, reference=reference, status="accepted")
    report_status(
        actor=owner,
        reference=reference,
        status="closed",
        agreement_value=Decimal(1_000_000),
        claimed_percent=Decimal(17),
    )
    return share


def _endpoint(partner: Partner) -> Endpoint:
    return Endpoint.objects.create(
        partner=partner,
        url="https://hooks.acme-partner.com/in",
        secret="whsec_" + "c" * 32,
        challenge="x",
        verified_at=timezone.now(),
    )


def _rows_to_name(user: User) -> None:
    """Keep what the admin site names and no service above has made."""
    day = timezone.now().date()
    ExchangeRate.objects.create(currency="USD", day=day, per_euro=Decimal("1.1"), source="ECB")
    ConfirmationLimit.objects.create(market="uae", currency="AED", amount=Decimal(10**9))
    notices.remember(notices.current("uae", notices.PAGE, notices.LANGUAGE))
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "none"})
    UserSession.objects.create(
        user=user, ip="192.0.2.1", session_key="session-of-nobody", user_agent="None"
    )


def _one_of_each() -> dict[str, Any]:
    """Return one row of every model of the admin site, by the model's label."""
    found = {}
    for model in admin.site._registry:
        row = model._base_manager.first()
        assert row is not None, f"the world holds no {model._meta.label_lower}"
        found[model._meta.label_lower] = row.pk
    return found
