"""A decision about consent is never changed or deleted; a new one is added."""

from django.db import migrations

GUARD = """
CREATE FUNCTION leads_consentdecision_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'decisions are never changed or deleted'
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER leads_consentdecision_is_append_only BEFORE UPDATE OR DELETE
    ON leads_consentdecision
    FOR EACH ROW EXECUTE FUNCTION leads_consentdecision_is_append_only();
"""
UNGUARD = """
DROP TRIGGER leads_consentdecision_is_append_only ON leads_consentdecision;
DROP FUNCTION leads_consentdecision_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
