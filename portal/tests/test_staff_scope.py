"""Staff with a market or a team: they see, and may act on, the leads of it and no others."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model
from django.utils import timezone

from commissions import analytics
from commissions.models import Agreement, AgreementVersion, Commission, ReconciliationItem
from commissions.selectors import metrics_for
from commissions.services import rebuild_partner_days, report_status
from commissions.terms import Terms
from commissions.tests.money_world import agreed
from events.models import Delivery, Event
from leads import services
from leads.actors import ClientActor
from leads.groups import Groups
from leads.models import (
    Appointment,
    ConsentDecision,
    DeletionTask,
    Lead,
    MoreRequest,
    Proposal,
    Receipt,
    Share,
)
from leads.services.capture import LeadDraft
from leads.services.consent import Wish
from leads.tests.factories import LeadFactory
from partners.models import Partner, User
from partners.services import update_user
from portal.lib.access import Role, scope_of
from portal.lib.errors import NotAllowed, NotFound

pytestmark = pytest.mark.django_db


def agent(name: str, **scope: str) -> User:
    return User.objects.create_user(f"{name}@portal.example", role=Role.AGENT, name=name, **scope)


@pytest.fixture
def north(db: None) -> User:
    return agent("nora", team="north")


@pytest.fixture
def lead(north: User) -> Lead:
    """A lead in the UAE, looked after by an agent of the team North."""
    return LeadFactory.create(agent=north)


@pytest.fixture
def told(dana: User, acme: Partner, amira: User, lead: Lead) -> Lead:
    """The lead with a row of every kind that can be about one."""
    share = services.share_lead(
        actor=dana, partner_id=acme.pk, lead_id=lead.pk, choice=Groups(False, True, True)
    )
    services.ask_for_more(
        actor=amira, reference=share.pk, group="contact", reason="To call the client"
    )
    Appointment.objects.create(
        share=share, external_id="1", type="viewing", starts_at=timezone.now(), location="Marina"
    )
    closing = {"status": "closed", "agreement_value": Decimal(100), "claimed_percent": Decimal(9)}
    report_status(actor=amira, reference=share.pk, status="accepted")
    report_status(actor=amira, reference=share.pk, **closing)
    Proposal.objects.create(lead=lead, partner=acme, groups=["budget"], proposed_by=dana.pk)
    wish = [Wish("budget", False)]
    services.decide(actor=ClientActor(lead.pk), lead_id=lead.pk, wishes=wish)
    return lead


ABOUT_LEADS: tuple[type[Model], ...] = (
    Lead,
    Share,
    ConsentDecision,
    Appointment,
    DeletionTask,
    MoreRequest,
    Receipt,
    Proposal,
    Commission,
    ReconciliationItem,
    Delivery,
)
OUTSIDE = ({"market": "india"}, {"team": "south"}, {"market": "india", "team": "north"})
INSIDE = ({}, {"market": "uae"}, {"team": "north"}, {"market": "uae", "team": "north"})


def seen(model: Any, user: User) -> int:
    return int(model.objects.visible_to(user).count())


def test_every_row_about_a_lead_is_in_scope_or_unseen(told: Lead) -> None:
    for at, scope in enumerate(INSIDE):
        inside = agent(f"in{at}", **scope)
        counts = {model.__name__: seen(model, inside) for model in ABOUT_LEADS}
        assert all(counts.values()), (scope, counts)
        assert Event.objects.visible_to(inside).filter(lead_id=told.pk).exists()
    for at, scope in enumerate(OUTSIDE):
        outside = agent(f"out{at}", **scope)
        counts = {model.__name__: seen(model, outside) for model in ABOUT_LEADS}
        assert not any(counts.values()), (scope, counts)
        assert not Event.objects.visible_to(outside).filter(lead_id=told.pk).exists()


# A partner's own list, as it was handed in: it says of which leads it is, if of any.
HANDED_IN = {"commissions.StatementLine"}


def leads_to_a_lead(model: type[Model], steps: int = 3) -> bool:
    """Return whether a row of MODEL points at a lead, or at a row that does."""
    targets = [column.related_model for column in model._meta.fields if column.is_relation]
    return Lead in targets or (
        steps > 1
        and any(leads_to_a_lead(target, steps - 1) for target in targets if target is not model)
    )


def test_no_table_about_leads_is_read_past_the_scope() -> None:
    limited = User(role=Role.AGENT, market="india", is_active=True)
    forgotten = set()
    for model in apps.get_models():
        visible: Any = getattr(model._default_manager, "visible_to", None)
        if visible is None or not leads_to_a_lead(model):
            continue
        if '"market" = india' not in str(visible(limited).query):
            forgotten.add(model._meta.label)
    assert forgotten <= HANDED_IN


def test_an_agreement_about_one_deal_is_seen_with_its_lead(lead: Lead, acme: Partner) -> None:
    agreed(acme, Terms(direction=acme.direction, percent=Decimal(9)), lead=lead)
    agreed(acme, Terms(direction=acme.direction, percent=Decimal(8)))
    for scope, number in ((INSIDE[1], 2), (OUTSIDE[0], 1)):
        staff = agent(f"see{number}", **scope)
        assert (seen(Agreement, staff), seen(AgreementVersion, staff)) == (number, number)


def test_without_a_scope_nothing_is_asked_of_the_lead(dana: User) -> None:
    assert scope_of(dana) == {}
    for model in (*ABOUT_LEADS, Event):
        rows: Any = model
        assert str(rows.objects.visible_to(dana).query) == str(rows.objects.all().query)


def test_the_pages_of_a_lead_out_of_scope_are_not_there(
    client_for: Any, told: Lead, acme: Partner
) -> None:
    browser = client_for(agent("olaf", team="south"))

    assert browser.get(f"/leads/{told.pk}/").status_code == 404
    listed = browser.get("/leads/").content.decode()
    assert told.pk not in listed
    assert told.name not in listed
    assert browser.get("/leads/", {"q": told.email}).content.decode().count(told.name) == 0


Act = Callable[[User, Lead, Partner], object]
ACTS: dict[str, Act] = {
    "share": lambda who, lead, partner: services.share_lead(
        actor=who, partner_id=partner.pk, lead_id=lead.pk
    ),
    "propose": lambda who, lead, partner: services.propose_partner(
        actor=who, partner_id=partner.pk, lead_id=lead.pk, choice=Groups(False, True, True)
    ),
    "mark seen": lambda who, lead, _p: services.mark_seen(actor=who, lead_id=lead.pk),
    "link": lambda who, lead, _p: services.issue_client_link(actor=who, lead_id=lead.pk),
    "send link": lambda who, lead, _p: services.send_client_link(actor=who, lead_id=lead.pk),
    "correct": lambda who, lead, _p: services.correct_lead(
        actor=who, lead_id=lead.pk, changes={"project": "Other"}
    ),
    "record a withdrawal": lambda who, lead, _p: services.decide(
        actor=who, lead_id=lead.pk, wishes=[Wish("budget", False)], method="call"
    ),
    "restrict": lambda who, lead, _p: services.restrict_lead(actor=who, lead_id=lead.pk),
    "lift": lambda who, lead, _p: services.lift_restriction(actor=who, lead_id=lead.pk),
    "copy": lambda who, lead, _p: services.take_copy(actor=who, lead_id=lead.pk),
    "ask to erase": lambda who, lead, _p: services.ask_erasure(actor=who, lead_id=lead.pk),
    "erase": lambda who, lead, _p: services.erase_lead(actor=who, lead_id=lead.pk),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=list(ACTS))
@pytest.mark.parametrize("scope", OUTSIDE[:2], ids=["market", "team"])
def test_no_service_acts_on_a_lead_out_of_scope(
    act: Act, scope: dict[str, str], lead: Lead, acme: Partner
) -> None:
    before = Lead.objects.filter(pk=lead.pk).values().get()

    with pytest.raises(NotFound):
        act(agent("olaf", **scope), lead, acme)

    assert Lead.objects.filter(pk=lead.pk).values().get() == before
    assert not Share.objects.exists()


def test_a_share_out_of_scope_is_not_there(told: Lead) -> None:
    share = Share.objects.get()
    olaf = agent("olaf", team="south")

    for act in (
        lambda: services.withdraw_share(actor=olaf, reference=share.pk),
        lambda: services.change_preferences(
            actor=olaf, reference=share.pk, choice=Groups(False, True, True)
        ),
        lambda: services.forward_request(actor=olaf, request_id=MoreRequest.objects.get().pk),
    ):
        with pytest.raises(NotFound):
            act()


def test_staff_of_one_market_record_no_lead_of_another() -> None:
    one = agent("uma", market="uae")

    with pytest.raises(NotAllowed):
        services.capture_lead(actor=one, market="india", draft=LeadDraft(name="Asha"))

    assert services.capture_lead(actor=one, market="uae", draft=LeadDraft(name="Asha")).agent == one


def test_erasing_leaves_leads_out_of_scope_to_their_agent(lead: Lead) -> None:
    elsewhere = LeadFactory.create(email=lead.email, phone=lead.phone, agent=agent("sam"))
    nils = agent("nils", team="north")

    services.ask_erasure(actor=nils, lead_id=lead.pk)

    elsewhere.refresh_from_db()
    assert elsewhere.erasure_asked_at is None
    assert elsewhere.needs_agent_since is not None


def test_the_admin_limits_an_account_to_a_market_and_a_team(
    client_for: Any, admin_user: User, dana: User
) -> None:
    typed = {"email": dana.email, "name": dana.name, "role": "agent", "is_active": "on"}
    page = f"/admin/partners/user/{dana.pk}/change/"
    answer = client_for(admin_user).post(page, typed | {"market": "uae", "team": "north"})
    assert answer.status_code == 302

    dana.refresh_from_db()
    assert (dana.market, dana.team) == ("uae", "north")


def test_an_admin_with_a_scope_sees_only_its_leads_in_the_admin(
    client_for: Any, admin_user: User, told: Lead
) -> None:
    update_user(
        actor=admin_user,
        user_id=agent("other").pk,
        email="admin2@portal.example",
        name="Other",
        role=Role.ADMIN,
        partner_id=None,
        market="india",
    )
    browser = client_for(User.objects.get(email="admin2@portal.example"))

    for model in ("lead", "share", "consentdecision", "receipt", "deletiontask", "morerequest"):
        page = browser.get(f"/admin/leads/{model}/").content.decode()
        assert "0 " in page, model
        assert told.pk not in page, model
    assert browser.get(f"/admin/leads/lead/{told.pk}/change/").status_code == 302


@pytest.fixture
def closed(told: Lead) -> Lead:
    """The lead with its deal: 100 of revenue in the figures of the team North, in the UAE."""
    assert Commission.objects.get().agreement_value == Decimal(100)
    return told


def figures(user: User, partner: Partner) -> list[object]:
    """Return what every page of figures makes of the same deal for USER."""
    return [
        [(row["sum_closed"], row["sum_revenue"]) for row in analytics.partner_sums(user=user)],
        [row["closed"] for row in analytics.by_type(user=user)],
        sum(month.closed for month in analytics.months_for(user=user)),
        metrics_for(user=user, partner=partner).closed,
    ]


def test_figures_are_those_of_the_own_market_and_team(closed: Lead, acme: Partner) -> None:
    for at, scope in enumerate(INSIDE):
        inside = figures(agent(f"in{at}", **scope), acme)
        assert inside == [[(1, Decimal(100))], [1], 1, 1], scope
    for at, scope in enumerate(OUTSIDE):
        assert figures(agent(f"out{at}", **scope), acme) == [[], [], 0, 0], scope


def test_the_pages_of_figures_name_no_partner_of_another_market(
    client_for: Any, closed: Lead, acme: Partner
) -> None:
    outside = client_for(agent("olaf", market="india")).get("/analytics/").content.decode()
    inside = client_for(agent("ute", market="uae")).get("/analytics/").content.decode()
    assert acme.name in inside
    assert acme.name not in outside


def test_figures_follow_who_changes_the_team(
    closed: Lead, acme: Partner, north: User, caplog: pytest.LogCaptureFixture
) -> None:
    assert rebuild_partner_days() == 0
    User.objects.filter(pk=north.pk).update(team="south")

    assert rebuild_partner_days() > 0

    assert caplog.records == []  # somebody moved; no figure was wrong
    assert figures(agent("sue", team="south"), acme)[0] == [(1, Decimal(100))]
    assert figures(agent("ned", team="north"), acme)[0] == []


@pytest.mark.parametrize(("market", "shown"), [("uae", True), ("india", False), ("", True)])
def test_the_revenue_table_of_the_administration_is_in_scope(
    market: str, shown: bool, client_for: Any, closed: Lead, acme: Partner
) -> None:
    User.objects.create_user("fin@portal.example", role=Role.FINANCE, market=market)
    browser = client_for(User.objects.get(email="fin@portal.example"))
    page = browser.get(f"/admin/partners/partner/{acme.pk}/change/").content.decode()
    assert (Commission.objects.get().pk in page) is shown
    row = browser.get("/admin/partners/partner/?q=Acme").content.decode()
    assert (f'field-revenue_entries">{int(shown)}<' in row) is True
