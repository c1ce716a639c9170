"""Signed checkpoints: what they hold, and a rewritten trail that adds up but is found out."""

from __future__ import annotations

import io
import json
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from events import checkpoints, tasks
from events.audit import Checkpoint, Reached, Stream
from events.chain import Broken, check_chain
from events.models import Event
from events.services import record_event
from events.tests.test_chain import tamper
from portal.lib import ids, signatures
from portal.lib.access import THE_SYSTEM
from portal.lib.errors import NotAllowed

pytestmark = pytest.mark.django_db

LEAD, OTHER = (ids.encode("lead", UUID(int=n)) for n in (1, 2))


def write(lead: str, number: int = 1) -> None:
    for _ in range(number):
        record_event(Event.Kind.LEAD_SHARED, actor=THE_SYSTEM, lead_id=lead)


def take() -> Checkpoint:
    [taken] = checkpoints.take(actor=THE_SYSTEM)
    return Checkpoint.objects.get(pk=taken.pk)


def exported() -> list[str]:
    return list(checkpoints.lines(user=THE_SYSTEM))


def rewrite(lead: str, sql: str) -> None:
    """Change the lead's events by SQL and make its chain and head anew, so that all adds up."""
    tamper(sql)
    stream = ids.decode("lead", lead)
    left = list(
        Event.objects.filter(lead_id=lead)
        .order_by("sequence")
        .values("id", "kind", "actor", "lead_id", "data", "request_id", "at")
    )
    tamper("DELETE FROM events_event WHERE stream = %(of)s", of=stream)
    Stream.objects.filter(stream=stream).delete()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE events_event ENABLE TRIGGER USER")
    Event.objects.bulk_create(Event(**values) for values in left)


