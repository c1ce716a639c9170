"""Notices and receipts are never changed; of a decision only the note can be emptied."""

from django.db import migrations

GUARD = """
CREATE OR REPLACE FUNCTION leads_consentdecision_is_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.note = '' THEN
        OLD.note := '';
        IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'decisions are never changed or deleted'
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION leads_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER leads_notice_is_append_only BEFORE UPDATE OR DELETE ON leads_notice
    FOR EACH ROW EXECUTE FUNCTION leads_is_append_only();
CREATE TRIGGER leads_receipt_is_append_only BEFORE UPDATE OR DELETE ON leads_receipt
    FOR EACH ROW EXECUTE FUNCTION leads_is_append_only();
"""
UNGUARD = """
DROP TRIGGER leads_receipt_is_append_only ON leads_receipt;
DROP TRIGGER leads_notice_is_append_only ON leads_notice;
DROP FUNCTION leads_is_append_only();
CREATE OR REPLACE FUNCTION leads_consentdecision_is_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'decisions are never changed or deleted'
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0003_privacy")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
