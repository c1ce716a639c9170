"""The database itself shows a partner nothing of a rival, also where `visible_to` is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test import Client

from commissions.services import disputes, evidence
from commissions.tests.money_world import closed
from commissions.tests.paper_samples import png
from leads import services
from leads.groups import Groups
from leads.models import Lead, Notice, Share
from leads.tests.factories import LeadFactory
from partners import services as people
from partners.models import Partner, User
from partners.services import issue_key
from portal import grants
from portal.lib import access, scope
from portal.lib.scope import partner_scope
from portal.row_security import RULES

pytestmark = pytest.mark.django_db


@pytest.fixture
def theirs(dana: User, rival: Partner) -> Share:
    """A lead of the rival's, which Acme has not."""
    lead = LeadFactory.create(agent=dana, name="Only Rivals Client")
    return services.share_lead(
        actor=dana, lead_id=lead.pk, partner_id=rival.pk, choice=Groups(True, True, True)
    )


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the first wall away: every partner's read gets every row."""
    monkeypatch.setattr(access.PartnerScopedQuerySet, "visible_to", lambda rows, _actor: rows.all())


@pytest.fixture
def asked(amira: User, acme: Partner, admin_user: User, client_for: Any) -> Callable[[str], Any]:
    """Return how Acme asks for an address, by page or with its key."""
    page = client_for(amira)
    _, secret = issue_key(actor=admin_user, partner=acme)
    machine = Client(headers={"Authorization": f"Bearer {secret}"})
    return lambda path: (machine if path.startswith("/api/") else page).get(path)


def body(response: Any) -> str:
    found: bytes = b"".join(response.streaming_content) if response.streaming else response.content
    return found.decode()


LISTS = ("/portal/", "/portal/leads/", "/portal/commissions.csv", "/api/leads", "/api/commissions")
ONE = ("/portal/leads/{}/", "/api/leads/{}")


# What partners or everybody may do with a table or a view, or with columns of one.
GRANTED = """
WITH given AS (
  SELECT c.oid, c.relname, (aclexplode(c.relacl)).* FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
  UNION
  SELECT c.oid, c.relname, (aclexplode(a.attacl)).*
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.relnamespace = 'public'::regnamespace
)
SELECT relname, privilege_type FROM given WHERE grantee IN (0, 'portal_partner'::regrole)
"""


def where() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('portal.partner', true)")
        user, setting = cursor.fetchone()
        return user, setting or ""


@pytest.mark.usefixtures("forgotten")
class TestWithoutTheFirstWall:
    @pytest.mark.parametrize("path", ONE)
    def test_a_rivals_lead_is_not_there(self, path: str, asked: Any, theirs: Share) -> None:
        assert asked(path.format(theirs.pk)).status_code == 404

    @pytest.mark.parametrize("path", LISTS)
    def test_no_list_holds_it(self, path: str, asked: Any, theirs: Share) -> None:
        response = asked(path)
        assert response.status_code == 200
        assert str(theirs.pk) not in body(response)

    @pytest.mark.parametrize("path", ONE)
    def test_without_the_second_wall_it_would_be(
        self, path: str, asked: Any, theirs: Share, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scope, "_enter", lambda _partner_id: None)
        response = asked(path.format(theirs.pk))
        assert response.status_code == 200
        assert str(theirs.pk) in body(response)

    @pytest.mark.parametrize("walls", ["second", "none"])
    @pytest.mark.parametrize("kind", ["commissions", "disputes", "evidence"])
    def test_nor_is_a_rivals_money(
        self,
        asked: Any,
        dana: User,
        rami: User,
        walls: str,
        kind: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        booked = closed(dana, rami)
        dispute = disputes.open_dispute(
            actor=rami, commission_id=str(booked.pk), claimed_amount=Decimal(9), reason="Signed"
        )
        paper = evidence.add_evidence(
            actor=rami, reference=str(booked.share_id), content=png(), name="deal.png"
        )
        if walls == "none":
            monkeypatch.setattr(scope, "_enter", lambda _partner_id: None)
        theirs = {"commissions": booked.pk, "disputes": dispute.pk, "evidence": paper.pk}
        response = asked(f"/portal/{kind}/{theirs[kind]}/")
        assert response.status_code == (404 if walls == "second" else 200)

    @pytest.mark.parametrize("walls", ["second", "none"])
    def test_nor_is_a_rivals_invitation(
        self, asked: Any, rami: User, walls: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        people.invite(actor=rami, email="nadia@rival.example", role="member")
        if walls == "none":
            monkeypatch.setattr(scope, "_enter", lambda _partner_id: None)
        response = asked("/portal/settings/people/")
        assert response.status_code == 200
        assert ("nadia@rival.example" in body(response)) == (walls == "none")


class TestScope:
    def test_it_shows_own_rows_only(self, acme: Partner, rival: Partner, theirs: Share) -> None:
        with partner_scope(rival.pk):
            assert list(Share.objects.all()) == [theirs]
            assert [lead.pk for lead in Lead.objects.all()] == [theirs.lead_id]
        with partner_scope(acme.pk):
            assert not Share.objects.exists()
            assert not Lead.objects.exists()
            assert list(Partner.objects.all()) == [acme]

    def test_without_a_partner_it_shows_nothing(self, theirs: Share) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE portal_partner")
            assert not Share.objects.exists()
            transaction.set_rollback(True)

    def test_nothing_can_be_written_in_it(self, rival: Partner, theirs: Share) -> None:
        with pytest.raises(DatabaseError, match="permission denied"), partner_scope(rival.pk):
            Share.objects.update(notes="written")

    def test_what_no_partner_reads_is_denied(self, rival: Partner) -> None:
        with pytest.raises(DatabaseError, match="permission denied"), partner_scope(rival.pk):
            Notice.objects.exists()

    def test_what_no_partner_reads_was_granted_to_none(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(GRANTED)
            assert {*cursor.fetchall()} == {(table, "SELECT") for table in RULES}

    def test_what_was_granted_once_is_taken_back(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("GRANT SELECT ON leads_notice, events_stream TO portal_partner")
            grants.grant_app_role()
            cursor.execute(GRANTED)
            assert {*cursor.fetchall()} == {(table, "SELECT") for table in RULES}
            transaction.set_rollback(True)

    def test_what_is_not_an_id_opens_nothing(self) -> None:
        with pytest.raises(ValueError, match="partner"), partner_scope("' OR true"):
            pass

    def test_scopes_lie_in_one_another(self, acme: Partner, rival: Partner) -> None:
        with partner_scope(acme.pk):
            outside = where()
            with partner_scope(rival.pk):
                assert where() != outside
            assert where() == outside


@pytest.mark.django_db(transaction=True)
def test_a_pooled_connection_comes_back_as_it_was(acme: Partner) -> None:
    before = where()
    with partner_scope(acme.pk):
        assert where()[0] == "portal_partner"
    assert where() == before
    with pytest.raises(ZeroDivisionError), partner_scope(acme.pk):
        raise ZeroDivisionError
    assert where() == before
    with pytest.raises(DatabaseError), partner_scope(acme.pk):
        Notice.objects.exists()
    assert where() == before


@pytest.mark.parametrize("table", sorted(RULES))
def test_the_portals_own_role_pays_nothing(table: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)"
            " FROM pg_policy WHERE polname = 'portal_works' AND polrelid = %s::regclass",
            [table],
        )
        assert cursor.fetchall() == [("true", "true")]
        app = settings.APP_DATABASE_USER
        cursor.execute("SELECT rolinherit FROM pg_roles WHERE rolname = %s", [app])
        assert cursor.fetchone() == (False,)