class TestTaking:
    def test_the_first_holds_every_head_and_the_next_those_that_moved(self) -> None:
        write(LEAD, 3)
        write(OTHER)
        first = take()
        assert (first.number, first.events) == (1, 4)
        assert [(UUID(stream).int, at) for stream, at, _hash in first.heads] == [(1, 3), (2, 1)]
        assert first.heads[0][2] == bytes(Stream.objects.get(stream=UUID(int=1)).hash).hex()

        write(LEAD)
        second = take()
        assert (second.number, second.events) == (2, 5)
        assert [(UUID(stream).int, at) for stream, at, _hash in second.heads] == [(1, 4)]

    def test_it_is_taken_when_nothing_happened_too(self) -> None:
        assert (take().number, take().heads) == (1, [])

    def test_what_it_states_is_signed_and_names_the_one_before(self) -> None:
        write(LEAD)
        first, second = take(), take()
        said = json.loads(signatures.verify(second.statement, typ=checkpoints.TYP))
        assert said["previous"] == bytes(first.digest).hex()
        assert (said["number"], said["events"]) == (2, 1)
        assert said["at"] == second.at.isoformat()
        with pytest.raises(signatures.BadSignature):
            signatures.verify(second.statement, typ="receipt+jws")

    def test_a_busy_hour_makes_several(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(checkpoints, "MOST_HEADS", 2)
        for number in range(1, 6):
            write(ids.encode("lead", UUID(int=number)))
        taken = checkpoints.take(actor=THE_SYSTEM)
        assert [len(checkpoint.heads) for checkpoint in taken] == [2, 2, 1]
        assert taken[-1].events == 5
        assert checkpoints.check_kept() == 3

    def test_the_job_takes_one(self) -> None:
        tasks.checkpoint()
        assert Checkpoint.objects.count() == 1

    def test_only_who_has_the_right(self, dana: object) -> None:
        with pytest.raises(NotAllowed):
            checkpoints.take(actor=dana)


class TestChecking:
    @pytest.fixture(autouse=True)
    def written(self) -> None:
        write(LEAD, 4)
        take()
        write(LEAD, 2)
        write(OTHER, 3)
        take()

    def test_a_trail_that_went_on_agrees(self) -> None:
        lines = exported()
        write(LEAD)
        write(OTHER)
        assert (checkpoints.check_kept(), checkpoints.check_exported(lines)) == (2, 2)

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE events_event SET actor = 'x' WHERE sequence = 2 AND stream::text LIKE '%%1'",
            "DELETE FROM events_event WHERE sequence = 3 AND stream::text LIKE '%%1'",
        ],
    )
    def test_a_chain_made_anew_is_found_by_what_stood_before(self, sql: str) -> None:
        rewrite(LEAD, sql)
        assert check_chain() in {8, 9}
        with pytest.raises(Broken) as caught:
            checkpoints.check_kept()
        event = Event.objects.get(lead_id=LEAD, sequence=4)
        at = json.loads(
            signatures.verify(Checkpoint.objects.get(pk=1).statement, typ=checkpoints.TYP)
        )
        assert str(caught.value) == (
            f"{event.pk} (4 of {LEAD}): it, or one before it, was rewritten after"
            f" checkpoint 1 of {at['at']} saw it"
        )

    def test_an_end_cut_off_with_its_head(self) -> None:
        rewrite(OTHER, "DELETE FROM events_event WHERE sequence = 3 AND stream::text LIKE '%%2'")
        assert check_chain() == 8
        with pytest.raises(Broken, match=rf"\(3 of {OTHER}\): it is missing, and checkpoint 2 of"):
            checkpoints.check_kept()

    def test_a_trail_rewritten_with_its_checkpoints_is_found_by_those_kept_elsewhere(self) -> None:
        lines = exported()
        rewrite(LEAD, "DELETE FROM events_event WHERE sequence > 4 AND stream::text LIKE '%%1'")
        for model in (Checkpoint, Reached):
            with connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM {model._meta.db_table}")
        take()
        assert (check_chain(), checkpoints.check_kept()) == (7, 1)
        with pytest.raises(Broken, match=rf"\(6 of {LEAD}\): it is missing, and checkpoint 2 of"):
            checkpoints.check_exported(lines)

    def test_checkpoints_that_are_gone_or_others(self) -> None:
        lines = exported()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM events_checkpoint WHERE number = 2")
            cursor.execute("DELETE FROM events_reached")
        assert checkpoints.check_kept() == 1
        missing = "checkpoint 2 is missing or was replaced in the database"
        with pytest.raises(Broken, match=missing):
            checkpoints.check_exported(lines)
        take()
        with pytest.raises(Broken, match=missing):
            checkpoints.check_exported(lines)

        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM events_checkpoint WHERE number = 1")
        with pytest.raises(Broken, match="checkpoint 1 is missing"):
            checkpoints.check_kept()

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ("heads = '[]'", "checkpoint 2 was altered"),
            ("statement = (SELECT statement FROM events_checkpoint WHERE number = 1)",
             "checkpoint 2 was altered"),
            ("statement = 'x.y.z'", "checkpoint 2 is not signed by us"),
            ("digest = sha256('x')", "checkpoint 2 was replaced"),
        ],
    )  # fmt: skip
    def test_a_checkpoint_that_was_altered(self, change: str, told: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE events_checkpoint SET {change} WHERE number = 2")
        with pytest.raises(Broken, match=told):
            checkpoints.check_kept()

    def test_one_signed_with_another_key(self, settings: object) -> None:
        settings.RECEIPT_SIGNING_KEYS = ["A" * 43]
        with pytest.raises(Broken, match="checkpoint 1 is not signed by us"):
            checkpoints.check_kept()


class TestHandingOut:
    def test_command_writes_lines_and_verifies_them(self, tmp_path: Path) -> None:
        write(LEAD)
        take()
        write(OTHER)
        take()
        first, later = io.StringIO(), io.StringIO()
        call_command("export_checkpoints", stdout=first)
        call_command("export_checkpoints", "--after=1", stdout=later)
        assert first.getvalue().splitlines()[1:] == later.getvalue().splitlines()
        assert json.loads(later.getvalue())["number"] == 2

        (tmp_path / "all.jsonl").write_text(first.getvalue())
        out = io.StringIO()
        call_command("verify_audit", "--checkpoints", str(tmp_path), stdout=out)
        assert out.getvalue() == (
            "2 events and 2 checkpoints are as they were written; 2 exported checkpoints agree\n"
        )

    def test_a_folder_without_any_is_not_taken_for_agreement(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"There is no \*.jsonl"):
            call_command("verify_audit", "--checkpoints", str(tmp_path))

    def test_a_line_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "all.jsonl").write_text('{"number": 1}\n')
        out = io.StringIO()
        with pytest.raises(SystemExit):
            call_command("verify_audit", "--checkpoints", str(tmp_path), stdout=out)
        assert out.getvalue() == "line 1 is no checkpoint\n"

    def test_admins_download_them_and_nobody_else(
        self, client_for, admin_user, dana, finance_user, amira
    ) -> None:
        write(LEAD)
        take()
        address = reverse("commissions:checkpoints_jsonl")
        assert address == "/analytics/checkpoints.jsonl"
        answer = client_for(admin_user).get(address)
        assert b"".join(answer.streaming_content).decode() == "".join(exported())
        assert answer["Content-Disposition"] == 'attachment; filename="checkpoints.jsonl"'
        for user in (dana, finance_user, amira):
            assert client_for(user).get(address).status_code == 403
