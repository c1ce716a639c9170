"""Many writers at once, and what the role the portal runs as may not do to the trail."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from events.audit import Stream
from events.chain import check_chain
from events.models import Event
from events.services import record_event
from portal.lib import ids
from portal.lib.access import THE_SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)

LEAD = ids.encode("lead", UUID(int=1))
WRITERS, EACH = 40, 5
INSERT = (
    "INSERT INTO events_event (id, kind, actor, lead_id, ok, data, request_id, at)"
    " VALUES (%s, 'lead_shared', 'x', %s, true, '{}', '', now())"
)
# The trigger's own function on a table of the caller's.
MOVE_HEADS = (
    "CREATE TEMP TABLE mine (LIKE events_event); CREATE TRIGGER move BEFORE INSERT ON mine"
    " FOR EACH ROW EXECUTE FUNCTION events_event_chain()"
)


@pytest.fixture
def application() -> Iterator[psycopg.Connection]:
    """A connection of the role the portal runs as."""
    database = connection.settings_dict["NAME"]
    with psycopg.connect(
        os.environ["DATABASE_URL"], dbname=database, autocommit=True
    ) as of_the_role:
        yield of_the_role


def write_at_once(leads: list[str]) -> None:
    """Write EACH events of each of LEADS, every lead in a thread of its own, at the same moment."""
    start = threading.Barrier(len(leads))

    def write(lead: str) -> None:
        start.wait(60)
        try:
            for _ in range(EACH):
                with transaction.atomic():
                    record_event(Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, lead_id=lead)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(leads)) as threads:
        list(threads.map(write, leads))


class TestAtOnce:
    def test_forty_writers_of_one_lead_make_one_chain(self) -> None:
        write_at_once([LEAD] * WRITERS)
        assert check_chain() == WRITERS * EACH
        assert Stream.objects.get().sequence == WRITERS * EACH

    def test_forty_writers_of_forty_leads(self) -> None:
        write_at_once([ids.encode("lead", uuid4()) for _ in range(WRITERS)])
        assert check_chain() == WRITERS * EACH
        assert set(Stream.objects.values_list("sequence", flat=True)) == {EACH}

    def test_an_open_transaction_holds_up_its_own_lead_and_no_other(
        self, application: psycopg.Connection
    ) -> None:
        application.execute("SET lock_timeout = '500ms'")
        with transaction.atomic():
            record_event(Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, lead_id=LEAD)
            application.execute(INSERT, [uuid4(), UUID(int=2)])
            application.execute(INSERT, [uuid4(), None])
            with pytest.raises(psycopg.errors.LockNotAvailable):
                application.execute(INSERT, [uuid4(), UUID(int=1)])
        application.execute(INSERT, [uuid4(), UUID(int=1)])
        assert check_chain() == 4


class TestApplicationRole:
    @pytest.fixture(autouse=True)
    def written(self) -> None:
        record_event(Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, lead_id=LEAD)

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE events_event SET actor = 'x'",
            "DELETE FROM events_event",
            "TRUNCATE events_event",
            "ALTER TABLE events_event DISABLE TRIGGER USER",
            "INSERT INTO events_stream VALUES (gen_random_uuid(), 1, '', '')",
            "UPDATE events_stream SET sequence = 0",
            "DELETE FROM events_stream",
            "TRUNCATE events_stream",
            "UPDATE events_checkpoint SET events = 0",
            "DELETE FROM events_checkpoint",
            "TRUNCATE events_checkpoint",
            "SET session_replication_role = replica",
            MOVE_HEADS,
        ],
    )
    def test_is_refused_whatever_would_change_the_past(
        self, application: psycopg.Connection, sql: str
    ) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(sql)
        assert check_chain() == 1

    def test_writes_events_whose_place_the_database_sets(
        self, application: psycopg.Connection
    ) -> None:
        application.execute(
            "INSERT INTO events_event (id, kind, actor, lead_id, ok, data, request_id, at, stream,"
            " sequence, hash) VALUES (gen_random_uuid(), 'lead_shared', 'x', %s, true, '{}', '',"
            " now(), gen_random_uuid(), 77, 'mine')",
            [UUID(int=1)],
        )
        assert check_chain() == 2
        assert Event.objects.filter(stream=UUID(int=1), sequence=2).exists()


class TestOwner:
    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE events_event SET actor = 'x'",
            "DELETE FROM events_event",
            "TRUNCATE events_event",
        ],
    )
    def test_is_refused_too_as_long_as_the_triggers_stand(self, sql: str) -> None:
        record_event(Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, lead_id=LEAD)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE events_event ENABLE ALWAYS TRIGGER events_event_is_never_emptied"
            )
            with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
                cursor.execute(sql)
            transaction.set_rollback(True)
        assert check_chain() == 1

    def test_triggers_do_not_rest_while_replicating(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tgname, tgenabled FROM pg_trigger"
                " WHERE tgrelid = 'events_event'::regclass AND NOT tgisinternal ORDER BY 1"
            )
            states = dict(cursor.fetchall())
        assert states == {
            "events_event_chain": "A",
            "events_event_is_append_only": "A",
            # Off in the suite's database, which is emptied between tests.
            "events_event_is_never_emptied": "D",
        }
