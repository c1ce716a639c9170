"""The audit chain: how it is written, and every way of tampering with it found and named."""

from __future__ import annotations

import io
from hashlib import sha256
from importlib import import_module
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from events.audit import NO_STREAM, Stream
from events.chain import GENESIS, Broken, check_chain
from events.models import Event
from events.services import record_event
from portal.lib import ids, rows
from portal.lib.access import THE_SYSTEM

pytestmark = pytest.mark.django_db

FIRST, SECOND = (ids.encode("lead", UUID(int=n)) for n in (1, 2))
PARTNER = ids.encode("partner", UUID(int=3))


@pytest.fixture(autouse=True)
def trail() -> list[Event]:
    """Four events of one lead, two of another, one of a partner and one of nobody."""
    written = [
        record_event(Event.Kind.LEAD_CAPTURED, actor=THE_SYSTEM, lead_id=FIRST, market="uae"),
        record_event(Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, lead_id=FIRST, partner_id=PARTNER),
        record_event(Event.Kind.LEAD_CAPTURED, actor=THE_SYSTEM, lead_id=SECOND, é="ü", n=[1.50]),
        record_event(Event.Kind.PARTNER_CHANGED, actor=THE_SYSTEM, partner_id=PARTNER),
        record_event(Event.Kind.SHARE_ACCEPTED, actor=THE_SYSTEM, lead_id=FIRST),
        record_event(Event.Kind.SHARE_CLOSED, actor=THE_SYSTEM, lead_id=FIRST),
        record_event(Event.Kind.LEAD_ERASED, actor=THE_SYSTEM, lead_id=SECOND),
        record_event(Event.Kind.LEADS_IMPORTED, actor=THE_SYSTEM, number=2),
    ]
    return [Event.objects.get(pk=event.pk) for event in written]


