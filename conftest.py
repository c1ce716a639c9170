"""The cast: who appears in the tests of every app."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client, TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from partners.models import Partner, User
from partners.tests.factories import LicenceFactory, OwnerFactory, PartnerFactory, UserFactory
from partners.types import Market, PartnerType, Service
from portal.lib.access import Role

# A busy machine makes examples slow to think up; that says nothing about the code.
hypothesis_settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("suite")

ClientFor = Callable[[User], Client]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let the suite empty its own database between tests: elsewhere events are never emptied."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event DISABLE TRIGGER events_event_is_never_emptied")


# Rows made by the migrations themselves, which every test needs.
_KEPT = ("django_migrations", "django_content_type", "auth_permission")
_EMPTY = """
DO $$
DECLARE name text; filled boolean; found text[] := '{{}}';
BEGIN
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> ALL (ARRAY[{kept}])
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
        IF filled THEN found := found || quote_ident(name); END IF;
    END LOOP;
    IF found <> '{{}}' THEN
        EXECUTE 'TRUNCATE ' || array_to_string(found, ', ') || ' CASCADE';
    END IF;
END $$
"""


def _empty_the_database(_test: TransactionTestCase) -> None:
    """Leave no row behind a test that committed.

    Django truncates every table and then makes permissions, grants and policies anew, which took
    longer than most of these tests themselves.
    """
    with connection.cursor() as cursor:
        cursor.execute(_EMPTY.format(kept=", ".join(f"'{name}'" for name in _KEPT)))


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TransactionTestCase, "_fixture_teardown", _empty_the_database)
        yield


@pytest.fixture
def client_for() -> ClientFor:
    """Return how to get a browser that somebody is signed in to."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


# --- the company -------------------------------------------------------------------------------
@pytest.fixture
def admin_user(db: None) -> User:
    return UserFactory.create(email="admin@portal.example", name="Ada Admin", role=Role.ADMIN)


@pytest.fixture
def finance_user(db: None) -> User:
    return UserFactory.create(
        email="finance@portal.example", name="Farid Finance", role=Role.FINANCE
    )


@pytest.fixture
def dana(db: None) -> User:
    """The agent."""
    return UserFactory.create(email="dana@portal.example", name="Dana", role=Role.AGENT)


# --- partners in the UAE -----------------------------------------------------------------------
@pytest.fixture
def acme(db: None) -> Partner:
    return PartnerFactory.create(name="Acme Channel Partners", type=PartnerType.CHANNEL)


@pytest.fixture
def amira(acme: Partner) -> User:
    """Acme's owner."""
    return OwnerFactory.create(email="amira@acme.example", name="Amira", partner=acme)


@pytest.fixture
def milo(acme: Partner) -> User:
    """A member of Acme, who works leads and changes no settings."""
    return UserFactory.create(
        email="milo@acme.example", name="Milo", role=Role.MEMBER, partner=acme
    )


@pytest.fixture
def rival(db: None) -> Partner:
    return PartnerFactory.create(name="Rival Realty", type=PartnerType.CHANNEL)


@pytest.fixture
def rami(rival: Partner) -> User:
    """Rival's owner: the stranger who must see nothing of Acme's."""
    return OwnerFactory.create(email="rami@rival.example", name="Rami", partner=rival)


@pytest.fixture
def skyline(db: None) -> Partner:
    return PartnerFactory.create(
        name="Skyline Developers", type=PartnerType.DEVELOPER, default_commission=Decimal(10)
    )


@pytest.fixture
def devika(skyline: Partner) -> User:
    return OwnerFactory.create(email="devika@skyline.example", name="Devika", partner=skyline)


@pytest.fixture
def bayview(db: None) -> Partner:
    return PartnerFactory.create(
        name="Bayview Brokers", type=PartnerType.BROKER, default_commission=Decimal(20)
    )


@pytest.fixture
def bilal(bayview: Partner) -> User:
    return OwnerFactory.create(email="bilal@bayview.example", name="Bilal", partner=bayview)


@pytest.fixture
def lendwell(db: None) -> Partner:
    return PartnerFactory.create(
        name="Lendwell Loans",
        type=PartnerType.SERVICE_PROVIDER,
        default_commission=Decimal(8),
        services=[Service.LOANS],
    )


@pytest.fixture
def lena(lendwell: Partner) -> User:
    return OwnerFactory.create(email="lena@lendwell.example", name="Lena", partner=lendwell)


# --- a partner in India ------------------------------------------------------------------------
@pytest.fixture
def sahyadri(db: None) -> Partner:
    """Registered in Maharashtra and nowhere else."""
    partner = PartnerFactory.create(
        name="Sahyadri RERA Agents", type=PartnerType.RERA_AGENT, market=Market.INDIA
    )
    LicenceFactory.create(partner=partner, region="IN-MH", number="A51800000001")
    return partner


@pytest.fixture
def rohan(sahyadri: Partner) -> User:
    return OwnerFactory.create(email="rohan@sahyadri.example", name="Rohan", partner=sahyadri)
