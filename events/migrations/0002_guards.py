"""What the database itself refuses, and how the queue's table is kept quick."""

from django.db import migrations

# Ordinary triggers: emptying a test database (TRUNCATE) does not fire them.
GUARD = """
CREATE FUNCTION events_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are never changed or deleted' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER events_event_is_append_only BEFORE UPDATE OR DELETE ON events_event
    FOR EACH ROW EXECUTE FUNCTION events_event_is_append_only();
"""
UNGUARD = """
DROP TRIGGER events_event_is_append_only ON events_event;
DROP FUNCTION events_event_is_append_only();
"""
# A delivery is updated two or three times and then rests: room on the page, and early vacuums.
ROOM = """
ALTER TABLE events_delivery SET (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02
);
"""
NO_ROOM = """
ALTER TABLE events_delivery RESET (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor
);
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]

    operations = [
        migrations.RunSQL(GUARD, UNGUARD),
        migrations.RunSQL(ROOM, NO_ROOM),
    ]
