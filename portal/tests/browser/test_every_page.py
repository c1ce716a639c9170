"""Every page with the demo's data in it, wide and on a phone, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from commissions.services import agreements, disputes
from commissions.terms import Milestone, Terms
from events.models import Endpoint
from leads.models import Lead, Share
from leads.services import issue_client_link
from partners.models import User
from partners.types import Direction
from portal.lib.access import THE_SYSTEM
from portal.tests.browser.window import Window

pytestmark = [
    pytest.mark.proof,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as one person sees it.

    :param main: its picture is kept in all four forms, of the others the wide, light one
    """

    name: str
    path: str
    main: bool = False
    status: int = 200


def lead_of(email: str) -> Lead:
    return Lead.objects.get(email=email)


def share_of(email: str, partner: str) -> Share:
    return Share.objects.get(lead__email=email, partner__name__startswith=partner)


def everybodys_pages() -> dict[str, list[Shown]]:
    """Return the pages by who looks at them; "" is somebody who has not signed in."""
    dana = User.objects.get(email="dana@portal.example")
    token = issue_client_link(actor=dana, lead_id=lead_of("layla.f@example.com").pk)
    acme = share_of("sara.s@example.com", "Acme")
    endpoint = Endpoint.objects.filter(partner=acme.partner_id, verified_at__isnull=False)[0]
    terms = Terms(
        direction=Direction.PLATFORM_PAYS_PARTNER,
        percent=Decimal(20),
        partner_share=Decimal(60),
        milestones=(
            Milestone("25 % of the price is paid", Decimal(50)),
            Milestone("Handed over", Decimal(50)),
        ),
        holding_days=30,
    )
    offered = agreements.offer(
        actor=THE_SYSTEM,
        partner_id=str(acme.partner_id),
        draft=agreements.Draft(terms=terms, valid_from=timezone.now().date()),
        title="Commission terms",
    )
    booked = share_of("yusuf.e@example.com", "Acme").commissions.get()
    disputed = disputes.open_dispute(
        actor=User.objects.get(email="amira@acme.example"),
        commission_id=str(booked.pk),
        claimed_amount=booked.moved + 5_000,
        reason="The signed value was higher.",
    )
    told = endpoint.deliveries.filter(type="lead.shared").latest("pk")
    return {
        "": [
            Shown("sign-in", "/accounts/login/", main=True),
            Shown("password-reset", "/accounts/password/reset/"),
            Shown("client-lead", f"/c/{token}/lead/", main=True),
            Shown("api-docs", "/api/docs/"),
            Shown("capture-form", "/enquire/uae/", main=True),
            Shown("capture-thanks", "/enquire/uae/thanks/"),
        ],
        "dana@portal.example": [
            Shown("lead-list", "/leads/", main=True),
            Shown("lead-list-empty", "/leads/?q=nobody"),
            Shown("lead-new", "/leads/new/"),
            Shown("lead-import", "/leads/import/"),
            Shown("lead", f"/leads/{lead_of('layla.f@example.com').pk}/", main=True),
            Shown("lead-shared", f"/leads/{lead_of('victor.p@example.com').pk}/"),
            Shown("lead-rejected", f"/leads/{lead_of('zayd.m@example.com').pk}/"),
            Shown("deletions", "/leads/deletions/"),
            Shown("not-found", "/leads/nothing/", status=404),
            Shown("audit", "/analytics/audit/"),
            Shown("audit-lead", f"/analytics/audit/{lead_of('victor.p@example.com').pk}/"),
            Shown("view-as", "/view-as/"),
            Shown("webhooks-of-all", "/analytics/webhooks/"),
        ],
        "amira@acme.example": [
            Shown("partner-dashboard", "/portal/", main=True),
            Shown("partner-leads", "/portal/leads/", main=True),
            Shown("partner-leads-empty", "/portal/leads/?status=expired"),
            Shown("partner-lead", f"/portal/leads/{acme.pk}/", main=True),
            Shown(
                "partner-lead-closed",
                f"/portal/leads/{share_of('yusuf.e@example.com', 'Acme').pk}/",
            ),
            Shown("partner-commissions", "/portal/commissions/"),
            Shown("partner-commission", f"/portal/commissions/{booked.pk}/", main=True),
            Shown("partner-dispute", f"/portal/disputes/{disputed.pk}/"),
            Shown("partner-agreements", "/portal/agreements/"),
            Shown("partner-agreement", f"/portal/agreements/{offered.pk}/"),
            Shown("partner-reconciliation", "/portal/reconciliation/"),
            Shown("partner-settings", "/portal/settings/"),
            Shown("people", "/portal/settings/people/"),
            Shown("api-keys", "/portal/settings/keys/"),
            Shown("webhooks", "/portal/settings/webhooks/", main=True),
            Shown("webhook-endpoint", f"/portal/settings/webhooks/endpoints/{endpoint.pk}/"),
            Shown("webhook-message", f"/portal/settings/webhooks/deliveries/{told.pk}/"),
            Shown("webhook-debugger", "/portal/settings/webhooks/debugger/"),
            Shown("second-factor", "/accounts/2fa/"),
            Shown("sessions", "/accounts/sessions/"),
            Shown("password-change", "/accounts/password/change/"),
        ],
        "devika@skyline.example": [
            Shown("developer-dashboard", "/portal/"),
            Shown("developer-lead", f"/portal/leads/{share_of('john@example.com', 'Skyline').pk}/"),
        ],
        "finance@portal.example": [
            Shown("reconciliation", "/reconciliation/", main=True),
            Shown("differences", "/reconciliation/differences/"),
            Shown("commissions", "/reconciliation/commissions/"),
            Shown("statements", "/reconciliation/statements/"),
            Shown("statement-new", "/reconciliation/statements/new/"),
            Shown("disputes", "/disputes/"),
            Shown("dispute", f"/disputes/{disputed.pk}/"),
            Shown("agreements", "/agreements/"),
            Shown("agreement-new", "/agreements/new/"),
            Shown("agreement", f"/agreements/{offered.agreement_id}/"),
            Shown("commission", f"/reconciliation/{booked.pk}/", main=True),
            Shown("analytics", "/analytics/", main=True),
            Shown("analytics-in-one", "/analytics/?currency=AED"),
            Shown("rates", "/reconciliation/rates/"),
            Shown("exports", "/reconciliation/exports/"),
        ],
        "admin@portal.example": [
            Shown("admin", "/admin/"),
            Shown("admin-partners", "/admin/partners/partner/"),
            Shown("admin-partner", f"/admin/partners/partner/{acme.partner_id}/change/"),
            Shown("admin-partner-new", "/admin/partners/partner/add/"),
            Shown("admin-users", "/admin/partners/user/"),
        ],
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_every_page_is_sound(window: Callable[..., Window], size: str, scheme: str) -> None:
    found = []
    usual = (size, scheme) == ("wide", "light")
    for email, pages in everybodys_pages().items():
        person = window(email, size=size, scheme=scheme)
        for shown in pages:
            person.expects = (shown.status,) if shown.status != 200 else ()
            person.open(shown.path)
            try:
                person.look(f"pages/{shown.name}", keep=shown.main or usual)
            except AssertionError as fault:
                found.append(str(fault).split("\nassert")[0])
                person.complaints.clear()
    assert not found, "\n\n".join(found)


def test_the_inbox_shows_what_arrived(demo, window: Callable[..., Window]) -> None:
    for size in ("phone", "wide"):
        visitor = window(size=size)
        visitor.open(demo.inbox_origin)
        expect(visitor.page.get_by_text("appointment.shared").first).to_be_visible()
        visitor.look("pages/partner-inbox", keep=size == "wide")
