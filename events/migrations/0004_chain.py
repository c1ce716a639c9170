"""The audit chain: each event carries the hash of the one before it in its stream.

What was written before is chained in the order in which it happened, with one statement; writers
wait for it (about half a minute for each million events), readers do not.
"""

import uuid

import django.db.models.functions
from django.db import migrations, models

# The head's row is the only lock: writers of different streams never wait for each other. Whatever
# the caller sent as its place in the chain is overwritten, and as the role that writes events has
# no right to the heads, this function acts as its owner. The text that is hashed is made again in
# `events/chain.py`.
CHAIN = r"""
CREATE FUNCTION events_event_chain() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    genesis CONSTANT bytea := decode(repeat('00', 32), 'hex');
    body text;
BEGIN
    NEW.stream := coalesce(NEW.lead_id, NEW.partner_id, '00000000-0000-0000-0000-000000000000');
    body := ' ' || jsonb_build_array(
        NEW.stream, NEW.id, NEW.kind, NEW.actor, NEW.partner_id, NEW.lead_id, NEW.share_id, NEW.ok,
        NEW.data, NEW.request_id, (extract(epoch FROM NEW.at) * 1000000)::bigint
    )::text;
    INSERT INTO public.events_stream AS head (stream, sequence, previous_hash, hash)
    VALUES (NEW.stream, 1, genesis, sha256(genesis || convert_to('1' || body, 'UTF8')))
    ON CONFLICT (stream) DO UPDATE SET
        sequence = head.sequence + 1, previous_hash = head.hash,
        hash = sha256(head.hash || convert_to(head.sequence + 1 || body, 'UTF8'))
    RETURNING head.sequence, head.previous_hash, head.hash
    INTO NEW.sequence, NEW.previous_hash, NEW.hash;
    RETURN NEW;
END $$;
-- Or any role could hang it on a table of its own and move the heads.
REVOKE ALL ON FUNCTION events_event_chain() FROM PUBLIC;
CREATE TRIGGER events_event_chain BEFORE INSERT ON events_event
    FOR EACH ROW EXECUTE FUNCTION events_event_chain();
CREATE TRIGGER events_event_is_never_emptied BEFORE TRUNCATE ON events_event
    FOR EACH STATEMENT EXECUTE FUNCTION events_event_is_append_only();
-- ALWAYS: ordinary triggers rest under session_replication_role = replica.
ALTER TABLE events_event
    ENABLE ALWAYS TRIGGER events_event_chain,
    ENABLE ALWAYS TRIGGER events_event_is_append_only,
    ENABLE ALWAYS TRIGGER events_event_is_never_emptied;
"""
UNCHAIN = """
DROP TRIGGER events_event_is_never_emptied ON events_event;
DROP TRIGGER events_event_chain ON events_event;
DROP FUNCTION events_event_chain();
ALTER TABLE events_event ENABLE TRIGGER events_event_is_append_only;
"""
EARLIER = r"""
LOCK TABLE events_event IN SHARE ROW EXCLUSIVE MODE;
CREATE FUNCTION pg_temp.link(previous bytea, body text) RETURNS bytea LANGUAGE sql IMMUTABLE
    AS $$ SELECT sha256(previous || convert_to(body, 'UTF8')) $$;
CREATE AGGREGATE pg_temp.chain(text) (
    SFUNC = pg_temp.link, STYPE = bytea,
    INITCOND = '\x0000000000000000000000000000000000000000000000000000000000000000'
);
ALTER TABLE events_event DISABLE TRIGGER events_event_is_append_only;
WITH placed AS (
    SELECT *, row_number() OVER (PARTITION BY place ORDER BY at, id) AS number
    FROM (
        SELECT *, coalesce(lead_id, partner_id, '00000000-0000-0000-0000-000000000000') AS place
        FROM events_event
    ) event
), hashed AS (
    SELECT id, place, number, pg_temp.chain(number || ' ' || jsonb_build_array(
        place, id, kind, actor, partner_id, lead_id, share_id, ok, data, request_id,
        (extract(epoch FROM at) * 1000000)::bigint
    )::text) OVER (PARTITION BY place ORDER BY number ROWS UNBOUNDED PRECEDING) AS link
    FROM placed
), linked AS (
    SELECT *, lag(link, 1, decode(repeat('00', 32), 'hex')) OVER (
        PARTITION BY place ORDER BY number
    ) AS before
    FROM hashed
)
UPDATE events_event event
SET stream = place, sequence = number, previous_hash = before, hash = link
FROM linked WHERE event.id = linked.id;
ALTER TABLE events_event ENABLE TRIGGER events_event_is_append_only;
INSERT INTO events_stream (stream, sequence, previous_hash, hash)
SELECT DISTINCT ON (stream) stream, sequence, previous_hash, hash
FROM events_event ORDER BY stream, sequence DESC;
DROP AGGREGATE pg_temp.chain(text);
DROP FUNCTION pg_temp.link(bytea, text);
"""
# Each event updates its head in place: room on the page keeps that from touching the index.
ROOM = """
ALTER TABLE events_stream SET (
    fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
);
"""
NO_STREAM = uuid.UUID(int=0)
PLACES = ("stream", "sequence", "previous_hash", "hash")


class Migration(migrations.Migration):
    dependencies = [("events", "0003_privacy")]

    operations = [
        migrations.CreateModel(
            name="Stream",
            fields=[
                ("stream", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("sequence", models.BigIntegerField(editable=False)),
                ("previous_hash", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="Reached",
            fields=[
                ("stream", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("sequence", models.BigIntegerField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                (
                    "number",
                    models.BigIntegerField(editable=False, primary_key=True, serialize=False),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.Now(),
                        editable=False,
                        verbose_name="At",
                    ),
                ),
                ("events", models.BigIntegerField(editable=False, verbose_name="Events")),
                ("heads", models.JSONField(default=list, editable=False)),
                ("statement", models.TextField(editable=False)),
                ("digest", models.BinaryField(max_length=32)),
            ],
            options={"ordering": ["number"]},
        ),
        migrations.RunSQL(ROOM, migrations.RunSQL.noop),
        # They were empty so far; columns with a constant default are added without a rewrite.
        migrations.RemoveConstraint("event", "events_event_once_in_stream"),
        *(migrations.RemoveField("event", name) for name in PLACES),
        migrations.AddField(
            "event", "stream", models.UUIDField(db_default=NO_STREAM, editable=False)
        ),
        migrations.AddField(
            "event", "sequence", models.BigIntegerField(db_default=0, editable=False)
        ),
        migrations.AddField(
            "event", "previous_hash", models.BinaryField(db_default=b"", max_length=32)
        ),
        migrations.AddField("event", "hash", models.BinaryField(db_default=b"", max_length=32)),
        migrations.RunSQL(EARLIER, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "event",
            models.UniqueConstraint(
                fields=("stream", "sequence"), name="events_event_once_in_stream"
            ),
        ),
        migrations.RunSQL(CHAIN, UNCHAIN),
    ]