def tamper(sql: str, **params: object) -> None:
    """Execute SQL as somebody to whom no trigger applies."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event DISABLE TRIGGER USER")
        cursor.execute(sql, params)


def found() -> Broken:
    with pytest.raises(Broken) as caught:
        check_chain()
    return caught.value


class TestWriting:
    def test_leads_partners_and_the_rest_are_streams_of_their_own(self, trail: list[Event]) -> None:
        assert [(event.stream.int, event.sequence) for event in trail] == [
            (1, 1), (1, 2), (2, 1), (3, 1), (1, 3), (1, 4), (2, 2), (0, 1),
        ]  # fmt: skip

    def test_each_event_carries_the_hash_of_the_one_before_it(self, trail: list[Event]) -> None:
        last: dict[UUID, bytes] = {}
        for event in trail:
            assert bytes(event.previous_hash) == last.get(event.stream, GENESIS)
            last[event.stream] = bytes(event.hash)
        assert last == {head.stream: bytes(head.hash) for head in Stream.objects.all()}

    def test_the_hash_is_of_the_text_that_is_documented(self, trail: list[Event]) -> None:
        event = trail[0]
        lead, pk = UUID(int=1), ids.decode("event", event.pk)
        at = round(event.at.timestamp() * 1_000_000)
        text = (
            f'1 ["{lead}", "{pk}", "lead_captured", "system", null, "{lead}", null, true,'
            f' {{"market": "uae"}}, "{event.request_id}", {at}]'
        )
        assert bytes(event.hash) == sha256(GENESIS + text.encode()).digest()

    def test_a_place_of_the_callers_choice_is_ignored(self) -> None:
        Event.objects.create(
            kind="lead_erased", actor="x", lead_id=FIRST, stream=NO_STREAM, sequence=9, hash=b"mine"
        )
        assert check_chain() == 9
        assert Event.objects.filter(lead_id=FIRST, sequence=5, stream=UUID(int=1)).exists()

    def test_many_at_once_of_several_streams(self) -> None:
        leads = [FIRST, SECOND, None, ids.encode("lead", uuid4())] * 5
        rows.insert([Event(kind="lead_captured", actor="x", lead_id=lead) for lead in leads])
        Event.objects.bulk_create(Event(kind="lead_erased", actor="x", lead_id=p) for p in leads)
        assert check_chain() == 8 + 40

    def test_what_is_rolled_back_leaves_no_gap(self) -> None:
        with transaction.atomic():
            record_event(Event.Kind.LEAD_ERASED, actor=THE_SYSTEM, lead_id=FIRST)
            transaction.set_rollback(True)
        record_event(Event.Kind.LEAD_ERASED, actor=THE_SYSTEM, lead_id=FIRST)
        assert check_chain() == 9

    def test_what_was_written_before_the_chain_is_chained(self, trail: list[Event]) -> None:
        migration = import_module("events.migrations.0004_chain")
        tamper("ALTER TABLE events_event DROP CONSTRAINT events_event_once_in_stream")
        tamper("UPDATE events_event SET stream = %(none)s, sequence = 0", none=NO_STREAM)
        Stream.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(migration.EARLIER)

        assert check_chain() == 8
        chained = Event.objects.filter(stream=UUID(int=1)).order_by("sequence")
        assert [event.pk for event in chained] == [
            event.pk for event in trail if event.lead_id == FIRST
        ]
        assert [bytes(event.hash) for event in chained] == [
            bytes(event.hash) for event in trail if event.lead_id == FIRST
        ]


class TestTampering:
    def test_nothing_is_wrong_with_what_nobody_touched(self) -> None:
        assert check_chain() == 8

    @pytest.mark.parametrize(
        "change",
        [
            'data = \'{"market": "india"}\'',
            "actor = 'somebody'",
            "ok = NOT ok",
            "kind = 'lead_erased'",
            "request_id = 'other'",
            "at = at + interval '1 microsecond'",
            "share_id = gen_random_uuid()",
            "partner_id = NULL",
            "lead_id = gen_random_uuid()",
            "hash = sha256(hash)",
        ],
    )
    def test_an_altered_event(self, trail: list[Event], change: str) -> None:
        tamper(
            f"UPDATE events_event SET {change} WHERE id = %(pk)s",
            pk=ids.decode("event", trail[1].pk),
        )
        broken = found()
        assert str(broken) == f"{trail[1].pk} (2 of {FIRST}): it was altered"

    def test_an_event_that_was_taken_out(self, trail: list[Event]) -> None:
        tamper(
            "DELETE FROM events_event WHERE stream = %(of)s AND sequence IN (2, 3)", of=UUID(int=1)
        )
        assert str(found()) == f"event (2 of {FIRST}): what stood before it is missing: 2 - 3"

    def test_an_end_that_was_cut_off(self) -> None:
        tamper("DELETE FROM events_event WHERE stream = %(of)s AND sequence = 4", of=UUID(int=1))
        assert str(found()) == f"event (4 of {FIRST}): the end of its stream is cut off: 4"

    def test_a_stream_that_is_gone(self) -> None:
        tamper("DELETE FROM events_event WHERE stream = %(of)s", of=UUID(int=2))
        suffix = SECOND.removeprefix("lead_")
        assert str(found()) == (
            f"event (1 of the stream …{suffix}): the end of its stream is cut off: 1 - 2"
        )

    def test_a_head_that_is_gone(self, trail: list[Event]) -> None:
        Stream.objects.filter(stream=UUID(int=1)).delete()
        assert str(found()) == f"{trail[5].pk} (4 of {FIRST}): its stream has no head"

    def test_the_newest_head_that_is_gone(self, trail: list[Event]) -> None:
        Stream.objects.filter(stream=UUID(int=3)).delete()
        assert found().what == "its stream has no head"

    def test_two_events_that_changed_places(self, trail: list[Event]) -> None:
        swap = "UPDATE events_event SET sequence = %(to)s WHERE id = %(pk)s"
        second, third = (ids.decode("event", trail[place].pk) for place in (1, 4))
        tamper(swap, to=-1, pk=second)
        tamper(swap, to=2, pk=third)
        tamper(swap, to=3, pk=second)
        assert str(found()) == f"{trail[4].pk} (2 of {FIRST}): it was altered"

    def test_an_event_put_behind_the_end(self) -> None:
        other = uuid4()
        tamper(
            "INSERT INTO events_event (id, kind, actor, lead_id, ok, data, request_id, at, stream,"
            " sequence, previous_hash, hash) SELECT %(pk)s, kind, actor, lead_id, ok, data, '', at,"
            " stream, 5, hash, sha256(hash || convert_to('5 ' || jsonb_build_array(stream,"
            " %(pk)s::uuid, kind, actor, null, lead_id, null, ok, data, '',"
            " (extract(epoch FROM at) * 1000000)::bigint)::text, 'UTF8'))"
            " FROM events_event WHERE stream = %(of)s AND sequence = 4",
            pk=other,
            of=UUID(int=1),
        )
        public = ids.encode("event", other)
        assert str(found()) == (
            f"{public} (5 of {FIRST}): it was inserted behind the end of its stream"
        )

    def test_an_event_in_anothers_place(self, trail: list[Event]) -> None:
        """The stranger's own hash is right; it does not follow the event before it."""
        stranger = Event.objects.get(
            pk=record_event(Event.Kind.LEAD_ERASED, actor=THE_SYSTEM, lead_id=FIRST).pk
        )
        tamper("DELETE FROM events_event WHERE id = %(pk)s", pk=ids.decode("event", stranger.pk))
        tamper("UPDATE events_stream SET sequence = 4, hash = %(last)s WHERE stream = %(of)s",
               last=trail[5].hash, of=UUID(int=1))  # fmt: skip
        assert check_chain() == 8
        tamper(
            "UPDATE events_event SET previous_hash = sha256('elsewhere'), hash = sha256("
            " sha256('elsewhere') || convert_to('2 ' || jsonb_build_array(stream, id, kind, actor,"
            " partner_id, lead_id, share_id, ok, data, request_id,"
            " (extract(epoch FROM at) * 1000000)::bigint)::text, 'UTF8')) WHERE id = %(pk)s",
            pk=ids.decode("event", trail[1].pk),
        )
        assert str(found()).startswith(f"{trail[1].pk} (2 of {FIRST}): it does not follow")

    def test_a_last_event_that_was_replaced_with_a_chain_that_adds_up(
        self, trail: list[Event]
    ) -> None:
        tamper(
            "UPDATE events_event SET actor = 'x', hash = sha256(previous_hash || convert_to('4 ' ||"
            " jsonb_build_array(stream, id, kind, 'x', partner_id, lead_id, share_id, ok, data,"
            " request_id, (extract(epoch FROM at) * 1000000)::bigint)::text, 'UTF8'))"
            " WHERE id = %(pk)s",
            pk=ids.decode("event", trail[5].pk),
        )
        assert str(found()) == (
            f"{trail[5].pk} (4 of {FIRST}): it is not the event its stream ended with"
        )

    def test_an_event_that_stands_twice(self, trail: list[Event]) -> None:
        tamper("ALTER TABLE events_event DROP CONSTRAINT events_event_once_in_stream")
        tamper("INSERT INTO events_event (id, kind, actor, ok, data, request_id, at, stream,"
               " sequence) SELECT gen_random_uuid(), kind, actor, ok, data, '', at, stream, 1"
               " FROM events_event WHERE stream = %(of)s", of=NO_STREAM)  # fmt: skip
        assert found().stream == str(NO_STREAM)


class TestCommand:
    def test_a_whole_trail_is_counted(self) -> None:
        out = io.StringIO()
        call_command("verify_audit", stdout=out)
        assert out.getvalue() == "8 events and 0 checkpoints are as they were written\n"

    def test_a_broken_one_ends_with_1_and_the_first_bad_row(self, trail: list[Event]) -> None:
        tamper("UPDATE events_event SET actor = 'x' WHERE stream = %(of)s", of=UUID(int=2))
        out = io.StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("verify_audit", stdout=out)
        assert ended.value.code == 1
        assert out.getvalue() == f"{trail[2].pk} (1 of {SECOND}): it was altered\n"
