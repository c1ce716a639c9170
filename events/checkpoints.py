"""Signed statements of how far the trail had come, and the trail checked against them.

Whoever may write every table can also make a chain that adds up. The signing key is not in the
database and the statements are kept elsewhere too, so that such a chain is found out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.audit import Checkpoint
from events.chain import Broken
from portal.lib import signatures
from portal.lib.access import Actor, Can, require

TYP = "audit-checkpoint+jws"
MOST_HEADS = 20_000  # of one checkpoint, about 2 MB; a busier hour makes several

_TURN = "SELECT pg_advisory_xact_lock(hashtext('events.checkpoint'))"
_MOVED = """
WITH moved AS (
    SELECT stream, head.sequence, head.hash, head.sequence - coalesce(reached.sequence, 0) AS new
    FROM events_stream head LEFT JOIN events_reached reached USING (stream)
    WHERE head.sequence > coalesce(reached.sequence, 0) LIMIT %s
), noted AS (
    INSERT INTO events_reached (stream, sequence) SELECT stream, sequence FROM moved
    ON CONFLICT (stream) DO UPDATE SET sequence = excluded.sequence
)
SELECT replace(stream::text, '-', ''), sequence, encode(hash, 'hex'), new FROM moved ORDER BY stream
"""
_NOT_AS_SEEN = """
SELECT head.stream::text, head.sequence, event.id::text
FROM unnest(%s::uuid[], %s::bigint[], %s::text[]) AS head(stream, sequence, hash)
LEFT JOIN events_event event USING (stream, sequence)
WHERE event.hash IS DISTINCT FROM decode(head.hash, 'hex')
ORDER BY head.stream LIMIT 1
"""
Head = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Opened:
    """A checkpoint whose signature was checked."""

    number: int
    at: str
    previous: str
    digest: str
    heads: list[Head]


def take(*, actor: Actor) -> list[Checkpoint]:
    """Write down how far the streams have come since the last time; return what was written."""
    require(actor, Can.EXPORT_AUDIT)
    taken = [_take_one()]
    while len(taken[-1].heads) == MOST_HEADS:
        taken.append(_take_one())
    return taken


@transaction.atomic
def _take_one() -> Checkpoint:
    with connection.cursor() as cursor:
        cursor.execute(_TURN)
        cursor.execute(_MOVED, [MOST_HEADS])
        moved = cursor.fetchall()
    last = Checkpoint.objects.order_by("-number").first()
    heads = [[stream, sequence, digest] for stream, sequence, digest, _new in moved]
    at, number = timezone.now(), last.number + 1 if last else 1
    events = (last.events if last else 0) + sum(new for *_head, new in moved)
    payload = signatures.canonical(
        {
            "number": number,
            "at": at.isoformat(),
            "events": events,
            "heads": _digest_of(heads),
            "previous": bytes(last.digest).hex() if last else "",
        }
    )
    return Checkpoint.objects.create(
        number=number,
        at=at,
        events=events,
        heads=heads,
        statement=signatures.sign(payload, typ=TYP).jws,
        digest=sha256(payload).digest(),
    )


def lines(*, user: Actor, after: int = 0) -> Iterator[str]:
    """Yield the checkpoints behind number AFTER as lines of JSON, to be kept off the machine."""
    require(user, Can.EXPORT_AUDIT)
    found = Checkpoint.objects.visible_to(user).filter(number__gt=after).order_by("number")
    for checkpoint in found.iterator(chunk_size=10):
        line = {
            "number": checkpoint.number,
            "statement": checkpoint.statement,
            "heads": checkpoint.heads,
        }
        yield json.dumps(line, separators=(",", ":")) + "\n"


def check_kept() -> int:
    """Check the events against the checkpoints in the database; return how many there are.

    :raises Broken: naming the first event or checkpoint that is not as it was
    """
    number, previous = 0, ""
    for kept in Checkpoint.objects.order_by("number").iterator(chunk_size=10):
        number += 1
        if kept.number != number:
            raise Broken(_("checkpoint %(number)s is missing") % {"number": number})
        opened = _opened(kept.number, kept.statement, kept.heads)
        _check_heads(opened)
        if opened.previous != previous or opened.digest != bytes(kept.digest).hex():
            raise Broken(_("checkpoint %(number)s was replaced") % {"number": number})
        previous = opened.digest
    return number


def check_exported(exported: Iterable[str]) -> int:
    """Check the events against checkpoints kept elsewhere, as lines of JSON; return how many.

    :raises Broken: naming the first event that is not as it was, else the first checkpoint
    """
    count, astray = 0, 0
    for text in exported:
        count += 1
        opened = _read(text, count)
        _check_heads(opened)
        kept = Checkpoint.objects.filter(number=opened.number).values_list("digest", flat=True)
        if [bytes(digest).hex() for digest in kept] != [opened.digest]:
            astray = astray or opened.number
    if astray:
        what = _("checkpoint %(number)s is missing or was replaced in the database")
        raise Broken(what % {"number": astray})
    return count


def _read(text: str, place: int) -> Opened:
    try:
        line: dict[str, Any] = json.loads(text)
        return _opened(line["number"], line["statement"], line["heads"])
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(_("line %(line)s is no checkpoint") % {"line": place}) from error


def _opened(number: int, statement: str, heads: list[Head]) -> Opened:
    """Return a checkpoint of which every part is signed by us."""
    try:
        payload = signatures.verify(statement, typ=TYP)
    except signatures.BadSignature as error:
        what = _("checkpoint %(number)s is not signed by us") % {"number": number}
        raise Broken(what) from error
    said = json.loads(payload)
    if said["number"] != number or said["heads"] != _digest_of(heads):
        raise Broken(_("checkpoint %(number)s was altered") % {"number": number})
    return Opened(number, said["at"], said["previous"], sha256(payload).hexdigest(), heads)


def _check_heads(opened: Opened) -> None:
    """Find the events that were the newest of their streams, each as it was then."""
    streams, sequences, hashes = ([head[part] for head in opened.heads] for part in range(3))
    with connection.cursor() as cursor:
        cursor.execute(_NOT_AS_SEEN, [streams, sequences, hashes])
        row = cursor.fetchone()
    if row is None:
        return
    stream, sequence, event_id = row
    what = (
        _("it, or one before it, was rewritten after checkpoint %(number)s of %(at)s saw it")
        if event_id
        else _("it is missing, and checkpoint %(number)s of %(at)s saw it")
    )
    told = what % {"number": opened.number, "at": opened.at}
    raise Broken(told, str(UUID(stream)), sequence, event_id or "")


def _digest_of(heads: list[Any]) -> str:
    return sha256(signatures.canonical({"heads": heads})).hexdigest()
