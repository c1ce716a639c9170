"""Check the trail: whether the chain of every stream still adds up, link by link."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from events.audit import NO_STREAM
from events.models import Event
from portal.lib import ids

GENESIS = bytes(32)  # what the first event of a stream follows
BATCH = 5_000

# The text that is hashed, as the trigger of `events/migrations/0004_chain.py` made it. All streams
# in one statement, so that everything is seen as of one moment; behind the events of each its head.
_LINKS = """
SELECT stream::text, sequence, id::text, previous_hash, hash, sequence || ' ' || jsonb_build_array(
    stream, id, kind, actor, partner_id, lead_id, share_id, ok, data, request_id,
    (extract(epoch FROM at) * 1000000)::bigint
)::text
FROM (
    SELECT stream, sequence, id, kind, actor, partner_id, lead_id, share_id, ok, data, request_id,
        at, previous_hash, hash
    FROM events_event
    UNION ALL
    SELECT stream, sequence, NULL, '', '', NULL, NULL, NULL, NULL, NULL, '', NULL, NULL, hash
    FROM events_stream
) link
ORDER BY link.stream, link.id IS NULL, link.sequence
"""
Link = tuple[str, int, str | None, bytes | None, bytes, str]


@dataclass(eq=False)
class Broken(Exception):
    """The trail is not as it was written; names the first place where it is not."""

    what: str
    stream: str = ""
    sequence: int = 0
    event_id: str = ""

    def __str__(self) -> str:
        if not self.stream:
            return self.what
        place = _("%(sequence)s of %(stream)s") % {
            "sequence": self.sequence,
            "stream": _stream_name(UUID(self.stream)),
        }
        event = ids.encode("event", UUID(self.event_id)) if self.event_id else _("event")
        return f"{event} ({place}): {self.what}"


def check_chain() -> int:
    """Return how many events there are, each as it was written and none missing.

    Reads all of them once, in memory that does not grow with their number.

    :raises Broken: naming the first that was altered, inserted or taken away
    """
    count, place, last = 0, 0, GENESIS
    stream, event_id, headed = "", "", True
    for link in _links():
        of, sequence, its_id, previous, stored, text = link
        if of != stream:
            if not headed:
                raise Broken(_("its stream has no head"), stream, place, event_id)
            stream, place, last, headed = of, 0, GENESIS, False
        if its_id is None:
            _check_head(link, place, last, event_id)
            headed = True
            continue
        place += 1
        expected = sha256(last + text.encode()).digest()
        if stored != expected or previous != last or sequence != place:
            raise _fault(link, place)
        last, event_id = expected, its_id
        count += 1
    if not headed:
        raise Broken(_("its stream has no head"), stream, place, event_id)
    return count


def _links() -> Iterator[Link]:
    with transaction.atomic():
        with connection.cursor() as setting:
            # All of it is wanted, not the first rows soon.
            setting.execute("SET LOCAL cursor_tuple_fraction = 1; SET LOCAL work_mem = '64MB'")
        with connection.chunked_cursor() as cursor:
            cursor.execute(_LINKS)
            while batch := cursor.fetchmany(BATCH):
                yield from batch


def _fault(link: Link, place: int) -> Broken:
    """Return what is wrong with LINK, found as number PLACE of its stream."""
    stream, sequence, event_id, previous, stored, text = link
    if sequence > place:
        missing = str(place) if sequence == place + 1 else f"{place} - {sequence - 1}"
        what = _("what stood before it is missing: %(missing)s") % {"missing": missing}
        return Broken(what, stream, place, "")
    if sequence < place:
        what = _("it was inserted: its place is taken")
    elif sha256((previous or b"") + text.encode()).digest() == stored:
        what = _("it does not follow the event before it: one of the two was inserted or replaced")
    else:
        what = _("it was altered")
    return Broken(what, stream, sequence, event_id or "")


def _check_head(head: Link, place: int, last: bytes, event_id: str) -> None:
    """Compare HEAD with the last event of its stream, number PLACE."""
    stream, sequence, _id, _previous, stored, _text = head
    if sequence > place:
        missing = str(sequence) if sequence == place + 1 else f"{place + 1} - {sequence}"
        what = _("the end of its stream is cut off: %(missing)s") % {"missing": missing}
        raise Broken(what, stream, place + 1)
    if sequence < place:
        first = Event.objects.filter(stream=stream, sequence=sequence + 1).values_list("pk").first()
        inserted = str(ids.decode("event", first[0])) if first else event_id
        what = _("it was inserted behind the end of its stream")
        raise Broken(what, stream, sequence + 1, inserted)
    if stored != last:
        raise Broken(_("it is not the event its stream ended with"), stream, place, event_id)


def _stream_name(stream: UUID) -> str:
    """Return the public id of the lead or partner the stream is of."""
    if stream == NO_STREAM:
        return _("the portal's own events")
    of_stream = Event.objects.filter(stream=stream)
    for prefix in ("lead", "partner"):
        public = ids.encode(prefix, stream)
        if of_stream.filter(**{f"{prefix}_id": public}).exists():
            return public
    # None of its events is left; both kinds of id end in this.
    return _("the stream …%(suffix)s") % {"suffix": ids.encode("", stream)[1:]}
